"""The org that a connection belongs to, and going over to another one."""

from django.db import connection as database
from django.db import transaction

from isthmus.connections import setting_up
from isthmus.connections.errors import OrgReplaced, RunAlreadyGoing
from isthmus.connections.models import UNDER_WAY, Connection, KnownObject
from isthmus.connections.removing import QUERIES, drop_stages
from isthmus.connections.runs import RUN_LOCK
from isthmus.profiles import links

_SAME = 15
"""Characters of an id that tell it from others; the last three only repeat their case."""


def check_org(connection: Connection, org_id: str) -> None:
    """Raise `OrgReplaced` where a connection that belongs to an org has reached another one."""
    if connection.org_id and not same_org(connection.org_id, org_id):
        raise OrgReplaced(replaced(connection, org_id))


def same_org(one: str, other: str) -> bool:
    """Whether two ids are those of one org."""
    return one[:_SAME] == other[:_SAME]


def replaced(connection: Connection, org_id: str) -> str:
    """What is said of a sign-in that leads to another org than before."""
    return (
        f"Connection {connection.key!r} belongs to org {connection.org_id} and now signs in to org "
        f"{org_id}. Nothing was read or written. If that is the wrong org, connect to the right "
        f"one. If the org was replaced (a refreshed sandbox), accept the new org: on the "
        f"connection's page, or by `isthmus connection accept-org {connection.key}`. Links to "
        f"records are dropped then, and everything is read again."
    )


def accept_new_org(connection: Connection, *, by: str) -> None:
    """Let the connection belong to whichever org it signs in to next.

    Drops what is known of the old org's records: links, what was sent, how far was read, and
    descriptions of objects. Profiles stay. `by` says who accepts, in words. Raises
    `RunAlreadyGoing`.
    """
    del by  # Kept for the audit log.
    with setting_up.changing(connection.key) as held:
        _keep_runs_away(held)
        parts = [part.id for run in held.runs.all() for part in run.goals.all()]
        links.forget_goals(held.goals.values_list("id", flat=True), parts)
        drop_stages(parts)
        held.goals.update(read_until=None, read_version=0, read_segment="", read_whole_at=None)
        KnownObject.objects.filter(authorization__connections=held.id).delete()
        held.org_id = ""
        held.save(update_fields=["org_id"])
    connection.org_id = ""


def _keep_runs_away(connection: Connection) -> None:
    """Until the transaction ends. Raises `RunAlreadyGoing` where one has begun and not ended."""
    names = {"lock": RUN_LOCK, "connection": connection.id}
    with database.cursor() as cursor:
        cursor.execute(QUERIES["hold_run"], names)
        is_free = bool(cursor.fetchone()[0])
    if not is_free or connection.runs.filter(state__in=UNDER_WAY).exists():
        transaction.set_rollback(True)
        raise RunAlreadyGoing(
            f"Connection {connection.key!r} can't go over to another org while it has a run going "
            f"on. Nothing was changed. Wait for its end, or stop it, and try again."
        )
