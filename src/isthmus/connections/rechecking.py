"""Looking at a sign-in again because somebody asks: who it is, where, and what that user may do."""

from dataclasses import dataclass

from isthmus.connections import authorizations, orgs, permissions
from isthmus.connections.errors import ApiNotEnabled, NoSignIn
from isthmus.connections.keeping_sign_ins import QUICK
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.sign_in import signed_in, signed_in_by
from isthmus.salesforce import Salesforce, identify


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was found, in words; it is a warning where the user lacks something."""

    message: str
    lacks: bool


def check(connection: Connection) -> Looked:
    """Sign in, also where that was lost, and say what was found.

    An org is pinned where that is not done yet. Raises what signing in raises, and `OrgReplaced`.
    """
    row = connection.authorization
    if row is None:
        raise NoSignIn(connection.key)
    said = _checked(row, connection)
    if not connection.org_id:
        with signed_in(connection, QUICK):
            pass  # The org is pinned.
    return said


def check_authorization(row: Authorization) -> Looked:
    """The same for an authorization, whichever connections use it."""
    return _checked(row, authorizations.users_of(row)[0])


def _checked(row: Authorization, connection: Connection) -> Looked:
    with signed_in_by(row, connection, QUICK, even_lost=True) as client:
        orgs.check_org(connection, client.org_id)
        said = _looked(client, row, connection)
        orgs.check_org(connection, client.org_id)
        return said


def _looked(client: Salesforce, row: Authorization, connection: Connection) -> Looked:
    found = identify(client)
    names = {"user_name": found.user_name, "org_name": found.org_name}
    known = {name: value for name, value in names.items() if value}
    if known:
        Authorization.objects.filter(id=row.id).update(**known)
    row.refresh_from_db()
    granted = permissions.look(client, row)
    try:
        warning = permissions.check(granted, permissions.who(row))
    except ApiNotEnabled as error:
        warning = str(error)
    said = f"Connection {connection.name!r} is connected: {authorizations.sentence(row)}."
    return Looked(message=f"{said} {warning}".rstrip(), lacks=bool(warning))
