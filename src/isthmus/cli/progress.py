"""How far a run is, on standard error: live on a terminal, and line by line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from isthmus.cli import stopping
from isthmus.cli.formatting import rate, span
from isthmus.cli.output import messages
from isthmus.connections.steps import DOING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID

    from isthmus.connections.models import Goal, RunGoal
    from isthmus.connections.runs import Reporter

LINE_SECONDS = 5.0
"""Between two lines of progress, where nothing can be drawn over."""

BAR_CHARACTERS = 10


class Pace:
    """How many records a second a step takes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return self._clock() - self._began

    def words(self, done: int) -> str:
        """The rate so far."""
        return rate(done, self.seconds)


class Lines:
    """Says each step once, and how far it is now and then. A reporter of runs."""

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say, self._clock = say, clock
        self._goal = self._step = ""
        self._pace = Pace(clock)
        self._said_at = clock()

    def goal_started(self, goal: "Goal") -> None:
        """Remember whose steps follow."""
        self._goal, self._step = goal.key, ""

    def step_started(self, step: str) -> None:
        """Say the step, unless it only comes again."""
        if step != self._step:
            self._step, self._pace, self._said_at = step, Pace(self._clock), self._clock()
            self._say(f"{self._goal}: {DOING.get(step, step)}")

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Say how far the step is, where the last such line is old enough."""
        if self._clock() - self._said_at < LINE_SECONDS:
            return
        self._said_at = self._clock()
        pace = self._pace.words(done)
        words = f"{self._goal}: {DOING.get(step, step)}, {_of(done, total)} records"
        self._say(f"{words}, {pace}" if pace else words)

    def goal_finished(self, run_goal: "RunGoal") -> None:
        """Say how the goal ended."""
        self._say(f"{self._goal}: {_ending(run_goal)}")


class Live:
    """A line for each goal that is drawn anew while it runs. A reporter of runs."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._goal = ""  # key of the one that has not ended
        self._task: TaskID | None = None
        self._pace = Pace()

    def goal_started(self, goal: "Goal") -> None:
        """Begin a line, unless the goal is only tried again."""
        if self._goal == goal.key:
            return
        self._goal = goal.key
        self._task = self._progress.add_task(
            "starting", total=None, goal=goal.key, records="", rate=""
        )

    def step_started(self, step: str) -> None:
        """Name the step."""
        self._pace = Pace()
        self._update(
            description=DOING.get(step, step), completed=0, total=None, records="", rate=""
        )

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Move the bar."""
        self._update(
            description=DOING.get(step, step),
            completed=done,
            total=total,
            records=_of(done, total),
            rate=self._pace.words(done),
        )

    def goal_finished(self, run_goal: "RunGoal") -> None:
        """Leave the line as it ended."""
        self._goal = ""
        done = int(run_goal.counts.get("received", 0))
        self._update(
            description=_ending(run_goal), completed=1, total=1, records=f"{done:,}", rate=""
        )

    def _update(self, **values: object) -> None:
        if self._task is not None:
            self._progress.update(self._task, **values)  # type: ignore[arg-type]


@contextmanager
def watching() -> Iterator[tuple["Reporter", stopping.Stop]]:
    """A reporter for what standard error is, and whether Ctrl-C asked for an end."""
    console = messages()
    if console.is_terminal and not console.is_dumb_terminal:
        with _drawn(console) as reporter_and_stop:
            yield reporter_and_stop
        return
    with stopping.stop_on_signals(stopping.tell_plainly) as stop:
        yield Lines(lambda line: console.print(line, soft_wrap=True)), stop


@contextmanager
def silent() -> Iterator[tuple["Reporter", stopping.Stop]]:
    """A reporter that logs steps, and says nothing else; and whether Ctrl-C asked for an end."""
    from isthmus.worker import Logged

    with stopping.stop_on_signals(lambda: None) as stop:
        yield Logged(), stop


@contextmanager
def _drawn(console: "Console") -> Iterator[tuple["Reporter", stopping.Stop]]:
    # The handler only sets a flag: the next drawing, a tenth of a second later, shows it.
    with stopping.stop_on_signals(lambda: None) as stop, _progress(console, stop) as progress:
        yield Live(progress), stop


def _progress(console: "Console", stop: stopping.Stop) -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.text import Text

    class Drawing(Progress):
        """Goals below each other, and a notice where the run is stopping."""

        def get_renderables(self) -> "Iterator[RenderableType]":
            yield from super().get_renderables()
            if stop():
                yield Text(stopping.NOTICE, style="yellow")

    return Drawing(
        TextColumn("{task.fields[goal]}", markup=False),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=BAR_CHARACTERS),
        TextColumn("{task.fields[records]}", markup=False, justify="right"),
        TextColumn("{task.fields[rate]}", markup=False, justify="right"),
        console=console,
    )


def _of(done: int, total: int | None) -> str:
    return f"{done:,}" if total is None else f"{done:,}/{total:,}"


def _ending(run_goal: "RunGoal") -> str:
    from isthmus.connections.models import RunState

    return f"{RunState(run_goal.state).label} in {span(sum(run_goal.seconds.values()))}"
