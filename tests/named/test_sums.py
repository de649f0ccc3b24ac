"""A record's number is added once each time it changes, whatever happens in between."""

from dataclasses import replace
from typing import Any

import pytest

from integration import set_up
from isthmus.errors import IsthmusError
from isthmus.importing.engine import run_import
from named.world import BY_EMAIL, READ, TOTAL, World, outcome

EMAIL = "a@x.co"


def total(world: World) -> Any:
    ((value,),) = world.profiles("total")
    return value


def begin(world: World, value: int | None = 5) -> tuple[str, Any]:
    """A lead whose number is in the store, and the goal."""
    (lead,) = world.add("Lead", {"Email": EMAIL, "Total__c": value})
    goal = world.goal(READ)
    world.read(goal)
    return lead, goal


def test_the_same_number_read_again_is_added_once(world: World) -> None:
    world.connection.overlap_seconds = 86_400
    world.connection.save()
    lead, goal = begin(world)
    world.read(goal)
    world.read(goal, full=True)
    world.change("Lead", lead, Title="another field")
    world.read(goal)
    assert total(world) == 5


def test_a_number_that_changes_is_added_again(world: World) -> None:
    lead, goal = begin(world)
    world.change("Lead", lead, Total__c=7)
    world.read(goal)
    assert total(world) == 12


def test_a_number_that_was_emptied_and_comes_again_is_added_once(world: World) -> None:
    lead, goal = begin(world)
    for value, expected in ((None, 5), (5, 5), (6, 11)):
        world.change("Lead", lead, Total__c=value)
        world.read(goal)
        assert total(world) == expected


def test_a_deleted_and_undeleted_record_adds_nothing_again(world: World) -> None:
    lead, goal = begin(world)
    for _ in range(2):
        world.delete("Lead", lead)
        world.read(goal)
        world.org.control("POST", "undelete", {"ids": [lead]})
        world.wait(2)
        world.read(goal)
        assert total(world) == 5
    world.change("Lead", lead, Total__c=7)
    world.read(goal)
    assert total(world) == 12


def test_a_record_deleted_and_undeleted_between_two_runs_adds_nothing_again(world: World) -> None:
    lead, goal = begin(world)
    world.delete("Lead", lead)
    world.org.control("POST", "undelete", {"ids": [lead]})
    world.wait(2)
    world.read(goal)
    assert total(world) == 5


def test_merged_records_add_no_number_twice(world: World) -> None:
    rows = [{"Email": EMAIL, "Total__c": 5}, {"Email": EMAIL, "Total__c": 7}]
    winner, loser = world.add("Lead", *rows)
    goal = world.goal(READ)
    world.read(goal)
    assert total(world) == 12
    world.org.control("POST", "merge", {"object": "Lead", "master": winner, "losers": [loser]})
    world.wait(2)
    world.read(goal)
    world.read(goal, full=True)
    assert total(world) == 12


def test_two_goals_that_add_the_same_field_to_one_property_add_it_once(world: World) -> None:
    (lead,) = world.add("Lead", {"Email": EMAIL, "Total__c": 5})
    first = world.goal(READ)
    second = world.goal(replace(READ, key="again", fields=(TOTAL,)))
    for _ in range(2):
        for goal in (first, second):
            world.read(goal, full=True)
    assert total(world) == 5
    world.delete("Lead", lead)
    world.read(first)
    world.org.control("POST", "undelete", {"ids": [lead]})
    world.wait(2)
    for goal in (second, first, second):
        world.read(goal)
    assert total(world) == 5
    world.change("Lead", lead, Total__c=7)
    for goal in (second, first, second):
        world.read(goal)
    assert total(world) == 12


def test_a_run_killed_before_it_was_done_adds_every_number_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add("Lead", *({"Email": EMAIL, "Total__c": 1} for _ in range(30)))
    goal = world.goal(replace(READ, match=(BY_EMAIL,)))
    monkeypatch.setattr("isthmus.importing.chunks.FIRST_CHUNK", 7)
    monkeypatch.setattr("isthmus.importing.chunks.LARGEST_CHUNK", 7)
    world.store.execute(_TRAP)
    goal_run = set_up.start(goal, world.salesforce)
    with pytest.raises(IsthmusError):
        run_import(goal_run)
    assert 0 < total(world) < 30
    world.store.execute("DROP TRIGGER trap ON store.record_link")
    going_on = set_up.again(goal_run)
    run_import(going_on)
    assert total(world) == 30
    assert outcome(going_on) == {"created": 1, "updated": 29}


_TRAP = """
CREATE FUNCTION store.trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM store.record_link) > 14 THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER trap AFTER INSERT ON store.record_link
    FOR EACH STATEMENT EXECUTE FUNCTION store.trap();
"""
"""Ends the database session that writes the third chunk, before it can commit."""
