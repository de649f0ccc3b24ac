"""What Salesforce says of a filter, for whoever edits it."""

from isthmus.connections import filter_checks
from isthmus.domain.goals import ImportGoal
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.filter_form import Answer


def ask(desk: Desk, goal: ImportGoal) -> Answer:
    """The answer; how many match is told to those alone who may see personal data.

    Whoever may ask for counts of any condition could read values by them.
    """
    said = filter_checks.ask(desk.connection, goal)
    if said.records is None:
        return Answer(refused=said.refused, unheard=said.unheard)
    hides = goal.filter is not None and not desk.sees_personal_data
    return Answer(records=None if hides else said.records, hidden=hides)
