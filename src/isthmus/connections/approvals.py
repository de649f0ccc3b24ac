"""How many sign-ins by browser one user of an org may have: Salesforce ends the oldest of too many.

Source: help article "OAuth 2.0 Refresh Tokens": five approvals of one app for one user; the
newest text says that the oldest ends once there are five, so that four are safe.
"""

from typing import TYPE_CHECKING, Final

from isthmus.connections.authorizations import Flow, connected, host, names, users_of
from isthmus.connections.models import Authorization, Connection

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST: Final = 4


def known_at(login_url: str, client_id: str, *, besides: int | None) -> list[Authorization]:
    """Sign-ins by browser at a login host through one app, but for that with the row id given."""
    rows = _living().filter(login_url=login_url, client_id=client_id)
    return list(rows.exclude(id=besides) if besides else rows)


def known_of(
    org_id: str, user_id: str, client_id: str, *, besides: int | None
) -> list[Authorization]:
    """Sign-ins by browser of one user of an org through one app, but for that given."""
    rows = _living().filter(org_id=org_id, user_id=user_id, client_id=client_id)
    return list(rows.exclude(id=besides) if besides else rows)


def _living() -> "QuerySet[Authorization]":
    """Sign-ins by browser that Salesforce knows of: those that are lost have ended there."""
    rows = connected().filter(flow=Flow.BROWSER, lost_at__isnull=True)
    return rows.exclude(sealed_refresh_token=b"")


def before(connection: Connection, login_url: str, client_id: str) -> str:
    """Why no pop-up is opened; empty where nothing speaks against it.

    The connection's own sign-in does not count: it is revoked where a new one takes its place.
    """
    found = known_at(login_url, client_id, besides=connection.authorization_id)
    if len(found) < MOST:
        return ""
    return (
        f"Connection {connection.name!r} was not connected: {len(found)} sign-ins at "
        f"{host(login_url)} are in use already, and with one more Salesforce would end the oldest. "
        f"They are those of {_listed(found)}. Share one of them with this connection instead, "
        f"disconnect one that is not needed, or, for another org, sign in at its own My Domain "
        f"host."
    )


def after(connection: Connection, found: list[Authorization], user_name: str) -> str:
    """Why a new sign-in is not kept; empty where it is."""
    if len(found) < MOST:
        return ""
    return (
        f"Connection {connection.name!r} was not connected: {user_name or 'this user'} has "
        f"{len(found)} sign-ins to this org already, and with one more Salesforce ends the oldest. "
        f"They are those of {_listed(found)}. The new sign-in was revoked, and the one before "
        f"stays. Share one of them with this connection instead, or disconnect one that is not "
        f"needed."
    )


def _listed(found: list[Authorization]) -> str:
    return names(user for each in found for user in users_of(each))
