"""What the goals use of the store: properties and segments; and deleting a segment that none uses.

Goals are few and small, so that one look at all of them answers for every property and segment.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from isthmus.connections.models import EXPORT, Goal
from isthmus.domain.goals import PROFILE_ID, ExportGoal, ExportKind, ImportGoal
from isthmus.profiles import setting_up
from isthmus.profiles.errors import SegmentRefused
from isthmus.profiles.models import Segment


@dataclass(frozen=True, kw_only=True)
class Use:
    """A goal that uses something."""

    connection_key: str
    connection: str  # name
    goal_key: str
    goal: str  # name
    exports: bool
    ways: tuple[str, ...] = ()  # in words: what for


@dataclass(frozen=True, kw_only=True)
class Uses:
    """Which goals use what, by key."""

    properties: dict[str, list[Use]]
    segments: dict[str, list[Use]]


def uses() -> Uses:
    """What all goals use, switched on or off."""
    properties: dict[str, list[Use]] = defaultdict(list)
    segments: dict[str, list[Use]] = defaultdict(list)
    for row in Goal.objects.select_related("connection").order_by("connection_id", "position"):
        definition = row.definition
        ways: dict[str, list[str]] = defaultdict(list)
        for key, way in _ways(definition):
            ways[key].append(way)
        for key, said in ways.items():
            properties[key].append(_use(row, definition.name, tuple(dict.fromkeys(said))))
        if isinstance(definition, ExportGoal):
            segments[definition.segment].append(_use(row, definition.name))
    return Uses(properties=dict(properties), segments=dict(segments))


def _use(row: Goal, name: str, ways: tuple[str, ...] = ()) -> Use:
    return Use(
        connection_key=row.connection.key,
        connection=row.connection.name,
        goal_key=row.key,
        goal=name,
        exports=row.direction == EXPORT,
        ways=ways,
    )


def _ways(goal: ImportGoal | ExportGoal) -> Iterator[tuple[str, str]]:
    if isinstance(goal, ImportGoal):
        for row in goal.match:
            yield row.identifier, f"matched with {row.field}"
        for mapped in goal.fields:
            yield mapped.property, f"gets {mapped.field}"
        yield goal.object_type_property, "gets the object type"
        return
    if goal.match.identifier != PROFILE_ID:
        yield goal.match.identifier, f"matched with {goal.match.field}"
    for sent in goal.fields:
        if sent.kind is not ExportKind.TEXT and sent.value != PROFILE_ID:
            yield sent.value, f"goes to {sent.field}"


def delete_segment(key: str) -> Segment:
    """Delete the segment of that key; what comes back is what it was.

    Raises `SegmentRefused` while an export goal uses it, and where there is none.
    """
    with transaction.atomic():
        setting_up.lock()
        segment = setting_up.locked_segment(key)
        if segment is None:
            raise SegmentRefused("The segment is not there any more.")
        used = uses().segments.get(key, [])
        if used:
            names = ", ".join(f"{each.goal} ({each.connection})" for each in used)
            raise SegmentRefused(
                f"{segment.name} was not deleted: {names} sends its members. Give the goal "
                f"another segment, or remove it, first."
            )
        segment.delete()
    return segment
