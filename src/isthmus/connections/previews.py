"""Previews, for those who ask for them and look at them: what a run of a goal would do.

A preview is worked off as a run is, by the same steps, and all that it writes is rolled back: what
is kept are its counts, and tables of rows that are thrown away with it (`foreseen`). It speaks of
one goal, as if that ran alone and now.

    run = previews.ask(connection, goal, by="Ada")      # queued; the worker does it
    preview = previews.latest(goal)                     # None: never asked for, or forgotten
    preview.is_open, preview.step, preview.done         # while it is under way
    preview.counts, preview.api_calls, preview.reasons  # once it has ended
    previews.sample(preview, outcome="updated", most=20)
    previews.search(preview, "003…", hides=not user.sees_personal_data)
    previews.problems(preview, most=50)

Values stand unmasked in rows and problems. `personal_names(goal)` says which of them may be shown
only to those who may see personal data.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from isthmus.connections import foreseen, queueing
from isthmus.connections.models import EXPORT, OPEN, Connection, Goal, Run, RunGoal, RunState
from isthmus.connections.outcomes import reason_words
from isthmus.connections.rows import WALKING, looking, storable, whose
from isthmus.domain.counts import GoalCounts
from isthmus.domain.goals import ExportGoal, ExportKind, ImportGoal
from isthmus.domain.segments import parse
from isthmus.profiles import properties
from isthmus.profiles.models import Segment
from isthmus.profiles.segments import predicate

MOST: Final = 200
"""Rows that are given at once, at most."""

SECONDS: Final = 5
"""A look that takes longer is given up."""

OUTCOMES: Final = ("created", "updated", "removed", "skipped", "failed", "unchanged")
"""In the order in which they are of interest."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why so many records or members would be left out."""

    outcome: str  # skipped or failed
    reason: str
    words: str  # a sentence; empty where there is none of ours
    number: int


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a run of a goal would do, as it was found out at one time."""

    goal: Goal
    run: Run  # the preview's own row; its number counts previews
    part: RunGoal
    is_stale: bool  # the goal, its properties or its segment were changed since
    is_lost: bool  # the database crashed since, and its rows are gone: ask again

    @property
    def state(self) -> RunState:
        """Queued, under way, or how it ended; `finished` and `problems` have something to show."""
        return RunState(self.part.state if self.part.state != RunState.QUEUED else self.run.state)

    @property
    def is_open(self) -> bool:
        """Whether it has not ended yet."""
        return self.run.state in OPEN and (self.part.state in OPEN)

    @property
    def is_told(self) -> bool:
        """Whether it came to its end and says something."""
        return self.part.state in (RunState.FINISHED, RunState.PROBLEMS)

    @property
    def counts(self) -> GoalCounts:
        """What the run would count."""
        return GoalCounts.from_plain(self.part.counts)

    @property
    def reasons(self) -> list[Reason]:
        """Why records or members would be left out, the most frequent reason first."""
        counts = self.counts
        found = [
            Reason(
                outcome=outcome,
                reason=reason,
                words=reason_words(self.part.direction, reason),
                number=number,
            )
            for outcome, by_reason in (("skipped", counts.skipped), ("failed", counts.failed))
            for reason, number in by_reason.items()
        ]
        return sorted(found, key=lambda each: (-each.number, each.reason))

    @property
    def api_calls(self) -> int | None:
        """How many API calls the run would need, about; None where that isn't known (yet)."""
        return (self.part.foreseen or {}).get("api_calls")

    @property
    def asked_at(self) -> datetime:
        """When somebody asked for it."""
        return self.run.queued_at

    @property
    def message(self) -> str:
        """Why it failed, or what there is to say beside the counts."""
        return self.part.message or self.run.message

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(sum(self.part.seconds.values()))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One record or member, and what the run would do with it.

    `before` and `after` hold only what changes: of an import values of properties by key, of an
    export values of Salesforce's fields by API name. Of an import they are those of the record's
    profile before the run and after it, whichever of its records brought them. Of an export, what
    Salesforce holds now is asked for some rows only: `before` is None where it was not.
    """

    n: int  # names the row in its preview; 0: made for a search
    record_id: str | None  # None: not in Salesforce yet
    profile_id: UUID | None  # None: not here yet
    survivor: UUID | None  # the profile that this one would become part of
    outcome: str
    reason: str | None
    before: Mapping[str, Any] | None = field(default=None)
    after: Mapping[str, Any] | None = field(default=None)

    @property
    def changes(self) -> list[tuple[str, Any, Any]]:
        """Name, value before and value after, of each that changes."""
        before, after = self.before or {}, self.after or {}
        names = dict.fromkeys([*after, *before])
        return [(name, before.get(name), after.get(name)) for name in names]


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A value that would not fit, or what is told of a record as a whole."""

    record_id: str | None
    profile_id: UUID | None
    field: str | None  # of Salesforce
    property: str | None  # key
    code: str
    message: str
    value: str | None


def ask(connection: Connection, goal: Goal, *, by: str = "", full: bool = False) -> Run:
    """Queue a preview of the goal; the newest one replaces those before it.

    Raises `NoSignIn` and `NoSuchThing`.
    """
    return queueing.ask_preview(connection, goals=[goal.key], full=full, by=by)


def stop(preview: Preview) -> None:
    """End it. Raises `StateRefused` where it has ended."""
    queueing.stop(preview.run)


def latest(goal: Goal) -> Preview | None:
    """The goal's newest preview, queued, under way or ended; None where there is none."""
    parts = RunGoal.objects.filter(goal=goal, run__preview=True)
    part = parts.select_related("run__connection").order_by("-id").first()
    return None if part is None else _preview(goal, part)


def of_run(run: Run) -> list[Preview]:
    """The previews of goals that were asked for at once, in the order of their work."""
    parts = run.goals.select_related("goal__connection", "run__connection")
    return [_preview(part.goal, part) for part in parts if part.goal is not None]


def _preview(goal: Goal, part: RunGoal) -> Preview:
    told = part.state in (RunState.FINISHED, RunState.PROBLEMS)
    known = (part.foreseen or {}).get("made_of")
    return Preview(
        goal=goal,
        run=part.run,
        part=part,
        is_stale=told and known != made_of(goal),
        is_lost=told and bool((part.foreseen or {}).get("rows")) and not _has_rows(part),
    )


def made_of(goal: Goal) -> str:
    """Tells apart what a preview depends on here: the goal, its properties, its segment."""
    known = properties.definitions()
    definition = goal.definition
    named = sorted(_properties_of(definition))
    parts: list[Any] = [goal.document, [repr(known.get(key)) for key in named]]
    if isinstance(definition, ExportGoal):
        segment = Segment.objects.filter(key=definition.segment).first()
        parts.append(segment.where if segment else None)
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _properties_of(definition: ImportGoal | ExportGoal) -> set[str]:
    if isinstance(definition, ImportGoal):
        mapped = {row.property for row in definition.fields}
        return {*mapped, *(row.identifier for row in definition.match)}
    mapped = {row.value for row in definition.fields if row.kind is ExportKind.PROPERTY}
    return {*mapped, definition.match.identifier}


def personal_names(goal: Goal) -> frozenset[str]:
    """Names in a row's `before` and `after` whose values are personal data.

    Of an export, also fields whose value here is none: what Salesforce holds there now may be.
    """
    known = properties.definitions()
    personal = {key for key, each in known.items() if each.personal or each.identifier}
    definition = goal.definition
    if isinstance(definition, ImportGoal):
        return frozenset(personal)
    return frozenset(
        row.field
        for row in definition.fields
        if row.kind is not ExportKind.PROPERTY or row.value in personal or row.value not in known
    )


_ROW = "n, record_id, profile_id, survivor, outcome, reason, before, after"


def sample(
    preview: Preview, outcome: str = "", *, reason: str = "", after: int = 0, most: int = 20
) -> list[Row]:
    """The first rows behind `after` (a row's `n`), of an outcome and for a reason where given.

    Without an outcome some of each, changed ones first.
    """
    if not outcome:
        counts = preview.counts.plain()
        some = [each for each in OUTCOMES if counts[each]]
        return [row for each in some for row in sample(preview, each, most=most)]
    names = {"outcome": outcome, "reason": reason, "after": after, "most": min(most, MOST)}
    return _rows(preview, _FOR_A_REASON if reason else _OF_AN_OUTCOME, names)


# Each is a short walk along an index.
_OF_AN_OUTCOME = sql.SQL(
    """SELECT {columns} FROM {rows} WHERE outcome = %(outcome)s AND n > %(after)s
    ORDER BY outcome, n LIMIT %(most)s"""
)
_FOR_A_REASON = sql.SQL(
    """SELECT {columns} FROM {rows}
    WHERE outcome = %(outcome)s AND coalesce(reason, '') = %(reason)s AND reason IS NOT NULL
        AND n > %(after)s
    ORDER BY outcome, coalesce(reason, ''), n LIMIT %(most)s"""
)


def search(preview: Preview, text: str, *, hides: bool = False) -> list[Row]:
    """Rows of the record (15 or 18 characters), the profile or the identifier value `text`.

    `hides`: whoever searches may not see personal data, so that nobody is found by a value.
    """
    text = text.strip()
    if not text or not storable(text) or not preview.is_told:
        return []
    who = whose(text)
    found: list[Row] = []
    if who is not None and who.record_ids:
        found = _rows(preview, _BY_RECORD, {"record": who.record_ids[0]})
    elif who is not None:
        found = _rows(preview, _BY_PROFILE, {"profiles": [who.profile_id]})
    if not found and not hides:
        found = _named(preview, text)
    if not found and preview.goal.direction == EXPORT:
        found = _unchanged_member(preview, text, hides=hides)
    return found


_BY_RECORD = sql.SQL(
    "SELECT {columns} FROM {rows} WHERE record_id = %(record)s ORDER BY n LIMIT %(most)s"
)
_BY_PROFILE = sql.SQL(
    """SELECT {columns} FROM {rows}
    WHERE profile_id = ANY (%(profiles)s::uuid[]) ORDER BY n LIMIT %(most)s"""
)
_BY_NAME = sql.SQL(
    """SELECT {columns} FROM {rows}
    WHERE n IN (
        SELECT n FROM {names} WHERE value = ANY (%(spellings)s)
        UNION
        SELECT n FROM {rows} WHERE profile_id = ANY (%(profiles)s::uuid[])
    )
    ORDER BY n LIMIT %(most)s"""
)


def _named(preview: Preview, text: str) -> list[Row]:
    """Rows of profiles with this identifier value, now or after the run."""
    names = {"spellings": _spellings(text), "profiles": _profiles_named(text)}
    return _rows(preview, _BY_NAME, names)


def _spellings(text: str) -> list[str]:
    """As it was typed, and as most identifiers are kept."""
    return list(dict.fromkeys((text, text.lower())))


def _profiles_named(text: str) -> list[UUID]:
    known, numbers = properties.definitions(), properties.numbers()
    # By the whole key of the index, which begins with the property.
    of = [number for key, number in numbers.items() if key in known and known[key].identifier]
    statement = """SELECT DISTINCT profile_id FROM store.identifier
        WHERE property = ANY (%s) AND value = ANY (%s) LIMIT 20"""
    with looking(seconds=SECONDS) as session:
        rows = session.execute(statement, [of, _spellings(text)])
        return [profile for (profile,) in rows.fetchall()]


def _unchanged_member(preview: Preview, text: str, *, hides: bool) -> list[Row]:
    """The member that an export would not even look at, because nothing of it has changed."""
    who = whose(text)
    profiles: list[UUID] = []
    if who is not None and who.profile_id is not None:
        profiles = [who.profile_id]
    elif who is not None:
        profiles = _linked(preview.goal, who.record_ids[0])
    elif not hides:
        profiles = _profiles_named(text)
    goal = preview.goal
    definition = goal.definition
    segment = Segment.objects.filter(key=getattr(definition, "segment", "")).first()
    if not profiles or segment is None:
        return []
    known = properties.definitions()
    member = predicate(
        parse(segment.where, known),
        known,
        now=preview.part.started_at or preview.asked_at,
        timezone=goal.connection.timezone,
    )
    statement = sql.SQL(
        """SELECT p.profile_id, link.record_id
        FROM store.profile AS p
        LEFT JOIN store.record_link AS link
            ON link.profile_id = p.profile_id AND link.goal = %(goal)s AND link.gone IS NULL
        WHERE p.profile_id = ANY (%(profiles)s::uuid[]) AND {member}
        ORDER BY 1, 2 LIMIT %(most)s"""
    ).format(member=member)
    with looking(seconds=SECONDS) as session:
        names = {"profiles": profiles, "goal": goal.id, "most": MOST}
        found = session.execute(statement, names).fetchall()
    return [
        Row(
            n=0, record_id=record, profile_id=profile, survivor=None, outcome="unchanged",
            reason=None,
        )
        for profile, record in found
    ]  # fmt: skip


def _linked(goal: Goal, record_id: str) -> list[UUID]:
    statement = """SELECT profile_id FROM store.record_link
        WHERE record_id = %s AND goal = %s AND profile_id IS NOT NULL"""
    with looking(seconds=SECONDS) as session:
        return [profile for (profile,) in session.execute(statement, [record_id, goal.id])]


def problems(preview: Preview, most: int = 50) -> list[Problem]:
    """What the run would say of records and of their values."""
    if not preview.is_told or preview.is_lost:
        return []
    statement = sql.SQL(
        """SELECT record_id, profile_id, field, property, code, message, value
        FROM {} ORDER BY ctid LIMIT %s"""
    ).format(foreseen.problems(preview.part.id))
    with (
        looking(seconds=SECONDS) as session,
        session.cursor(row_factory=class_row(Problem)) as cursor,
    ):
        try:
            return cursor.execute(statement, [min(most, MOST)]).fetchall()
        except psycopg.errors.UndefinedTable:
            return []


def _rows(preview: Preview, statement: sql.SQL, values: Mapping[str, Any]) -> list[Row]:
    """Rows of a preview; none where it was forgotten meanwhile."""
    part = preview.part.id
    composed = statement.format(
        columns=sql.SQL(_ROW),
        rows=foreseen.rows(part),
        names=foreseen.names(part),
    )
    if not preview.is_told or preview.is_lost:
        return []
    return _fetched(composed, {"most": MOST, **values})


def _fetched(statement: sql.Composed, values: Mapping[str, Any]) -> list[Row]:
    with looking(WALKING, seconds=SECONDS) as session:
        try:
            with session.cursor(row_factory=class_row(Row)) as cursor:
                return cursor.execute(statement, values).fetchall()
        except psycopg.errors.UndefinedTable:
            return []


def _has_rows(part: RunGoal) -> bool:
    with looking(seconds=SECONDS) as session:
        try:
            statement = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(foreseen.rows(part.id))
            row = session.execute(statement).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
    return bool(row and row[0])
