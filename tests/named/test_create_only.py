"""Exports that create records and leave those that are there alone."""

from dataclasses import replace
from typing import Any

import pytest

from integration.set_up import change_goal
from isthmus.domain.goals import ExportGoal, MatchRow
from isthmus.domain.objects import LEAD
from named.world import World, outcome, written

CREATES = ExportGoal(
    key="leads_out",
    name="Leads out",
    object=LEAD,
    segment="members",
    match=MatchRow(field="Email", identifier="email"),
    fields=(
        written("LastName", "name"),
        written("Company", "story"),
        written("Email", "email"),
        written("Title", "title"),
    ),
    create_records=True,
    update_records=False,
)
VALUES: dict[str, Any] = {"name": "Doe", "story": "Acme", "title": "Clerk"}


@pytest.fixture
def there(world: World) -> str:
    (lead,) = world.add("Lead", {"Email": "there@x.co", "Title": "Boss"})
    return lead


def test_members_whose_record_is_there_are_skipped_and_not_updated(
    world: World, there: str
) -> None:
    del there
    world.add_profile(email="there@x.co", **VALUES)
    world.add_profile(email="new@x.co", **VALUES)
    goal = world.goal(CREATES)
    assert outcome(world.write(goal)) == {"created": 1, "not_updated": 1}
    assert world.records("Lead", "Email", "Title") == [
        ("new@x.co", "Clerk"),
        ("there@x.co", "Boss"),
    ]


@pytest.mark.parametrize("full", [False, True])
def test_what_the_goal_made_is_left_alone_when_the_profile_changes(
    world: World, *, full: bool
) -> None:
    made = world.add_profile(email="new@x.co", **VALUES)
    goal = world.goal(CREATES)
    world.write(goal)
    world.change_profile(made, title="Boss")
    assert outcome(world.write(goal, full=full)) == {"unchanged": 1}
    assert world.records("Lead", "Title") == [("Clerk",)]


def test_once_it_may_update_what_differs_is_sent(world: World, there: str) -> None:
    del there
    world.add_profile(email="there@x.co", **VALUES)
    made = world.add_profile(email="new@x.co", **VALUES)
    goal = world.goal(CREATES)
    world.write(goal)
    world.change_profile(made, title="Boss of it")
    change_goal(goal, replace(CREATES, update_records=True))
    assert outcome(world.write(goal)) == {"updated": 2}
    assert world.records("Lead", "Title") == [("Boss of it",), ("Clerk",)]
