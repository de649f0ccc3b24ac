"""What a page of runs draws: counts with the addresses of the rows behind them, steps, progress."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from isthmus.connections import few_records, masking, outcomes, reading
from isthmus.connections.explanations import explain
from isthmus.connections.models import OPEN, UNDER_WAY, Run, RunGoal, RunState
from isthmus.connections.steps import DOING
from isthmus.domain.counts import GoalCounts
from isthmus.web import run_words, words
from isthmus.web.figures import PARTS
from isthmus.web.words import State

_ADDS_UP: Final = (RunState.FINISHED, RunState.PROBLEMS)
_LEAST_SECONDS, _LEAST_SHARE = 3.0, 0.02
"""Before that, a rate tells nothing about the time that is left."""


def address(name: str, run: Run, **query: str | int) -> str:
    """One of a run's addresses; what is empty in the query is left out."""
    path = reverse(name, kwargs={"connection_key": run.connection.key, "number": run.number})
    asked = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(asked)}" if asked else path


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A reason for which records were skipped, or failed."""

    name: str
    word: str
    number: int
    explanation: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts of a goal, or of several together."""

    counts: GoalCounts
    addresses: Mapping[str, str]  # by outcome; also received and problems
    skipped: Sequence[Reason]
    failed: Sequence[Reason]

    @property
    def by_outcome(self) -> dict[str, int]:
        """How many records had which outcome."""
        found = self.counts
        whole = {"skipped": found.skipped.total(), "failed": found.failed.total()}
        return {name: whole.get(name) or getattr(found, name, 0) for name in PARTS} | whole

    @property
    def legend(self) -> list[tuple[str, int, str, str]]:
        """Outcome, number, address and a few words more, for each outcome."""
        numbers = self.by_outcome
        return [
            (name, numbers[name], self.addresses.get(name, ""), self._more(name)) for name in PARTS
        ]

    @property
    def columns(self) -> list[tuple[str, int, str]]:
        """The same for the cells of a table, with what was received and the problems of fields."""
        numbers = self.by_outcome
        head = ("received", self.counts.received, self.addresses["received"])
        tail = ("field problems", self.counts.problems, self.addresses["problems"])
        return [head, *((name, numbers[name], self.addresses[name]) for name in PARTS), tail]

    def _more(self, name: str) -> str:
        if name in ("skipped", "failed"):
            reasons = self.skipped if name == "skipped" else self.failed
            if not reasons:
                return ""
            first = max(reasons, key=lambda each: each.number)
            more = f", {len(reasons) - 1} more" if len(reasons) > 1 else ""
            return f"{first.number:,} {first.word}{more}"
        number, whole = self.by_outcome[name], self.counts.accounted
        share = 100 * number / whole if whole else 0
        return f"{share:.0f} % of them" if number and share >= 1 else ""


def figures(run: Run, parts: Sequence[RunGoal], goal: str = "") -> Figures:
    """The counts of a run's goals together; `goal` is given where they are those of one goal."""
    return figures_at(parts, partial(address, "run-rows", run, goal=goal))


def figures_at(parts: Sequence[RunGoal], at: Callable[..., str]) -> Figures:
    """The counts of goals together; `at` says where the rows of an outcome and a reason stand."""
    total = GoalCounts()
    directions: dict[str, str] = {}
    for part in parts:
        found = reading.counts(part)
        for name in ("received", "created", "updated", "unchanged", "removed", "problems"):
            setattr(total, name, getattr(total, name) + getattr(found, name))
        total.skipped += found.skipped
        total.failed += found.failed
        directions |= dict.fromkeys([*found.skipped, *found.failed], part.direction)
    addresses = {name: at(outcome=name) for name in PARTS}
    addresses["received"] = at()
    addresses["problems"] = at(code="*", fields=1)
    return Figures(
        counts=total,
        addresses=addresses,
        skipped=_reasons(at, "skipped", total.skipped, directions),
        failed=_reasons(at, "failed", total.failed, directions),
    )


def _reasons(
    at: Callable[..., str], outcome: str, numbers: Counter[str], directions: Mapping[str, str]
) -> list[Reason]:
    return [
        Reason(
            name=name,
            word=run_words.reason(name),
            number=number,
            explanation=outcomes.reason_words(directions[name], name) or explain(name).meaning,
            address=at(outcome=outcome, reason=name),
        )
        for name, number in numbers.most_common()
    ]


@dataclass(frozen=True, kw_only=True)
class Step:
    """How long a goal spent in one step: a sum, as steps come again."""

    word: str
    seconds: float
    width: str  # percent of the longest
    under_way: bool = False


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the step is that is under way."""

    word: str
    done: int
    total: int | None
    rate: str  # in words; empty: too early to say
    left: str

    @property
    def share(self) -> float | None:
        """Of 1."""
        return self.done / self.total if self.total else None

    @property
    def percent(self) -> int | None:
        """Of 100."""
        return None if self.share is None else min(100, int(self.share * 100))


@dataclass(frozen=True, kw_only=True)
class GoalFigures:
    """What one goal did in a run."""

    part: RunGoal
    name: str
    state: State
    figures: Figures
    seconds: float | None
    window: str
    messages: Sequence[str]
    wrong: str  # the counts don't add up
    steps: Sequence[Step] = field(default_factory=list)
    progress: Progress | None = None

    @property
    def is_import(self) -> bool:
        """Which way its records go."""
        return self.part.direction == "import"

    @property
    def is_open(self) -> bool:
        """Whether its counts still grow."""
        return self.part.state in OPEN


def goal(run: Run, part: RunGoal, *, hides: bool, left_behind: bool = False) -> GoalFigures:
    """A goal's part in a run; `hides` where whoever looks may not see personal data."""
    said = masking.masked_message if hides else str
    now = timezone.now()
    end = part.finished_at or (now if part.state in UNDER_WAY else None)
    took = (end - part.started_at).total_seconds() if part.started_at and end else None
    return GoalFigures(
        part=part,
        name=name_of(part),
        state=run_words.state(part.state),
        figures=figures(run, [part], part.key),
        seconds=took,
        window=_window(part, now),
        messages=[said(line) for line in part.message.splitlines() if line],
        wrong=_wrong(part),
        steps=_steps(part),
        progress=progress(part, now, still=left_behind) if part.state in UNDER_WAY else None,
    )


def name_of(part: RunGoal) -> str:
    """What the goal is called now, or its key where it is gone."""
    document: dict[str, Any] = part.goal.document if part.goal else {}
    return document.get("name") or part.key


def _window(part: RunGoal, now: datetime) -> str:
    if part.direction != "import" or part.window_to is None:
        return ""
    until = words.moment(part.window_to, now)
    if part.window_from is None:
        return f"All records, up to {until}"
    return f"Records changed from {words.moment(part.window_from, now)} to {until}"


def _wrong(part: RunGoal) -> str:
    """Why the counts can't be right. A goal that ended early may have received more than it did."""
    found = reading.counts(part)
    if found.received == found.accounted or part.state in OPEN:
        return ""
    if part.state not in _ADDS_UP and found.received > found.accounted:
        return ""
    return (
        f"The counts of this goal do not add up: {found.received:,} records were received and "
        f"{found.accounted:,} are accounted for. Run it again, and report it if it happens twice."
    )


def _steps(part: RunGoal) -> list[Step]:
    order = [*run_words.STEPS]
    names = sorted(part.seconds, key=lambda name: [*order, name].index(name))
    longest = max(part.seconds.values(), default=0) or 1
    steps = [
        Step(
            word=run_words.STEPS.get(name, name),
            seconds=part.seconds[name],
            width=f"{100 * part.seconds[name] / longest:.1f}",
            under_way=name == part.step and part.state in UNDER_WAY,
        )
        for name in names
    ]
    if part.step and part.step not in part.seconds and part.state in UNDER_WAY:
        word = run_words.STEPS.get(part.step, part.step)
        steps.append(Step(word=word, seconds=0, width="0", under_way=True))
    return steps


def progress(part: RunGoal, now: datetime, *, still: bool = False) -> Progress | None:
    """How far the goal is in its step; `still`: no process works on it."""
    if not part.step:
        return None
    word = DOING.get(part.step, part.step)
    done, total, rate, left = part.done, part.total, "", ""
    # One that was taken over may have done most of it before: its pace is not known.
    known = part.tries == 1 and part.state == RunState.RUNNING and not still
    if known and part.started_at and done:
        before = sum(seconds for name, seconds in part.seconds.items() if name != part.step)
        seconds = (now - part.started_at).total_seconds() - before
        if seconds >= _LEAST_SECONDS:
            rate = f"{done / seconds:,.0f} a second"
            if total and total > done and done / total >= _LEAST_SHARE:
                left = (
                    f"about {words.span(timedelta(seconds=(total - done) * seconds / done))} left"
                )
    return Progress(word=word, done=done, total=total, rate=rate, left=left)


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """A run in a list of runs."""

    run: Run
    state: State
    figures: Figures
    address: str
    log: str
    took: str
    is_open: bool
    few: str  # which records it takes, in words; empty: all


def history(runs: Iterable[Run]) -> list[HistoryRow]:
    """Rows for `web/run_rows_of_history.html`. The runs come with their goals and connection."""
    runs = list(runs)
    worked_on = reading.worked_on(runs)
    return [
        HistoryRow(
            run=run,
            state=run_words.run_state(run, worked_on),
            figures=figures(run, list(run.goals.all())),
            address=address("run", run),
            log=address("run-log", run),
            took=took(run),
            is_open=run.state in OPEN,
            few=few_records.words(run),
        )
        for run in runs
    ]


def took(run: Run) -> str:
    """How long the run took, or has taken so far."""
    if run.started_at is None:
        return words.NONE
    return words.span((run.finished_at or timezone.now()) - run.started_at)
