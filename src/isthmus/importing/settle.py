"""What records that are gone do to profiles, once all records of a run are applied.

A tombstone says with `due` what it is still to do, so every step can be done again, by any process:
`gone` hands its profile over and then takes its object's name away, `heir` hands over alone (the
record that took over came later), `object type` is what is left of `gone`.
"""

from collections.abc import Collection
from functools import partial
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed
from psycopg.types.json import Jsonb

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.domain.goals import ObjectTypeOnDelete, OnMerge
from isthmus.domain.objects import CONTACT
from isthmus.domain.properties import PropertyDefinition
from isthmus.importing import stage
from isthmus.importing.chunks import in_chunk
from isthmus.importing.filtered import forget_filtered
from isthmus.importing.plan import ImportPlan
from isthmus.importing.queries import QUERIES
from isthmus.profiles import merging

CHUNK = 5_000
"""Records that are gone, in one transaction."""


def settle(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> None:
    """Merge the profiles of records that became one, and take away names of objects.

    Safe to repeat, and cheap where no record is gone. Where the goal wants differing profiles
    reviewed they are told as problems.
    """
    handing, losing = _due(connection, plan)
    if handing:
        connection.execute(QUERIES["make_settle_pair"])
        merging.prepare(connection)
        work = partial(_hand_over, plan, connection)
        while in_chunk(goal_run, connection, work, merges=True):
            goal_run.check_stop()
    if losing:
        connection.execute(QUERIES["make_settle_object"])
        while in_chunk(goal_run, connection, partial(_take_objects, plan, connection)):
            goal_run.check_stop()


def _due(connection: Connection[Any], plan: ImportPlan) -> tuple[int, int]:
    row = connection.execute(QUERIES["count_due"], _goals(plan)).fetchone()
    return row or (0, 0)


def _goals(plan: ImportPlan) -> dict[str, Any]:
    return {"goal": plan.goal, "goals": [plan.goal, *plan.other_goals]}


def _hand_over(plan: ImportPlan, connection: Connection[Any], counts: GoalCounts) -> bool:
    """One chunk of records whose profile goes to the record that took over; whether there was."""
    found = connection.execute(QUERIES["find_pairs"], {**_goals(plan), "size": CHUNK}).rowcount
    if not found:
        return False
    connection.execute(QUERIES["note_pairs"])
    connection.execute(QUERIES["drop_equal_pairs"])
    if plan.definition.on_merge is OnMerge.REVIEW:
        parameters = {"run_goal": plan.run_goal}
        counts.problems += connection.execute(QUERIES["note_review"], parameters).rowcount
        _note_counts(connection, plan, counts)
    else:
        _merge_pairs(plan, connection)
    return True


def _merge_pairs(plan: ImportPlan, connection: Connection[Any]) -> None:
    """Pairs that share a profile are merged one after the other, all others at once."""
    target = _object_type(plan)
    both = [target.key] if target.list else []
    while connection.execute(QUERIES["choose_pairs"]).rowcount:
        connection.execute(QUERIES["follow_pairs"])
        connection.execute(QUERIES["drop_equal_pairs"])
        merging.merge_pairs(connection, run_goal=plan.run_goal, both=both)


def _object_type(plan: ImportPlan) -> PropertyDefinition:
    return next(row.target for row in plan.mappings if row.column is None)


def _take_objects(plan: ImportPlan, connection: Connection[Any], _counts: GoalCounts) -> bool:
    removes = plan.definition.object_type_on_delete is ObjectTypeOnDelete.REMOVE
    parameters = {"goal": plan.goal, "removes": removes, "size": CHUNK}
    connection.execute(QUERIES["lost_objects"], parameters)
    connection.execute(object_type_statement(plan))
    return _due(connection, plan)[1] > 0


def object_type_statement(plan: ImportPlan) -> Composed:
    """Profiles without the name of an object that they have no record of any more."""
    target = _object_type(plan)
    single = """CASE WHEN p.{column} <> {gone} THEN p.{column}
        WHEN lost.converted THEN {contact} END"""
    several = """CASE WHEN NOT lost.converted OR {contact} = ANY (p.{column})
        THEN nullif(array_remove(p.{column}, {gone}), '{{}}')
        ELSE array_replace(p.{column}, {gone}, {contact}) END"""
    names = {
        "column": sql.Identifier(target.column),
        "gone": sql.Literal(plan.object.name),
        "contact": sql.Literal(CONTACT.name),
    }
    return sql.SQL(
        """WITH changed AS (
            UPDATE store.profile AS p
            SET updated_at = now(), {column} = {after}
            FROM settle_object AS lost
            WHERE p.profile_id = lost.profile_id AND {holds}
            RETURNING p.profile_id, lost.record_id, old.{column} AS old
        )
        INSERT INTO store.change (profile_id, run_goal, record_id, old)
        SELECT profile_id, {run_goal}, record_id, jsonb_build_object({key}, old) FROM changed"""
    ).format(
        after=sql.SQL(several if target.list else single).format(**names),
        holds=sql.SQL("{gone} = ANY (p.{column})" if target.list else "{gone} = p.{column}").format(
            **names
        ),
        column=names["column"],
        run_goal=sql.Literal(plan.run_goal),
        key=sql.Literal(target.key),
    )


def bury_missing(
    goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any], *, there: Collection[str]
) -> None:
    """After a full read: take links of records that Salesforce no longer has for deleted.

    `there`: ids of records that the read left to the next run because they are too young. Before
    this it must be certain that the read brought everything. Records found missing count as
    received and removed. Safe to repeat; comes before `settle`.
    """
    connection.execute(QUERIES["make_run_missing"])
    connection.execute(QUERIES["empty_missing"])
    connection.execute(missing_statement(plan))
    connection.execute(QUERIES["forget_there"], {"there": list(there)})
    if plan.filter:
        forget_filtered(goal_run, plan, connection)
    while in_chunk(goal_run, connection, partial(_bury, plan, connection)):
        goal_run.check_stop()


def missing_statement(plan: ImportPlan) -> Composed:
    """The goal's linked records that are not in the stage."""
    return sql.SQL(
        """INSERT INTO run_missing (record_id)
        SELECT link.record_id
        FROM store.record_link AS link
        WHERE link.goal = {goal} AND link.gone IS NULL AND link.object = {object}
            AND NOT EXISTS (SELECT FROM {stage} AS s WHERE s.f1 = link.record_id)"""
    ).format(
        goal=sql.Literal(plan.goal),
        object=sql.Literal(plan.object.name),
        stage=stage.table(plan.run_goal),
    )


def _bury(plan: ImportPlan, connection: Connection[Any], counts: GoalCounts) -> bool:
    parameters: dict[str, Any] = {"goal": plan.goal, "run_goal": plan.run_goal, "size": CHUNK}
    # What exports know of the record ends as well. A contact that the object's condition leaves out
    # may have become a person's, and is there still.
    parameters["others"] = [] if plan.condition else list(plan.other_goals)
    buried = connection.execute(QUERIES["bury_missing"], parameters).rowcount
    counts.received += buried
    counts.removed += buried
    _note_counts(connection, plan, counts)
    row = connection.execute(QUERIES["any_missing"]).fetchone()
    return bool(row and row[0])


def _note_counts(connection: Connection[Any], plan: ImportPlan, counts: GoalCounts) -> None:
    if not plan.rehearsed:
        parameters = {"counts": Jsonb(counts.plain()), "run_goal": plan.run_goal}
        connection.execute(QUERIES["note_counts"], parameters)
