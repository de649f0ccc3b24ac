"""Validation rules: formulas that must not be true of a record that is saved."""

from collections.abc import Mapping, Sequence

from localorg.dml.change import Change
from localorg.dml.defaults import default_values, without_blanks
from localorg.dml.object_rules import ObjectRules
from localorg.dml.sql import Row
from localorg.dml.writer import Writer
from localorg.formulas import ValidationRow, failures, needed


def fields_of_rules(rules: ObjectRules) -> tuple[str, ...]:
    """The fields whose present values the object's validation rules look at."""
    return needed(rules.object_type)


def check_validation_rules(
    writer: Writer, rules: ObjectRules, changes: Sequence[Change], current: Mapping[str, Row]
) -> None:
    """Fail the changes of which a rule's formula is true; costs nothing where there is none."""
    if not fields_of_rules(rules) or not changes:
        return
    defaults = default_values(writer, rules.object_type).values
    rows = {
        number: _as_saved(rules, change, current.get(change.id or ""), defaults)
        for number, change in enumerate(changes)
    }
    found = failures(writer.connection, rules.object_type, rows, writer.user_id)
    for number, error in found.items():
        changes[number].errors.append(error)


def _as_saved(rules: ObjectRules, change: Change, row: Row | None, defaults: Row) -> ValidationRow:
    """What the record will be, with the values that follow from those that were sent."""
    values = dict(change.values)
    rules.complete(values, row)
    if row is not None:
        return ValidationRow(new=row | values, old=row)
    return ValidationRow(new=defaults | without_blanks(values, defaults))
