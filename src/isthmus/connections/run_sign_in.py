"""Signing in for a run, which first asks what the user may do in Salesforce."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from isthmus.connections import permissions, sign_in
from isthmus.connections.models import Authorization, Connection
from isthmus.salesforce import Salesforce


@contextmanager
def signed_in(connection: Connection, *, cancelled: Callable[[], bool]) -> Iterator[Salesforce]:
    """A client for the connection's org, as `sign_in.signed_in` gives it.

    Once `cancelled` says so, whatever is waited for ends soon: signing in, too.

    Raises `ApiNotEnabled` too. What else the user lacks is kept for `permission_warning`.
    """
    with sign_in.signed_in(connection, cancelled=cancelled) as client:
        row = Authorization.objects.filter(connections=connection.id).first()
        if row is not None:
            permissions.check(permissions.look(client, row), permissions.who(row))
        yield client


def permission_warning(connection: Connection) -> str:
    """What a run says of permissions that the user lacked when it began; empty for none."""
    row = Authorization.objects.filter(connections=connection.id).first()
    if row is None:
        return ""
    return permissions.warning(permissions.missing(row.permissions), permissions.who(row))
