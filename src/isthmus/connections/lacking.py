"""What a connection or a goal still lacks, in words. What Salesforce has is not asked."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from isthmus.connections.authorizations import is_granted, lost_words
from isthmus.connections.models import Connection, Goal
from isthmus.domain.goals import PROFILE_ID, ExportGoal, ExportKind, ImportGoal
from isthmus.domain.properties import PropertyDefinition


def of_connection(connection: Connection, goals: Sequence[Goal]) -> list[str]:
    """What the connection lacks; nothing where it can run."""
    missing = []
    if connection.authorization_id is None:
        missing.append("It has no sign-in, so it can't reach Salesforce.")
    elif connection.authorization is not None and not is_granted(connection.authorization):
        missing.append("Nobody has connected it by browser yet. Connect it to Salesforce.")
    elif connection.authorization is not None and connection.authorization.lost_at is not None:
        missing.append(lost_words(connection.authorization.lost_reason))
    if not goals:
        missing.append("It has no goal, so there is nothing to run.")
    elif not any(goal.definition.active for goal in goals):
        missing.append("None of its goals is active.")
    return missing


def of_goal(
    goal: ImportGoal | ExportGoal,
    properties: Mapping[str, PropertyDefinition],
    segments: Collection[str],
) -> list[str]:
    """What the goal lacks beside what the store has."""
    parts = _of_import(goal) if isinstance(goal, ImportGoal) else _of_export(goal, segments)
    return [*parts, *_of_properties(goal, properties)]


def _of_import(goal: ImportGoal) -> Iterator[str]:
    if not goal.match:
        yield "Nothing to match by: name a field and an identifier."


def _of_export(goal: ExportGoal, segments: Collection[str]) -> Iterator[str]:
    if goal.segment not in segments:
        yield f"There is no segment {goal.segment!r}. Make it, or choose another."


def _of_properties(
    goal: ImportGoal | ExportGoal, properties: Mapping[str, PropertyDefinition]
) -> Iterator[str]:
    rows = goal.match if isinstance(goal, ImportGoal) else (goal.match,)
    for row in rows:
        known = properties.get(row.identifier)
        if known is not None and not known.identifier:
            yield f"Property {row.identifier!r} is matched by and is not an identifier."
    for key in dict.fromkeys(_named(goal)):
        if key not in properties and key != PROFILE_ID:
            yield f"There is no property {key!r}. Make it, or choose another."


def _named(goal: ImportGoal | ExportGoal) -> Iterator[str]:
    """Keys of the properties that the goal names."""
    if isinstance(goal, ImportGoal):
        yield from (row.identifier for row in goal.match)
        yield from (row.property for row in goal.fields)
        return
    yield goal.match.identifier
    yield from (row.value for row in goal.fields if row.kind is ExportKind.PROPERTY)
