"""Links between records and profiles, apart from runs."""

from collections.abc import Iterable

from django.db import connection

_OF_GOALS = (
    "DELETE FROM store.record_link WHERE goal = ANY (%s)",
    "DELETE FROM store.export_open WHERE goal = ANY (%s)",
    "DELETE FROM store.export_hold WHERE goal = ANY (%s)",
    "DELETE FROM store.export_skip WHERE goal = ANY (%s)",
)

_OF_RUNS = (
    "DELETE FROM store.export_row WHERE run_goal = ANY (%s)",
    "DELETE FROM store.export_job WHERE run_goal = ANY (%s)",
    "DELETE FROM store.import_query WHERE run_goal = ANY (%s)",
)


def forget_goals(goals: Iterable[int], run_goals: Iterable[int]) -> None:
    """Drop what goals knew of records and members, in the open transaction: they go away.

    `goals` are their row ids, `run_goals` those of their parts in runs. A later goal never gets the
    same id, so nothing is taken for its own.
    """
    with connection.cursor() as cursor:
        for statements, ids in ((_OF_GOALS, list(goals)), (_OF_RUNS, list(run_goals))):
            for statement in statements if ids else ():
                cursor.execute(statement, [ids])
