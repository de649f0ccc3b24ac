"""Signing in to a connection's org, and staying with that org."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from isthmus.connections.calls import OrgAllowance
from isthmus.connections.errors import NoSignIn
from isthmus.connections.hosts import HOSTS_SETTING, host_policy
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.orgs import check_org
from isthmus.connections.tokens import StoredSignIn
from isthmus.salesforce import ClientSettings, Salesforce, SharedSignIn

__all__ = ["HOSTS_SETTING", "host_policy", "signed_in", "signed_in_by"]


@contextmanager
def signed_in(
    connection: Connection,
    settings: ClientSettings | None = None,
    *,
    even_lost: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Salesforce]:
    """A client for the connection's org. Its tokens are those that all processes use.

    The first sign-in pins the org. Raises `OrgReplaced` where a later one leads to another: its
    records have other ids, so links and positions would lie. Raises `NoSignIn` where nobody has set
    up how to sign in, and `SignInLost` where Salesforce has refused it for good; with `even_lost`
    that is tried once more. Raises `WaitCancelled` soon after `cancelled` says so, also while
    signing in.
    """
    # What the connection signs in with may have changed since the row was read.
    row = Authorization.objects.filter(connections=connection.id).first()
    if row is None:
        raise NoSignIn(connection.key)
    with (
        signed_in_by(row, connection, settings, even_lost=even_lost) as client,
        client.interruptible(cancelled) if cancelled else nullcontext(),
    ):
        org_id = client.org_id
        check_org(connection, org_id)
        if not connection.org_id:
            # Another process may have been faster, or somebody may have accepted another org.
            Connection.objects.filter(id=connection.id, org_id="").update(org_id=org_id)
            connection.refresh_from_db(fields=["org_id"])
            check_org(connection, org_id)
        yield client


@contextmanager
def signed_in_by(
    authorization: Authorization,
    connection: Connection,
    settings: ClientSettings | None = None,
    *,
    even_lost: bool = False,
) -> Iterator[Salesforce]:
    """A client for an authorization, wherever it leads.

    Messages name the connection, and API calls are counted for it. With `even_lost`, one that
    Salesforce has refused for good is tried once more.
    """
    store = StoredSignIn(
        authorization.id, authorization.login_url, connection=connection.key, even_lost=even_lost
    )
    hosts = host_policy()
    with Salesforce(
        SharedSignIn(store, hosts),
        hosts=hosts,
        settings=settings,
        allowance=OrgAllowance(connection.id),
    ) as client:
        # Whoever waits for another process is to hear, too, that somebody asked for an end.
        store.check_interruption = client.check_interruption
        yield client
