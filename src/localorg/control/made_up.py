"""Values that the org's users type, drawn at random, for any field and any object."""

import string
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from localorg.schema import Field, ObjectType
from localorg.schema.service import CASE_STATUSES
from localorg.seed.edits import edited
from localorg.seed.people import PERSON, crowd
from localorg.seed.statuses import case_statuses

Values = dict[str, Any]
# The objects for which there are plausible edits.
_KNOWN = frozenset({"Account", "Case", "Contact", "Lead"})
# `crowd` makes one person for so many records.
_RECORDS_PER_PERSON = 60
_MOST_AT_ONCE = 3
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAYS = 9_000
_MOST_NUMBER = 99_999
_MOST_DIGITS = 5
_LETTERS = string.ascii_lowercase
_PERSONAL = ("FirstName", "LastName", "Email", "Phone", "Title")
_OF_PERSON: Mapping[str, Sequence[str]] = {
    "Lead": (*_PERSONAL, "Company", "City", "Country"),
    "Contact": _PERSONAL,
}


def new_values(object_type: ObjectType, row: Mapping[str, Any], rng: Random) -> Values:
    """What users change about a record whose stored values are `row`."""
    if object_type.name in _KNOWN:
        kind = "Person" if row.get("IsPersonAccount") else object_type.name
        statuses = case_statuses(object_type) if kind == "Case" else CASE_STATUSES
        return edited(rng, kind, row, statuses)
    fields = [field for field in object_type.fields.values() if _can_draw(field)]
    chosen = rng.sample(fields, min(len(fields), rng.randint(1, _MOST_AT_ONCE)))
    return {field.name: drawn(field, rng) for field in chosen}


def new_records(object_type: ObjectType, count: int, rng: Random) -> list[Values]:
    """Whole records, with all that the object asks for."""
    persons = crowd(rng.randrange(_MOST_NUMBER), count * _RECORDS_PER_PERSON) if count else []
    return [
        _new_record(
            object_type, dict(zip(PERSON, persons[number % len(persons)], strict=True)), rng
        )
        for number in range(count)
    ]


def _new_record(object_type: ObjectType, person: Mapping[str, Any], rng: Random) -> Values:
    names = _OF_PERSON.get(object_type.name, ())
    values = {name: person[name] for name in names if person[name] is not None}
    if object_type.name == "Case":
        values["Subject"] = drawn(object_type.field("Subject"), rng)
    for field in object_type.fields.values():
        if field.required and field.name not in values and not field.reference_to:
            values[field.name] = drawn(field, rng)
    return values


def drawn(field: Field, rng: Random) -> Any:
    """A value for one field, as JSON has it."""
    if field.picklist_values:
        return rng.choice([entry.value for entry in field.picklist_values if entry.active])
    if field.type == "boolean":
        return rng.random() < 0.5  # noqa: PLR2004 - as often true as false
    if field.is_number:
        return _number(field, rng)
    moment = _EPOCH + timedelta(days=rng.randrange(_DAYS), seconds=rng.randrange(86_400))
    if field.type in {"date", "datetime", "time"}:
        return _MOMENTS[field.type](moment)
    return _text(field, rng)


def _number(field: Field, rng: Random) -> int | float:
    digits = field.precision - field.scale if field.precision else _MOST_DIGITS
    most = 10 ** max(1, min(digits, _MOST_DIGITS)) - 1
    return round(rng.uniform(0, most), field.scale) if field.scale else rng.randint(0, most)


def _text(field: Field, rng: Random) -> str:
    word = "".join(rng.choices(_LETTERS, k=8))
    if field.type == "email":
        return f"{word}@example.com"
    if field.type == "url":
        return f"https://{word}.example"
    if field.type == "phone":
        return f"+49 30 {rng.randrange(10**6, 10**7)}"
    return word.capitalize()[: field.length or None]


def _can_draw(field: Field) -> bool:
    return field.updateable and not field.reference_to and not field.compound


_MOMENTS = {
    "date": lambda moment: moment.strftime("%Y-%m-%d"),
    "datetime": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "time": lambda moment: moment.strftime("%H:%M:%S.000Z"),
}
