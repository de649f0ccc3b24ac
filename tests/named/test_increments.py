"""Few records read by REST leave what the same records leave that are read by Bulk."""

from typing import Any

import pytest

from isthmus.importing import fetch
from named.test_values import ODD, READ_STORY
from named.world import World, outcome

_LEFT = (
    "SELECT to_jsonb(p) - ARRAY['profile_id', 'created_at', 'updated_at'] FROM store.profile AS p",
    "SELECT property, value FROM store.identifier",
    "SELECT record_id, stamp, reason, gone, successor FROM store.record_link",
)


def left(world: World) -> list[Any]:
    """Everything that the runs left, apart from ids and clocks of the store."""
    return [sorted(map(str, world.store.execute(each).fetchall())) for each in _LEFT]


def clean(world: World) -> None:
    world.store.execute(
        "TRUNCATE store.profile, store.identifier, store.record_link, store.profile_merge"
    )


def changes(world: World) -> None:
    """Everything that can happen to records between two runs."""
    rows = [
        {"Email": f"{number}@x.co", "Story__c": value, "Total__c": number}
        for number, value in enumerate(ODD.values())
    ]
    ids = world.add("Lead", *rows)
    world.add("Lead", {"Email": "0@x.co", "Total__c": 1.0, "Title": "\0"}, {"Title": "nobody"})
    world.change("Lead", ids[1], Total__c=None, Title="#N/A")
    world.delete("Lead", ids[2])
    world.org.control("POST", "merge", {"object": "Lead", "master": ids[3], "losers": ids[4:5]})
    world.org.control("POST", "convert", {"leads": [{"leadId": ids[5]}]})
    world.wait(2)


def test_a_small_increment_read_by_rest_leaves_the_same_as_by_bulk(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    goal = world.goal(READ_STORY)
    world.add("Lead", {"Email": "1@x.co"})
    world.org.control("PUT", "snapshots/before")
    for most in (2_000, 0):
        monkeypatch.setattr(fetch, "SMALL_INCREMENT", most)
        world.org.control("POST", "snapshots/before/restore")
        world.read(goal)
        changes(world)
        before = world.asked("POST", "/jobs/query")
        goal_run = world.read(goal)
        jobs = world.asked("POST", "/jobs/query") - before
        assert jobs == (0 if most else 1)
        found.append((outcome(goal_run), goal_run.counts.problems, left(world)))
        clean(world)
        goal.read_until = None
        goal.save()
    assert found[0] == found[1]
    assert found[0][0]["created"] > 1


def test_every_page_of_a_small_increment_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    goal = world.goal(READ_STORY)
    world.read(goal)
    world.add_leads(1_900)
    assert outcome(world.read(goal)) == {"created": 1_900}
    assert world.asked("POST", "/jobs/query") <= 1


@pytest.mark.parametrize("kind", ["cut", "session_expired", "server_unavailable", "edge_html"])
def test_a_small_increment_survives_faults(world: World, kind: str) -> None:
    goal = world.goal(READ_STORY)
    world.read(goal)
    world.add_leads(30)
    world.fault(kind, path="query", count=1)
    assert outcome(world.read(goal)) == {"created": 30}
    assert world.profiles("total") == [(1,)] * 30
