"""Filters read from the plain form in which documents keep them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from isthmus.domain.field_names import field_refusal
from isthmus.domain.filters.errors import FilterError, Path
from isthmus.domain.filters.text import SOQL, check_text
from isthmus.domain.filters.tree import All, AnyOf, FieldKind, FieldTest, Filter, Not
from isthmus.domain.record_ids import full_id
from isthmus.domain.segments import Kind, Operand, Operator, SegmentError
from isthmus.domain.segments.comparisons import Subject, read_operands, read_operator
from isthmus.domain.segments.errors import alternatives, step
from isthmus.domain.segments.operands import described
from isthmus.domain.segments.operators import BOUNDS, CONTENTS, EQUALITY, RELATIVE, SUBSTRINGS

MOST_LEVELS: Final = 20
MOST_TESTS: Final = 200
EARLIEST, LATEST = date(1700, 1, 1), date(4000, 12, 31)
"""The days that Salesforce knows."""

BIRTHDAYS: Final = frozenset({"birthdate", "personbirthdate"})
"""Fields of which Salesforce compares month and day alone."""

_FORMS = ("all", "any", "not", "field", SOQL)
_SHOWN_FORMS = (
    "{all: [...]}, {any: [...]}, {not: {...}}, {field: NAME, OPERATOR: VALUE} or, for the whole "
    "filter, {soql: TEXT}"
)
_EMPTY = (Operator.IS_EMPTY,)
_NUMERIC = (*EQUALITY, *BOUNDS, Operator.BETWEEN)

_OPERATORS: Mapping[FieldKind, tuple[Operator, ...]] = {
    FieldKind.TEXT: (*EQUALITY, *SUBSTRINGS, *_EMPTY),
    FieldKind.PICKLIST: (*EQUALITY, *_EMPTY),
    FieldKind.SEVERAL: (*EQUALITY, *CONTENTS, *_EMPTY),
    FieldKind.ID: (*EQUALITY, *_EMPTY),
    FieldKind.NUMBER: (*_NUMERIC, *_EMPTY),
    FieldKind.CHECKBOX: EQUALITY,
    FieldKind.DATE: (*_NUMERIC, *RELATIVE, *_EMPTY),
    FieldKind.DATETIME: (*_NUMERIC, *RELATIVE, *_EMPTY),
}
_KINDS: Mapping[FieldKind, Kind] = {
    FieldKind.NUMBER: Kind.DECIMAL,
    FieldKind.CHECKBOX: Kind.BOOLEAN,
    FieldKind.DATE: Kind.DATE,
    FieldKind.DATETIME: Kind.DATETIME,
}
_OF_TYPE: Mapping[str, FieldKind] = {
    **dict.fromkeys(("string", "textarea", "email", "phone", "url"), FieldKind.TEXT),
    **dict.fromkeys(("picklist", "combobox"), FieldKind.PICKLIST),
    "multipicklist": FieldKind.SEVERAL,
    **dict.fromkeys(("id", "reference"), FieldKind.ID),
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), FieldKind.NUMBER),
    "boolean": FieldKind.CHECKBOX,
    "date": FieldKind.DATE,
    "datetime": FieldKind.DATETIME,
}


@dataclass(frozen=True, kw_only=True)
class FilterField:
    """What has to be known of a field to filter by it."""

    name: str
    type: str  # of Salesforce's describe
    filterable: bool = True


Fields = Callable[[str], FilterField]
"""Gives a field by its name or path. Raises `FilterError` where there is none."""


@dataclass(frozen=True, kw_only=True)
class _Subject(Subject):
    field_kind: FieldKind

    @property
    def operators(self) -> tuple[Operator, ...]:
        """What can be asked of it."""
        return _OPERATORS[self.field_kind]


def operators(field: FilterField) -> tuple[Operator, ...]:
    """What can be asked of a field; nothing where it can't be filtered by."""
    kind = _OF_TYPE.get(field.type)
    if kind is None or not field.filterable:
        return ()
    return _EMPTY if _is_birthday(field) else _OPERATORS[kind]


def outline(plain: object) -> None:
    """Raise `FilterError` where the filter is none, whatever fields there are."""
    _read(plain, _any_field)


def parse(plain: object, fields: Fields) -> Filter | str:
    """The conditions that `plain` says, or the SOQL text. Raises `FilterError` at the first fault.

    `plain` are mappings and lists as YAML or JSON bring them.
    """
    return _read(plain, fields)


def named_fields(plain: Any) -> Iterator[str]:
    """The fields that conditions in their plain form ask for, also those that can't be read."""
    if isinstance(plain, list | tuple):
        for part in plain:
            yield from named_fields(part)
    if isinstance(plain, Mapping):
        if isinstance(plain.get("field"), str):
            yield plain["field"]
        for form in ("all", "any", "not"):
            yield from named_fields(plain.get(form))


def _any_field(name: str) -> FilterField | None:
    """Stands for fields before anybody knows their types: what depends on these is left open."""
    del name
    return None


def _read(plain: object, fields: Callable[[str], FilterField | None]) -> Filter | str:
    if isinstance(plain, Mapping) and SOQL in plain:
        _alone(plain, SOQL, ())
        return check_text(plain[SOQL], (SOQL,))
    try:
        tree = _condition(plain, fields, ())
    except SegmentError as error:
        raise FilterError(str(error), path=error.path) from error
    if _tests(tree) > MOST_TESTS:
        raise FilterError(
            f"A filter has at most {MOST_TESTS} conditions. Join values of one field into one "
            f"condition, such as is: [NL, BE]."
        )
    return tree


def _condition(plain: object, fields: Callable[[str], FilterField | None], path: Path) -> Filter:
    if sum(isinstance(each, str) for each in path) >= MOST_LEVELS:
        raise FilterError(
            f"These conditions are nested {MOST_LEVELS} deep or more, which is not allowed. Join "
            f"what stands in the same kind of list into one list.",
            path=path,
        )
    if not isinstance(plain, Mapping):
        raise FilterError(
            f"A condition is {_SHOWN_FORMS}; {described(plain)} came. Write one of these.",
            path=path,
        )
    match _form(plain, path):
        case "all":
            return All(parts=_parts(plain["all"], fields, (*path, "all")))
        case "any":
            return AnyOf(parts=_parts(plain["any"], fields, (*path, "any")))
        case "not":
            return Not(part=_condition(plain["not"], fields, (*path, "not")))
        case "field":
            return _test(plain, fields, path)
        case _:
            raise FilterError(
                "SOQL can't stand among conditions. Write all of the filter as one {soql: TEXT}, "
                "or all of it as conditions.",
                path=(*path, SOQL),
            )


def _form(plain: Mapping[Any, object], path: Path) -> str:
    form = next((form for form in _FORMS if form in plain), None)
    if form is None:
        came = next(iter(plain), None)
        near = f" {alternatives(str(came), _FORMS)}" if plain else ""
        raise FilterError(
            f"A condition is {_SHOWN_FORMS}; {described(plain)} came.{near}",
            path=(*path, step(came)) if plain else path,
        )
    if form in ("all", "any", "not"):
        _alone(plain, form, path)
    return form


def _alone(plain: Mapping[Any, object], form: str, path: Path) -> None:
    others = [key for key in plain if key != form]
    if others:
        raise FilterError(
            f"{others[0]!r} can't stand beside {form!r}. Make it a condition of its own, and "
            f"join the two with all: [...] or any: [...].",
            path=(*path, step(others[0])),
        )


def _parts(
    value: object, fields: Callable[[str], FilterField | None], path: Path
) -> tuple[Filter, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise FilterError(
            f"{path[-1]!r} takes a list of at least one condition; {described(value)} came. "
            f"Give it a condition, or leave it out.",
            path=path,
        )
    return tuple(_condition(part, fields, (*path, place)) for place, part in enumerate(value))


def _tests(tree: Filter | str) -> int:
    match tree:
        case All() | AnyOf():
            return sum(map(_tests, tree.parts))
        case Not():
            return _tests(tree.part)
        case _:
            return 1


def _test(
    plain: Mapping[Any, object], fields: Callable[[str], FilterField | None], path: Path
) -> FieldTest:
    name = plain["field"]
    problem = field_refusal(name if isinstance(name, str) else str(name), parents=True)
    if problem or not isinstance(name, str):
        raise FilterError(problem or "A field is named by a text.", path=(*path, "field"))
    try:
        field = fields(name)
    except FilterError as error:
        raise FilterError(str(error), path=(*path, "field")) from error
    if field is None:
        return _untyped(plain, name, path)
    subject = _subject(field, path)
    operator = read_operator(plain, {"field"}, subject, path)
    if _is_birthday(field) and operator is not Operator.IS_EMPTY:
        raise FilterError(
            f"Salesforce compares {field.name} without its year, so only is_empty can be asked of "
            f"it.",
            path=(*path, operator.value),
        )
    place = (*path, operator.value)
    operands = read_operands(operator, plain[operator], subject, place)
    test = FieldTest(field=name, kind=subject.field_kind, operator=operator, operands=operands)
    return _checked(test, subject, place)


def _untyped(plain: Mapping[Any, object], name: str, path: Path) -> FieldTest:
    """A test of a field whose type nobody knows yet: its operator alone can be checked."""
    words = [each.value for each in Operator]
    keys = [key for key in plain if key != "field"]
    for key in keys:
        if key not in words:
            raise FilterError(
                f"{key!r} is not known here. {alternatives(str(key), words)}",
                path=(*path, step(key)),
            )
    if len(keys) != 1:
        came = f"{' and '.join(map(repr, keys))} came" if keys else "none came"
        raise FilterError(
            f"Field {name!r} takes one operator at a time; {came}. Join several tests with "
            f"all: [...].",
            path=path,
        )
    return FieldTest(field=name, kind=FieldKind.TEXT, operator=Operator(keys[0]), operands=())


def _subject(field: FilterField, path: Path) -> _Subject:
    kind = _OF_TYPE.get(field.type)
    if kind is None or not field.filterable:
        raise FilterError(
            f"Salesforce can't filter by {field.name} (its type is {field.type}). Choose another "
            f"field.",
            path=(*path, "field"),
        )
    return _Subject(
        words=f"Field {field.name!r} ({kind})",
        kind=_KINDS.get(kind, Kind.TEXT),
        many=kind is FieldKind.SEVERAL,
        optional=kind is not FieldKind.CHECKBOX,
        field_kind=kind,
    )


def _is_birthday(field: FilterField) -> bool:
    return field.name.lower() in BIRTHDAYS


def _checked(test: FieldTest, subject: _Subject, path: Path) -> FieldTest:
    """The test, its ids with 18 characters, where Salesforce can have such values."""
    if test.operator is Operator.IS_EMPTY:
        return test
    operands = tuple(_possible(test.kind, value, subject, path) for value in test.operands)
    return replace(test, operands=operands)


def _possible(kind: FieldKind, value: Operand, subject: _Subject, path: Path) -> Operand:
    if kind is FieldKind.ID:
        try:
            return full_id(str(value))
        except ValueError as error:
            raise FilterError(str(error), path=path) from error
    if kind is FieldKind.SEVERAL and ";" in str(value):
        raise FilterError(
            f"{subject.words} separates its values by ;, so {value!r} is none of them. Name "
            f"several values as a list.",
            path=path,
        )
    if isinstance(value, date) and not EARLIEST.year <= value.year <= LATEST.year:
        raise FilterError(
            f"Salesforce knows days from {EARLIEST} to {LATEST}; {value} is none of them.",
            path=path,
        )
    return value
