"""Whether the goals of a document fit its properties and segments, and what Salesforce can do."""

from collections.abc import Iterable, Mapping, Sequence

from isthmus.blueprint.checking import Review
from isthmus.blueprint.documents import Path
from isthmus.blueprint.errors import suggestion
from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.loops import growing_rows, loop_refusal
from isthmus.domain.merge_rules import MergeRule, refusal, together_refusal
from isthmus.domain.properties import PropertyDefinition, PropertyType

Properties = Mapping[str, PropertyDefinition]


def check_goals(review: Review) -> None:
    """Goals that name what is not there, or ask for what can't be."""
    properties = review.properties
    for place, connection in enumerate(review.document.connections):
        path: Path = ("connections", place, "goals")
        goals = connection.goals or ()
        review.report_repeated((goal.key for goal in goals), "goals", path)
        for number, goal in enumerate(goals):
            if isinstance(goal, ImportGoal):
                _check_import(review, (*path, number), goal, properties)
            else:
                _check_export(review, (*path, number), goal, properties)
        _check_loops(review, path, goals)


def _check_loops(review: Review, path: Path, goals: Sequence[ImportGoal | ExportGoal]) -> None:
    """Rows that add to a property what an export of the connection writes from it."""
    exports = [goal for goal in goals if isinstance(goal, ExportGoal)]
    for number, goal in enumerate(goals):
        if not isinstance(goal, ImportGoal):
            continue
        for export in exports:
            for place, row in growing_rows(goal, export):
                review.report(
                    (*path, number, "fields", place, "rule"),
                    loop_refusal(row, goal.key, export.key),
                )


def _check_import(review: Review, path: Path, goal: ImportGoal, properties: Properties) -> None:
    _check_object_type(review, path, goal, properties)
    _check_not_empty(review, (*path, "match"), goal.match, "{field: Email, identifier: email}")
    _check_not_empty(review, (*path, "fields"), goal.fields, "{field: Title, property: title}")
    for number, row in enumerate(goal.match):
        _check_import_match(review, (*path, "match", number), row, properties)
    rows = [(row.field.casefold(), row.identifier) for row in goal.match]
    _check_repeated_rows(review, (*path, "match"), rows)
    _check_rules(review, path, goal, properties)


def _check_object_type(
    review: Review, path: Path, goal: ImportGoal, properties: Properties
) -> None:
    place = (*path, "object_type_property")
    target = _property(review, place, goal.object_type_property, properties)
    if target and (target.type is not PropertyType.TEXT or target.identifier):
        kind = "an identifier" if target.identifier else target.type
        review.report(
            place,
            f"Property {target.key!r} is {kind} and can't take the object's name (Lead, Contact, "
            f"Person). Name a text property that is no identifier; a list keeps several.",
        )
    for number, row in enumerate(goal.fields):
        if row.property == goal.object_type_property:
            review.report(
                (*path, "fields", number, "property"),
                f"Property {row.property!r} takes the object's name in this goal and can't take "
                f"a field too. Map to another property, or name another object_type_property.",
            )


def _check_import_match(review: Review, path: Path, row: MatchRow, properties: Properties) -> None:
    if row.identifier == PROFILE_ID:
        review.report(
            (*path, "identifier"),
            f"An import can't match by {PROFILE_ID}. Name an identifier property.",
        )
    else:
        _check_identifier(review, (*path, "identifier"), row.identifier, properties)


def _check_rules(review: Review, path: Path, goal: ImportGoal, properties: Properties) -> None:
    """Rules that don't fit their property, or each other."""
    rules: dict[str, list[MergeRule]] = {}
    for number, row in enumerate(goal.fields):
        target = _property(review, (*path, "fields", number, "property"), row.property, properties)
        if target is None:
            continue
        rules.setdefault(row.property, []).append(row.rule)
        # Told once for the row where it begins: the rows after it would repeat it.
        problem = refusal(row.rule, target) or together_refusal(rules[row.property], target)
        if problem:
            review.report((*path, "fields", number, "rule"), problem)
    rows = [(row.field.casefold(), row.property) for row in goal.fields]
    _check_repeated_rows(review, (*path, "fields"), rows)


def _check_export(review: Review, path: Path, goal: ExportGoal, properties: Properties) -> None:
    if goal.segment not in review.segments:
        review.report((*path, "segment"), _unknown("segment", goal.segment, review.segments))
    if goal.create_records and not goal.object.can_create:
        review.report(
            (*path, "create_records"),
            f"A {goal.object.name} can't be created by an export: it is an account and a contact "
            f"in one, and Salesforce makes them out of accounts. Set create_records to false: "
            f"records that are there are updated.",
        )
    if goal.match.identifier != PROFILE_ID:
        place = (*path, "match", "identifier")
        _check_identifier(review, place, goal.match.identifier, properties)
    _check_not_empty(review, (*path, "fields"), goal.fields, "{field: Title, property: title}")
    for number, row in enumerate(goal.fields):
        _check_export_field(review, (*path, "fields", number), row, properties)
    _check_fields_once(review, (*path, "fields"), goal)


def _check_export_field(
    review: Review, path: Path, row: ExportField, properties: Properties
) -> None:
    if row.field.casefold() == "id":
        review.report(
            (*path, "field"), "Salesforce gives the Id and nobody can write it. Leave this row out."
        )
    source: PropertyDefinition | None = None
    if row.kind is ExportKind.PROPERTY:
        source = _property(review, (*path, "property"), row.value, properties)
        if source is None:
            return
    if row.separator is not None and not (source and source.list):
        review.report(
            (*path, "separator"),
            "Only the values of a list are separated, and this row sends a single one. Leave "
            "`separator` out.",
        )


def _check_fields_once(review: Review, path: Path, goal: ExportGoal) -> None:
    first: dict[str, int] = {}
    for number, row in enumerate(goal.fields):
        earlier = first.setdefault(row.field.casefold(), number)
        if earlier != number:
            line = review.document.places.find((*path, earlier, "field"))[0]
            review.report(
                (*path, number, "field"),
                f"Field {row.field!r} is written twice (first in line {line}). Keep one of the "
                f"two: a record takes one value for each field.",
            )


def _check_repeated_rows(review: Review, path: Path, rows: list[tuple[str, str]]) -> None:
    for number, row in enumerate(rows):
        if row in rows[:number]:
            line = review.document.places.find((*path, rows.index(row)))[0]
            review.report(
                (*path, number), f"This row stands twice (first in line {line}). Keep one of them."
            )


def _check_not_empty(review: Review, path: Path, rows: tuple[object, ...], example: str) -> None:
    if not rows:
        review.report(path, f"No row stands here. Write at least one, such as {example}.")


def _check_identifier(review: Review, path: Path, key: str, properties: Properties) -> None:
    target = _property(review, path, key, properties)
    if target and not target.identifier:
        identifiers = [each.key for each in properties.values() if each.identifier]
        review.report(
            path,
            f"Property {key!r} is no identifier: several profiles may have the same value, so "
            f"it can't find one. {suggestion(key, identifiers)}",
        )


def _property(
    review: Review, path: Path, key: str, properties: Properties
) -> PropertyDefinition | None:
    """The property; None, with a problem, where there is none."""
    if key not in properties:
        review.report(path, _unknown("property", key, properties))
    return properties.get(key)


def _unknown(what: str, key: str, known: Iterable[str]) -> str:
    return (
        f"There is no {what} {key!r}, neither in this document nor in the store. "
        f"{suggestion(key, known)} Correct the name, or add the {what} to the document."
    )
