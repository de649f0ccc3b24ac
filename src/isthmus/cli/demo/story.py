"""The main job, played once: an org's records into profiles, and a segment back to the org."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any

from isthmus import blueprint
from isthmus.cli.demo.org import SECRET, DemoOrg
from isthmus.connections import due, executing, queueing, runs, setting_up
from isthmus.connections.models import Connection, Run, RunGoal
from isthmus.connections.sign_in import HOSTS_SETTING
from isthmus.worker import ENGINES, hear

IMPORTS = ("leads_in", "contacts_in", "persons_in")
EXPORTS = ("readers_out", "persons_out")
CHANGES = {"Lead": 200, "Contact": 200, "Account": 50}
"""How many records of each object the org's users edit between two imports."""

SETTLED_SECONDS = 2.2
"""Until the changes are older than the connection's settle margin, by the org's whole seconds."""


@dataclass(kw_only=True)
class Chapter:
    """One part of the story, with what came of it."""

    key: str
    title: str
    seconds: float = 0.0
    goals: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


Tell = Callable[[Chapter], None]


def set_up(org: DemoOrg) -> Chapter:
    """Apply the blueprint that ships with the product."""
    chapter = Chapter(key="set_up", title="Set up from one YAML document")
    started = time.monotonic()
    environment = {"ISTHMUS_DEMO_URL": org.url, "ISTHMUS_DEMO_SECRET": SECRET}
    os.environ[HOSTS_SETTING] = org.host
    text = files("isthmus.cli.demo").joinpath("blueprint.yaml").read_text(encoding="utf-8")
    plan = blueprint.apply(blueprint.read(text, name="blueprint.yaml", environment=environment))
    chapter.facts["changes"] = len(plan.changes)
    chapter.seconds = time.monotonic() - started
    return chapter


def play(org: DemoOrg, reporter: runs.Reporter, tell: Tell) -> list[Chapter]:
    """Import, let users change something, import only that, export; tell each chapter."""
    parts: list[Callable[[], Chapter]] = [
        partial(run, "first_import", "Import every lead, contact and person", IMPORTS, reporter),
        partial(_changes, org),
        partial(run, "second_import", "Import only what changed", IMPORTS, reporter),
        partial(run, "export", "Send two segments back to Salesforce", EXPORTS, reporter),
    ]
    chapters = []
    for part in parts:
        chapters.append(part())
        tell(chapters[-1])
    return chapters


def _changes(org: DemoOrg) -> Chapter:
    chapter = Chapter(key="changes", title="Users of the org edit some records")
    started = time.monotonic()
    seed = Run.objects.count()  # other records each time the demo is played
    chapter.facts = {
        name: org.let_users_change(name, count, seed) for name, count in CHANGES.items()
    }
    # The next import takes what is older than the settle margin.
    time.sleep(SETTLED_SECONDS)
    chapter.seconds = time.monotonic() - started
    return chapter


def run(key: str, title: str, goals: tuple[str, ...], reporter: runs.Reporter) -> Chapter:
    """Run some goals of the demo's connection as one chapter."""
    started = time.monotonic()
    connection = Connection.objects.get(key="demo")
    run = queueing.ask(connection, goals=goals, by="demo")
    executing.work_off(connection, executing.Worker(engines=ENGINES, hear=hear, reporter=reporter))
    run.refresh_from_db()
    # This was its first run, a goal after the other: its schedule goes on from here.
    with setting_up.changing("demo") as held:
        due.renew(held)
    chapter = Chapter(key=key, title=title, seconds=time.monotonic() - started)
    chapter.goals = [_goal(run_goal) for run_goal in run.goals.all()]
    chapter.facts = {"run": run.number, "state": str(run.state), "api_calls": run.api_calls}
    return chapter


def _goal(run_goal: RunGoal) -> dict[str, Any]:
    counts: Mapping[str, Any] = run_goal.counts
    return {
        "goal": run_goal.key,
        "direction": run_goal.direction,
        "state": str(run_goal.state),
        **counts,
        "seconds": run_goal.seconds,
        "message": run_goal.message,
    }
