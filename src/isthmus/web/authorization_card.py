"""How a connection is signed in to Salesforce, as pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.http import urlencode

from isthmus.connections import approvals, authorizations, permissions, standing
from isthmus.connections.authorizations import Flow
from isthmus.connections.models import Authorization, Connection
from isthmus.salesforce import API_ENABLED, MANAGE_DATA_INTEGRATIONS, VIEW_SETUP
from isthmus.web.forms.authorizations import host_of
from isthmus.web.words import State

NOT_CONNECTED: Final = State(kind="idle", icon="half", word="Not connected")
NOT_USED: Final = State(kind="idle", icon="half", word="Not used yet")
CONNECTED: Final = State(kind="ok", icon="ok", word="Connected")
LOST: Final = State(kind="bad", icon="bad", word="Sign-in lost")
OTHER_ORG: Final = State(kind="bad", icon="warn", word="Other org")
STATES: Final = (NOT_CONNECTED, NOT_USED, CONNECTED, LOST, OTHER_ORG)

WAYS: Final[Mapping[str, str]] = {
    Flow.BROWSER: "With a browser",
    Flow.CLIENT_CREDENTIALS: "Client credentials",
    Flow.JWT: "JWT bearer",
}

_WITHOUT: Final[Mapping[str, str]] = {
    API_ENABLED: "Runs fail without it.",
    MANAGE_DATA_INTEGRATIONS: "Runs go on without it, unless Salesforce refuses.",
    VIEW_SETUP: "Runs go on without it, unless Salesforce refuses.",
}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong, and what to do."""

    kind: str  # of the note
    words: str


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A permission that was checked."""

    label: str
    purpose: str
    granted: bool | None  # None: it could not be found out
    without: str
    how: str


@dataclass(frozen=True, kw_only=True)
class Approvals:
    """How many approvals of one app the user has, of those that are safe."""

    known: int
    most: int
    address: str  # of those that there are


@dataclass(frozen=True, kw_only=True)
class Card:
    """Who is signed in, where, and what is wrong with it."""

    state: State
    authorization: Authorization | None
    trouble: Trouble | None = None
    is_other_org: bool = False
    user_name: str = ""
    org_name: str = ""
    org_id: str = ""
    instance_url: str = ""
    instance_host: str = ""
    login_host: str = ""
    way: str = ""
    since: datetime | None = None
    by: str = ""
    has_certificate: bool = False
    connections: Sequence[Connection] = ()
    others: Sequence[Connection] = ()
    approvals: Approvals | None = None
    permissions: Sequence[Tick] = ()
    permissions_at: datetime | None = None
    again: Mapping[str, str] | None = None  # what *Connect again* sends; None: by a form


def of(connection: Connection) -> Card:
    """The card of a connection, with a fixed number of statements."""
    row = connection.authorization
    if row is None:
        return Card(state=NOT_CONNECTED, authorization=None)
    users = authorizations.users_of(row)
    state, trouble = _standing(row, connection)
    return Card(
        **_facts(row, users),
        state=state,
        trouble=trouble,
        is_other_org=state is OTHER_ORG,
        others=[each for each in users if each.id != connection.id],
        approvals=_approvals(row),
        permissions=ticks(row),
        permissions_at=row.permissions_at,
        again=_again(row),
    )


def listed(row: Authorization) -> Card:
    """An authorization in the list of all: `connections` are fetched with it."""
    users = authorizations.users_of(row)
    lost = Trouble(kind="bad", words=standing.lost(row)) if row.lost_at else None
    granted = NOT_USED if authorizations.is_granted(row) else NOT_CONNECTED
    state = LOST if lost else CONNECTED if row.org_id and granted is NOT_USED else granted
    if state is CONNECTED and standing.is_elsewhere(row):
        state = OTHER_ORG
    return Card(**_facts(row, users), state=state, trouble=lost)


def _facts(row: Authorization, users: Sequence[Connection]) -> dict[str, Any]:
    return {
        "authorization": row,
        "user_name": row.user_name or row.username,
        "org_name": row.org_name,
        "org_id": row.org_id,
        "instance_url": row.instance_url,
        "instance_host": authorizations.host(row.instance_url),
        "login_host": authorizations.host(row.login_url),
        "way": WAYS.get(row.flow, row.flow),
        "since": row.signed_in_at,
        "by": row.signed_in_by,
        "has_certificate": bool(row.certificate),
        "connections": users,
    }


def _standing(row: Authorization, connection: Connection) -> tuple[State, Trouble | None]:
    if row.lost_at is not None:
        return LOST, Trouble(kind="bad", words=standing.lost(row))
    if words := standing.other_org(connection):
        return OTHER_ORG, Trouble(kind="bad", words=words)
    if not authorizations.is_granted(row):
        return NOT_CONNECTED, None
    if not row.org_id:
        return NOT_USED, None
    if row.permissions.get(API_ENABLED) is False:
        lacking = permissions.missing(row.permissions)
        words = permissions.warning(lacking[:1], permissions.who(row))
        return CONNECTED, Trouble(kind="warn", words=words)
    return CONNECTED, None


def ticks(row: Authorization) -> list[Tick]:
    """The permissions that were checked; none where nobody has looked yet."""
    if row.permissions_at is None:
        return []
    return [
        Tick(
            label=each.name,
            purpose=f"{each.purpose[:1].upper()}{each.purpose[1:]}.",
            granted=row.permissions.get(each.field),
            without=_WITHOUT[each.field],
            how=(
                f"In Salesforce, open Setup, then Permission Sets. Open one that the user has (or "
                f"make one, and assign it under Manage Assignments), then System Permissions, tick "
                f"{each.name}, and save. Then check again here."
            ),
        )
        for each in permissions.PERMISSIONS
    ]


def _approvals(row: Authorization) -> Approvals | None:
    if row.flow != Flow.BROWSER or not row.user_id:
        return None
    known = approvals.known_of(row.org_id, row.user_id, row.client_id, besides=None)
    asked = {"org": row.org_id, "user": row.user_id, "key": row.client_id}
    return Approvals(
        known=len(known),
        most=approvals.MOST,
        address=f"{reverse('authorizations')}?{urlencode(asked)}",
    )


def _again(row: Authorization) -> Mapping[str, str] | None:
    app = standing.app_of(row)
    return {**host_of(row.login_url), "app": str(app.id)} if app else None
