"""One record's story, or one profile's: its links, why it waits, and what each run did to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from isthmus.connections.models import Connection
from isthmus.connections.rows import Place, Whose, looking, storable, with_records
from isthmus.profiles import statements

QUERIES = statements.load("isthmus.connections", "stories.sql")

MOST_LINKS: Final = 100


@dataclass(frozen=True, kw_only=True)
class Link:
    """What one goal remembers of a record."""

    goal: str  # key
    direction: str
    record_id: str
    profile_id: UUID | None
    object: str
    reason: str | None
    gone: str | None
    successor: str | None
    stamp: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Skip:
    """An export leaves the profile out."""

    goal: str
    profile_id: UUID
    record_id: str | None
    reason: str
    since: int | None  # number of the run


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Salesforce refused the profile's row, and it waits."""

    goal: str
    profile_id: UUID
    failures: int
    code: str
    next_at: datetime


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a run did to it: an outcome, or a problem."""

    at: datetime
    run_goal: int
    step: int
    which: str  # what it is about, where several are of one moment
    goal: str
    direction: str
    run: int
    record_id: str | None
    profile_id: UUID | None
    outcome: str | None
    reason: str | None
    field: str | None
    code: str | None
    message: str | None

    @property
    def place(self) -> Place:
        """Where it stands in the story."""
        return [self.at.isoformat(), self.run_goal, self.step, self.which]


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that is known, the newest entries first."""

    who: Whose
    links: Sequence[Link]
    skips: Sequence[Skip]
    holds: Sequence[Hold]
    entries: Sequence[Entry]

    @property
    def profiles(self) -> list[UUID]:
        """The profiles that it is about."""
        found = [link.profile_id for link in self.links if link.profile_id]
        return list(
            dict.fromkeys([*([self.who.profile_id] if self.who.profile_id else []), *found])
        )


def story(of: Connection, who: Whose, after: Place | None, most: int) -> Story:
    """What is known of it in a connection; `most` entries behind a place, or from the newest on.

    Raises `ValueError` for a place that is none, and `TakesTooLong`.
    """
    behind = _behind(after)
    with looking() as session:
        who = with_records(session, who)
        names: dict[str, Any] = {"connection": of.id, "record_ids": list(who.record_ids)}
        names |= {"profile_id": who.profile_id, "most": MOST_LINKS}
        links = _asked(session, "links", Link, names)
        known = {link.profile_id for link in links} | {who.profile_id}
        names["profiles"] = [each for each in known if each is not None]
        return Story(
            who=who,
            links=links,
            skips=_asked(session, "skips", Skip, names),
            holds=_asked(session, "holds", Hold, names),
            entries=_asked(session, "entries", Entry, {**names, **behind, "most": most}),
        )


def _asked(
    session: psycopg.Connection[Any], query: str, kind: type[Any], names: dict[str, Any]
) -> list[Any]:
    with session.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(QUERIES[query], names).fetchall()


def _behind(after: Place | None) -> dict[str, Any]:
    names = ("after_at", "after_goal", "after_step", "after_which")
    if after is None:
        return dict.fromkeys(names)
    match after:
        case [str(at), int(goal), int(step), str(which)] if (
            storable(which) and abs(goal) < 1 << 31 and abs(step) < 1 << 31
        ):
            moment = datetime.fromisoformat(at)
        case _:
            raise ValueError("This is no place in a story.")
    if moment.tzinfo is None:
        raise ValueError("A moment needs its time zone.")
    return dict(zip(names, (moment, goal, step, which), strict=True))
