"""The fields of an object as the conditions of a filter ask for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from isthmus.connections.known_objects import Known
from isthmus.connections.org_troubles import no_field
from isthmus.domain import filters
from isthmus.domain.filters import FilterError, FilterField
from isthmus.domain.filters.reading import operators
from isthmus.domain.segments import Kind, Operator, SegmentError
from isthmus.salesforce import Field
from isthmus.web.conditions.reading import Reader
from isthmus.web.conditions.tree import Tree
from isthmus.web.conditions.words import IS_NOT_EMPTY, Subject, in_form
from isthmus.web.goal_editor.choices import FIELD_TYPES, FORMULA

_PREFIX: Final = "field:"
_OTHER: Final = ("doc", "other")
_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), Kind.DECIMAL),
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
}
_UNKNOWN: Final = (
    Operator.IS,
    Operator.IS_NOT,
    Operator.CONTAINS,
    Operator.STARTS_WITH,
    Operator.IS_EMPTY,
)
"""What is offered of a field that is not known here, such as a parent's."""


@dataclass(frozen=True, kw_only=True)
class FieldSubject(Subject):
    """A field of Salesforce."""

    fits: tuple[Operator, ...] = ()

    @property
    def operators(self) -> list[str]:
        """What can be asked of it, in the words of the form."""
        return in_form(self.fits)

    def says(self, operator: str) -> str:
        """The operator in words."""
        return "is not empty" if operator == IS_NOT_EMPTY else super().says(operator)


def subjects(known: Known | None, tree: Tree) -> dict[str, Subject]:
    """Everything that can be asked for, and what the form asks for already."""
    fields = known.description.fields.values() if known else ()
    ordered = sorted(fields, key=lambda each: each.label.casefold())
    found: dict[str, Subject] = {
        subject.value: subject for subject in map(_subject, ordered) if subject.operators
    }
    for _, test in tree.tests:
        name = test.subject.removeprefix(_PREFIX)
        if name != test.subject and name and test.subject not in found:
            found[test.subject] = _as_named(name, known)
    return found


def _as_named(name: str, known: Known | None) -> FieldSubject:
    """A field that a stored filter names, in letters of its own; or that is not known."""
    field = known.description.fields.get(name.lower()) if known else None
    subject = _subject(field) if field else _unknown(name)
    return replace(subject, value=f"{_PREFIX}{name}")


def _subject(field: Field) -> FieldSubject:
    icon, word = FORMULA if field.calculated else FIELD_TYPES.get(field.type, _OTHER)
    several = field.type == "multipicklist"
    return FieldSubject(
        value=f"{_PREFIX}{field.name}",
        label=field.label,
        code=field.name,
        icon=icon,
        type=word,
        kind=_KINDS.get(field.type, Kind.TEXT),
        many=several,
        choices=[(each.value, each.label) for each in field.picklist_values if each.active],
        cased=False,
        fits=operators(_for_filter(field)),
    )


def _unknown(name: str) -> FieldSubject:
    icon, word = _OTHER
    return FieldSubject(
        value=f"{_PREFIX}{name}",
        label=name,
        code=name,
        icon=icon,
        type=word,
        kind=Kind.TEXT,
        cased=False,
        fits=_UNKNOWN,
    )


def _for_filter(field: Field) -> FilterField:
    return FilterField(name=field.name, type=field.type, filterable=field.filterable)


def reader(known: Known | None, offered: Mapping[str, Subject]) -> Reader:
    """Reads the form of a filter's conditions."""
    return Reader(
        parse=_checking(known),
        plain=lambda document: document,
        subjects=offered,
        of="field",
        plainly=True,
        refusals=(FilterError, SegmentError),
    )


def _checking(known: Known | None) -> Callable[[Any], Any]:
    def check(document: Any) -> Any:
        if known is None:
            filters.outline(document)
        else:
            filters.parse(document, fields_of(known))
        return document

    return check


def fields_of(known: Known) -> Callable[[str], FilterField]:
    """Gives the field of a name, as far as it is known. Raises `FilterError`."""

    def find(name: str) -> FilterField:
        if "." in name:
            return FilterField(name=name, type="string")
        field = known.description.fields.get(name.lower())
        if field is None:
            raise FilterError(no_field(known.description, name))
        return _for_filter(field)

    return find
