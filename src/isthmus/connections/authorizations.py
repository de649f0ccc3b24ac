"""From a stored authorization to what the Salesforce client signs in with."""

from enum import StrEnum
from typing import TYPE_CHECKING

from isthmus.connections import secrets
from isthmus.salesforce import ClientCredentials, JwtBearer

if TYPE_CHECKING:
    from isthmus.connections.models import Authorization


class Flow(StrEnum):
    """How a connection signs in."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT = "jwt"


def credentials(authorization: "Authorization") -> ClientCredentials | JwtBearer:
    """What the client signs in with.

    Raises `secrets.SecretUnreadable` where the secret can't be opened, and
    `isthmus.salesforce.InvalidArgument` for a private key that can't sign.
    """
    secret = secrets.unseal(authorization.sealed_secret)
    if Flow(authorization.flow) is Flow.JWT:
        return JwtBearer(
            login_url=authorization.login_url,
            client_id=authorization.client_id,
            username=authorization.username,
            private_key=secret,
            audience=authorization.audience or None,
        )
    return ClientCredentials(
        login_url=authorization.login_url,
        client_id=authorization.client_id,
        client_secret=secret,
    )


def seal_again() -> int:
    """Seal all stored secrets with the first key; how many there were. All or none."""
    from django.db import transaction

    from isthmus.connections.models import Authorization

    with transaction.atomic():
        rows = list(Authorization.objects.select_for_update().order_by("id"))
        for row in rows:
            row.sealed_secret = secrets.seal_again(row.sealed_secret)
            row.save(update_fields=["sealed_secret"])
    return len(rows)
