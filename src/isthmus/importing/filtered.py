"""Records that a goal's filter leaves out: they are there, although a full read did not bring them.

Their profiles and links stay as they are, and nothing more is read of them. What was remembered of
one that waited for its profile is forgotten: it waits for nothing now.
"""

from typing import Any, Final

from psycopg import Connection, sql

from isthmus.connections.asking import ask
from isthmus.connections.runs import GoalRun
from isthmus.importing.import_queries import FEW_IDS, IDS_PER_CALL
from isthmus.importing.plan import ImportPlan
from isthmus.importing.queries import QUERIES

_THERE: Final = sql.Identifier("run_there")


def forget_filtered(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> None:
    """Take out of the missing records those that Salesforce still has."""
    rows = connection.execute(QUERIES["missing_ids"], {"most": FEW_IDS + 1})
    missing = [str(record_id) for (record_id,) in rows]
    if not missing:
        return
    connection.execute(QUERIES["drop_run_there"])
    connection.execute(QUERIES["make_run_there"])
    if len(missing) > FEW_IDS:
        # Few calls however many they are.
        soql = plan.ids_where("Id != null")
        ask(goal_run, connection, soql, _THERE, {"id": "record_id"})
    else:
        _ask_for(goal_run, plan, connection, missing)
    with connection.transaction():
        goal_run.fence.check(connection)
        connection.execute(QUERIES["forget_filtered"], {"goal": plan.goal})
        connection.execute(QUERIES["forget_run_there"])
    connection.execute(QUERIES["drop_run_there"])


def _ask_for(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], missing: list[str]
) -> None:
    for start in range(0, len(missing), IDS_PER_CALL):
        listed = ", ".join(f"'{each}'" for each in missing[start : start + IDS_PER_CALL])
        found = goal_run.salesforce.query(plan.ids_where(f"Id IN ({listed})"))
        there = [str(record["Id"]) for record in found]
        connection.execute(QUERIES["note_there"], {"there": there})
        goal_run.check_stop()
