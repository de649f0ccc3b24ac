"""Profiles that a person merges, erases or changes in the middle of a chunk."""

from typing import Any
from uuid import UUID

from psycopg import Connection

from isthmus.profiles import merging
from named.blocked import read_while
from named.world import READ, World, outcome


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


def test_a_profile_merged_away_in_the_middle_of_a_chunk_gets_nothing_and_its_survivor_all(
    world: World,
) -> None:
    profiles = [world.add_profile(email=f"{n}@example.com", total=100) for n in range(3)]
    world.add_leads(3)

    def merge(other: Connection[Any]) -> None:
        merging.merge(other, profiles[0], profiles[1])

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
