"""Links between records and profiles, apart from runs."""

from django.db import connection

_FORGET = (
    "DELETE FROM store.record_link WHERE goal = %s",
    "DELETE FROM store.export_open WHERE goal = %s",
    "DELETE FROM store.export_hold WHERE goal = %s",
    "DELETE FROM store.export_skip WHERE goal = %s",
    """DELETE FROM store.export_row WHERE run_goal IN (
        SELECT id FROM connections_rungoal WHERE goal_id = %s)""",
    """DELETE FROM store.export_job WHERE run_goal IN (
        SELECT id FROM connections_rungoal WHERE goal_id = %s)""",
)


def forget_goal(goal: int) -> None:
    """Drop what a goal knew of records and members, in the open transaction: it goes away itself.

    `goal` is its row id. A later goal never gets the same id, so nothing is taken for its own.
    """
    with connection.cursor() as cursor:
        for statement in _FORGET:
            cursor.execute(statement, [goal])
