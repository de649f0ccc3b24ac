"""Letting a connection use another's authorization, and letting go of one."""

from django.db import transaction

from isthmus.connections import authorizations, setting_up, sign_in_troubles
from isthmus.connections.errors import NoSuchThing, OrgReplaced, SharingRefused
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.orgs import replaced, same_org


def share_with(connection: Connection, key: str) -> Authorization:
    """Let the connection sign in as the one of that key does; what it signs in by now.

    Raises as `share` does.
    """
    others = {each.key: each for each in Connection.objects.select_related("authorization")}
    if key not in others:
        raise NoSuchThing("connection", [key], others)
    why = sign_in_troubles.of_sharing(
        connection.key,
        key,
        known=others,
        signed_in=[each.key for each in others.values() if each.authorization],
    )
    if why:
        raise SharingRefused(why)
    row = others[key].authorization
    assert row is not None  # noqa: S101 - it would have been said above
    share(connection, row)
    return row


def share(connection: Connection, authorization: Authorization) -> None:
    """Let the connection sign in as others do. What it used before goes with its last user.

    Raises `SharingRefused`, and `OrgReplaced` where it belongs to another org.
    """
    with setting_up.changing(connection.key) as held:
        row = Authorization.objects.select_for_update().filter(id=authorization.id).first()
        if row is None or not row.connections.exists():
            raise NoSuchThing("authorization", [str(authorization.id)], [])
        check_shared(held, row)
        before = held.authorization_id
        held.authorization, held.org_id = row, held.org_id or row.org_id
        held.save(update_fields=["authorization", "org_id"])
        if before != row.id:
            authorizations.drop_unused(before)
    connection.authorization, connection.org_id = row, held.org_id


def check_shared(connection: Connection, row: Authorization) -> None:
    """Raise where the connection can't use this authorization."""
    if row.lost_at is not None:
        users = authorizations.names(authorizations.users_of(row))
        raise SharingRefused(
            f"Connection {connection.name!r} can't share the sign-in of {users}: it is lost. "
            f"Connect that one to Salesforce again, and share it then."
        )
    if connection.org_id and row.org_id and not same_org(connection.org_id, row.org_id):
        raise OrgReplaced(replaced(connection, row.org_id))


def stop(connection: Connection) -> None:
    """Let the connection sign in by nothing. Its last user takes the authorization along."""
    with setting_up.changing(connection.key) as held:
        before = held.authorization_id
        held.authorization = None
        held.save(update_fields=["authorization"])
        authorizations.drop_unused(before)
    connection.authorization = None


def stop_all(authorization: Authorization) -> int:
    """Let all connections go of it, all or none of them; how many there were.

    One that began to share it at the same moment keeps it.
    """
    with transaction.atomic():
        # In the order that `changing` would take them in, one after the other.
        rows = Connection.objects.select_for_update(of=("self",), no_key=True).order_by("id")
        users = [each.id for each in rows.filter(authorization=authorization.id)]
        Connection.objects.filter(id__in=users).update(authorization=None)
        authorizations.drop_unused(authorization.id)
    return len(users)
