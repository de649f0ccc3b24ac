"""The rows behind a number of a run, as a page shows them: which, of whom, and in which words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from isthmus.connections import masking, outcomes, reading, rows, tracing
from isthmus.connections.errors import TakesTooLong
from isthmus.connections.explanations import explain, is_of_salesforce
from isthmus.connections.models import IMPORT, OPEN, Connection, Run, RunGoal
from isthmus.connections.rows import LeftOut, OutcomeRow, ProblemRow, Wanted, storable
from isthmus.web import paging, run_figures, run_words
from isthmus.web.words import State

FEW: Final = 3
ANY_CODE: Final = "*"
_PROBLEM = State(kind="bad", icon="bad", word="Problem")
_FIELD = State(kind="warn", icon="warn", word="Field left out")
_SIGN_IN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks for."""

    goal: str = ""
    outcome: str = ""
    reason: str = ""
    code: str = ""
    cause: str = ""
    field: str = ""
    q: str = ""
    fields: bool = False
    few: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> "Asked":
        """Read it. What can't be in the database is nowhere."""
        names = ("goal", "outcome", "reason", "code", "cause", "field", "q")
        given = {name: request.GET.get(name, "")[:300] for name in names}
        if not all(map(storable, given.values())):
            raise Http404
        if given["outcome"] and given["outcome"] not in run_words.OUTCOMES:
            raise Http404
        flags = {name: bool(request.GET.get(name)) for name in ("fields", "few")}
        return cls(**given, **flags)  # type: ignore[arg-type]

    @property
    def wanted(self) -> Wanted:
        """The same for those who look."""
        return Wanted(
            outcome=self.outcome,
            reason=self.reason,
            code="" if self.code == ANY_CODE else self.code,
            cause=self.cause,
            field=self.field,
            fields_only=self.fields,
        )

    @property
    def query(self) -> dict[str, str | int]:
        """The same for an address, apart from a search."""
        names = ("goal", "outcome", "reason", "code", "cause", "field")
        found: dict[str, str | int] = {name: getattr(self, name) for name in names}
        return {**found, "fields": int(self.fields)}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row of the page."""

    at: datetime | None
    goal: str
    record_id: str | None
    record_address: str
    profile_id: UUID | None
    state: State
    words: str
    field: str = ""
    said: str = ""  # the problem's own words
    verbatim: bool = False  # they are Salesforce's
    hidden: str = ""  # why they are not shown
    code: str = ""
    why: str = ""  # address of the record's story
    run: int | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """The rows, and what has to be said of them."""

    page: paging.Page[Any]
    lines: Sequence[Line]
    notes: Sequence[str]
    number: int | None  # that the rows stand behind
    too_long: str = ""


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Puts rows of one connection into words for whoever looks."""

    connection: Connection
    parts: Sequence[RunGoal]
    hides: bool

    def _part(self, run_goal: int) -> RunGoal:
        return next(each for each in self.parts if each.id == run_goal)

    def outcome(self, row: OutcomeRow) -> Line:
        """A record's outcome."""
        part = self._part(row.run_goal)
        return self._line(
            row,
            run_figures.name_of(part),
            state=run_words.OUTCOMES.get(row.outcome, _PROBLEM),
            words=outcome_words(part.direction, row.outcome, row.reason),
            code=row.reason or "",
        )

    def problem(self, row: ProblemRow) -> Line:
        """A record's problem."""
        return self._line(
            row,
            run_figures.name_of(self._part(row.run_goal)),
            state=_FIELD if row.of_field else _PROBLEM,
            words=explain(row.code).meaning,
            **said(row.code, row.message, hides=self.hides),
            field=row.field or "",
            code=row.code,
        )

    def left_out(self, row: LeftOut, part: RunGoal, reason: str) -> Line:
        """A record or member that is left out as things stand."""
        return Line(
            at=None,
            goal=run_figures.name_of(part),
            record_id=row.record_id,
            record_address=record_address(self.connection, row.record_id),
            profile_id=row.profile_id,
            state=run_words.OUTCOMES["failed" if reason == "too_large" else "skipped"],
            words=outcome_words(part.direction, "skipped", reason),
            code=reason,
            why=story_address(self.connection, row.record_id, row.profile_id),
        )

    def _line(self, row: OutcomeRow | ProblemRow, goal: str, **more: Any) -> Line:
        return Line(
            at=row.at,
            goal=goal,
            record_id=row.record_id,
            record_address=record_address(self.connection, row.record_id),
            profile_id=row.profile_id,
            why=story_address(self.connection, row.record_id, row.profile_id),
            **more,
        )


def said(code: str, message: str, *, hides: bool) -> dict[str, Any]:
    """What a line shows of a problem's own words."""
    of_salesforce = is_of_salesforce(code)
    if hides and of_salesforce:
        return {"hidden": masking.HIDDEN}
    words = masking.words(code, message) if hides else message
    return {"said": words, "verbatim": of_salesforce}


def outcome_words(direction: str, outcome: str, reason: str | None) -> str:
    """What an outcome means, with its reason."""
    what = next(
        (said for way, name, _, said in outcomes.outcomes() if (way, name) == (direction, outcome)),
        "",
    )
    why = outcomes.reason_words(direction, reason) if reason else ""
    if reason and not why:
        why = explain(reason).meaning
    return f"{what} {why}".strip()


def record_address(connection: Connection, record_id: str | None) -> str:
    """Where the record is in its org; empty where that is not known."""
    authorization = connection.authorization
    host = urlsplit(authorization.login_url) if authorization else None
    if not record_id or host is None or host.scheme != "https" or host.hostname in _SIGN_IN_HOSTS:
        return ""
    return f"https://{host.netloc}/{record_id}"


def story_address(connection: Connection, record_id: str | None, profile_id: UUID | None) -> str:
    """Where the story of the record, or else of the profile, is told."""
    whose = record_id or profile_id
    if not whose:
        return ""
    return reverse("record", kwargs={"connection_key": connection.key, "record_id": str(whose)})


def find(
    request: HttpRequest, run: Run, parts: Sequence[RunGoal], asked: Asked, writer: Writer
) -> Found:
    """The rows that the address asks for."""
    chosen = [part for part in parts if not asked.goal or part.key == asked.goal]
    if asked.goal and not chosen:
        raise Http404
    try:
        return _Search(request, run, chosen, asked, writer).found()
    except TakesTooLong as error:
        none: paging.Page[Any] = paging.Page(rows=[], next="", is_first=True)
        return Found(page=none, lines=[], notes=[], number=None, too_long=str(error))


@dataclass(frozen=True)
class _Search:
    request: HttpRequest
    run: Run
    parts: Sequence[RunGoal]
    asked: Asked
    writer: Writer

    def found(self) -> Found:
        if self.asked.q:
            return self._of_one()
        if self.asked.code:
            return self._shown(
                lambda after, most: rows.problems(
                    self.run, self.parts, self.asked.wanted, after, most
                ),
                self.writer.problem,
                self._kept(1),
            )
        part = self._left_out_by()
        if part is not None:
            return self._left_out(part)
        return self._shown(
            lambda after, most: rows.outcomes(self.run, self.parts, self.asked.wanted, after, most),
            self.writer.outcome,
            [*self._what_is_not_listed(), *self._kept(0)],
        )

    def _shown(
        self,
        read: Callable[[paging.Place | None, int], list[Any]],
        write: Callable[[Any], Line],
        notes: Sequence[str],
    ) -> Found:
        size = FEW if self.asked.few else paging.ROWS
        try:
            page = paging.page(self.request, read, lambda row: row.place, size)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadRequest from error
        lines = [write(row) for row in page.rows]
        return Found(page=page, lines=lines, notes=notes, number=self._number())

    def _number(self) -> int | None:
        """How many the run counted of what is asked for, where it counts just that."""
        asked = self.asked
        if asked.code:
            of_fields = asked.fields and asked.code == ANY_CODE
            return sum(reading.counts(part).problems for part in self.parts) if of_fields else None
        if not asked.outcome:
            return sum(reading.counts(part).received for part in self.parts)
        if asked.outcome == "left":
            return None
        found = run_figures.figures(self.run, self.parts)
        if asked.reason:
            reasons = found.skipped if asked.outcome == "skipped" else found.failed
            return next((each.number for each in reasons if each.name == asked.reason), None)
        return found.by_outcome[asked.outcome]

    def _left_out_by(self) -> RunGoal | None:
        """The goal whose list of what it leaves out now is what is asked for."""
        asked = self.asked
        if not asked.reason or self.run.state in OPEN:
            return None
        counted = self.parts if len(self.parts) == 1 else list(filter(self._counts_it, self.parts))
        if len(counted) != 1:
            return None
        (part,) = counted
        listed = (
            asked.reason in rows.LEFT_OUT_OF_IMPORTS
            if part.direction == IMPORT
            else asked.outcome == "skipped" and asked.reason != "profile_gone"
        )
        return part if listed and part.goal and rows.is_newest(part) else None

    def _counts_it(self, part: RunGoal) -> bool:
        """Whether records of the goal were left out for the reason."""
        found = reading.counts(part)
        return bool(found.skipped[self.asked.reason] or found.failed[self.asked.reason])

    def _left_out(self, part: RunGoal) -> Found:
        reason, goal = self.asked.reason, part.goal
        assert goal is not None  # noqa: S101 - see _left_out_by
        look = rows.records_left_out if part.direction == IMPORT else rows.members_left_out

        def read(after: paging.Place | None, most: int) -> list[LeftOut]:
            return look(goal, reason, _one_text(after), most)

        def place(row: LeftOut) -> paging.Place:
            return [row.record_id if part.direction == IMPORT else str(row.profile_id)]

        try:
            page = paging.page(self.request, read, place)
        except ValueError as error:
            raise BadRequest from error
        note = (
            "These are all records that the goal leaves out for this reason now, also those that "
            "runs before this one have read."
            if part.direction == IMPORT
            else "These are all members that the goal leaves out for this reason now."
        )
        lines = [self.writer.left_out(row, part, reason) for row in page.rows]
        return Found(page=page, lines=lines, notes=[note], number=self._number())

    def _what_is_not_listed(self) -> list[str]:
        outcome = self.asked.outcome
        notes = []
        if outcome in ("", "unchanged"):
            notes.append(
                "Unchanged records are counted, not listed. Search for a record by its id to see "
                "what became of it."
            )
        if outcome in ("", "skipped"):
            notes.append(
                "Records that were skipped for the same reason in the run before are counted, and "
                "not listed again."
            )
        if self.run.state in OPEN:
            notes.append("The run is not at its end: more rows follow.")
        return notes

    def _kept(self, which: int) -> list[str]:
        days = rows.days_kept()[which]
        ended = self.run.finished_at
        if ended is None or (timezone.now() - ended).days < days:
            return []
        return [
            f"Single rows are kept for {days} days. Those of this run are gone; its counts stay."
        ]

    def _of_one(self) -> Found:
        who = rows.whose(self.asked.q)
        none: paging.Page[Any] = paging.Page(rows=[], next="", is_first=True)
        if who is None:
            note = "That is neither a record id (15 or 18 characters) nor a profile id."
            return Found(page=none, lines=[], notes=[note], number=None)
        lines = [
            *map(self.writer.problem, rows.problems_of(self.run, self.parts, who)),
            *map(self.writer.outcome, rows.outcomes_of(self.run, self.parts, who)),
        ]
        notes = [] if lines else self._earlier(who)
        return Found(page=none, lines=lines, notes=notes, number=None)

    def _earlier(self, who: rows.Whose) -> list[str]:
        """How it stood after this run, where the run noted nothing new."""
        notes = []
        for part in self.parts:
            given: dict[str, Any] = {"profile_id": who.profile_id}
            if who.profile_id is None:
                given = {"record_id": who.record_ids[0]}
            if found := tracing.became(part, **given):
                since = (
                    f" since run #{found.run}" if found.run and found.run != self.run.number else ""
                )
                name = run_words.OUTCOMES[found.outcome].word.lower()
                said = outcome_words(part.direction, found.outcome, found.reason)
                notes.append(
                    f"{run_figures.name_of(part)}: this run noted nothing new. It is {name}"
                    f"{since}. {said}"
                )
        return notes or ["Nothing is known of it in this run, or in any before it."]


def _one_text(after: paging.Place | None) -> str:
    if after is None:
        return ""
    if len(after) != 1 or not isinstance(after[0], str) or not storable(after[0]):
        raise BadRequest
    return after[0]


def title(asked: Asked) -> str:
    """What the rows are, in a few words."""
    if asked.q:
        return "Search"
    if asked.code:
        if asked.code == ANY_CODE:
            return "Problems of fields" if asked.fields else "Problems"
        return f"Problems: {asked.code}"
    if not asked.outcome:
        return "All rows"
    word = run_words.OUTCOMES[asked.outcome].word
    return f"{word}: {run_words.reason(asked.reason).lower()}" if asked.reason else word
