"""What an import would do: it reads, merges, is looked at, and all of it is rolled back."""

import json
from functools import partial
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections import foreseen, previews
from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.domain.properties import PropertyDefinition
from isthmus.importing import begun, stage
from isthmus.importing.fetch import delete_jobs, fetch, ids_too_young
from isthmus.importing.plan import ImportPlan
from isthmus.importing.queries import FETCHING, QUERIES
from isthmus.importing.rehearsal import Staged, rehearse
from isthmus.profiles import properties
from isthmus.profiles.properties import column_type

COMMA = sql.SQL(",\n")


def preview_import(goal_run: GoalRun, connection: Connection[Any]) -> None:
    """Find out and keep what a run of the goal would do now.

    Safe to call again, after any error and by any process: what was read before stays in the stage,
    and all else is done anew. Where the goal stands is not touched.
    """
    calls, made_of = goal_run.salesforce.calls, previews.made_of(goal_run.goal)
    so_far = begun.read(connection, goal_run.run_goal.id)
    with goal_run.step("plan"):
        plan = begun.plan_on(goal_run, connection, so_far)
    complete = fetch(goal_run, plan, connection)
    there = ids_too_young(goal_run, plan) if complete else None
    received = stage.rows_behind(connection, plan.run_goal, "", "")
    goal_run.counts = GoalCounts(received=received)
    staged = Staged(plan=plan, there=there)
    goal_run.counts = rehearse(
        goal_run, connection, staged, partial(_keep, goal_run, plan, connection)
    )
    goal_run.counts.check(plan.label)
    jobs = _clean_up(goal_run, connection, plan)
    foreseen.note(
        goal_run.run_goal,
        made_of=made_of,
        api_calls=goal_run.salesforce.calls - calls + len(jobs),
        rows=goal_run.counts.received,
    )
    delete_jobs(goal_run, jobs)


def _clean_up(goal_run: GoalRun, connection: Connection[Any], plan: ImportPlan) -> list[str]:
    """Forget what was read, and that anything was begun; the jobs that were used."""
    names = {"run_goal": plan.run_goal}
    with connection.transaction():
        goal_run.fence.check(connection)
        jobs = connection.execute(FETCHING["forget_queries"], names).fetchall()
        connection.execute(FETCHING["forget_begun"], names)
    stage.drop(connection, plan.run_goal)
    return [job_id for (job_id,) in jobs if job_id]


def _keep(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], counts: GoalCounts
) -> GoalCounts:
    """Copy what became of each record to where the rollback does not reach."""
    with goal_run.step("keep"):
        part = plan.run_goal
        compared = _compared(connection, plan)
        connection.execute("ANALYZE rehearsed_record (place, profile_id, outcome)")
        with foreseen.written(part, goal_run.fence, connection) as session:
            session.execute(_raw_statement(compared))
            foreseen.pour(connection, _found_statement(part, compared), session, _RAW)
            session.execute(_rows_statement(part, compared))
            foreseen.pour(connection, _NAMES, session, foreseen.names(part))
            foreseen.pour_problems(connection, session, part)
    return counts


def _compared(connection: Connection[Any], plan: ImportPlan) -> list[PropertyDefinition]:
    """The properties that can have changed: of profiles that were merged, all."""
    row = connection.execute(QUERIES["any_merged"], {"run_goal": plan.run_goal}).fetchone()
    if row and row[0]:
        return list(properties.definitions().values())
    return plan.writes


_RAW = sql.Identifier("found_record")

_NAMES = sql.SQL(
    """SELECT held.value, record.place
    FROM rehearsed_record AS record
    JOIN store.identifier AS held USING (profile_id)
    WHERE record.outcome IN ('created', 'updated')"""
)


def _column(number: int) -> sql.Identifier:
    return sql.Identifier(f"c{number}")


def _raw_statement(compared: list[PropertyDefinition]) -> Composed:
    """A table for what the rehearsal's session sees: its columns are those of the profile."""
    columns: list[Composable] = [
        sql.SQL(
            'n bigint, record_id text COLLATE "C", profile_id uuid, survivor uuid, outcome text,'
            " reason text"
        )
    ]
    columns += [
        _column(number) + sql.SQL(" ") + column_type(each)
        for number, each in enumerate(compared, 1)
    ]
    return sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
        _RAW, sql.SQL(", ").join(columns)
    )


def _found_statement(part: int, compared: list[PropertyDefinition]) -> Composed:
    """Every record with its profile as it is after the run."""
    values = [sql.SQL(", ") + sql.Identifier("p", each.column) for each in compared]
    return sql.SQL(
        """SELECT record.place, record.record_id, record.profile_id, merged.survivor,
            record.outcome, record.reason {values}
        FROM rehearsed_record AS record
        LEFT JOIN store.profile_merge AS merged
            ON merged.profile_id = record.profile_id AND merged.run_goal = {part}
        LEFT JOIN store.profile AS p
            ON p.profile_id = coalesce(merged.survivor, record.profile_id)
            AND record.outcome IN ('created', 'updated', 'removed')"""
    ).format(values=sql.SQL("").join(values), part=sql.Literal(part))


def _rows_statement(part: int, compared: list[PropertyDefinition]) -> Composed:
    """The rows of the preview: profiles as they are before the run are in this session."""
    return sql.SQL(
        """INSERT INTO {rows}
            (n, record_id, profile_id, survivor, outcome, reason, before, after)
        SELECT raw.n, raw.record_id, p.profile_id, heir.profile_id, raw.outcome, raw.reason,
            CASE WHEN raw.outcome IN ('created', 'updated', 'removed') THEN {before} END,
            CASE WHEN raw.outcome IN ('created', 'updated', 'removed') THEN {after} END
        FROM {raw} AS raw
        LEFT JOIN store.profile AS p ON p.profile_id = raw.profile_id
        LEFT JOIN store.profile AS heir ON heir.profile_id = raw.survivor"""
    ).format(
        rows=foreseen.rows(part),
        raw=_RAW,
        before=_document(
            sql.SQL("CASE WHEN p.profile_id IS NOT NULL AND {differs} THEN {pair} END").format(
                differs=_differs(number, each),
                pair=_pair(each, sql.Identifier("p", each.column)),
            )
            for number, each in enumerate(compared, 1)
        ),
        after=_document(
            sql.SQL("CASE WHEN {differs} THEN {pair} END").format(
                differs=_differs(number, each),
                pair=_pair(each, sql.SQL("raw.") + _column(number)),
            )
            for number, each in enumerate(compared, 1)
        ),
    )


def _differs(number: int, each: PropertyDefinition) -> Composed:
    return sql.SQL("raw.{} IS DISTINCT FROM {}").format(
        _column(number), sql.Identifier("p", each.column)
    )


def _pair(each: PropertyDefinition, value: Composable) -> Composed:
    return sql.SQL("{} || coalesce(to_json({})::text, 'null')").format(
        sql.Literal(json.dumps(each.key) + ":"), value
    )


def _document(pairs: Any) -> Composed:
    """One document put together as text, as the journal's."""
    return sql.SQL("('{{' || concat_ws(',', {}) || '}}')::jsonb").format(COMMA.join(pairs))
