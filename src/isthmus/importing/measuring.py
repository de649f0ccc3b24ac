"""How much an import would change, found out before it changes anything."""

from dataclasses import replace
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.connections import guards
from isthmus.connections.guards import Size
from isthmus.connections.runs import GoalRun
from isthmus.importing import ordering, rehearsal, stage
from isthmus.importing.fetch import ids_too_young
from isthmus.importing.plan import ImportPlan
from isthmus.importing.queries import QUERIES
from isthmus.importing.rehearsal import Staged


def check(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], *, whole: bool) -> None:
    """Raise `NeedsYes` where the staged records would change too much for a run by itself.

    `whole`: linked records that are not staged are no longer in Salesforce, and would be removed.
    Most runs are told from such by the number of their records alone, and almost all others by
    hashes: only records that are not as they were applied can change anything. What is left is
    merged, counted and rolled back.
    """
    percent = guards.limit(goal_run)
    if percent is None:
        return
    known = _first(connection, QUERIES["count_known"], {"goal": plan.goal})
    staged = stage.staged(connection, plan.run_goal)
    at_most = Size(updated=staged, removed=known if whole else 0, of=known)
    if not guards.exceeds(percent, at_most):
        return
    with goal_run.step("measure"):
        size = by_hashes(plan, connection, known, whole=whole)
    agreed = guards.agreed_to(goal_run)
    if agreed and not guards.is_much_more(size.changes, agreed.changes):
        return
    if guards.exceeds(percent, size):
        there = ids_too_young(goal_run, plan) if whole else None
        found = rehearsal.counts(goal_run, connection, Staged(plan=plan, there=there))
        exact = replace(size, created=found.created, updated=found.updated, removed=found.removed)
        guards.check(goal_run, exact)


def by_hashes(plan: ImportPlan, connection: Connection[Any], known: int, *, whole: bool) -> Size:
    """How many records are not as they were applied, at most so many changes."""
    ordering.order(connection, plan)
    row = connection.execute(differing_statement(plan)).fetchone()
    created, updated, removed = row or (0, 0, 0)
    if whole:
        removed += _first(connection, missing_statement(plan), {})
    return Size(created=created, updated=updated, removed=removed, of=known)


def differing_statement(plan: ImportPlan) -> Composed:
    """Records that are new to the goal, that differ from what was applied, and that are gone."""
    return sql.SQL(
        """SELECT
            count(*) FILTER (WHERE gone IS NULL AND NOT known),
            count(*) FILTER (WHERE gone IS NULL AND known AND same IS NOT TRUE),
            count(*) FILTER (WHERE gone IS NOT NULL AND lives)
        FROM (
            -- Of a record that was read twice, the later row counts.
            SELECT DISTINCT ON (s.record_id)
                s.gone,
                link.profile_id IS NOT NULL AS known,
                link.profile_id IS NOT NULL AND link.gone IS NULL AS lives,
                link.hash = s.hash AND link.version = {version} AND link.gone IS NULL
                    AND link.refused IS NULL AS same
            FROM {ordered} AS s
            LEFT JOIN store.record_link AS link
                ON link.record_id = s.record_id AND link.goal = {goal}
            ORDER BY s.record_id, s.n DESC
        ) AS record"""
    ).format(
        version=sql.Literal(plan.version),
        ordered=ordering.table(plan.run_goal),
        goal=sql.Literal(plan.goal),
    )


def missing_statement(plan: ImportPlan) -> Composed:
    """How many of the goal's records were not read, of all that there are."""
    return sql.SQL(
        """SELECT count(*)
        FROM store.record_link AS link
        WHERE link.goal = {goal} AND link.gone IS NULL AND link.object = {object}
            AND NOT EXISTS (SELECT FROM {stage} AS s WHERE s.f1 = link.record_id)"""
    ).format(
        goal=sql.Literal(plan.goal),
        object=sql.Literal(plan.object.name),
        stage=stage.table(plan.run_goal),
    )


def _first(connection: Connection[Any], statement: Any, names: dict[str, Any]) -> int:
    row = connection.execute(statement, names).fetchone()
    return int(row[0] or 0) if row else 0
