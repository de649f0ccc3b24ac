"""What is wrong with a goal by itself, and beside what the store has. Salesforce is not asked.

Pure. A page, a document and the command line show these sentences as they are, so they name
neither lines nor buttons: a row is *row 3*, and what is chosen has the name that the document
gives it.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from isthmus.domain.field_names import field_refusal
from isthmus.domain.filters import FilterError, outline
from isthmus.domain.goals import (
    OBJECT_TYPE_PROPERTY,
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.loops import growing_rows, loop_refusal
from isthmus.domain.merge_rules import (
    MergeRule,
    identifier_refusal,
    refusal,
    together_refusal,
)
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.suggestions import suggestion

Path = tuple[str | int, ...]
"""Where in a goal: keys and places in lists (from 0), named as a document names them."""

Goal = ImportGoal | ExportGoal

NAME_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One thing that is wrong with a goal, or worth knowing."""

    path: Path
    message: str  # what came, what is allowed, what to do next


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a goal is looked at beside."""

    properties: Mapping[str, PropertyDefinition]  # of the store, by key
    segments: Collection[str]  # keys
    goals: Sequence[Goal] = field(default=())  # of the connection, in the order in which they run

    def others(self, goal: Goal) -> list[Goal]:
        """The goals without this one."""
        itself = (type(goal), goal.key)
        return [each for each in self.goals if (type(each), each.key) != itself]


def troubles_of(goal: Goal, around: Surroundings) -> list[Trouble]:
    """Everything for which the goal is refused."""
    return [
        *_of_any(goal),
        *(_of_import(goal, around) if isinstance(goal, ImportGoal) else _of_export(goal, around)),
        *_loops(goal, around),
    ]


def warnings_of(goal: Goal, around: Surroundings) -> list[Trouble]:
    """What is worth knowing of a goal that is allowed."""
    if not isinstance(goal, ImportGoal):
        return []
    imports = [each for each in around.goals if isinstance(each, ImportGoal)]
    return [*_same_object(goal, imports), *_same_properties(goal, imports)]


def keep_refusal(rule: MergeRule) -> str:
    """Why a row of that rule can't be told to keep when empty."""
    return (
        f"keep_when_empty goes with the rule set only: {rule} never clears a property. "
        f"Leave it out."
    )


def identifier_kind_refusal(value: str) -> str:
    """Why an export row can't send `value` as the profile's identifier."""
    return (
        f"{value!r} can't be sent as the profile's identifier: only {PROFILE_ID} can. To send "
        f"an identifier property, write `property: {value}`."
    )


def is_storable(text: str) -> bool:
    """Whether PostgreSQL takes the text."""
    return _UNSTORABLE.search(text) is None


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# As `repr` writes them; text with a backslash may look the same.
_PERHAPS_UNSTORABLE = re.compile(r"\\(?:x00|ud[89a-f])")

UNSTORABLE = "This text holds a character that can't be stored (byte 0 or half a pair)."


def _of_any(goal: Goal) -> Iterator[Trouble]:
    if not goal.name.strip():
        yield _trouble(("name",), "A goal needs a name: the words that people read.")
    if len(goal.name) > NAME_LENGTH:
        yield _trouble(("name",), f"A name has at most {NAME_LENGTH} characters. Shorten it.")
    plain = goal.plain()
    # Goals have hundreds of rows and hardly ever such a character: where is looked for if there is.
    if _PERHAPS_UNSTORABLE.search(repr(plain)):
        yield from (_trouble(path, UNSTORABLE) for path in _unstorable(plain, ()))


def _unstorable(value: object, path: Path) -> Iterator[Path]:
    if isinstance(value, str) and not is_storable(value):
        yield path
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _unstorable(each, (*path, key))
    if isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _unstorable(each, (*path, place))


def _of_import(goal: ImportGoal, around: Surroundings) -> Iterator[Trouble]:
    yield from _object_type(goal, around)
    yield from _filter(goal)
    if not goal.match:
        yield _trouble(
            ("match",),
            "There is nothing to match by. Add at least one row: a field and an identifier.",
        )
    yield from _nothing_mapped(goal)
    for place, row in enumerate(goal.match):
        yield from _import_match(("match", place), row, around)
    rows = [(row.field.casefold(), row.identifier) for row in goal.match]
    yield from _repeated(("match",), rows)
    yield from _rules(goal, around)


def _filter(goal: ImportGoal) -> Iterator[Trouble]:
    if goal.filter is None:
        return
    try:
        outline(goal.filter)
    except FilterError as error:
        yield _trouble(("filter", *error.path), str(error))


def _nothing_mapped(goal: Goal) -> Iterator[Trouble]:
    if not goal.fields:
        what = "a field and a property" if isinstance(goal, ImportGoal) else "a value and a field"
        yield _trouble(("fields",), f"Nothing is mapped. Add at least one row: {what}.")


def _object_type(goal: ImportGoal, around: Surroundings) -> Iterator[Trouble]:
    key, place = goal.object_type_property, ("object_type_property",)
    if key != OBJECT_TYPE_PROPERTY:  # that one is made on first use
        yield from _unknown_property(key, place, around)
    target = around.properties.get(key)
    if target and (target.type is not PropertyType.TEXT or target.identifier):
        kind = "an identifier" if target.identifier else target.type
        yield _trouble(
            place,
            f"Property {key!r} is {kind} and can't take the object's name (Lead, Contact, "
            f"Person). Name a text property that is no identifier; a list keeps several.",
        )
    for number, row in enumerate(goal.fields):
        if row.property == key:
            yield _trouble(
                ("fields", number, "property"),
                f"Property {key!r} takes the object's name in this goal and can't take a field "
                f"too. Map to another property, or name another object_type_property.",
            )


def _import_match(path: Path, row: MatchRow, around: Surroundings) -> Iterator[Trouble]:
    yield from _field_name((*path, "field"), row.field, parents=True)
    if row.identifier == PROFILE_ID:
        yield _trouble(
            (*path, "identifier"),
            f"An import can't match by {PROFILE_ID}. Name an identifier property.",
        )
    else:
        yield from _identifier((*path, "identifier"), row.identifier, around)


def _rules(goal: ImportGoal, around: Surroundings) -> Iterator[Trouble]:
    """Rows that can't be, and rules that don't fit their property, or each other."""
    before: dict[str, list[MergeRule]] = {}
    for number, row in enumerate(goal.fields):
        path: Path = ("fields", number)
        yield from _field_name((*path, "field"), row.field, parents=True)
        if row.keep_when_empty and row.rule is not MergeRule.SET:
            yield _trouble((*path, "keep_when_empty"), keep_refusal(row.rule))
        yield from _unknown_property(row.property, (*path, "property"), around)
        target = around.properties.get(row.property)
        if target is None:
            continue
        rules = [] if goal.gains_anyway(row) else before.setdefault(row.property, [])
        rules.append(row.rule)
        # Told once for the row where it begins: the rows after it would repeat it.
        problem = (
            refusal(row.rule, target)
            or together_refusal(rules, target)
            or (None if goal.gains_anyway(row) else identifier_refusal(rules, target))
        )
        if problem:
            yield _trouble((*path, "rule"), problem)
    yield from _repeated(("fields",), [(row.field.casefold(), row.property) for row in goal.fields])


def _of_export(goal: ExportGoal, around: Surroundings) -> Iterator[Trouble]:
    if goal.segment not in around.segments:
        yield _trouble(("segment",), _unknown("segment", goal.segment, around.segments))
    yield from _creating(goal)
    yield from _field_name(("match", "field"), goal.match.field, parents=False)
    if goal.match.identifier != PROFILE_ID:
        yield from _identifier(("match", "identifier"), goal.match.identifier, around)
    yield from _nothing_mapped(goal)
    for number, row in enumerate(goal.fields):
        yield from _export_field(("fields", number), row, around)
    yield from _fields_once(goal)


def _creating(goal: ExportGoal) -> Iterator[Trouble]:
    if goal.create_records and not goal.object.can_create:
        yield _trouble(
            ("create_records",),
            f"A {goal.object.name} can't be created by an export: it is an account and a contact "
            f"in one, and Salesforce makes them out of accounts. Set create_records to false: "
            f"records that are there are updated.",
        )
    if not goal.update_records and not goal.create_records:
        yield _trouble(
            ("update_records",),
            "This goal neither creates records nor updates them, so it would do nothing. Set "
            "create_records or update_records to true.",
        )


def _export_field(path: Path, row: ExportField, around: Surroundings) -> Iterator[Trouble]:
    yield from _field_name((*path, "field"), row.field, parents=False)
    if row.field.casefold() == "id":
        yield _trouble(
            (*path, "field"), "Salesforce gives the Id and nobody can write it. Leave this row out."
        )
    source: PropertyDefinition | None = None
    place = (*path, row.kind.value)
    if row.kind is ExportKind.PROPERTY:
        source = around.properties.get(row.value)
        yield from _unknown_property(row.value, place, around)
        if source is None:
            return
    if row.kind is ExportKind.IDENTIFIER and row.value != PROFILE_ID:
        yield _trouble(place, identifier_kind_refusal(row.value))
    if row.kind is ExportKind.TEXT and not row.value.strip():
        yield _trouble(place, "This row sends no text. Write one, or leave the row out.")
    if row.separator is not None and not (source and source.list):
        yield _trouble(
            (*path, "separator"),
            "Only the values of a list are separated, and this row sends a single one. Leave "
            "`separator` out.",
        )


def _fields_once(goal: ExportGoal) -> Iterator[Trouble]:
    first: dict[str, int] = {}
    for number, row in enumerate(goal.fields):
        earlier = first.setdefault(row.field.casefold(), number)
        if earlier != number:
            yield _trouble(
                ("fields", number, "field"),
                f"Field {row.field!r} is written twice (first in row {earlier + 1}). Keep one of "
                f"the two: a record takes one value for each field.",
            )


def _repeated(path: Path, rows: Sequence[tuple[str, str]]) -> Iterator[Trouble]:
    first: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        earlier = first.setdefault(row, number)
        if earlier != number:
            yield _trouble(
                (*path, number), f"This row stands twice (first in row {earlier + 1}). Keep one."
            )


def _loops(goal: Goal, around: Surroundings) -> Iterator[Trouble]:
    """Rows that add to a property what an export of the connection writes from it."""
    for other in around.others(goal):
        if isinstance(goal, ImportGoal) and isinstance(other, ExportGoal):
            for place, row in growing_rows(goal, other):
                yield _trouble(("fields", place, "rule"), loop_refusal(row, goal.key, other.key))
        if isinstance(goal, ExportGoal) and isinstance(other, ImportGoal):
            for _, row in growing_rows(other, goal):
                place = _writing(goal, row)
                yield _trouble(("fields", place, "field"), loop_refusal(row, other.key, goal.key))


def _writing(goal: ExportGoal, row: ImportField) -> int:
    """The place of the row that writes what the import's row reads."""
    names = [each.field.casefold() for each in goal.fields]
    return names.index(row.field.casefold())


def _same_object(goal: ImportGoal, imports: Sequence[ImportGoal]) -> Iterator[Trouble]:
    others = [each for each in imports if each.key != goal.key and each.object == goal.object]
    if others:
        yield _trouble(
            ("import",),
            f"Goal {others[0].key!r} imports {goal.object.name} too. One goal for each object is "
            f"easier to follow: all of its rows stand in one place, and records are read once.",
        )


def _same_properties(goal: ImportGoal, imports: Sequence[ImportGoal]) -> Iterator[Trouble]:
    """Properties that another goal sets too: the last goal wins."""
    keys = [each.key for each in imports]
    own = keys.index(goal.key) if goal.key in keys else len(keys)
    for number, row in enumerate(goal.fields):
        for place, other in enumerate(imports):
            if other.key == goal.key or not other.active or not _both_write(row, other):
                continue
            last = "This goal runs after it" if place < own else "It runs after this goal"
            wins = "this goal" if place < own else "that goal"
            yield _trouble(
                ("fields", number, "property"),
                f"Goal {other.key!r} writes property {row.property!r} too. {last}, so of two "
                f"values that come in the same run that of {wins} stays.",
            )


def _both_write(row: ImportField, other: ImportGoal) -> bool:
    rules = [each.rule for each in other.fields if each.property == row.property]
    return bool(rules) and MergeRule.SET in (row.rule, *rules)


def _field_name(path: Path, name: str, *, parents: bool) -> Iterator[Trouble]:
    problem = field_refusal(name, parents=parents)
    if problem:
        yield _trouble(path, problem)


def _identifier(path: Path, key: str, around: Surroundings) -> Iterator[Trouble]:
    yield from _unknown_property(key, path, around)
    target = around.properties.get(key)
    if target and not target.identifier:
        identifiers = [each.key for each in around.properties.values() if each.identifier]
        yield _trouble(
            path,
            f"Property {key!r} is no identifier: several profiles may have the same value, so "
            f"it can't find one. {suggestion(key, identifiers)}",
        )


def _unknown_property(key: str, path: Path, around: Surroundings) -> Iterator[Trouble]:
    if key not in around.properties:
        yield _trouble(path, _unknown("property", key, around.properties))


def _unknown(what: str, key: str, known: Collection[str]) -> str:
    return (
        f"There is no {what} {key!r}. {suggestion(key, known)} Choose another, or make the "
        f"{what} first."
    )


def _trouble(path: Path, message: str) -> Trouble:
    return Trouble(path=path, message=message)
