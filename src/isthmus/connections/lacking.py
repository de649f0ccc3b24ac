"""What a connection or a goal still lacks, in words. What Salesforce has is not asked."""

from collections.abc import Collection, Mapping, Sequence

from isthmus.connections.goal_troubles import Surroundings, troubles_of
from isthmus.connections.models import Connection, Goal
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import PropertyDefinition


def of_connection(connection: Connection, goals: Sequence[Goal]) -> list[str]:
    """What the connection lacks; nothing where it can run."""
    missing = []
    if connection.authorization_id is None:
        missing.append("It has no sign-in, so it can't reach Salesforce.")
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
    """Why the goal can't run beside what the store has."""
    around = Surroundings(properties=properties, segments=segments)
    return [trouble.message for trouble in troubles_of(goal, around)]
