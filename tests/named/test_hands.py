"""Profiles that a person merges, erases or changes in the middle of a chunk."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections
from psycopg import Connection

from isthmus.profiles import merging
from named.blocked import read_while
from named.world import BY_EMAIL, READ, TITLE, World, outcome


def orphans(world: World) -> list[Any]:
    """What belongs to a profile that is not there."""
    return world.store.execute(
        "SELECT 'link', profile_id FROM store.record_link WHERE profile_id IS NOT NULL "
        "AND profile_id NOT IN (SELECT profile_id FROM store.profile) UNION ALL "
        "SELECT 'identifier', profile_id FROM store.identifier "
        "WHERE profile_id NOT IN (SELECT profile_id FROM store.profile)"
    ).fetchall()


def erase(other: Connection[Any], profile_id: UUID) -> None:
    for table in ("record_link", "identifier", "profile"):
        statement = f"DELETE FROM store.{table} WHERE profile_id = %s"  # noqa: S608 - fixed names
        other.execute(statement.encode(), [profile_id])


def test_a_profile_erased_in_the_middle_of_a_chunk_leaves_nothing_without_a_profile(
    world: World,
) -> None:
    profiles = [world.add_profile(email=f"{n}@example.com", total=100) for n in range(3)]
    world.add_leads(3)
    goal = world.goal(READ)
    goal_run = read_while(world, goal, lambda other: erase(other, profiles[1]))
    assert outcome(goal_run) == {"created": 1, "updated": 2}
    assert world.profiles("email", "total") == [
        ("0@example.com", 101),
        ("1@example.com", 1),
        ("2@example.com", 101),
    ]
    assert orphans(world) == []


def test_a_profile_that_a_chunk_only_links_and_that_is_erased_meanwhile_gets_no_link(
    world: World,
) -> None:
    profiles = [
        world.add_profile(email=f"{n}@example.com", title=str(n), salesforce_objecttype=["Lead"])
        for n in range(3)
    ]
    world.add_leads(3)
    goal = world.goal(replace(READ, match=(BY_EMAIL,), fields=(TITLE,)))
    goal_run = read_while(world, goal, lambda other: erase(other, profiles[1]))
    assert outcome(goal_run) == {"created": 1, "unchanged": 2}
    assert world.number("record_link") == 3
    assert orphans(world) == []


def test_a_profile_merged_away_in_the_middle_of_a_chunk_gets_nothing_and_its_survivor_all(
    world: World,
) -> None:
    profiles = [world.add_profile(email=f"{n}@example.com", total=100) for n in range(3)]
    world.add_leads(3)

    def merge(other: Connection[Any]) -> None:
        # As `merging.merge` does, without waiting for the chunk.
        merging.prepare(other)
        pair = {"survivor": profiles[0], "loser": profiles[1]}
        other.execute(merging.QUERIES["add_pair"], pair)
        merging.merge_pairs(other)

    goal_run = read_while(world, world.goal(READ), merge)
    assert goal_run.counts.received == 3
    assert world.number("profile") == 3 - 1 + outcome(goal_run).get("created", 0)
    assert sum(total for (total,) in world.profiles("total")) == 203
    assert orphans(world) == []
    gone = world.store.execute(
        "SELECT FROM store.record_link WHERE profile_id = %s", [profiles[1]]
    ).fetchall()
    assert gone == []


def test_a_value_changed_in_the_middle_of_a_chunk_is_not_lost(world: World) -> None:
    world.add_profile(email="0@example.com", total=1)
    world.add_leads(1)

    def change(other: Connection[Any]) -> None:
        other.execute("UPDATE store.profile SET p_total = 100, p_name = 'by hand'")

    assert outcome(read_while(world, world.goal(READ), change)) == {"updated": 1}
    assert world.profiles("total", "name") == [(101, "by hand")]


def test_an_identifier_given_to_another_profile_in_the_middle_of_a_chunk_finds_that_one(
    world: World,
) -> None:
    before, after = world.add_profile(email="0@example.com"), world.add_profile(name="other")
    world.add_leads(1)

    def hand_over(other: Connection[Any]) -> None:
        other.execute("UPDATE store.profile SET p_email = NULL WHERE profile_id = %s", [before])
        other.execute(
            "UPDATE store.profile SET p_email = '0@example.com' WHERE profile_id = %s", [after]
        )
        other.execute("UPDATE store.identifier SET profile_id = %s", [after])

    assert outcome(read_while(world, world.goal(READ), hand_over)) == {"updated": 1}
    assert sorted(world.profiles("name", "title"), key=str) == [("other", "0"), (None, None)]


def test_a_person_who_merges_two_profiles_of_a_chunk_waits_for_it_and_is_not_turned_away(
    world: World,
) -> None:
    goal = world.goal(READ)
    world.add_leads(2)
    world.read(goal)
    (low, low_lead), (high, high_lead) = world.store.execute(
        "SELECT profile_id, record_id FROM store.record_link ORDER BY 1"
    ).fetchall()
    # The lower profile is as its record will be, so that the higher one alone is written.
    world.change_profile(low, title="same")
    world.change("Lead", low_lead, Title="same")
    world.change("Lead", high_lead, Title="changed")
    world.store.execute(SLOW_WRITES)

    def merge() -> None:
        with opened(world) as other:
            while other.execute(NAPPING).fetchone() is None:
                time.sleep(0.01)
            merging.merge(other, low, high)

    with ThreadPoolExecutor() as threads:
        merged = threads.submit(run_apart, merge)
        assert outcome(world.read(goal)) == {"updated": 1, "unchanged": 1}
        merged.result()
    assert world.number("profile") == 1
    assert orphans(world) == []


def run_apart(work: Callable[[], None]) -> None:
    """Work in a thread, which leaves no connection of its own to the set-up open."""
    try:
        work()
    finally:
        connections.close_all()


SLOW_WRITES = """
CREATE FUNCTION public.nap() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END $$;
CREATE TRIGGER nap AFTER UPDATE ON store.profile FOR EACH STATEMENT
WHEN (current_setting('application_name') = 'isthmus import') EXECUTE FUNCTION public.nap()"""
NAPPING = """
SELECT FROM pg_stat_activity
WHERE wait_event = 'PgSleep' AND application_name = 'isthmus import'"""


def opened(world: World) -> Connection[Any]:
    """A session of somebody else."""
    return psycopg.connect(
        world.store.info.dsn, password=world.store.info.password, autocommit=True
    )
