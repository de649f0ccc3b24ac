"""Connecting without a browser: client credentials, or JWT with a private key.

What a form gives is tried before it is kept.
"""

from dataclasses import dataclass
from time import time
from typing import Final

from isthmus.connections import (
    certificates,
    hosts,
    keeping_sign_ins,
    revoking,
    secrets,
    sign_in_troubles,
)
from isthmus.connections.authorizations import Flow
from isthmus.connections.errors import LoginHostRefused
from isthmus.connections.keeping_sign_ins import QUICK, Fresh
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.signing_in import Outcome, OutcomeKind, failure_kind
from isthmus.errors import IsthmusError
from isthmus.salesforce import ClientCredentials, Grant, InvalidArgument, JwtBearer, Login

_FIELDS: Final = {
    "client_id": "the consumer key",
    "login_url": "the login host",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class FormSignIn:
    """What a form says of how to sign in."""

    flow: Flow  # client_credentials or jwt
    login_url: str
    client_id: str
    secret: str = ""  # client secret, or private key (PEM); empty with jwt: that of `draft`
    username: str = ""  # for jwt
    audience: str = ""  # for jwt, where it is not the login host's
    draft: int | None = None  # number of a key that was made here: `certificates.draft`

    def __repr__(self) -> str:
        return f"FormSignIn({self.flow} at {self.login_url!r})"


def connect_by_form(connection: Connection, form: FormSignIn, *, by: str) -> Outcome:
    """Try the sign-in, and keep it where it works. Never raises for what is wrong with it."""
    try:
        row = _connect(connection, form, by)
    except IsthmusError as error:
        return Outcome(
            kind=failure_kind(error),
            message=(
                f"Connection {connection.name!r} was not connected: {error} The sign-in before "
                f"stays as it was."
            ),
            connection=connection,
        )
    return Outcome(
        kind=OutcomeKind.CONNECTED,
        message=keeping_sign_ins.said(connection, row),
        connection=connection,
        authorization=row,
    )


def _connect(connection: Connection, form: FormSignIn, by: str) -> Authorization:
    for name, words in _FIELDS.items():
        if not getattr(form, name).strip():
            raise InvalidArgument(f"Enter {words}.")
    login_url = hosts.login_host(form.login_url)
    why = sign_in_troubles.of_host(form.flow, login_url, is_sandbox=connection.sandbox)
    if why:
        raise LoginHostRefused(why)
    draft = certificates.find_draft(form.draft) if form.draft and not form.secret else None
    secret = secrets.unseal(draft.sealed_secret) if draft else form.secret
    way = _way(form, login_url, secret)
    with Login(hosts=hosts.host_policy(), settings=QUICK) as login:
        grant = Grant(token=login.run(lambda: way.sign_in(time())))
    try:
        identity, granted = keeping_sign_ins.look(login_url, grant, connection)
        fresh = Fresh(
            flow=form.flow,
            login_url=login_url,
            client_id=form.client_id.strip(),
            secret=secret,
            grant=grant,
            by=by,
            username=form.username.strip(),
            audience=form.audience.strip(),
            certificate=draft.certificate if draft else _own_certificate(connection, secret),
            identity=identity,
            permissions=granted,
        )
        row = keeping_sign_ins.keep(connection, fresh)
    except BaseException:
        revoking.ask_for(login_url, grant.token.access_token)
        raise
    if draft is not None and draft.id != row.id:
        draft.delete()
    return row


def _way(form: FormSignIn, login_url: str, secret: str) -> ClientCredentials | JwtBearer:
    if form.flow is Flow.CLIENT_CREDENTIALS:
        if not secret:
            raise InvalidArgument("Enter the consumer secret.")
        return ClientCredentials(
            login_url=login_url, client_id=form.client_id.strip(), client_secret=secret
        )
    if not form.username.strip():
        raise InvalidArgument("Enter the user name that Salesforce knows the user by.")
    if not secret:
        raise InvalidArgument("Choose a private key, or make a certificate first.")
    return JwtBearer(
        login_url=login_url,
        client_id=form.client_id.strip(),
        username=form.username.strip(),
        private_key=secret,
        audience=form.audience.strip() or None,
    )


def _own_certificate(connection: Connection, secret: str) -> str:
    """The certificate that was made here for this very key, if it was."""
    row = connection.authorization
    if row is None or not row.certificate or secrets.unseal_any(row.sealed_secret) != secret:
        return ""
    return row.certificate
