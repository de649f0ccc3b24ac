"""Changing a connection's goals, apart from what they read and write.

Whoever calls holds the connection (`setting_up.changing`). None of this is a new version of a goal:
what it did stays done.
"""

from dataclasses import replace

from isthmus.connections.models import IMPORT, Connection, Goal
from isthmus.connections.setting_up import NAME_LENGTH, free_key


def in_order(connection: Connection) -> list[Goal]:
    """The goals in the order in which they run: imports before exports."""
    return sorted(connection.goals.all(), key=lambda goal: goal.direction != IMPORT)


def set_active(goal: Goal, *, active: bool) -> None:
    """Whether runs include it."""
    row = Goal.objects.get(id=goal.id)
    row.document = replace(row.definition, active=active).plain()
    row.save(update_fields=["document"])


def move(goal: Goal, *, up: bool, past: str) -> bool:
    """Let it run one place earlier or later among those of its direction; whether it could.

    It can only go past the goal of that key: in another order than the one that was seen, a place
    is another one.
    """
    goals = in_order(goal.connection)
    place = [each.id for each in goals].index(goal.id)
    other = place + (-1 if up else 1)
    if not 0 <= other < len(goals) or goals[other].direction != goal.direction:
        return False
    if goals[other].key != past:
        return False
    goals[place], goals[other] = goals[other], goals[place]
    _number(goals)
    return True


def copy(goal: Goal) -> Goal:
    """A copy behind the goal, not active. It has read and sent nothing yet."""
    goals = in_order(goal.connection)
    end = " (copy)"
    key = free_key(f"{goal.key}_copy", [each.key for each in goals])
    name = f"{goal.definition.name[: NAME_LENGTH - len(end)]}{end}"
    made = Goal.objects.create(
        connection=goal.connection,
        key=key,
        direction=goal.direction,
        position=0,
        document=replace(goal.definition, key=key, name=name, active=False).plain(),
    )
    goals.insert([each.id for each in goals].index(goal.id) + 1, made)
    _number(goals)
    return made


def _number(goals: list[Goal]) -> None:
    for position, each in enumerate(goals, start=1):
        if each.position != position:
            Goal.objects.filter(id=each.id).update(position=position)
