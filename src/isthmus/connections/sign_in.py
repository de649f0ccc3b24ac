"""Signing in to a connection's org, and staying with that org."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.connections.authorizations import credentials
from isthmus.connections.errors import NoSignIn, OrgReplaced
from isthmus.connections.models import Connection
from isthmus.salesforce import ClientSettings, HostPolicy, Salesforce

HOSTS_SETTING = "ISTHMUS_SALESFORCE_HOSTS"


def host_policy() -> HostPolicy:
    """Salesforce's hosts and those that the operator allows in `ISTHMUS_SALESFORCE_HOSTS`."""
    given = os.environ.get(HOSTS_SETTING, "")
    return HostPolicy(frozenset(filter(None, (host.strip() for host in given.split(",")))))


@contextmanager
def signed_in(
    connection: Connection, settings: ClientSettings | None = None
) -> Iterator[Salesforce]:
    """A client for the connection's org.

    The first sign-in pins the org. Raises `OrgReplaced` where a later one leads to another: its
    records have other ids, so links and positions would lie. Raises `NoSignIn` where nobody has set
    up how to sign in.
    """
    if connection.authorization is None:
        raise NoSignIn(connection.key)
    client = Salesforce(
        credentials(connection.authorization), hosts=host_policy(), settings=settings
    )
    with client:
        org_id = client.org_id
        if connection.org_id and connection.org_id != org_id:
            raise OrgReplaced(
                f"Connection {connection.key!r} belongs to org {connection.org_id} and now signs "
                f"in to org {org_id}. Correct the authorization. If the org was replaced (a "
                f"refreshed sandbox), make a new connection for it."
            )
        if not connection.org_id:
            connection.org_id = org_id
            connection.save(update_fields=["org_id"])
        yield client
