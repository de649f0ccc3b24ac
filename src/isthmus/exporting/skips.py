"""Members that are skipped: noted when that begins, changes and ends, and not in every run.

`store.export_skip` holds those that the goal's last run skipped, with the reason. A run writes down
what differs from it, in the transaction that decides its members. What repeats is only counted.
"""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES

# What was decided just now is in no statistics: a plan that takes the decided members, or
# their problems, for none would go through all problems for each member.
_LEARN = """ANALYZE export_member (profile_id, record_id, operation, outcome, reason),
    export_problem (profile_id, property)"""


def find(connection: Connection[Any], plan: ExportPlan) -> None:
    """Find the members that are skipped and were not, or not like that."""
    connection.execute(_LEARN)
    connection.execute(QUERIES["find_news"], {"goal": plan.goal})


def keep(connection: Connection[Any], plan: ExportPlan, *, whole: bool) -> None:
    """Note what is news of skipped members; `whole`: all members that need a look are at hand.

    Comes after `find`, in the same transaction.
    """
    names = {"goal": plan.goal, "run_goal": plan.run_goal}
    if whole:
        connection.execute(end_statement(plan))
    for name in ("keep_skips", "note_decided"):
        connection.execute(QUERIES[name], names)


def end_statement(plan: ExportPlan) -> Composed:
    """Members that are no longer skipped. What becomes of those with a row to send is told later.

    Of a member that needs no look any more it is asked whether it is one still.
    """
    return sql.SQL(
        """WITH ended AS (
            DELETE FROM store.export_skip AS known
            WHERE goal = {goal} AND NOT EXISTS (
                SELECT FROM export_member AS member
                WHERE member.profile_id = known.profile_id AND member.outcome = 'skipped'
            )
            RETURNING profile_id, record_id
        )
        INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome)
        SELECT ended.profile_id, {run_goal}, coalesce(member.record_id, ended.record_id),
            CASE
                WHEN member.outcome = 'unchanged' THEN 'unchanged'
                WHEN EXISTS (
                    SELECT FROM store.profile AS p
                    WHERE p.profile_id = ended.profile_id AND ({segment})
                ) THEN 'unchanged'
                ELSE 'left'
            END
        FROM ended
        LEFT JOIN export_member AS member USING (profile_id)
        WHERE member.profile_id IS NULL OR member.outcome = 'unchanged'"""
    ).format(goal=sql.Literal(plan.goal), run_goal=sql.Literal(plan.run_goal), segment=plan.segment)
