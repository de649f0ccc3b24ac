"""Authorizations: how to sign in to one org. Any number of connections may share one.

With the last connection that uses it an authorization goes, and Salesforce is told so.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from isthmus.connections import secrets

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from isthmus.connections.models import Authorization, Connection


class Flow(StrEnum):
    """How a connection signs in."""

    CLIENT_CREDENTIALS = "client_credentials"
    JWT = "jwt"
    BROWSER = "browser"


def connected() -> "QuerySet[Authorization]":
    """Authorizations that connections use, with these; oldest first."""
    from isthmus.connections.models import Authorization

    used = Authorization.objects.filter(connections__isnull=False).distinct()
    return used.prefetch_related("connections").order_by("id")


def shareable(connection: "Connection") -> "list[Authorization]":
    """Authorizations of other connections that this one could use: those of its org, not lost."""
    others = connected().exclude(id=connection.authorization_id or 0).filter(lost_at__isnull=True)
    if connection.org_id:
        others = others.filter(org_id=connection.org_id)
    return [each for each in others if each.org_id]


def users_of(authorization: "Authorization") -> "list[Connection]":
    """The connections that use it, oldest first: the first one stands for it in a document."""
    return sorted(authorization.connections.all(), key=lambda each: each.id)


def host(login_url: str) -> str:
    """The host that people log in at."""
    return urlsplit(login_url).netloc or login_url


def is_granted(authorization: "Authorization") -> bool:
    """Whether there is something to sign in with: for a browser's, what Salesforce granted."""
    return authorization.flow != Flow.BROWSER or bool(bytes(authorization.sealed_refresh_token))


def sentence(authorization: "Authorization") -> str:
    """Who is signed in, to which org, in words."""
    who = authorization.user_name or authorization.username or authorization.user_id
    where = authorization.org_name or authorization.org_id
    if not where:
        return f"not signed in yet, at {host(authorization.login_url)}"
    at = authorization.instance_url or authorization.login_url
    return f"{who or 'somebody'} in {where} at {host(at)}"


def lost_words(reason: str) -> str:
    """What is said of a sign-in that Salesforce has refused for good."""
    act = "Connect to Salesforce again."
    said = reason.removesuffix(act).strip()
    words = "The sign-in is lost: Salesforce does not take it any more, and it is not asked again."
    return " ".join(filter(None, (words, said, act)))


def is_used_by_others(connection: "Connection") -> bool:
    """Whether another connection uses the authorization of this one."""
    from isthmus.connections.models import Connection

    if connection.authorization_id is None:
        return False
    others = Connection.objects.filter(authorization=connection.authorization_id)
    return others.exclude(id=connection.id).exists()


def drop_unused(authorization: int | None) -> None:
    """In the open transaction, take the authorization away where no connection uses it any more.

    Salesforce is told after the transaction.
    """
    from isthmus.connections import revoking
    from isthmus.connections.models import Authorization

    if authorization is None:
        return
    # Of two that take the last two connections away at once, the second waits here and then sees
    # what the first has done.
    row = Authorization.objects.select_for_update().filter(id=authorization).first()
    if row is None or row.connections.exists():
        return
    revoking.ask(row.login_url, row.sealed_refresh_token)
    row.known_objects.all().delete()
    row.delete()


def seal_again() -> int:
    """Seal all stored secrets with the first key; how many there were. All or none."""
    from django.db import transaction

    with transaction.atomic():
        return sum(_sealed_again(model, names) for model, names in _sealed_columns())


def sealed_otherwise() -> tuple[int, int]:
    """How many stored secrets no key opens, and how many only another key than the first."""
    unreadable = older = 0
    for model, names in _sealed_columns():
        for row in model.objects.order_by("id").values_list(*names).iterator():
            for sealed in filter(None, map(bytes, row)):
                place = secrets.place_of_key(sealed)
                unreadable += place is None
                older += bool(place)
    return unreadable, older


def _sealed_columns() -> "list[tuple[Any, tuple[str, ...]]]":
    """Every column that holds something sealed."""
    from isthmus.connections.models import (
        App,
        Authorization,
        Connection,
        MailServer,
        Revocation,
        SignInAttempt,
    )

    return [
        (Authorization, ("sealed_secret", "sealed_refresh_token", "sealed_access_token")),
        (App, ("sealed_secret",)),
        (Revocation, ("sealed_token",)),
        (SignInAttempt, ("sealed_verifier",)),
        (MailServer, ("sealed_password",)),
        (Connection, ("sealed_webhook_secret",)),
    ]


def _sealed_again(model: Any, names: Sequence[str]) -> int:
    sealed = 0
    for row in model.objects.select_for_update().order_by("id"):
        filled = [name for name in names if bytes(getattr(row, name))]
        for name in filled:
            setattr(row, name, secrets.seal_again(getattr(row, name)))
        if filled:
            row.save(update_fields=filled)
        sealed += len(filled)
    return sealed


def names(connections: "Iterable[Connection]") -> str:
    """Connections as a sentence names them."""
    return ", ".join(repr(each.name) for each in connections)
