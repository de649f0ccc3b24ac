"""Looking at a sign-in again because somebody asks: who it is, where, and what that user may do."""

from isthmus.connections import authorizations, orgs, permissions
from isthmus.connections.errors import ApiNotEnabled, NoSignIn
from isthmus.connections.keeping_sign_ins import QUICK
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.sign_in import signed_in, signed_in_by
from isthmus.salesforce import Salesforce, identify


def check(connection: Connection) -> str:
    """Sign in, pin the org where that is not done yet, and say what was found.

    Raises what signing in raises, and `ApiNotEnabled`.
    """
    row = connection.authorization
    if row is None:
        raise NoSignIn(connection.key)
    with signed_in(connection, QUICK) as client:
        return _looked(client, row, connection)


def check_authorization(row: Authorization) -> str:
    """The same for an authorization, whichever connections use it."""
    first = authorizations.users_of(row)[0]
    with signed_in_by(row, first.key, QUICK) as client:
        orgs.check_org(first, client.org_id)
        return _looked(client, row, first)


def _looked(client: Salesforce, row: Authorization, connection: Connection) -> str:
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
    return f"{said} {warning}".rstrip()
