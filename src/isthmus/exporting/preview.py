"""What an export would send: it is decided as in a run, looked at, and rolled back.

Nothing is sent to Salesforce; it is asked for records, as a run does before it sends. What a run
would send counts as created and updated: that Salesforce refuses a row can't be foreseen.
"""

import re
import time
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.sql import Composed
from psycopg.types.json import Jsonb

from isthmus.connections import foreseen, previews
from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.errors import Retryable
from isthmus.exporting import send
from isthmus.exporting.begun import Begun
from isthmus.exporting.plan import ExportPlan, plan_export
from isthmus.exporting.prepare import prepare
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.settle import settle_rows
from isthmus.exporting.values import CLEAR

TRIES = 10
COLLISIONS = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)

HELD_ROWS = 200
"""Of so many updates it is asked what Salesforce holds now."""

QUERY_CHARACTERS = 12_000
"""Of a query by REST: its address may have 16,384 bytes with the headers."""


_UTC = "+0000"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


class PreviewCollision(Retryable):
    """Other work kept changing the same members. Nothing is lost: ask again."""


@dataclass(frozen=True, kw_only=True)
class _Found:
    """What came of a rehearsal beside the rows."""

    counts: GoalCounts
    looked_at: int  # members that have a row
    sending_calls: int


def preview_export(goal_run: GoalRun, connection: Connection[Any]) -> None:
    """Find out and keep what a run of the goal would send now.

    Safe to call again, after any error and by any process: all is done anew.
    """
    calls, made_of = goal_run.salesforce.calls, previews.made_of(goal_run.goal)
    begun = Begun.new(goal_run, begin(connection))
    with goal_run.step("plan"):
        plan = replace(plan_export(goal_run, begun.started_at), rehearsed=True)
    found = _rehearse(goal_run, connection, plan, begun)
    found.counts.check(plan.label)
    needed = goal_run.salesforce.calls - calls + found.sending_calls
    with goal_run.step("keep"):
        _keep_held(goal_run, connection, plan)
    goal_run.counts = found.counts
    foreseen.note(goal_run.run_goal, made_of=made_of, api_calls=needed, rows=found.looked_at)


def begin(connection: Connection[Any]) -> datetime:
    """The database's clock: when something begins."""
    row = connection.execute("SELECT now()").fetchone()
    assert row is not None  # noqa: S101 - SELECT now() has a row
    moment: datetime = row[0]
    return moment


def _rehearse(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun
) -> _Found:
    # The rows of the run are left alone, so nobody has to be kept off by holding them.
    trial = replace(goal_run, fence=goal_run.fence.undone())
    for attempt in range(TRIES):
        try:
            with connection.transaction(force_rollback=True):
                settle_rows(trial, connection, plan)
                decided = prepare(trial, connection, plan, begun)
                with goal_run.step("keep"):
                    return _keep(goal_run, connection, plan, decided)
        except COLLISIONS:
            time.sleep(min(0.05 * 2**attempt, 2.0))
            goal_run.check_stop()
    raise PreviewCollision


def _keep(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, decided: Begun
) -> _Found:
    """Copy what is decided of each member to where the rollback does not reach."""
    part, names = plan.run_goal, {"run_goal": plan.run_goal}
    counts = decided.counts()
    for outcome, members in connection.execute(QUERIES["count_rehearsed"], names):
        counts.note(outcome, None, members)
    row = connection.execute(QUERIES["count_problems"], names).fetchone()
    counts.problems = row[0] if row else 0
    parts = connection.execute(QUERIES["parts"], names).fetchall()
    with foreseen.written(part, goal_run.fence) as session:
        foreseen.pour(connection, rows_statement(plan), session, foreseen.rows(part))
        foreseen.pour_problems(connection, session, part)
    looked_at = connection.execute("SELECT count(*) FROM export_member").fetchone()
    return _Found(
        counts=counts,
        looked_at=looked_at[0] if looked_at else 0,
        sending_calls=send.calls_needed((operation, rows) for operation, _, rows in parts),
    )


def rows_statement(plan: ExportPlan) -> Composed:
    """Every member that was looked at, with the cells that would be sent of it."""
    cells = sql.SQL(", ").join(
        sql.SQL(
            """CASE WHEN {cell} IS NOT NULL
                THEN {name} || coalesce(to_json(nullif({cell}, {clear}))::text, 'null') END"""
        ).format(
            cell=sql.SQL("row.cells[{}]").format(sql.Literal(row.place)),
            name=sql.Literal(f'"{row.field.name}":'),
            clear=sql.Literal(CLEAR),
        )
        for row in plan.rows
    )
    return sql.SQL(
        """SELECT
            row_number() OVER (ORDER BY member.profile_id),
            coalesce(row.record_id, member.record_id),
            member.profile_id,
            NULL::uuid,
            coalesce(
                member.outcome,
                CASE WHEN row.operation = 'insert' THEN 'created' ELSE 'updated' END
            ),
            member.reason,
            CASE WHEN row.operation = 'insert' THEN '{{}}'::jsonb END,
            CASE WHEN row.profile_id IS NOT NULL
                THEN ('{{' || concat_ws(',', {cells}) || '}}')::jsonb END
        FROM export_member AS member
        LEFT JOIN store.export_row AS row
            ON row.run_goal = {part} AND row.profile_id = member.profile_id"""
    ).format(cells=cells, part=sql.Literal(plan.run_goal))


def _keep_held(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    """Ask what Salesforce holds now, of some records that would be updated."""
    table = foreseen.rows(plan.run_goal)
    statement = sql.SQL(
        """SELECT record_id FROM {} WHERE outcome = 'updated' AND record_id IS NOT NULL
        ORDER BY outcome, coalesce(reason, ''), n LIMIT %s"""
    ).format(table)
    ids = [record for (record,) in connection.execute(statement, [HELD_ROWS])]
    held = {
        record["Id"]: {name: _as_cell(value) for name, value in record.items() if name != "Id"}
        for record in _records(goal_run, plan, ids)
    }
    keeping = sql.SQL(
        """UPDATE {} AS row
        SET before = (
            SELECT jsonb_object_agg(name, held.values -> name)
            FROM jsonb_object_keys(row.after) AS name
        )
        FROM jsonb_each(%s) AS held (record_id, values)
        WHERE row.record_id = held.record_id AND row.outcome = 'updated'"""
    ).format(table)
    with connection.transaction():
        goal_run.fence.check(connection)
        connection.execute(keeping, [Jsonb(held)])


def _records(goal_run: GoalRun, plan: ExportPlan, ids: list[str]) -> list[dict[str, Any]]:
    names = ", ".join(dict.fromkeys(["Id", *(row.field.name for row in plan.rows)]))
    size = max(1, (QUERY_CHARACTERS - len(names)) // 22)
    found: list[dict[str, Any]] = []
    for start in range(0, len(ids), size):
        wanted = ", ".join(f"'{record_id}'" for record_id in ids[start : start + size])
        # SOQL takes no parameters: names come from describe, ids from Salesforce.
        soql = f"SELECT {names} FROM {plan.object.sobject} WHERE Id IN ({wanted})"  # noqa: S608
        found += goal_run.salesforce.query_all(soql)
        goal_run.check_stop()
    return found


def _as_cell(value: Any) -> str | None:
    """A value of Salesforce's JSON as it would stand in an upload."""
    if value is None or isinstance(value, dict):
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float | Decimal):
        return f"{Decimal(str(value)).normalize():f}"
    text = str(value)
    return f"{text.removesuffix(_UTC)}Z" if _MOMENT.fullmatch(text) else text
