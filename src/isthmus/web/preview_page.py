"""What the page of a preview shows: the counts of a run that was not made, and rows behind them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from isthmus.connections import known_objects, masking, previews
from isthmus.connections.explanations import explain
from isthmus.connections.models import IMPORT, Goal, RunState
from isthmus.connections.outcomes import reason_words
from isthmus.connections.previews import Preview, Problem
from isthmus.connections.rows import storable
from isthmus.connections.steps import DOING
from isthmus.profiles import properties
from isthmus.web import paging, run_figures, run_words
from isthmus.web.run_figures import Figures, Progress
from isthmus.web.run_rows import record_address
from isthmus.web.words import State, plural, span

ROWS: Final = 20
"""Rows of a page."""

OF_EACH: Final = 5
"""Rows of each outcome where none is chosen."""

_LONGEST: Final = 300
_MOST_PROBLEMS: Final = 200
_MOST_ELEMENTS: Final = 20
_ALL: Final = "*"
_TEXTS: Final = ("outcome", "reason", "code", "field")
_FIELD: Final = State(kind="warn", icon="warn", word="Field left out")
FIRST: Final = f"Of the first {_MOST_PROBLEMS:,} problems that were noted."
_NOTHING_YET: Final = Progress(word="", done=0, total=None, rate="", left="")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which rows the address asks for."""

    outcome: str = ""
    reason: str = ""
    q: str = ""
    code: str = ""  # of problems of fields; * for all
    field: str = ""  # the name that they are said of

    @property
    def problems(self) -> bool:
        """Whether problems of fields are listed."""
        return bool(self.code)

    def takes(self, row: Problem) -> bool:
        """Whether the problem is one of those that are asked for."""
        return self.code == _ALL or (self.code, self.field) == (row.code, _name(row))

    @classmethod
    def of(cls, request: HttpRequest) -> "Asked":
        """Read it. What can't be in the database is nowhere."""
        given = {name: request.GET.get(name, "")[:_LONGEST] for name in _TEXTS}
        if not all(map(storable, given.values())):
            raise Http404
        if given["outcome"] and given["outcome"] not in run_words.OUTCOMES:
            raise Http404
        return cls(
            **given,
            q=request.GET.get("q", "")[:_LONGEST].strip(),
        )


@dataclass(frozen=True, kw_only=True)
class Change:
    """A value before and after."""

    label: str
    before: str
    after: str
    masked: bool
    no_before: str  # what stands where there is none


@dataclass(frozen=True, kw_only=True)
class Said:
    """What would not fit, or is told of a record as a whole."""

    field: str
    said: str
    number: int = 1
    address: str = ""
    words: str = ""
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A record or member with what would become of it."""

    record_id: str | None
    record_address: str
    profile_id: UUID | None
    state: State
    words: str
    is_new: bool = False
    changes: Sequence[Change] = ()
    problems: Sequence[Said] = ()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Rows of one outcome, as a choice."""

    word: str
    number: int
    address: str
    here: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A preview as the page shows it."""

    state: State
    is_open: bool
    failed: bool
    stopped: bool
    changed: bool
    lost: bool
    messages: Sequence[str]
    doing: str
    progress: Progress
    figures: Figures | None
    at: datetime
    took: str
    by: str
    calls: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Puts the rows of one goal's preview into words for whoever looks."""

    goal: Goal
    hides: bool
    labels: Mapping[str, str] = field(default_factory=dict)  # of properties or fields
    personal: frozenset[str] = frozenset()

    @classmethod
    def of(cls, goal: Goal, *, hides: bool) -> "Teller":
        """For whoever looks at the goal."""
        if goal.direction == IMPORT:
            labels = {key: each.label for key, each in properties.definitions().items()}
        else:
            known = known_objects.cached(goal.connection, goal.definition.object)
            fields = known.description.fields.values() if known else ()
            labels = {each.name: each.label for each in fields}
        personal = previews.personal_names(goal) if hides else frozenset()
        return cls(goal=goal, hides=hides, labels=labels, personal=personal)

    def line(self, row: previews.Row) -> Line:
        """A row."""
        said = reason_words(self.goal.direction, row.reason) if row.reason else ""
        if row.reason and not said:
            said = explain(row.reason).meaning
        if row.survivor:
            said = f"{said} Its profile would become part of another one.".strip()
        return Line(
            record_id=row.record_id,
            record_address=record_address(self.goal.connection, row.record_id),
            profile_id=row.profile_id,
            state=run_words.OUTCOMES[row.outcome],
            words=said,
            is_new=row.outcome == "created",
            changes=[self._change(row, *each) for each in row.changes],
        )

    def _change(self, row: previews.Row, name: str, before: Any, after: Any) -> Change:
        is_new = row.outcome == "created"
        unknown = self.goal.direction != IMPORT and row.before is None and not is_new
        return Change(
            label=self.labels.get(name, name),
            before=text(before),
            after=text(after),
            masked=name in self.personal,
            no_before="not looked up" if unknown else "empty",
        )

    def problem(self, row: Problem) -> Line:
        """A problem as a row."""
        return Line(
            record_id=row.record_id,
            record_address=record_address(self.goal.connection, row.record_id),
            profile_id=row.profile_id,
            state=_FIELD,
            words=explain(row.code).meaning,
            problems=[Said(field=_name(row), said=self.said(row))],
        )

    def said(self, row: Problem) -> str:
        """The problem's own words, as far as whoever looks may read them."""
        return masking.words(row.code, row.message) if self.hides else row.message


def text(value: Any) -> str:
    """A value as it stands in a cell; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        more = ", \u2026" if len(value) > _MOST_ELEMENTS else ""
        return ", ".join(map(text, value[:_MOST_ELEMENTS])) + more
    return str(value)


def address(goal: Goal, **query: str | int) -> str:
    """Where rows of the goal's preview stand; what is empty in the query is left out."""
    places = {"connection_key": goal.connection.key, "goal_key": goal.key}
    asked = {name: value for name, value in query.items() if value}
    path = reverse("goal-preview", kwargs=places)
    return f"{path}?{urlencode(asked)}#rows" if asked else f"{path}#rows"


def shown(found: Preview, *, hides: bool) -> Shown:
    """What stands above the rows."""
    message = masking.masked_message(found.message) if hides else found.message
    told = found.is_told and not found.is_lost
    return Shown(
        state=run_words.STATES[found.state],
        is_open=found.is_open,
        failed=found.state == RunState.FAILED,
        stopped=found.state == RunState.STOPPED,
        changed=found.is_stale,
        lost=found.is_lost,
        messages=[line for line in message.splitlines() if line],
        doing=_doing(found),
        progress=run_figures.progress(found.part, timezone.now()) or _NOTHING_YET,
        figures=figures(found) if told else None,
        at=found.part.finished_at or found.asked_at,
        took=span(found.seconds),
        by=found.run.asked_by,
        calls=_calls(found),
        number=found.run.number,
    )


def figures(found: Preview) -> Figures:
    """The counts, each with the address of its rows."""
    return run_figures.figures_at(
        [found.part], lambda **query: address(found.goal, **{**query, "fields": ""})
    )


def _doing(found: Preview) -> str:
    if found.state == RunState.QUEUED:
        return "Queued: it begins as soon as a worker is free"
    if found.state == RunState.STOPPING:
        return "Stopping"
    step = found.part.step
    return DOING.get(step, step).capitalize() or "Beginning"


def _calls(found: Preview) -> str:
    if found.api_calls is None:
        return ""
    return f"A run would need about {plural(found.api_calls, 'API call')}."


def kinds(found: Figures, goal: Goal, asked: Asked) -> list[Kind]:
    """The choices of rows: some of each, of one outcome, and problems of fields."""
    nothing = not (asked.outcome or asked.problems or asked.q)
    numbers = found.by_outcome
    first = Kind(
        word="Some of each", number=found.counts.received, address=address(goal), here=nothing
    )
    outcomes = [
        Kind(
            word=state.word,
            number=numbers[name],
            address=address(goal, outcome=name),
            here=asked.outcome == name and not asked.q,
        )
        for name, state in run_words.OUTCOMES.items()
        if numbers.get(name) or (asked.outcome == name and name in numbers)
    ]
    problems = Kind(
        word="Problems",
        number=found.counts.problems,
        address=address(goal, code=_ALL),
        here=asked.problems and not asked.q,
    )
    return [first, *outcomes, *([problems] if problems.number else [])]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Rows, with what has to be said of them."""

    lines: Sequence[Line]
    notes: Sequence[str] = ()
    nothing: str = "No row is listed here."
    page: paging.Page[Any] | None = None


def find(request: HttpRequest, found: Preview, asked: Asked, teller: Teller) -> Found:
    """The rows that the address asks for."""
    if asked.q:
        return _searched(found, asked.q, teller)
    if asked.problems:
        rows = previews.problems(found, most=_MOST_PROBLEMS)
        return Found(
            lines=[teller.problem(row) for row in rows if asked.takes(row)],
            notes=[FIRST] if len(rows) == _MOST_PROBLEMS else [],
        )
    if not asked.outcome:
        rows_of_each = previews.sample(found, most=OF_EACH)
        return Found(
            lines=[teller.line(row) for row in rows_of_each],
            notes=["Some of each outcome. Choose one to see more, or search for any."],
            nothing="There is nothing to do: no record or member has come.",
        )
    return _of_outcome(request, found, asked, teller)


def _searched(found: Preview, q: str, teller: Teller) -> Found:
    rows = previews.search(found, q, hides=teller.hides)
    by = "record id or profile id" if teller.hides else "record id, profile id or identifier value"
    return Found(
        lines=[teller.line(row) for row in rows],
        notes=[f"Found by {by}."] if rows else [],
        nothing=f"No record or member of this preview has that {by}.",
    )


def _of_outcome(request: HttpRequest, found: Preview, asked: Asked, teller: Teller) -> Found:
    def read(after: paging.Place | None, most: int) -> Sequence[previews.Row]:
        behind = after[0] if after and len(after) == 1 and isinstance(after[0], int) else 0
        return previews.sample(
            found, asked.outcome, reason=asked.reason, after=min(behind, 1 << 62), most=most
        )

    page = paging.page(request, read, lambda row: [row.n], size=ROWS)
    notes = []
    if asked.reason:
        notes.append(
            f"{run_words.reason(asked.reason)}: "
            f"{reason_words(found.goal.direction, asked.reason) or explain(asked.reason).meaning}"
        )
    if asked.outcome == "unchanged":
        notes.append(
            "What has not changed since it was read or sent last is counted, and not listed one "
            "by one. Search for it to see it."
        )
    return Found(lines=[teller.line(row) for row in page.rows], notes=notes, page=page)


def _name(row: Problem) -> str:
    """The field or property that a problem is said of."""
    return row.field or row.property or ""


def grouped(found: Preview, teller: Teller) -> list[Said]:
    """The problems of fields by cause, the most frequent first, of the first that were noted."""
    rows = previews.problems(found, most=_MOST_PROBLEMS)
    first: dict[tuple[str, str], Problem] = {}
    numbers: Counter[tuple[str, str]] = Counter()
    for row in rows:
        key = row.code, _name(row)
        first.setdefault(key, row)
        numbers[key] += 1
    return [
        Said(
            field=name,
            said=teller.said(first[code, name]),
            number=number,
            address=address(found.goal, code=code, field=name),
            words=explain(code).meaning,
            next_step=explain(code).next_step,
        )
        for (code, name), number in numbers.most_common()
    ]


def told_of(grouped: Sequence[Said]) -> str:
    """What has to be known of the numbers of the groups."""
    return FIRST if sum(each.number for each in grouped) == _MOST_PROBLEMS else ""
