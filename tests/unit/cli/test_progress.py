from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress

from isthmus.cli.progress import Lines, Live
from isthmus.connections.models import Goal, RunGoal
from isthmus.connections.steps import DOING


@dataclass
class Watched:
    """A reporter of lines whose clock stands still unless it is moved."""

    now: float = 0.0
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = Lines(self.said.append, clock=lambda: self.now)
        self.lines.goal_started(Goal(key="leads_in"))


def test_a_step_is_said_once_however_often_it_comes_again() -> None:
    watched = Watched()

    for step in ("ask", "ask", "download", "ask"):
        watched.lines.step_started(step)

    asking, downloading = (f"leads_in: {DOING[step]}" for step in ("ask", "download"))
    assert watched.said == [asking, downloading, asking]


def test_progress_is_said_every_few_seconds_with_its_rate() -> None:
    watched = Watched()
    watched.lines.step_started("merge")
    watched.said.clear()

    for second in range(13):
        watched.now = float(second)
        watched.lines.progress("merge", second * 1_000, 50_000)

    assert watched.said == [
        "leads_in: matching and merging, 5,000/50,000 records, 1,000/s",
        "leads_in: matching and merging, 10,000/50,000 records, 1,000/s",
    ]


def test_progress_without_a_known_end_says_how_far_it_is() -> None:
    watched = Watched()
    watched.lines.step_started("download")
    watched.now = 10.0

    watched.lines.progress("download", 70_000, None)

    assert watched.said[-1] == "leads_in: downloading, 70,000 records, 7,000/s"


def test_the_end_of_a_goal_is_said_with_its_time() -> None:
    watched = Watched()

    watched.lines.goal_finished(RunGoal(state="problems", seconds={"ask": 1.25, "merge": 2.0}))

    assert watched.said == ["leads_in: finished with problems in 3.2 s"]


def test_a_step_without_a_name_of_ours_is_called_what_it_is() -> None:
    watched = Watched()

    watched.lines.step_started("convert")

    assert watched.said == ["leads_in: convert"]


def test_a_goal_that_is_tried_again_keeps_its_line() -> None:
    drawn = Progress(console=Console(quiet=True))
    live = Live(drawn)

    for key in ("leads_in", "leads_in", "contacts_in"):
        live.goal_started(Goal(key=key))
    live.goal_finished(RunGoal(key="contacts_in", state="finished"))
    # The same goal in the next run.
    live.goal_started(Goal(key="contacts_in"))

    goals = [task.fields["goal"] for task in drawn.tasks]
    assert goals == ["leads_in", "contacts_in", "contacts_in"]
