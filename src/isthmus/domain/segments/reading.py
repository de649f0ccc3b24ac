"""Conditions read from the plain form in which documents keep them."""

from collections.abc import Mapping
from typing import Any

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments.comparisons import read_property_comparison, read_system_comparison
from isthmus.domain.segments.conditions import Condition, Conjunction, Disjunction, Negation
from isthmus.domain.segments.errors import Path, SegmentError, alternatives, step
from isthmus.domain.segments.operands import described

MOST_LEVELS = 50
"""Deepest nesting: far more than people write, far less than the database's stack takes."""

_FORMS = ("all", "any", "not", "property", "system")
_SHOWN_FORMS = (
    "{all: [...]}, {any: [...]}, {not: {...}}, {property: KEY, OPERATOR: VALUE} or "
    "{system: NAME, OPERATOR: VALUE}"
)


def parse(where: object, properties: Mapping[str, PropertyDefinition]) -> Condition:
    """The condition that `where` says: mappings and lists as YAML or JSON bring them.

    `properties` are the store's, by key. Raises `SegmentError` at the first thing that is wrong;
    its `path` leads there.
    """
    return _condition(where, properties, ())


def _condition(
    where: object, properties: Mapping[str, PropertyDefinition], path: Path
) -> Condition:
    _check_levels(path)
    if not isinstance(where, Mapping):
        raise SegmentError(
            f"A condition is {_SHOWN_FORMS}; {described(where)} came. Write one of these.",
            path=path,
        )
    match _form(where, path):
        case "all":
            return Conjunction(parts=_parts(where["all"], properties, (*path, "all")))
        case "any":
            return Disjunction(parts=_parts(where["any"], properties, (*path, "any")))
        case "not":
            return Negation(part=_condition(where["not"], properties, (*path, "not")))
        case "property":
            return read_property_comparison(where, properties, path)
        case _:
            return read_system_comparison(where, path)


def _check_levels(path: Path) -> None:
    if sum(isinstance(step, str) for step in path) >= MOST_LEVELS:
        raise SegmentError(
            f"These conditions are nested {MOST_LEVELS} deep or more, which is not allowed. "
            f"Join what stands in the same kind of list into one list.",
            path=path,
        )


def _form(where: Mapping[Any, object], path: Path) -> str:
    forms = [form for form in _FORMS if form in where]
    if not forms:
        _refuse_formless(where, path)
    form = forms[0]
    others = [key for key in where if key != form]
    if others and form in ("all", "any", "not"):
        raise SegmentError(
            f"{others[0]!r} can't stand beside {form!r}. Make it a condition of its own, and "
            f"join the two with all: [...] or any: [...].",
            path=(*path, step(others[0])),
        )
    return form


def _refuse_formless(where: Mapping[Any, object], path: Path) -> None:
    came = next(iter(where), None)
    near = f" {alternatives(str(came), _FORMS)}" if where else ""
    raise SegmentError(
        f"A condition is {_SHOWN_FORMS}; {described(where)} came.{near}",
        path=(*path, step(came)) if where else path,
    )


def _parts(
    value: object, properties: Mapping[str, PropertyDefinition], path: Path
) -> tuple[Condition, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise SegmentError(
            f"{path[-1]!r} takes a list of at least one condition; {described(value)} came. "
            f"Give it a condition, or leave it out.",
            path=path,
        )
    return tuple(_condition(part, properties, (*path, index)) for index, part in enumerate(value))
