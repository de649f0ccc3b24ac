"""Answers to writes that get lost or lack rows: no record twice, none forgotten."""

from dataclasses import replace
from typing import Any

import pytest

from integration import set_up
from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.errors import IsthmusError
from isthmus.exporting import send
from isthmus.exporting.engine import run_export
from named.world import NAME, WRITE, World, outcome

PEOPLE = 30


def export_until_done(world: World, goal: Any, tries: int = 4) -> GoalRun:
    """What the executor does: call the engine again where that may help."""
    goal_run = set_up.start(goal, world.salesforce)
    for _ in range(tries):
        try:
            run_export(goal_run)
        except IsthmusError:
            goal_run = set_up.again(goal_run)
        else:
            return goal_run
    raise AssertionError("the export never came to an end")


@pytest.mark.parametrize(
    ("method", "path", "count"),
    [
        ("POST", "/jobs/ingest", 1),
        ("POST", "/jobs/ingest", 4),
        ("PUT", "/batches", 1),
        ("PUT", "/batches", 4),
        ("PATCH", "/jobs/ingest/", 1),
        ("PATCH", "/jobs/ingest/", 4),
        ("GET", "/jobs/ingest/", 2),
        ("GET", "/successfulResults", 2),
        ("GET", "/failedResults", 2),
        ("DELETE", "/jobs/ingest/", 2),
    ],
)
def test_a_lost_answer_to_an_insert_creates_no_record_twice(
    world: World, method: str, path: str, count: int
) -> None:
    world.add_people(PEOPLE)
    goal = world.goal(WRITE)
    world.fault("answer_lost", method=method, path=path, count=count)
    export_until_done(world, goal, tries=8)
    assert world.happened()[0] > 0
    assert world.count("Lead") == PEOPLE
    assert len({email for (email,) in world.records("Lead", "Email")}) == PEOPLE
    world.wait(2)
    assert outcome(world.write(goal)) == {"unchanged": PEOPLE}
    assert world.count("Lead") == PEOPLE
    assert world.number("record_link") == PEOPLE


def test_a_lost_answer_to_an_update_leaves_every_record_as_it_should_be(world: World) -> None:
    ids = world.add_people(PEOPLE)
    goal = world.goal(WRITE)
    world.write(goal)
    for profile_id in ids:
        world.change_profile(profile_id, title="new")
    world.fault("answer_lost", method="PATCH", path="/composite/sobjects")
    assert outcome(export_until_done(world, goal)) == {"updated": PEOPLE}
    assert world.records("Lead", "Title") == [("new",)] * PEOPLE
    assert outcome(world.write(goal)) == {"unchanged": PEOPLE}


def without_a_row(body: bytes, headers: dict[str, str]) -> bytes:
    rows = body.rstrip(b"\n").split(b"\n")
    headers["sforce-numberofrecords"] = str(len(rows) - 2)
    return b"\n".join(rows[:-1]) + b"\n"


@pytest.mark.parametrize("times", [1, 99])
def test_results_with_a_row_missing_create_nothing_twice_and_forget_nothing(
    world: World, times: int
) -> None:
    world.add_people(PEOPLE)
    goal = world.goal(WRITE)
    world.wire.tamper("GET", "/successfulResults", without_a_row, times=times)
    goal_run = set_up.start(goal, world.salesforce)
    try:
        run_export(goal_run)
    except CountMismatch:
        assert times > 1
    world.wire.spots.clear()
    world.wait(2)
    world.write(goal)
    assert world.count("Lead") == PEOPLE
    assert outcome(world.write(goal)) == {"unchanged": PEOPLE}
    assert world.number("record_link") == PEOPLE


def test_results_of_updates_with_a_row_missing_are_not_taken_as_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "FEW_UPDATES", 0)
    ids = world.add_people(3)
    goal = world.goal(WRITE)
    world.write(goal)
    for profile_id in ids:
        world.change_profile(profile_id, title="new")
    world.wire.tamper("GET", "/successfulResults", without_a_row, times=99)
    with pytest.raises(IsthmusError):
        world.write(goal)
    world.wire.spots.clear()
    assert outcome(world.write(goal)) == {"unchanged": 2, "updated": 1}
    assert outcome(world.write(goal)) == {"unchanged": 3}


def test_equal_new_rows_are_each_created_once_and_told_apart_by_nobody(world: World) -> None:
    plain = replace(WRITE, fields=(NAME, WRITE.fields[2]))
    for number in range(6):
        world.add_profile(email=f"{number}@x.co", name="Same")
    goal = world.goal(plain)
    world.fault("shuffled_results", path="Lead", count=None)
    assert outcome(world.write(goal)) == {"created": 6}
    assert world.count("Lead") == 6
    links = world.store.execute(
        "SELECT count(DISTINCT profile_id), count(DISTINCT record_id) FROM store.record_link"
    ).fetchone()
    assert links == (6, 6)


def test_a_job_that_breaks_after_some_rows_is_made_up_for_without_doubles(world: World) -> None:
    world.add_people(PEOPLE)
    goal = world.goal(WRITE)
    world.fault("bulk_job_failed", path="Lead", after_rows=11)
    export_until_done(world, goal)
    assert world.count("Lead") == PEOPLE
    assert outcome(world.write(goal)) == {"unchanged": PEOPLE}


def test_rows_that_others_hold_go_out_again_in_the_same_run(world: World) -> None:
    world.add_people(PEOPLE)
    goal = world.goal(WRITE)
    world.fault("row_locks", path="Lead", rows=7, count=2)
    assert outcome(world.write(goal)) == {"created": PEOPLE}
    assert world.count("Lead") == PEOPLE


def test_values_refused_by_salesforce_are_not_remembered_as_sent(world: World) -> None:
    (profile_id,) = world.add_people(1)
    goal = world.goal(WRITE)
    world.write(goal)
    world.change_profile(profile_id, title="Refused", name="Other")
    goal_run = world.write(goal)
    assert outcome(goal_run) == {"FIELD_CUSTOM_VALIDATION_EXCEPTION": 1}
    world.change_profile(profile_id, title="Fine")
    assert outcome(world.write(goal)) == {"updated": 1}
    assert world.records("Lead", "LastName", "Title") == [("Other", "Fine")]
