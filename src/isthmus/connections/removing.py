"""Deleting connections and goals: all that only they knew goes with them, in one transaction."""

from collections.abc import Iterable

from django.db import connection as database
from django.db import transaction

from isthmus.connections import authorizations
from isthmus.connections.errors import RunAlreadyGoing
from isthmus.connections.models import Connection, Goal
from isthmus.connections.runs import RUN_LOCK
from isthmus.profiles import links, schema, statements

QUERIES = statements.load("isthmus.connections", "removing.sql")

_ALL_OF_IT = (
    *("delete_exchanged", "delete_exchanged_sums", "delete_exchanged_gone"),
    *("hand_on_alerts", "delete_letters", "delete_alerts"),
    *("delete_parts", "delete_runs", "delete_goals"),
    *("delete_attempts", "delete_favourites", "delete_connection"),
)


def delete_connection(connection: Connection) -> None:
    """Delete it with its goals, runs and links. Profiles and their journal stay.

    With the last connection that uses a sign-in that goes, too, and is revoked.

    Raises `RunAlreadyGoing`.
    """
    with transaction.atomic():
        # Whoever asks for a run or changes the connection waits, and then finds nothing.
        row = Connection.objects.select_for_update().filter(id=connection.id).first()
        if row is None:
            return
        _hold(row, f"Connection {row.key!r}")
        names = {"connection": row.id}
        with database.cursor() as cursor:
            cursor.execute(QUERIES["run_goals"], names)
            parts = [part for (part,) in cursor.fetchall()]
            links.forget_goals(row.goals.values_list("id", flat=True), parts)
            drop_stages(parts)
            for block in _ALL_OF_IT:
                cursor.execute(QUERIES[block], names)
        authorizations.drop_unused(row.authorization_id)


def delete_goal(goal: Goal) -> None:
    """Delete a goal with its links, in the open transaction. What its runs did stays in history.

    Raises `RunAlreadyGoing`.
    """
    _hold(goal.connection, f"Goal {goal.key!r} of connection {goal.connection.key!r}")
    parts = list(goal.runs.values_list("id", flat=True))
    links.forget_goals([goal.id], parts)
    drop_stages(parts)
    with database.cursor() as cursor:
        cursor.execute(QUERIES["keep_exchanged"], {"goal": goal.id})
    # What it did stays in history; what it would have done is of no use to anybody.
    goal.runs.filter(run__preview=True).delete()
    goal.delete()


def _hold(connection: Connection, what: str) -> None:
    """Keep runs of the connection away until the transaction ends."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["hold_run"], {"lock": RUN_LOCK, "connection": connection.id})
        if not cursor.fetchone()[0]:
            raise RunAlreadyGoing(
                f"{what} can't be deleted while the connection has a run going on. Nothing was "
                f"changed. Wait for its end, or stop it, and try again."
            )


def drop_stages(parts: Iterable[int]) -> None:
    """Drop what was staged for runs that never ended, and what previews found out."""
    session, wanted = database.connection, set(parts)
    for kind in (schema.STAGED, schema.FORESEEN):
        schema.drop_stages(session, schema.stages(session, kind) & wanted, kind)
