"""Rows that Salesforce refuses: told in its words, tried again after growing pauses."""

from datetime import timedelta
from typing import Any

import pytest

from isthmus.exporting import diff, refusals, send
from isthmus.exporting.refusals import MostRowsRefused
from named.world import WRITE, World, outcome

CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
WORDS = "Nobody has the title Refused."
MANY = 230


def age(world: World, hours: float) -> None:
    """Let what is held back become older, as if so much time had passed."""
    moments = world.store.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'store.export_hold'::regclass "
        "AND atttypid = 'timestamptz'::regtype"
    ).fetchall()
    for (name,) in moments:
        world.store.execute(
            f"UPDATE store.export_hold SET {name} = {name} - %s".encode(),  # noqa: S608
            [timedelta(hours=hours)],
        )


def test_a_refused_row_is_told_with_profile_field_code_and_salesforces_words(
    world: World,
) -> None:
    (profile_id,) = world.add_people(1, title="Refused")
    goal_run = world.write(world.goal(WRITE))
    assert outcome(goal_run) == {CODE: 1}
    rows = world.store.execute(
        "SELECT profile_id, field, code, message FROM store.run_problem"
    ).fetchall()
    assert rows == [(profile_id, "Title", CODE, WORDS)]


def test_a_row_that_fails_again_and_again_is_tried_after_growing_pauses(world: World) -> None:
    world.add_people(1, title="Refused")
    world.add_profile(email="fine@example.com", name="Fine")
    goal = world.goal(WRITE)
    assert outcome(world.write(goal)) == {CODE: 1, "created": 1}
    tried = [_tries(world, goal, runs=8)]
    for _ in range(3):
        age(world, 4.1)
        tried.append(_tries(world, goal, runs=3))
    assert 0 < tried[0] < 5
    assert sum(tried[1:]) < 6
    age(world, 24 * 30)
    assert _tries(world, goal, runs=1) == 1


def _tries(world: World, goal: Any, runs: int) -> int:
    """How many of so many runs sent the row that is refused; the others hold it back."""
    outcomes = [outcome(world.write(goal)) for _ in range(runs)]
    assert all(each.keys() <= {"unchanged", CODE, "held"} for each in outcomes)
    return sum(each.get(CODE, 0) for each in outcomes)


def test_a_row_that_is_held_back_goes_out_at_once_when_a_person_corrects_it(
    world: World,
) -> None:
    (profile_id,) = world.add_people(1, title="Refused")
    goal = world.goal(WRITE)
    assert _tries(world, goal, runs=6) < 6
    world.change_profile(profile_id, title="Fine")
    assert outcome(world.write(goal)) == {"created": 1}


def test_the_same_cause_on_most_rows_stops_the_run_early(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "FEW_UPDATES", 0)
    world.add_people(MANY, title="Refused")
    monkeypatch.setattr(diff, "MANY_ROWS", 0)
    monkeypatch.setattr(diff, "FIRST_ROWS", MANY - 10)
    goal = world.goal(WRITE)
    with pytest.raises(MostRowsRefused, match=f"{CODE}: {WORDS}"):
        world.write(goal)
    assert world.count("Lead") == 0


def test_rows_that_are_refused_once_more_by_themselves_do_not_fail_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "FEW_UPDATES", 0)
    world.add_people(MANY, title="Refused")
    for number in range(MANY):
        world.add_profile(email=f"fine{number}@example.com", name="Fine")
    goal = world.goal(WRITE)
    assert outcome(world.write(goal)) == {CODE: MANY, "created": MANY}
    assert outcome(world.write(goal)) == {CODE: MANY, "unchanged": MANY}


def test_a_stretch_of_refused_rows_in_the_middle_of_many_does_not_end_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "FEW_UPDATES", 0)
    for name, rows in {"MANY_ROWS": 20, "FIRST_ROWS": 5, "PART_ROWS": 20}.items():
        monkeypatch.setattr(diff, name, rows)
    monkeypatch.setattr(refusals, "MANY_ROWS", 10)
    world.add_people(60)
    goal = world.goal(WRITE)
    assert outcome(world.write(goal)) == {"created": 60}
    world.wait(2)
    leads = [record_id for (record_id,) in world.records("Lead", "Id")]
    world.store.execute(
        """UPDATE store.profile AS p
        SET updated_at = clock_timestamp(),
            p_title = CASE WHEN record_id = ANY (%s) THEN 'Refused' ELSE 'new' END
        FROM store.record_link AS link
        WHERE link.profile_id = p.profile_id""",
        [leads[20:40]],
    )
    goal_run = world.write(goal)
    assert goal_run.counts.updated == 40
    assert goal_run.counts.failed.total() == 20
    assert world.records("Lead", "Id", where="Title = 'new'") == [
        (record_id,) for record_id in leads[:20] + leads[40:]
    ]


def test_rows_that_fill_an_upload_exactly_are_one_upload(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diff, "PART_ROWS", 20)
    world.add_people(20)
    assert outcome(world.write(world.goal(WRITE))) == {"created": 20}
    assert world.asked("PUT", "ingest") == 1
