"""New records of which Salesforce no longer tells: looked for, so that none is created twice."""

from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.connections.asking import ask
from isthmus.connections.runs import GoalRun
from isthmus.connections.two_way import stored_form
from isthmus.exporting.begun import Begun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.reconcile import RESULT, Owner, make_result, note_told
from isthmus.exporting.upload import Upload
from isthmus.salesforce import Field

UNKNOWN = (
    "It is not known whether Salesforce created the record: it no longer tells what became of the "
    "upload, and the record can't be recognised. It is not sent again, so that it is not created "
    "twice. Look for it in Salesforce; if it is not there, run the goal with everything again."
)


def look_for(
    goal_run: GoalRun,
    connection: Connection[Any],
    plan: ExportPlan,
    owner: Owner,
    upload: Upload,
    begun: Begun | None,
) -> None:
    """Find the records that an upload made, among those that this user made since its run began.

    They are told by all uploaded columns, or by the one that the goal matches by. Where none is
    left that could be one of them, the other rows were not saved and have no outcome still.
    Otherwise they are held back.
    """
    with connection.transaction():
        goal_run.fence.check(connection)
        make_result(connection, upload)
    known = goal_run.salesforce.describe(plan.object.sobject).fields
    fields = [known[name.lower()] for name in upload.fields]
    left = _candidates(goal_run, connection, plan, upload, begun)
    with connection.transaction():
        goal_run.fence.check(connection)
        for same in (_all_columns(fields), _match_column(fields, plan)):
            if left and same:
                connection.execute(tell_statement(upload, fields, same))
                connection.execute(QUERIES["forget_told"])
        note_told(connection, owner, upload)
        connection.execute(QUERIES["settle_job"], upload.names)
        row = connection.execute("SELECT count(*) FROM export_result").fetchone()
        if begun is None or (row and row[0]):
            _hold(connection, owner, upload)


def _candidates(
    goal_run: GoalRun,
    connection: Connection[Any],
    plan: ExportPlan,
    upload: Upload,
    begun: Begun | None,
) -> int:
    if begun is None:
        return 0
    names = ", ".join(["Id", *upload.fields])
    made = [
        f"CreatedDate >= {begun.org_time:%Y-%m-%dT%H:%M:%SZ}",
        f"CreatedById = '{goal_run.salesforce.user_id}'",
        plan.person_condition,
    ]
    # SOQL takes no parameters: names come from describe, the user's id from signing in.
    soql = f"SELECT {names} FROM {plan.object.sobject} WHERE {' AND '.join(filter(None, made))}"  # noqa: S608
    columns = {name.lower(): f"c{place}" for place, name in enumerate(upload.fields, 1)}
    ask(goal_run, connection, soql, RESULT, {**columns, "id": "record_id"})
    connection.execute(QUERIES["forget_linked"], {"goals": list(plan.org_goals)})
    row = connection.execute("SELECT count(*) FROM export_result").fetchone()
    return int(row[0]) if row else 0


def _all_columns(fields: list[Field]) -> list[int]:
    return list(range(len(fields)))


def _match_column(fields: list[Field], plan: ExportPlan) -> list[int]:
    names = [field.name for field in fields]
    return [names.index(plan.match_field.name)] if plan.match_field.name in names else []


def tell_statement(upload: Upload, fields: list[Field], same: list[int]) -> Composed:
    """Pair rows without an outcome with records that are the same in the columns of `same`."""
    theirs = [stored_form(sql.Identifier(f"c{place + 1}"), fields[place]) for place in same]
    ours = [_ours(upload, fields, place) for place in same]
    return sql.SQL(
        """WITH theirs AS (
            SELECT record_id, key, row_number() OVER (PARTITION BY key ORDER BY record_id) AS turn
            FROM (SELECT record_id, ARRAY[{theirs}]::text[] AS key FROM export_result) AS each
        ),
        ours AS (
            SELECT profile_id, key, row_number() OVER (PARTITION BY key ORDER BY profile_id) AS turn
            FROM (
                SELECT profile_id, ARRAY[{ours}]::text[] AS key
                FROM store.export_row
                WHERE run_goal = {run_goal} AND operation = {operation} AND part = {part}
                    AND outcome IS NULL
                    AND profile_id NOT IN (SELECT profile_id FROM export_told)
            ) AS each
            WHERE array_position(key, NULL) IS NULL OR cardinality(key) > 1
        )
        INSERT INTO export_told (profile_id, record_id, kind)
        SELECT ours.profile_id, theirs.record_id, 'successful'
        FROM ours JOIN theirs USING (key, turn)"""
    ).format(
        theirs=sql.SQL(", ").join(theirs),
        ours=sql.SQL(", ").join(ours),
        run_goal=sql.Literal(upload.run_goal),
        operation=sql.Literal(upload.operation),
        part=sql.Literal(upload.part),
    )


def _ours(upload: Upload, fields: list[Field], place: int) -> Composed:
    # A checkbox that is left out is not ticked.
    missing = "'false'" if fields[place].type == "boolean" else "NULL"
    text = sql.SQL("coalesce(nullif(cells[{}], '#N/A'), {})").format(
        sql.Literal(upload.places[place]), sql.SQL(missing)
    )
    return stored_form(text, fields[place])


def _hold(connection: Connection[Any], owner: Owner, upload: Upload) -> None:
    names = {**upload.names, "goal": owner.goal, "outcome": None}
    connection.execute(QUERIES["hold_unknown"], names)
    connection.execute(
        QUERIES["give_up"], {**names, "reason": "outcome_unknown", "message": UNKNOWN}
    )
