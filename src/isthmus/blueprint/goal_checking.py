"""Whether the goals of a document can be: what is wrong with them, with line and column."""

from isthmus.blueprint.checking import Review
from isthmus.connections.goal_troubles import Surroundings, troubles_of
from isthmus.domain.goals import ExportGoal


def check_goals(review: Review) -> None:
    """Goals that name what is not there, or ask for what can't be."""
    properties, segments = review.properties, review.segments
    for place, connection in enumerate(review.document.connections):
        path = ("connections", place, "goals")
        goals = connection.goals or ()
        review.report_repeated((goal.key for goal in goals), "goals", path)
        for number, goal in enumerate(goals):
            # What two goals do to each other is told once, at the one that imports.
            beside = () if isinstance(goal, ExportGoal) else goals
            around = Surroundings(properties=properties, segments=segments, goals=beside)
            for trouble in troubles_of(goal, around):
                review.report((*path, number, *trouble.path), trouble.message)
