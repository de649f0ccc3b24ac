"""Taking a sign-in that has just worked for a connection, in place of the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.db import connection as database
from django.utils import timezone

from isthmus.connections import approvals, authorizations, hosts, revoking, secrets, setting_up
from isthmus.connections.authorizations import Flow
from isthmus.connections.calls import OrgAllowance
from isthmus.connections.errors import ApiNotEnabled, OrgReplaced, TooManyApprovals
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.orgs import replaced, same_org
from isthmus.connections.permissions import check as check_permissions
from isthmus.salesforce import (
    ClientSettings,
    GivenToken,
    Grant,
    Identity,
    Salesforce,
    SalesforceError,
    granted_permissions,
    identify,
)

_KEEP_LOCK: Final = 7301886
"""Advisory lock: of two sign-ins that are kept at once, the second is counted with the first."""

QUICK: Final = ClientSettings(tries=2, connect_seconds=10, read_seconds=20)
"""For looking while somebody waits."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Fresh:
    """A sign-in that has just worked."""

    flow: Flow
    login_url: str
    client_id: str
    secret: str
    grant: Grant
    by: str  # who set it up, here
    username: str = ""
    audience: str = ""
    certificate: str = ""
    identity: Identity
    permissions: Mapping[str, bool] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Fresh({self.flow} at {self.login_url!r})"


def look(
    login_url: str, grant: Grant, connection: Connection
) -> tuple[Identity, Mapping[str, bool]]:
    """Who is signed in and what that user may do, as far as Salesforce says.

    Raises `HostNotAllowed` where the answer names an instance that secrets must not go to.
    """
    policy, token = hosts.host_policy(), grant.token
    policy.check(token.instance_url)
    credentials = GivenToken(login_url=login_url, token=token)
    allowance = OrgAllowance(connection.id)
    with Salesforce(credentials, hosts=policy, settings=QUICK, allowance=allowance) as client:
        found = identify(client)
        try:
            return found, granted_permissions(client)
        except SalesforceError:
            return found, {}


def keep(connection: Connection, fresh: Fresh) -> Authorization:
    """Sign the connection in by it, and revoke what it takes the place of.

    Others that share the sign-in before come along where it is the same user's. Raises
    `OrgReplaced` and `TooManyApprovals`; then everything is as it was.
    """
    found = fresh.identity
    with setting_up.changing(connection.key) as held:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_KEEP_LOCK])
        if held.org_id and not same_org(held.org_id, found.org_id):
            raise OrgReplaced(replaced(held, found.org_id))
        _check_approvals(held, fresh)
        row = _row_for(held, fresh)
        _fill(row, fresh)
        held.authorization, held.org_id = row, held.org_id or found.org_id
        held.save(update_fields=["authorization", "org_id"])
    connection.authorization, connection.org_id = row, held.org_id
    return row


def said(connection: Connection, row: Authorization) -> str:
    """What is said of a connection that was just connected."""
    sentence = f"Connection {connection.name!r} is connected: {authorizations.sentence(row)}."
    try:
        warning = check_permissions(row.permissions, f"The user {row.user_name or row.user_id}")
    except ApiNotEnabled as error:
        warning = str(error)
    return f"{sentence} {warning}".rstrip()


def _check_approvals(connection: Connection, fresh: Fresh) -> None:
    if fresh.flow is not Flow.BROWSER:
        return
    found = approvals.known_of(
        fresh.identity.org_id,
        fresh.identity.user_id,
        fresh.client_id,
        besides=connection.authorization_id,
    )
    if why := approvals.after(connection, found, fresh.identity.user_name):
        raise TooManyApprovals(why)


def _row_for(connection: Connection, fresh: Fresh) -> Authorization:
    """The row to fill: the one before, or another where others go on with the one before."""
    if connection.authorization_id is None:
        return Authorization()
    # Whoever renews a token meanwhile finds that its number has changed.
    row = Authorization.objects.select_for_update().get(id=connection.authorization_id)
    found = fresh.identity
    is_same_user = row.user_id == found.user_id and same_org(row.org_id, found.org_id)
    if not is_same_user and authorizations.is_used_by_others(connection):
        return Authorization()
    if not is_same_user:
        row.known_objects.all().delete()
    revoking.ask(row.login_url, row.sealed_refresh_token)
    return row


def _fill(row: Authorization, fresh: Fresh) -> None:
    token, found, now = fresh.grant.token, fresh.identity, timezone.now()
    refresh = fresh.grant.refresh_token
    values = {
        "flow": str(fresh.flow),
        "login_url": fresh.login_url,
        "client_id": fresh.client_id,
        "username": fresh.username,
        "audience": fresh.audience,
        "certificate": fresh.certificate,
        "sealed_secret": secrets.seal(fresh.secret) if fresh.secret else b"",
        "sealed_refresh_token": secrets.seal(refresh) if refresh else b"",
        "sealed_access_token": secrets.seal(token.access_token),
        "instance_url": token.instance_url,
        "org_id": found.org_id,
        "org_name": found.org_name,
        "user_id": found.user_id,
        "user_name": found.user_name,
        "signed_in_at": now,
        "signed_in_by": fresh.by,
        "renewed_at": now,
        "lost_at": None,
        "lost_reason": "",
        "permissions": dict(fresh.permissions),
        "permissions_at": now if fresh.permissions else None,
        "renewals": row.renewals + 1,
    }
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
