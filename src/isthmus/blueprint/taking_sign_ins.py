"""Signing a connection in as a document says. What Salesforce granted to a person stays.

Whatever is changed is changed in the open transaction; what nobody uses any more is revoked after.
"""

from isthmus.blueprint.documents import Authorization
from isthmus.connections import authorizations, client_apps, models, revoking, secrets, sharing
from isthmus.connections.authorizations import Flow


def take(connection: models.Connection, asked: Authorization) -> None:
    """Let the connection sign in so, and those that share its sign-in with it."""
    before = connection.authorization_id
    row = _own_row(connection)
    values = _values(asked)
    if row.id and _says(row, values, asked):
        return
    revoking.ask(row.login_url, row.sealed_refresh_token)
    secret = values.pop("secret")
    for name, value in {**_FORGOTTEN, **values}.items():
        setattr(row, name, value)
    row.sealed_secret = secrets.seal(secret) if secret else b""
    row.permissions = {}
    row.renewals += 1
    row.save()
    row.known_objects.all().delete()
    _sign_in_with(connection, row, before)


def share(connection: models.Connection, key: str) -> None:
    """Let the connection sign in as the one of that key does."""
    row = models.Authorization.objects.select_for_update(of=("self",)).get(connections__key=key)
    if row.id == connection.authorization_id:
        return
    sharing.check_shared(connection, row)
    _sign_in_with(connection, row, connection.authorization_id)


def _sign_in_with(
    connection: models.Connection, row: models.Authorization, before: int | None
) -> None:
    connection.authorization = row
    connection.save(update_fields=["authorization"])
    if before != row.id:
        authorizations.drop_unused(before)


def _own_row(connection: models.Connection) -> models.Authorization:
    """The row to write to: its own, or a new one where it has shared another's until now."""
    row = (
        models.Authorization.objects.select_for_update()
        .filter(id=connection.authorization_id or 0)
        .first()
    )
    if row is None or authorizations.users_of(row)[0].id != connection.id:
        return models.Authorization()
    return row


_FORGOTTEN = {
    **dict.fromkeys(
        ("sealed_refresh_token", "sealed_access_token"),
        b"",
    ),
    **dict.fromkeys(
        ("username", "audience", "certificate", "instance_url", "org_id", "org_name"),
        "",
    ),
    **dict.fromkeys(("user_id", "user_name", "lost_reason", "signed_in_by"), ""),
    **dict.fromkeys(("lost_at", "signed_in_at", "renewed_at", "permissions_at"), None),
}
"""What another sign-in has not got, until somebody has signed in."""


def _values(asked: Authorization) -> dict[str, str]:
    values = {"flow": str(asked.flow), "login_url": asked.login_url}
    if asked.flow is Flow.BROWSER:
        app = client_apps.find(asked.app) if asked.app else client_apps.default_app()
        opened = secrets.unseal_any(app.sealed_secret) if app else ""
        return {**values, "client_id": app.client_id if app else "", "secret": opened}
    return {
        **values,
        "client_id": asked.client_id,
        "secret": asked.secret,
        "username": asked.username,
        "audience": asked.audience,
    }


def _says(row: models.Authorization, values: dict[str, str], asked: Authorization) -> bool:
    """Whether the row says the same already, so that nothing is taken from it."""
    if asked.flow is Flow.BROWSER:
        kept = row.flow == Flow.BROWSER and row.login_url == asked.login_url
        return kept and (not asked.app or row.client_id == values["client_id"])
    plain = {name: value for name, value in values.items() if name != "secret"}
    if any(getattr(row, name) != value for name, value in plain.items()):
        return False
    try:
        return secrets.unseal_any(row.sealed_secret) == values["secret"]
    except secrets.SecretUnreadable:
        return False
