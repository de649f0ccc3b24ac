"""Where the values of a profile came from, and what they were before."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.values import Value, from_journal
from isthmus.profiles import schema, statements
from isthmus.profiles.keeping import Keeping

QUERIES = statements.load("isthmus.profiles", "history.sql")

_ROW = re.compile(r"\([0-9]{1,9},[0-9]{1,4}\)")
_exact = partial(json.loads, parse_float=Decimal)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who changed something, or which goal of which run."""

    at: datetime
    run_goal: int | None  # row id; None: not a run
    by: str | None  # e-mail of the account that changed it by hand
    record_id: str | None  # the record that a run read it from


@dataclass(frozen=True, kw_only=True)
class Step:
    """One property in one change."""

    key: str
    before: Value
    after: Value


@dataclass(frozen=True, kw_only=True)
class Change:
    """Properties of a profile that were changed together."""

    source: Source
    steps: tuple[Step, ...]  # in the order of the properties
    merged: tuple[UUID, ...]  # profiles that became part of this one by it
    place: tuple[str, str]  # where it stands in the journal


@dataclass(frozen=True, kw_only=True)
class Merge:
    """A profile and another one that it became part of, or that became part of it."""

    profile_id: UUID
    at: datetime


def place(at: str, row: str) -> tuple[str, str]:
    """A place of the journal as an address brings it. ValueError where it is none."""
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None or not _ROW.fullmatch(row):
        raise ValueError(f"{at!r}, {row!r} is no place of the journal.")
    return moment.isoformat(), row


def kept_days(session: Connection[Any]) -> int:
    """For how many days changes are kept."""
    row = session.execute(schema.QUERIES["keeping"]).fetchone()
    days = row[0] if row else Keeping().days
    return int(days["change"])


def begins(days: int, now: datetime | None = None) -> datetime:
    """The moment since when every change is known."""
    return (now or datetime.now(UTC)) - timedelta(days=days)


def sources(session: Connection[Any], profile_id: UUID) -> dict[str, Source]:
    """The newest change of each property that the journal knows one of."""
    rows = session.cursor(row_factory=dict_row).execute(
        QUERIES["newest_changes"], {"profile_id": profile_id}
    )
    return {row.pop("key"): Source(**row) for row in rows}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which changes."""

    profile_id: UUID
    key: str | None = None  # of one property only
    after: tuple[str, str] | None = None  # behind a place, as `place` gives it
    most: int


def changes(
    session: Connection[Any],
    asked: Asked,
    present: Mapping[str, Value],
    known: Mapping[str, PropertyDefinition],
) -> list[Change]:
    """Changes, newest first. `present` are the profile's values now, `known` all properties."""
    set_json_loads(_exact, session)
    at, row = asked.after or (None, None)
    names = {"profile_id": asked.profile_id, "key": asked.key, "at": at, "row": row}
    rows = session.cursor(row_factory=dict_row)
    values = dict(present)
    if asked.after:
        for key, kept in session.execute(QUERIES["values_at"], names):
            values[key] = _typed(known, key, kept)
    found = rows.execute(QUERIES["changes"], {**names, "most": asked.most}).fetchall()
    return [_change(each, values, known, asked.key) for each in found]


def _change(
    row: Mapping[str, Any],
    values: dict[str, Value],
    known: Mapping[str, PropertyDefinition],
    only: str | None,
) -> Change:
    """The change, whose values before it become those after the next older one."""
    steps = []
    for key in _in_order(row["old"], known):
        before = _typed(known, key, row["old"][key])
        if only in (None, key):
            steps.append(Step(key=key, before=before, after=values.get(key)))
        values[key] = before
    return Change(
        source=Source(
            at=row["at"], run_goal=row["run_goal"], by=row["by"], record_id=row["record_id"]
        ),
        steps=tuple(steps),
        merged=tuple(row["merged"]),
        place=(row["at"].isoformat(), row["row"]),
    )


def _in_order(old: Mapping[str, Any], known: Mapping[str, PropertyDefinition]) -> Sequence[str]:
    places = {key: place for place, key in enumerate(known)}
    return sorted(old, key=lambda key: (places.get(key, len(places)), key))


def _typed(known: Mapping[str, PropertyDefinition], key: str, kept: Any) -> Value:
    if key in known:
        return from_journal(known[key], kept)
    value: Value = kept if kept is None else json.dumps(kept, default=str)
    return value


def survivor(session: Connection[Any], profile_id: UUID) -> Merge | None:
    """The profile that this one became part of."""
    row = session.execute(QUERIES["merged_into"], {"profile_id": profile_id}).fetchone()
    return Merge(profile_id=row[0], at=row[1]) if row else None


def merged(session: Connection[Any], profile_id: UUID, most: int) -> list[Merge]:
    """Profiles that became part of this one, newest first."""
    names = {"profile_id": profile_id, "most": most}
    return [
        Merge(profile_id=each, at=at) for each, at in session.execute(QUERIES["merged_from"], names)
    ]
