"""Likely pairs of fields and properties: shown for review, and mapped only where they are taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from isthmus.connections.known_objects import Known
from isthmus.domain.field_types import Fit
from isthmus.domain.likely_pairs import SAME, NamedField, Pair, likely_pairs
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.salesforce import Field
from isthmus.web.conditions.words import ICONS, TYPES
from isthmus.web.goal_editor import choices, rows
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.import_form import MAP, MATCH, ImportForm
from isthmus.web.goal_editor.rows import Row

ACTS: Final = frozenset({"take", "takeall", "dismiss", "dismissall"})


@dataclass(frozen=True, kw_only=True)
class Suggested:
    """A pair as the page shows it."""

    number: int
    to: str  # the kind of rows that it becomes one of: identifiers are matched by
    field: str
    field_label: str
    field_icon: str
    field_type: str
    property: str
    property_label: str
    property_icon: str
    property_type: str
    rule: str
    why: str


def suggested(desk: Desk, form: ImportForm) -> list[Row]:
    """Likely pairs of what is not mapped or matched yet."""
    known = desk.objects.known(form.object)
    if known is None:
        return []
    pairs = likely_pairs(
        _offered(known),
        [each for each in desk.properties.values() if each.key != form.object_type_property],
        fields_taken=[row.get("field") for row in (*form.rows, *form.match)],
        properties_taken=[
            *(row.get("property") for row in form.rows),
            *(row.get("identifier") for row in form.match),
        ],
    )
    return rows.numbered([_typed(each, known, desk) for each in pairs[: rows.MOST_ROWS]])


def _offered(known: Known) -> list[NamedField]:
    return [
        NamedField(name=each.name, label=each.label, type=each.type, scale=each.scale)
        for each in known.description.fields.values()
        if choices.readable(each)
    ]


def _typed(pair: Pair, known: Known, desk: Desk) -> dict[str, str]:
    field = known.description.fields[pair.field.lower()]
    target = desk.properties[pair.property]
    why = _why(pair, field, target, desk.connection.timezone)
    return {
        "field": pair.field,
        "property": pair.property,
        "rule": pair.rule.value,
        "to": MATCH if target.identifier else MAP,
        "why": f"{why}; to match by" if target.identifier else why,
    }


def _why(pair: Pair, field: Field, target: PropertyDefinition, timezone: str) -> str:
    named = "Same name" if pair.score == SAME else "Alike name"
    if field.type == "datetime" and target.type is PropertyType.DATE:
        return f"{named}; its day in {timezone}"
    if pair.fits is Fit.PERHAPS:
        _, word = choices.FIELD_TYPES.get(field.type, ("", field.type))
        return f"{named}; {word} into {TYPES[target.type]}, which some values may not fit"
    same = pair.fits is Fit.ALWAYS and _is_same_type(field, target)
    return f"{named}, same type" if same else f"{named}; {choices.kind_of(target)} takes it"


def _is_same_type(field: Field, target: PropertyDefinition) -> bool:
    _, word = choices.FIELD_TYPES.get(field.type, ("", ""))
    return word == TYPES[target.type] and not target.list


def act(form: ImportForm, what: str, number: int | None) -> None:
    """Take one or all of the pairs as rows, or dismiss them."""
    pairs = form.suggested or []
    chosen = [each for each in pairs if what.endswith("all") or each.number == number]
    if what.startswith("take"):
        form.rows = [row for row in form.rows if not row.is_blank]
        form.match = [row for row in form.match if not row.is_blank]
        for pair in chosen[: rows.MOST_ROWS - len(form.rows)]:
            _take(form, pair)
    form.suggested = [each for each in pairs if each not in chosen] or None


def _take(form: ImportForm, pair: Row) -> None:
    field, target = pair.get("field"), pair.get("property")
    if pair.get("to") == MATCH:
        values = {"field": field, "identifier": target}
        form.match.append(Row(number=rows.next_number(form.match), values=values))
        return
    values = {"field": field, "property": target, "rule": pair.get("rule")}
    form.rows.append(Row(number=rows.next_number(form.rows), values=values))


def drawn(desk: Desk, form: ImportForm) -> Sequence[Suggested] | None:
    """The pairs that are left; None where nobody asked."""
    if form.suggested is None:
        return None
    known = desk.objects.known(form.object)
    found = (_drawn(row, known, desk.properties.get(row.get("property"))) for row in form.suggested)
    return [each for each in found if each]


def _drawn(row: Row, known: Known | None, target: PropertyDefinition | None) -> Suggested | None:
    field = known.description.fields.get(row.get("field").lower()) if known else None
    if field is None or target is None:
        return None
    icon, word = choices.FIELD_TYPES.get(field.type, ("doc", field.type))
    return Suggested(
        number=row.number,
        to=MATCH if row.get("to") == MATCH else MAP,
        field=field.name,
        field_label=field.label,
        field_icon="fx" if field.calculated else icon,
        field_type=word,
        property=target.key,
        property_label=target.label,
        property_icon="list" if target.list else ICONS[target.type],
        property_type=choices.kind_of(target),
        rule=row.get("rule"),
        why=row.get("why"),
    )
