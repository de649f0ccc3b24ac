"""The rows behind a number of a run: what became of which record, and what went wrong with it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from isthmus.connections import few_records, reading
from isthmus.connections.errors import TakesTooLong
from isthmus.connections.models import Goal, Run, RunGoal
from isthmus.domain.record_ids import full_id
from isthmus.profiles import database, statements

QUERIES = statements.load("isthmus.connections", "rows.sql")

MOST_SECONDS: Final = 15
"""A look that takes longer is given up: somebody waits for the page."""

MOST_OF_ONE: Final = 200
"""So many rows of one record in one run are shown. Few records have two."""

_LONG: Final = 18
_RECORD_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")

Place = list[str | int | None]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OutcomeRow:
    """What became of one record or member in a run."""

    at: datetime
    run_goal: int
    record_id: str | None
    profile_id: UUID | None
    outcome: str
    reason: str | None

    @property
    def place(self) -> Place:
        """Where it stands among the rows of its goal."""
        profile = str(self.profile_id or "")
        found = [self.outcome, self.reason or "", self.at.isoformat()]
        return [self.run_goal, *found, self.record_id or "", profile]


@dataclass(frozen=True, kw_only=True)
class ProblemRow:
    """Something that went wrong with a record, or with one of its fields."""

    at: datetime
    run_goal: int
    record_id: str | None
    profile_id: UUID | None
    field: str | None  # of Salesforce
    target: str | None  # the property
    of_field: bool  # all else of the record went on
    code: str
    message: str

    @property
    def place(self) -> Place:
        """Where it stands among the problems of its goal."""
        of = [self.record_id or "", str(self.profile_id or "")]
        # A field that two properties are read from is wrong twice.
        what = [self.field or "", self.target or ""]
        return [self.run_goal, self.code, self.at.isoformat(), *of, *what]


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A record, or a member, that is left out as things stand."""

    record_id: str | None
    profile_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows of a run are looked for; empty: whichever."""

    outcome: str = ""
    reason: str = ""
    code: str = ""
    cause: str = ""  # of `causes.Cause.key`; then the field counts, too
    field: str = ""
    fields_only: bool = False  # problems of single fields


@dataclass(frozen=True, kw_only=True)
class Whose:
    """One record, or one profile with the records that are linked to it."""

    record_ids: tuple[str, ...] = ()
    profile_id: UUID | None = None


WALKING: Final = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_sort=off"
"""A page is a short walk along an index, also where the planner knows too little to see that."""


@contextmanager
def looking(more: str = "", seconds: int = MOST_SECONDS) -> Iterator[psycopg.Connection[Any]]:
    """A session whose statements are given up after so many seconds. Raises `TakesTooLong`."""
    settings = f"-c statement_timeout={seconds * 1000} -c work_mem=64MB {more}"
    with database.connected(application="isthmus reading", settings=settings) as session:
        try:
            yield session
        except psycopg.errors.QueryCanceled as error:
            raise TakesTooLong(
                f"It took longer than {seconds} seconds, so it was given up. Narrow down what "
                f"is looked for, or use the log."
            ) from error


def outcomes(
    of: Run, parts: Sequence[RunGoal], wanted: Wanted, after: Place | None, most: int
) -> list[OutcomeRow]:
    """The outcomes that a run noted, goal by goal, each by outcome, reason and time."""
    names = {**_bounds(of), "outcome": wanted.outcome or None, "reason": wanted.reason or None}
    cursor = ("outcome", "reason", "at", "record", "profile")
    return _walked(_Walk("outcomes", OutcomeRow, names, cursor), parts, after, most)


def problems(
    of: Run, parts: Sequence[RunGoal], wanted: Wanted, after: Place | None, most: int
) -> list[ProblemRow]:
    """The problems that a run noted, goal by goal, each by code and time."""
    names = {
        **_bounds(of),
        "code": wanted.code or None,
        "cause": wanted.cause or None,
        "field": wanted.field if wanted.cause else None,
        "fields_only": wanted.fields_only,
    }
    cursor = ("code", "at", "record", "profile", "field", "target")
    return _walked(_Walk("problems", ProblemRow, names, cursor), parts, after, most)


@dataclass(frozen=True)
class _Walk:
    """A statement that gives rows of one goal behind a place."""

    query: str
    kind: type[Any]
    names: dict[str, Any]
    cursor: tuple[str, ...]  # what a place holds beside the goal


def _walked(walk: _Walk, parts: Sequence[RunGoal], after: Place | None, most: int) -> list[Any]:
    """Rows of one goal after the other, until there are enough."""
    found: list[Any] = []
    begin, behind = _taken_apart(walk, after)
    with looking(WALKING) as session, session.cursor(row_factory=class_row(walk.kind)) as cursor:
        for part in sorted(parts, key=lambda each: each.id):
            if part.id < begin or len(found) >= most:
                continue
            here = behind if part.id == begin else dict.fromkeys(behind)
            names = {**walk.names, **here, "part": part.id, "most": most - len(found)}
            found += cursor.execute(QUERIES[walk.query], names).fetchall()
    return found


def _taken_apart(walk: _Walk, after: Place | None) -> tuple[int, dict[str, Any]]:
    """The goal that a place is in, and what the statement is to begin behind.

    Raises `ValueError` for a place that is none.
    """
    keys = [f"after_{name}" for name in walk.cursor]
    if after is None:
        return 0, dict.fromkeys(keys)
    begin, *rest = after
    if not isinstance(begin, int) or abs(begin) >= 1 << 31 or len(rest) != len(keys):
        raise ValueError("This is no place among these rows.")
    behind: dict[str, Any] = {key: _text(value) for key, value in zip(keys, rest, strict=True)}
    behind["after_at"] = datetime.fromisoformat(behind["after_at"])
    if behind["after_at"].tzinfo is None:
        raise ValueError("A moment needs its time zone.")
    return begin, behind


def _text(value: str | int | None) -> str:
    if not isinstance(value, str) or not storable(value):
        raise ValueError("This is no place among these rows.")
    return value


def storable(text: str) -> bool:
    """Whether a text can be in the database at all."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)


def whose(text: str) -> Whose | None:
    """The record (15 or 18 characters) or profile that a text names; None: it names neither."""
    text = text.strip()
    if _RECORD_ID.fullmatch(text):
        # One of 18 characters is looked for as it is, also where its last three do not fit.
        return Whose(record_ids=(text if len(text) == _LONG else full_id(text),))
    try:
        return Whose(profile_id=UUID(text))
    except ValueError:
        return None


def with_records(session: psycopg.Connection[Any], who: Whose) -> Whose:
    """The same with the records that are linked to the profile."""
    if who.profile_id is None:
        return who
    names = {"profile_id": who.profile_id}
    rows = session.execute(QUERIES["records_of_profile"], names).fetchall()
    return replace(who, record_ids=tuple(record for (record,) in rows))


def outcomes_of(of: Run, parts: Sequence[RunGoal], who: Whose) -> list[OutcomeRow]:
    """What a run noted of one record or profile."""
    return _of_one("outcomes_of", OutcomeRow, of, parts, who)


def problems_of(of: Run, parts: Sequence[RunGoal], who: Whose) -> list[ProblemRow]:
    """The problems that a run noted of one record or profile."""
    return _of_one("problems_of", ProblemRow, of, parts, who)


def _of_one(query: str, kind: type[T], of: Run, parts: Sequence[RunGoal], who: Whose) -> list[T]:
    with looking() as session, session.cursor(row_factory=class_row(kind)) as cursor:
        who = with_records(session, who)
        names = {
            **_bounds(of),
            "parts": [part.id for part in parts],
            "record_ids": list(who.record_ids),
            "profile_id": who.profile_id,
            "most": MOST_OF_ONE,
        }
        return cursor.execute(QUERIES[query], names).fetchall()


LEFT_OUT_OF_IMPORTS: Final = frozenset({"no_match", "ambiguous", "no_identifier", "too_large"})
"""Reasons that stay with a record for as long as an import leaves it out."""


def records_left_out(goal: Goal, reason: str, after: str, most: int) -> list[LeftOut]:
    """Records that an import leaves out now for this reason, by id."""
    return _left_out("records_left_out", goal, reason, after, most)


def members_left_out(goal: Goal, reason: str, after: str, most: int) -> list[LeftOut]:
    """Members that an export skipped for this reason when it last ran, by profile."""
    if after:
        UUID(after)
    return _left_out("members_left_out", goal, reason, after, most)


def _left_out(query: str, goal: Goal, reason: str, after: str, most: int) -> list[LeftOut]:
    names = {"goal": goal.id, "reason": reason, "after": after, "most": most}
    with looking(WALKING) as session, session.cursor(row_factory=class_row(LeftOut)) as cursor:
        return cursor.execute(QUERIES[query], names).fetchall()


def days_kept() -> tuple[int, int]:
    """For how many days outcomes, and problems, are kept."""
    with looking() as session:
        row = session.execute(QUERIES["outcomes_kept"]).fetchone()
    return (row[0], row[1]) if row else (30, 90)


def is_newest(part: RunGoal) -> bool:
    """Whether the goal has had no run since; one of a few records tells nothing of all."""
    if part.goal_id is None or few_records.words(part.run):
        return False
    later = RunGoal.objects.filter(
        goal_id=part.goal_id, id__gt=part.id, started_at__isnull=False, run__preview=False
    )
    return not few_records.of_all(later).exists()


def _bounds(of: Run) -> dict[str, datetime]:
    first, last = reading.bounds(of)
    return {"first": first, "last": last}
