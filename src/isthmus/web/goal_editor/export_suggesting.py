"""Pairs of a property and a field that are likely to belong together, by name and type."""

import re
from collections.abc import Iterator

from isthmus.connections.org_troubles import Org, is_writable, warnings_of
from isthmus.domain.goals import ExportField, ExportGoal, ExportKind
from isthmus.domain.properties import PropertyDefinition
from isthmus.salesforce import Field, ObjectDescription
from isthmus.web.conditions.words import ICONS
from isthmus.web.goal_editor import rows
from isthmus.web.goal_editor.choices import FIELD_TYPES, kind_of
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.export_form import ExportForm, Pair
from isthmus.web.goal_editor.rows import Row

OTHER = ("doc", "other")
MOST = 40
"""Pairs that are offered at once."""

_LIKE = {"email": "emailaddress", "mail": "email", "jobtitle": "title", "surname": "lastname"}


def pairs(form: ExportForm, desk: Desk) -> list[Pair]:
    """The likely pairs of what is not mapped yet, in the order of the object's fields."""
    known = desk.objects.known(form.object)
    if known is None:
        return []
    goal = form.goal(desk)
    taken = {row.get("field").lower() for row in form.rows}
    sent = {row.get("value") for row in form.rows}
    free = [each for each in desk.properties.values() if each.key not in sent]
    found = list(_pairs(goal, known.description, free, taken))
    return found[:MOST]


def _pairs(
    goal: ExportGoal,
    description: ObjectDescription,
    free: list[PropertyDefinition],
    taken: set[str],
) -> Iterator[Pair]:
    named = {name: each for each in free for name in _names(each.key, each.label)}
    used: set[str] = set()
    for field in description.fields.values():
        if field.name.lower() in taken or not is_writable(goal, field):
            continue
        matching = (named[name] for name in _names(field.name, field.label) if name in named)
        found = next((each for each in matching if each.key not in used), None)
        if found is not None and _fits(goal, description, field, found):
            used.add(found.key)
            image, word = FIELD_TYPES.get(field.type, OTHER)
            yield Pair(
                icon="list" if found.list else ICONS[found.type],
                type=kind_of(found),
                field_icon=image,
                field_type=word,
                value=found.key,
                field=field.name,
                label=found.label,
                field_label=field.label,
                why=_why(field, found),
            )


def _names(*texts: str) -> list[str]:
    """How a thing may be called: without case, blanks, signs and the ending of custom fields."""
    plain = [
        re.sub(r"[^0-9a-z]", "", each.lower().removesuffix("__c").replace("\u00df", "ss"))
        for each in texts
    ]
    return [each for text in dict.fromkeys(plain) if text for each in (text, _LIKE.get(text, text))]


def _fits(
    goal: ExportGoal, description: ObjectDescription, field: Field, source: PropertyDefinition
) -> bool:
    """Whether values of the property are such that the field takes them."""
    row = ExportField(field=field.name, kind=ExportKind.PROPERTY, value=source.key)
    alone = ExportGoal(
        key=goal.key,
        name=goal.name,
        object=goal.object,
        segment=goal.segment,
        match=goal.match,
        fields=(row,),
    )
    org = Org(describe=lambda _: description, properties={source.key: source})
    warned = [each for each in warnings_of(alone, org) if "takes no" in each.message]
    return not warned and (not source.list or field.type in ("multipicklist", "string", "textarea"))


def _why(field: Field, source: PropertyDefinition) -> str:
    same = field.label.casefold() == source.label.casefold()
    return "Same name" if same else "Alike name"


def take(form: ExportForm, chosen: list[Pair]) -> None:
    """Map these pairs."""
    for pair in chosen:
        values = {"value": pair.value, "field": pair.field}
        blank = next((row for row in form.rows if row.is_blank), None)
        if blank is not None:
            blank.values |= values
        elif len(form.rows) < rows.MOST_ROWS:
            form.rows.append(Row(number=rows.next_number(form.rows), values=values))
