"""Connections and their runs, for those who look at them. Nothing is changed here."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from psycopg import Connection as Session
from psycopg import sql

from isthmus.connections import few_records, masking, outcomes
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Connection, Goal, Run, RunGoal, RunState
from isthmus.connections.outcomes import ERROR, INFO, WARNING
from isthmus.connections.runs import RUN_LOCK
from isthmus.domain.counts import GoalCounts
from isthmus.profiles import database, statements

QUERIES = statements.load("isthmus.connections", "reading.sql")

_CLOCK_MARGIN = timedelta(days=1)
"""How far this machine's clock and the database's may be apart."""

_WORKED = (RunState.RUNNING, RunState.STOPPING)
_LEVELS = {RunState.FAILED: ERROR, RunState.PROBLEMS: WARNING, RunState.STOPPED: WARNING}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that went wrong with one record or one of its fields."""

    at: datetime
    goal: str  # key
    record_id: str | None
    profile_id: UUID | None
    field: str | None  # of Salesforce
    code: str
    message: str


def unheard_uploads(session: Session[Any], connection: Connection) -> list[RunGoal]:
    """The exports of the connection with an upload that Salesforce was not heard of.

    Each is its goal in the last run that left one.
    """
    names = {"goals": list(connection.goals.values_list("id", flat=True))}
    ids = [run_goal for (run_goal,) in session.execute(QUERIES["unheard_uploads"], names)]
    return list(RunGoal.objects.filter(id__in=ids).select_related("goal").order_by("id"))


def connections() -> list[Connection]:
    """All connections with their authorizations and goals."""
    rows = Connection.objects.select_related("authorization").prefetch_related("goals")
    return list(rows)


def connection(key: str) -> Connection:
    """The connection of that key. Raises `NoSuchThing`."""
    found = {each.key: each for each in connections()}
    if key not in found:
        raise NoSuchThing("connection", [key], found)
    return found[key]


def last_runs() -> dict[int, Run]:
    """The latest run of each connection, by the connection's row id."""
    runs = Run.objects.prefetch_related("goals").order_by("connection_id", "-number")
    return {each.connection_id: each for each in runs.distinct("connection_id")}


def runs(of: Connection, most: int) -> list[Run]:
    """The latest runs of a connection with their goals, newest first, `most` of them."""
    return list(of.runs.prefetch_related("goals")[:most])


def run(of: Connection, number: int | None) -> Run:
    """A run of the connection, by default its last. Raises `NoSuchThing`."""
    found = of.runs.prefetch_related("goals")
    chosen = found.filter(number=number) if number is not None else found
    for each in chosen[:1]:
        return each
    last = of.runs.first()
    raise NoSuchThing(
        "run", [str(number or "last")], [f"1 to {last.number}"] if last is not None else []
    )


def goal_names() -> dict[int, tuple[str, str]]:
    """Keys of connection and goal by the goal's row id."""
    rows = Goal.objects.values_list("id", "connection__key", "key")
    return {goal: (of, key) for goal, of, key in rows}


def counts(part: RunGoal) -> GoalCounts:
    """What a goal's part in a run did so far."""
    return GoalCounts.from_plain(part.counts)


def worked_on(runs: Iterable[Run]) -> set[int]:
    """Row ids of the connections that some process works on now: it holds their lock.

    Nobody is asked where none of the runs is under way.
    """
    if not any(run.state in _WORKED for run in runs):
        return set()
    statement = QUERIES["going_on"].format(lock=sql.Literal(RUN_LOCK))
    with _session() as session:
        return {row[0] for row in session.execute(statement)}


def is_left_behind(run: Run, worked_on: Collection[int]) -> bool:
    """Whether the run is under way and no process works on it."""
    return run.state in _WORKED and run.connection_id not in worked_on


@contextmanager
def _session() -> Iterator[Session[Any]]:
    with database.connected(application="isthmus reading") as session:
        yield session


def first_problems(of: Run, most: int) -> list[Problem]:
    """The first problems of a run's records, `most` of them."""
    names = {"run_goals": [part.id for part in of.goals.all()], "most": most}
    with _session() as session:
        found = session.execute(QUERIES["first_problems"], names).fetchall()
    return [
        Problem(
            at=at,
            goal=goal,
            record_id=record,
            profile_id=profile,
            field=field,
            code=code,
            message=message,
        )
        for at, goal, record, profile, field, code, message in found
    ]


@dataclass(frozen=True, kw_only=True)
class LogView:
    """How much of a run's log is wanted, by whom and for what."""

    problems_only: bool = False
    hides: bool = False  # whoever reads may not see personal data
    neutral: bool = False  # no cell is taken for a formula
    goals: Sequence[int] = ()  # row ids of goals in the run; none: all, with the run's own lines
    code: str = ""  # only problems with this code
    cause: str = ""  # and from this cause, of `causes`, with its field
    field: str = ""
    all_problems: bool = False  # only problems, whatever their code
    fields_only: bool = False  # and of these only those of single fields
    outcome: str = ""  # only outcomes of this name
    reason: str = ""  # and for this reason

    @property
    def is_whole(self) -> bool:
        """Whether lines of all kinds are wanted."""
        return not (self.goals or self.outcome or self.reason or self.is_of_problems)

    @property
    def is_of_problems(self) -> bool:
        """Whether nothing but problems is wanted."""
        return bool(self.all_problems or self.code or self.cause or self.fields_only)


WHOLE = LogView()


def log_csv(of: Run, view: LogView = WHOLE) -> Iterator[bytes | bytearray | memoryview]:
    """The run's log as CSV in UTF-8 with a header row, as the database sends it.

    Columns: time, level, goal, record id, profile id, field, code, message. However long the log
    is, no more than a row of it is held here.
    """
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(log_statement(of, view))
    with _session() as session, session.cursor().copy(statement) as copy:
        yield from copy


def log_lines(of: Run, view: LogView = WHOLE) -> Iterator[str]:
    """The run's log, each line as the text of a JSON object. Held as little as `log_csv` does."""
    statement = sql.SQL("SELECT row_to_json(line)::text FROM ({}) AS line").format(
        log_statement(of, view)
    )
    with _session() as session:
        for (line,) in session.cursor().stream(statement):
            yield line


def log_statement(of: Run, view: LogView = WHOLE) -> sql.Composed:
    """The query of a run's log. Values stand in it as literals, because COPY takes no others."""
    began = of.started_at or of.queued_at
    first, last = bounds(of)
    statement = QUERIES["log"].format(
        run=sql.Literal(of.id),
        first=sql.Literal(first),
        last=sql.Literal(last),
        everything=sql.Literal(not view.problems_only),
        whole=sql.Literal(view.is_whole),
        words=_hidden_words() if view.hides else sql.SQL("problem.message"),
        problems_wanted=_problems_wanted(view),
        outcomes_wanted=_outcomes_wanted(view),
        starts=_values([(began, INFO, None, "started", _beginning(of))]),
        ends=_values(_endings(of, hides=view.hides)),
        outcomes=_values(outcomes.outcomes()),
        reasons=_values(outcomes.reasons()),
    )
    if not view.neutral:
        return statement
    return QUERIES["neutral"].format(formula=sql.Literal(_FORMULA), log=statement)


_FORMULA = r"^[=+\-@\t\r]"
"""What a spreadsheet takes for the beginning of a formula, or leaves out before one."""


def _hidden_words() -> sql.Composed:
    return QUERIES["hidden_words"].format(
        meanings=_values(masking.meanings()),
        unknown=sql.Literal(masking.explain("UNKNOWN_CODE").meaning),
        hidden=sql.Literal(masking.HIDDEN),
        dots=sql.Literal(masking.DOTS),
        personal=sql.Literal(masking.PERSONAL),
    )


def _problems_wanted(view: LogView) -> sql.Composed:
    parts: list[sql.Composable] = [sql.Literal(not (view.outcome or view.reason))]
    if view.goals:
        parts.append(sql.SQL("problem.run_goal = ANY ({})").format(sql.Literal(list(view.goals))))
    if view.code:
        parts.append(sql.SQL("problem.code = {}").format(sql.Literal(view.code)))
    if view.fields_only:
        parts.append(sql.SQL("problem.property IS NOT NULL"))
    if view.cause:
        folded = sql.SQL("left(md5(store.folded(problem.message)), 16) = {}")
        parts.append(folded.format(sql.Literal(view.cause)))
        parts.append(sql.SQL("coalesce(problem.field, '') = {}").format(sql.Literal(view.field)))
    return sql.SQL(" AND ").join(parts)


def _outcomes_wanted(view: LogView) -> sql.Composed:
    parts: list[sql.Composable] = [sql.Literal(not view.is_of_problems)]
    if view.goals:
        parts.append(sql.SQL("record.run_goal = ANY ({})").format(sql.Literal(list(view.goals))))
    if view.outcome:
        parts.append(sql.SQL("record.outcome = {}").format(sql.Literal(view.outcome)))
    if view.reason:
        parts.append(sql.SQL("record.reason = {}").format(sql.Literal(view.reason)))
    return sql.SQL(" AND ").join(parts)


def bounds(of: Run) -> tuple[datetime, datetime]:
    """Between which moments everything lies that a run left: they say in which partitions it is.

    They are wide, because the moments of a run are this machine's and those of rows the database's.
    """
    last = of.finished_at or timezone.now()
    return (of.started_at or of.queued_at) - _CLOCK_MARGIN, last + _CLOCK_MARGIN


def _values(rows: Iterable[tuple[Any, ...]]) -> sql.Composed:
    return sql.SQL(", ").join(
        sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, row))) for row in rows
    )


def _beginning(of: Run) -> str:
    what = ", taking everything again" if of.full else ""
    if few := few_records.words(of):
        what += f", {few}"
    return f"Run {of.number} of {of.connection.key} started{what}."


def _endings(of: Run, *, hides: bool) -> Iterator[tuple[Any, ...]]:
    said = masking.masked_message if hides else str
    at = of.finished_at or timezone.now()
    for part in of.goals.all():
        state = RunState(part.state)
        found = counts(part)
        again = _AGAIN if found.skipped else ""
        message = " ".join(filter(None, [_sum_up(found), again, said(part.message)]))
        yield at, _LEVELS.get(state, INFO), part.key, str(state), message
    state = RunState(of.state)
    words = f"Run {of.number} of {of.connection.key}: {state.label}."
    message = " ".join(filter(None, [words, said(of.message)]))
    yield at, _LEVELS.get(state, INFO), None, str(state), message


_AGAIN = "Those that were skipped for the same reason in the run before are not listed again."


def _sum_up(found: GoalCounts) -> str:
    parts = [
        f"{number:,} {name}"
        for name, number in (
            ("created", found.created),
            ("updated", found.updated),
            ("unchanged", found.unchanged),
            ("removed", found.removed),
            (_skipped(found), found.skipped.total()),
            ("failed", found.failed.total()),
            ("problems of fields", found.problems),
        )
        if number
    ]
    return f"{found.received:,} received{': ' if parts else ''}{', '.join(parts)}."


def _skipped(found: GoalCounts) -> str:
    reasons = (
        f"{name.replace('_', ' ')} {number:,}" for name, number in sorted(found.skipped.items())
    )
    return f"skipped ({', '.join(reasons)})"
