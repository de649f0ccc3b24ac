"""An upload that Salesforce took, and whose results could not be read in the run that sent it."""

import time
from dataclasses import replace
from uuid import UUID

import pytest

from isthmus.connections import executing, queueing
from isthmus.connections.executing import Worker
from isthmus.connections.models import EXPORT, IMPORT, Run, RunState
from isthmus.connections.patience import Patience
from isthmus.connections.runs import GoalRun
from isthmus.exporting import send
from isthmus.exporting.engine import hear, run_export
from isthmus.importing.engine import run_import
from named.world import READ, WRITE, World

WORKER = Worker(
    engines={IMPORT: run_import, EXPORT: run_export},
    hear=hear,
    patience=Patience(pauses=(0.01, 0.01), limit_seconds=3600),
)


def work_off(world: World, *goals: str) -> Run:
    """A run of all goals, or of those; the org's clock goes on after it."""
    queueing.ask(world.connection, goals=goals)
    (run,) = executing.work_off(world.connection, WORKER)
    run.refresh_from_db()
    world.wait(2)
    return run


def states(run: Run) -> dict[str, str]:
    return dict(run.goals.values_list("key", "state"))


def both(world: World) -> tuple[list[tuple[str]], list[tuple[str]]]:
    """The titles here and there."""
    return world.profiles("title"), world.records("Lead", "Title")


def agree_on(world: World, title: str) -> None:
    """All comes to rest with that title on both sides."""
    for _ in range(2):
        assert work_off(world).state == RunState.FINISHED
    assert both(world) == ([(title,)], [(title,)])


@pytest.fixture
def person(world: World, monkeypatch: pytest.MonkeyPatch) -> UUID:
    """A profile with a lead, of which the title "second" was sent, and no result was read."""
    monkeypatch.setattr(send, "FEW_UPDATES", 0)
    person = world.add_profile(email="a@example.com", name="Doe", title="first")
    world.goal(READ)
    world.goal(WRITE)
    for _ in range(2):
        work_off(world)
    world.fault("server_unavailable", path="Results", count=None)
    world.change_profile(person, title="second")
    assert states(work_off(world)) == {"leads_in": "finished", "leads_out": "failed"}
    assert both(world) == ([("second",)], [("second",)])
    return person


def heal(world: World) -> None:
    world.org.control("DELETE", "faults")


def test_what_it_wrote_is_no_change_by_a_user(world: World, person: UUID) -> None:
    heal(world)
    world.change_profile(person, title="third")
    agree_on(world, "third")


def test_a_user_who_changes_it_meanwhile_is_read_as_ever(world: World, person: UUID) -> None:
    heal(world)
    ((lead,),) = world.records("Lead", "Id")
    world.change("Lead", lead, Title="by a user")
    world.change_profile(person, title="third")
    agree_on(world, "by a user")


def test_a_record_that_a_user_made_meanwhile_is_read_before_anything_is_sent(
    world: World, person: UUID
) -> None:
    heal(world)
    world.add_profile(email="new@example.com", name="New", title="stale")
    world.add("Lead", {"Email": "new@example.com", "LastName": "New", "Title": "by a user"})
    work_off(world)
    work_off(world)
    titles = dict(world.records("Lead", "Email", "Title"))
    assert titles["new@example.com"] == "by a user"


def test_as_long_as_it_is_not_heard_of_nothing_is_read_and_the_run_says_why(
    world: World, person: UUID
) -> None:
    world.change_profile(person, title="third")
    run = work_off(world)
    assert set(states(run).values()) == {"failed"}
    said = run.goals.get(key="leads_in").message
    assert "leads_out" in said
    assert "next run" in said
    heal(world)
    agree_on(world, "third")


def test_a_run_of_the_import_alone_hears_of_it_first(world: World, person: UUID) -> None:
    heal(world)
    world.change_profile(person, title="third")
    assert states(work_off(world, "leads_in")) == {"leads_in": "finished"}
    assert world.profiles("title") == [("third",)]
    agree_on(world, "third")


def test_an_export_that_can_no_longer_run_does_not_keep_the_import_from_reading(
    world: World, person: UUID
) -> None:
    heal(world)
    goal = world.connection.goals.get(key="leads_out")
    goal.document["fields"][0]["field"] = "Gone__c"
    goal.save()
    assert states(work_off(world)) == {"leads_in": "finished", "leads_out": "failed"}


def test_a_run_that_is_stopped_meanwhile_stops(world: World, person: UUID) -> None:
    run = queueing.ask(world.connection)

    def stop(goal_run: GoalRun) -> None:
        queueing.stop(Run.objects.get(id=run.id))
        # Seen within a second or two.
        while True:
            goal_run.check_stop()
            time.sleep(0.05)

    (ended,) = executing.work_off(world.connection, replace(WORKER, hear=stop))
    assert ended.state == RunState.STOPPED
    heal(world)
    world.change_profile(person, title="third")
    agree_on(world, "third")
