"""Looking for profiles, reading them whole, and counting them. Nothing is changed here."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row

from isthmus.domain.properties import WHITESPACE, PropertyDefinition
from isthmus.domain.record_ids import full_id
from isthmus.domain.segments import SegmentError, parse
from isthmus.domain.segments.calendar import Calendar
from isthmus.domain.segments.errors import alternatives
from isthmus.profiles import database, properties, schema, segments, statements
from isthmus.profiles.errors import NotComparable, NotThere
from isthmus.profiles.models import Segment

QUERIES = statements.load("isthmus.profiles", "finding.sql")


@dataclass(frozen=True, kw_only=True)
class Link:
    """A Salesforce record that belongs to a profile, as one goal knows it."""

    record_id: str  # 18 characters
    object: str  # Lead, Contact or Person
    goal: int  # row id
    reason: str | None  # why the record was not fully applied; None where it was
    gone: str | None  # deleted, merged or converted; None while the record lives
    successor: str | None = None  # the record that took over, where it is known


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One profile, whole."""

    profile_id: UUID
    created_at: datetime
    updated_at: datetime
    permission_level: int
    legislation: str | None
    properties: Mapping[str, Any]  # by key, in the order of the properties; None where empty
    identifiers: tuple[tuple[str, str], ...]  # property and value
    links: tuple[Link, ...]


def count_profiles() -> int:
    """How many profiles there are, exactly."""
    with database.connected(application="isthmus count") as session:
        return _number(session.execute(schema.QUERIES["count_profiles"]).fetchone())


def segment(key: str) -> Segment:
    """The segment of that key. Raises `NotThere`."""
    found = Segment.objects.filter(key=key).first()
    if found is None:
        known = Segment.objects.values_list("key", flat=True)
        raise NotThere(f"There is no segment {key!r}. {alternatives(key, known)}")
    return found


def count_members(of: Segment, timezone: str) -> int:
    """How many profiles are in the segment now; days are those of `timezone` (IANA name).

    Raises `NotComparable` for a time zone that is not known, and `SegmentError` where the segment's
    conditions no longer fit the properties.
    """
    now = _now(timezone)
    known = properties.definitions()
    with database.connected(application="isthmus count") as session:
        return segments.segment_count(
            session, parse(of.where, known), known, now=now, timezone=timezone
        )


def _now(timezone: str) -> datetime:
    try:
        return Calendar.at(datetime.now(UTC), timezone).now
    except SegmentError as error:
        raise NotComparable(str(error)) from error


def profile(profile_id: str) -> Profile:
    """The profile of that id. Raises `NotThere`."""
    found = _uuid(profile_id)
    with database.connected(application="isthmus find") as session:
        profiles = read(session, [found] if found else [])
    if not profiles:
        raise NotThere(
            f"There is no profile with the id {profile_id!r}. Look for it by an identifier, or by "
            f"a property: `isthmus profiles find`."
        )
    return profiles[0]


def segments_of(profile: Profile, timezone: str) -> list[str]:
    """Keys of the segments that the profile is in now.

    Raises `SegmentError` for a segment whose conditions no longer fit the properties.
    """
    with database.connected(application="isthmus find") as session:
        inside, broken = memberships(session, profile.profile_id, timezone)
    for error in broken.values():
        raise error
    return [each.key for each in inside]


def memberships(
    session: Connection[Any],
    profile_id: UUID,
    timezone: str,
    known: Mapping[str, PropertyDefinition] | None = None,
) -> tuple[list[Segment], dict[str, SegmentError]]:
    """The segments that the profile is in now, and by key those that can't be worked out."""
    known = properties.definitions() if known is None else known
    now = datetime.now(UTC)
    tests: list[tuple[Segment, sql.Composed]] = []
    broken: dict[str, SegmentError] = {}
    for each in Segment.objects.all():
        try:
            condition = parse(each.where, known)
            test = segments.predicate(condition, known, now=now, timezone=timezone)
            tests.append((each, test))
        except SegmentError as error:
            broken[each.key] = error
    if not tests:
        return [], broken
    statement = sql.SQL("SELECT ARRAY[{}] FROM store.profile AS p WHERE profile_id = {}").format(
        sql.SQL(", ").join(test for _, test in tests), sql.Literal(profile_id)
    )
    row = session.execute(statement).fetchone()
    answers = row[0] if row else []
    inside = [each for (each, _), holds in zip(tests, answers, strict=False) if holds]
    return inside, broken


def find(value: str | None, wanted: Mapping[str, str], limit: int) -> tuple[list[Profile], bool]:
    """At most `limit` profiles, and whether there are more.

    `value` is an identifier, a profile's id or the id of a linked record; `wanted` holds property
    values as text (empty: the property is empty), compared as segments compare. All have to hold.
    Raises `NotComparable` for a property that is not there or a value that does not fit it.
    """
    with database.connected(application="isthmus find") as session:
        where = _conditions(wanted)
        if value is not None:
            where.append(
                sql.SQL("p.profile_id = ANY ({}::uuid[])").format(
                    sql.Literal(owners(session, value))
                )
            )
        whole = sql.SQL(" AND ").join(where)
        statement = segments.sample_statement(sql.Composed([whole]), limit + 1)
        ids = [row[0] for row in session.execute(statement)]
        return read(session, ids[:limit]), len(ids) > limit


def owners(session: Connection[Any], value: str) -> list[UUID]:
    """Profiles that have the value as an identifier, as their id or as that of a record."""
    names = {
        "value": value,
        "whitespace": WHITESPACE,
        "profile_id": _uuid(value),
        "record_id": _record_id(value),
    }
    return [row[0] for row in session.execute(QUERIES["profiles_of_value"], names)]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _record_id(text: str) -> str | None:
    try:
        return full_id(text.strip())
    except ValueError:
        return None


def _conditions(wanted: Mapping[str, str]) -> list[sql.Composable]:
    known = properties.definitions()
    now = datetime.now(UTC)
    try:
        return [
            segments.predicate(
                parse(_condition(key, text, known), known), known, now=now, timezone="UTC"
            )
            for key, text in wanted.items()
        ]
    except SegmentError as error:
        raise NotComparable(str(error)) from error


def _condition(key: str, text: str, known: Mapping[str, PropertyDefinition]) -> dict[str, Any]:
    if not text:
        return {"property": key, "is_empty": True}
    typed = text
    if key in known and not known[key].type.is_text:
        typed = _as_document(text)
    return {"property": key, "is": [typed]}


def _as_document(text: str) -> Any:
    """What the text would be in a document: a number, true or false, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def read(
    session: Connection[Any],
    ids: Sequence[UUID],
    known: Mapping[str, PropertyDefinition] | None = None,
) -> list[Profile]:
    """These profiles with all that belongs to them, where they are there; in the order of ids."""
    names = {"ids": list(ids)}
    identifiers: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for profile_id, key, value in session.execute(QUERIES["identifiers"], names):
        identifiers[profile_id].append((key, value))
    links: dict[UUID, list[Link]] = defaultdict(list)
    rows = session.cursor(row_factory=dict_row)
    for row in rows.execute(QUERIES["links"], names):
        links[row.pop("profile_id")].append(Link(**row))
    known = properties.definitions() if known is None else known
    return [
        _profile(row, known, identifiers[row["profile_id"]], links[row["profile_id"]])
        for row in rows.execute(QUERIES["profiles"], names)
    ]


def _profile(
    row: Mapping[str, Any],
    known: Mapping[str, PropertyDefinition],
    identifiers: list[tuple[str, str]],
    links: list[Link],
) -> Profile:
    return Profile(
        profile_id=row["profile_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        permission_level=row["permission_level"],
        legislation=row["legislation"],
        # A property that was added since the row was read has no column in it.
        properties={key: row.get(each.column) for key, each in known.items()},
        identifiers=tuple(identifiers),
        links=tuple(links),
    )


def _number(row: tuple[Any, ...] | None) -> int:
    return int(row[0]) if row else 0
