"""Saving one goal of a connection, exactly as applying a document with it would."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from isthmus.blueprint.applying import save_goals
from isthmus.blueprint.documents import Connection, Document, Goal, as_json, with_object_type
from isthmus.connections import goal_setting, models, org_review, setting_up
from isthmus.connections import goal_troubles as troubles
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.goal_checks import read_fields, surroundings
from isthmus.connections.goal_troubles import Surroundings, Trouble
from isthmus.connections.org_review import Beside
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.errors import Final
from isthmus.profiles import setting_up as profiles
from isthmus.profiles.properties import definitions, save_property

DIRECTION = "direction"


class GoalRefused(Final):
    """The goal can't be saved: `troubles` says why, and where in it."""

    def __init__(self, found: Sequence[Trouble]) -> None:
        """Keep all troubles."""
        self.troubles = list(found)
        super().__init__(" ".join(trouble.message for trouble in found))


def plain(goal: Goal) -> dict[str, Any]:
    """The goal as JSON has it, by name: what a form shows, seals and compares."""
    direction = models.IMPORT if isinstance(goal, ImportGoal) else models.EXPORT
    values: dict[str, Any] = as_json(goal.plain())
    return {DIRECTION: direction, **values}


def from_plain(values: Mapping[str, Any]) -> Goal:
    """The goal that `plain` gave."""
    kind = ImportGoal if values[DIRECTION] == models.IMPORT else ExportGoal
    return kind.from_plain({name: each for name, each in values.items() if name != DIRECTION})


@dataclass(frozen=True, kw_only=True)
class Review:
    """What there is to say of a goal that is about to be saved."""

    refusals: list[Trouble]
    warnings: list[Trouble]
    unasked: str = ""  # why Salesforce was not asked, in a sentence; empty: it was


def review(connection_key: str, goal: Goal, *, offline: bool = False) -> Review:
    """All that is wrong with the goal, here and in its org, and all that is worth knowing.

    Salesforce is asked where it has to be and can be: one try, and not long. Not with `offline`.
    Raises `NoSuchThing`.
    """
    connection = setting_up.find(connection_key)
    around = _around(connection)
    refusals, said = troubles.troubles_of(goal, around), troubles.warnings_of(goal, around)
    if offline:
        return Review(refusals=refusals, warnings=said)
    beside = Beside(properties=around.properties, read_before=_read_before(connection, goal))
    found = org_review.review(connection, goal, beside)
    return Review(
        refusals=[*refusals, *found.refusals],
        warnings=[*said, *found.warnings],
        unasked=found.unasked,
    )


def troubles_of(connection_key: str, goal: Goal) -> list[Trouble]:
    """Everything for which the goal would be refused; see `review`."""
    return review(connection_key, goal).refusals


def warnings_of(connection_key: str, goal: Goal) -> list[Trouble]:
    """What is worth knowing of a goal that is allowed; see `review`."""
    return review(connection_key, goal).warnings


def read_before(row: models.Goal | None, goal: Goal) -> frozenset[str]:
    """Lower-case names of fields that the goal has read as it is stored, and reads still."""
    if row is None or not isinstance(goal, ImportGoal):
        return frozenset()
    return read_fields(row) if row.definition.object == goal.object else frozenset()


def _read_before(connection: models.Connection, goal: Goal) -> frozenset[str]:
    return read_before(connection.goals.filter(key=goal.key).first(), goal)


@contextmanager
def changing(connection_key: str) -> Iterator[models.Connection]:
    """The connection, held until the block ends, with all that a goal can name.

    Inside, `setting_up.find_goal` gives the goal as it is, for comparing with what a form showed,
    and `put` saves. Raises `NoSuchThing`.
    """
    with transaction.atomic():
        profiles.lock()
        with setting_up.changing(connection_key) as connection:
            yield connection


def save(connection_key: str, goal: Goal, *, is_new: bool, offline: bool = False) -> models.Goal:
    """Save the goal, once Salesforce has nothing against it. Raises as `changing` and `put` do."""
    found = review(connection_key, goal, offline=offline)
    if found.refusals:
        raise GoalRefused(found.refusals)
    with changing(connection_key) as connection:
        return put(connection, goal, is_new=is_new)


def put(connection: models.Connection, goal: Goal, *, is_new: bool) -> models.Goal:
    """Save the goal of a connection that is held. Salesforce is not asked: see `review`.

    A new one gets a key of its own, made of its name where it has none, and runs after those that
    are there. Of one that is there the key says which; what it read stays known unless what it
    reads or maps is another now. Raises `GoalRefused`, `NoSuchThing`, and
    `isthmus.profiles.properties.StoreBusy` where a property can't be added just now.
    """
    there = list(connection.goals.all())  # in the order that a document would write them in
    if is_new:
        goal = replace(goal, key=_free_key(goal, there))
    elif type(setting_up.find_goal(connection, goal.key).definition) is not type(goal):
        raise NoSuchThing("goal", [goal.key], [each.key for each in there])
    refused = troubles.troubles_of(goal, _around(connection))
    if refused:
        raise GoalRefused(refused)
    goals = tuple(goal if each.key == goal.key else each.definition for each in there)
    save_goals(connection, (*goals, goal) if is_new else goals)
    # Last, because a new column keeps the profile table locked until the transaction ends.
    _make_object_type(goal)
    return setting_up.find_goal(connection, goal.key)


def _free_key(goal: Goal, there: Sequence[models.Goal]) -> str:
    wanted = goal.key or profiles.suggested_key(goal.name, ()) or "goal"
    return setting_up.free_key(wanted, [each.key for each in there])


def _around(connection: models.Connection) -> Surroundings:
    return surroundings([each.definition for each in goal_setting.in_order(connection)])


def _make_object_type(goal: Goal) -> None:
    there = Document(properties=tuple(definitions().values()))
    asked = Document(connections=(Connection(key="", name="", goals=(goal,)),))
    for definition in with_object_type(asked, there).properties:
        save_property(definition)
