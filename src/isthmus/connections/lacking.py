"""What a connection or a goal still lacks, in words. What Salesforce has is not asked."""

from collections.abc import Collection, Mapping, Sequence

from isthmus.connections.authorizations import is_granted, lost_words
from isthmus.connections.goal_troubles import Surroundings, troubles_of
from isthmus.connections.models import Connection, Goal
from isthmus.domain.goals import ExportGoal, ImportGoal
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
    """Why the goal can't run beside what the store has."""
    around = Surroundings(properties=properties, segments=segments)
    return [trouble.message for trouble in troubles_of(goal, around)]
