"""Whether a goal can run now: all that is wrong with it, here and in its org."""

from collections.abc import Sequence

from isthmus.connections.errors import GoalIncomplete
from isthmus.connections.goal_setting import in_order
from isthmus.connections.goal_troubles import Goal as Definition
from isthmus.connections.goal_troubles import Surroundings, Trouble, troubles_of, warnings_of
from isthmus.connections.models import IMPORT, Goal
from isthmus.connections.org_fields import Describe, once
from isthmus.connections.org_troubles import Org
from isthmus.connections.org_troubles import troubles_of as org_troubles_of
from isthmus.connections.org_troubles import warnings_of as org_warnings_of
from isthmus.domain.goals import ImportGoal
from isthmus.profiles.models import Segment
from isthmus.profiles.properties import definitions

MOST_SAID = 3
"""Troubles that a run's message names; all of them can be asked for."""


def all_refusals(goal: Goal, describe: Describe) -> list[Trouble]:
    """Everything for which the goal can't run, beside the other goals of its org too."""
    definition = goal.definition
    found = troubles_of(definition, surroundings(others_of(goal)))
    by_itself = [each for each in found if each.path != ("name",)]  # which stops no run
    return [*by_itself, *org_troubles_of(definition, org(goal, describe))]


def all_warnings(goal: Goal, describe: Describe) -> list[Trouble]:
    """What is worth knowing of a goal that can run."""
    definition = goal.definition
    goals = [each.definition for each in in_order(goal.connection)]
    around = warnings_of(definition, surroundings(goals))
    return [*around, *org_warnings_of(definition, org(goal, describe))]


def others_of(goal: Goal) -> list[Definition]:
    """Goals that an export could go in circles with: the imports of its org."""
    if goal.direction == IMPORT:
        return []
    connection = goal.connection
    of_org = Goal.objects.filter(direction=IMPORT, connection__org_id=connection.org_id)
    rows = of_org if connection.org_id else connection.goals.filter(direction=IMPORT)
    return [each.definition for each in rows]


def surroundings(goals: Sequence[Definition] = ()) -> Surroundings:
    """What the store has that goals can name; `goals` are those beside which one is looked at."""
    return Surroundings(
        properties=definitions(),
        segments=set(Segment.objects.values_list("key", flat=True)),
        goals=goals,
    )


def org(goal: Goal, describe: Describe) -> Org:
    """What the goal is looked at beside in its org."""
    read_before = read_fields(goal)
    return Org(describe=once(describe), properties=definitions(), read_before=read_before)


def read_fields(goal: Goal) -> frozenset[str]:
    """Lower-case names of the fields that the goal has read."""
    definition = goal.definition
    if not isinstance(definition, ImportGoal) or goal.read_version == 0:
        return frozenset()
    return frozenset(row.field.lower() for row in definition.fields)


def refuse(goal: Goal, describe: Describe) -> None:
    """Raise `GoalIncomplete` where the goal can't run."""
    found = all_refusals(goal, describe)
    if not found:
        return
    said = " ".join(trouble.message for trouble in found[:MOST_SAID])
    left = len(found) - MOST_SAID
    key = goal.connection.key
    more = f" And {left} more: isthmus connection check {key} names all." if left > 0 else ""
    raise GoalIncomplete(f"Goal {goal.key!r} can't run: {said}{more}")
