"""Assignment rules: who owns new leads and cases."""

from collections.abc import Sequence

from localorg.dml.conversion import Stored
from localorg.dml.options import (
    ACTIVE_RULE,
    AssignmentEntry,
    AssignmentRule,
    Criterion,
    SaveOptions,
)
from localorg.dml.sql import marks
from localorg.dml.writer import Writer
from localorg.schema import ObjectType
from localorg.schema.field import ALIAS
from localorg.store import quoted

# What a comparison is in SQL; text columns compare without regard to case themselves.
_OPERATORS = {
    "equals": "{} IS ?",
    "not_equal": "{} IS NOT ?",
    "contains": "instr(lower({}), lower(?)) > 0",
    "starts_with": "instr(lower({}), lower(?)) = 1",
    "less_than": "{} < ?",
    "greater_than": "{} > ?",
}
OPERATORS = tuple(_OPERATORS)


def rule_to_run(object_type: ObjectType, options: SaveOptions) -> AssignmentRule | None:
    """The rule that the call asks for, or None."""
    if options.assignment_rule is None:
        return None
    for rule in options.rules.assignment.get(object_type.name, ()):
        if rule.active if options.assignment_rule == ACTIVE_RULE else _is_asked(rule, options):
            return rule
    return None


def assign(
    writer: Writer, object_type: ObjectType, rule: AssignmentRule, ids: Sequence[str]
) -> None:
    """Give the records to the owners that the rule names; those that fit nothing stay."""
    if not ids or not rule.entries:
        return
    cases, parameters = [], list[Stored]()
    for entry in rule.entries:
        condition, values = _condition(object_type, entry)
        cases.append(f"WHEN {condition} THEN ?")
        parameters += [*values, entry.owner_id]
    statement = "".join(
        (
            *("UPDATE ", quoted(object_type.name), " SET OwnerId = CASE ", " ".join(cases)),
            *(" ELSE OwnerId END WHERE Id IN (", marks(len(ids)), ")"),
        )
    )
    writer.connection.execute(statement, (*parameters, *ids))


def _is_asked(rule: AssignmentRule, options: SaveOptions) -> bool:
    return rule.id[:15] == (options.assignment_rule or "")[:15]


def _condition(object_type: ObjectType, entry: AssignmentEntry) -> tuple[str, list[Stored]]:
    table = quoted(object_type.name)
    parts = [_comparison(object_type, criterion) for criterion in entry.criteria]
    if entry.condition is not None:
        parts.append(f"({entry.condition.replace(ALIAS, table)})")
    return " AND ".join(parts) or "1", [criterion.value for criterion in entry.criteria]


def _comparison(object_type: ObjectType, criterion: Criterion) -> str:
    field = object_type.field(criterion.field)
    value = field.expression(quoted(object_type.name)) or quoted(field.name)
    return _OPERATORS[criterion.operator].replace("{}", value)
