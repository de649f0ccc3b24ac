"""What the run sends and to which records: decided once, and kept until Salesforce has spoken."""

from dataclasses import replace
from typing import Any

from psycopg import Connection

from isthmus.connections.runs import GoalRun
from isthmus.exporting import diff, few_members, skips
from isthmus.exporting.begun import Begun
from isthmus.exporting.match import match
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.select import select, select_open


def prepare(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun
) -> Begun:
    """Select, match and compare, and write the rows to send, all of them or none.

    Where that was done before, only the rows without an outcome are built again: profiles and
    records may have changed since, and a row of which the outcome was unknown may have made its
    record.

    In a rehearsal all is rolled back: the rows of the run and of the goal, which others write to,
    are left alone, and the session's tables stay to be looked at.
    """
    counts = begun.counts()
    with goal_run.step("select"):
        one = few_members.choose(goal_run, connection, plan) if goal_run.only else None
        if begun.prepared:
            select_open(connection, plan)
        elif goal_run.only:
            few_members.select_one(connection, plan, one)
        else:
            looked_at, members = select(connection, plan)
            if not goal_run.is_partial:
                counts.received = members
                counts.note("unchanged", None, members - looked_at)
    with goal_run.step("match"):
        match(goal_run, connection, plan)
        if goal_run.only:
            few_members.leave_rivals(connection, one)
    with goal_run.step("compare"):
        diff.compare(connection, plan)
        with connection.transaction():
            goal_run.fence.check(connection)
            diff.write_rows(connection, plan, full=goal_run.full, first=goal_run.first)
            if begun.prepared or not goal_run.is_partial:
                _note(connection, plan, whole=not begun.prepared)
            elif goal_run.only:
                few_members.note_one(goal_run, connection, plan, one, counts)
            else:
                few_members.note_first(connection, plan, counts)
            for outcome, reason, members in connection.execute(QUERIES["count_decided"]):
                counts.note(outcome, reason, members)
            begun = begun.with_decided(counts, plan.version)
            if goal_run.only:
                begun = replace(begun, shown=few_members.sent_cells(connection, plan))
            if plan.rehearsed:
                return begun
            begun.save(goal_run, connection)
        diff.learn_rows(connection)
    connection.execute(QUERIES["drop_tables"])
    return begun


def _note(connection: Connection[Any], plan: ExportPlan, *, whole: bool) -> None:
    names = {"run_goal": plan.run_goal, "goal": plan.goal, "version": plan.version}
    skips.find(connection, plan)
    for name in ("note_problems", "keep_looked_at", "keep_open_members"):
        connection.execute(QUERIES[name], names)
    if whole:
        for name in ("forget_open_members", "forget_open_profiles"):
            connection.execute(QUERIES[name], names)
        if not plan.rehearsed:
            connection.execute(QUERIES["note_segment"], {**names, **_segment(plan)})
    skips.keep(connection, plan, whole=whole)


def _segment(plan: ExportPlan) -> dict[str, Any]:
    return {
        "segment": plan.segment_digest,
        "whole_at": None if plan.same_members else plan.started_at,
    }
