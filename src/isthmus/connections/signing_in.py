"""Connecting by browser: from the pop-up that opens to the answer that Salesforce sends back.

An answer is taken once, only in the browser session that began it, and within 15 minutes. In every
case but success the sign-in before stays as it was, and what Salesforce granted is revoked at once.
"""

import secrets as chance
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from django.utils import timezone

from isthmus.connections import (
    approvals,
    hosts,
    keeping_sign_ins,
    permissions,
    revoking,
    secrets,
    sign_in_troubles,
)
from isthmus.connections.authorizations import Flow, host
from isthmus.connections.errors import (
    LoginHostRefused,
    NoSuchThing,
    OrgReplaced,
    TooManyApprovals,
)
from isthmus.connections.keeping_sign_ins import QUICK, Fresh
from isthmus.connections.models import App, Authorization, Connection, SignInAttempt
from isthmus.errors import IsthmusError
from isthmus.salesforce import (
    Grant,
    HostNotAllowed,
    Login,
    WebApp,
    authorize_url,
    exchange,
    new_verifier,
)

VALID: Final = timedelta(minutes=15)
KEPT: Final = timedelta(days=7)
"""How long an attempt that has ended is known, so that its answer is called a repetition."""

_STATE_BYTES = 32
_MOST_WORDS = 300
_DENIED = "access_denied"


class OutcomeKind(StrEnum):
    """How an attempt to connect ended."""

    CONNECTED = "connected"
    REFUSED = "refused"  # by the user
    FOREIGN = "foreign"  # of another browser session, or made up
    REPLAYED = "replayed"
    EXPIRED = "expired"
    TOO_MANY = "too many"
    OTHER_ORG = "other org"
    SALESFORCE = "salesforce"  # refused by Salesforce, or no answer
    HOST = "host"  # not one that secrets may go to


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an attempt, and what to say of it: what happened, to what, what to do."""

    kind: OutcomeKind
    message: str
    connection: Connection | None = None  # None: nobody knows which
    authorization: Authorization | None = None  # of one that is connected

    @property
    def is_connected(self) -> bool:
        """Whether the connection is signed in now."""
        return self.kind is OutcomeKind.CONNECTED

    @property
    def lacks(self) -> bool:
        """Whether it is connected, but its user lacks a permission in Salesforce."""
        row = self.authorization
        return row is not None and bool(permissions.missing(row.permissions))


def begin(
    connection: Connection,
    app: App,
    login_url: str,
    *,
    redirect_uri: str,
    by: str,
    session_key: str,
) -> str:
    """The address at Salesforce that the browser is sent to.

    `session_key` is the browser's session here: only it can end the attempt. `by` says who
    connects, in words. Raises `HostNotAllowed`, `LoginHostRefused`, and `TooManyApprovals` where
    four sign-ins are known at that host already.
    """
    login_url = hosts.login_host(login_url)
    why = sign_in_troubles.of_host(Flow.BROWSER, login_url, is_sandbox=connection.sandbox)
    if why:
        raise LoginHostRefused(why)
    connection.refresh_from_db(fields=["authorization"])
    if why := approvals.before(connection, login_url, app.client_id):
        raise TooManyApprovals(why)
    state, verifier = chance.token_urlsafe(_STATE_BYTES), new_verifier()
    forget_attempts()
    SignInAttempt.objects.create(
        state_digest=_digest(state),
        session_digest=_digest(session_key),
        connection=connection,
        app=app,
        login_url=login_url,
        redirect_uri=redirect_uri,
        sealed_verifier=secrets.seal(verifier),
        begun_by=by,
    )
    asked = WebApp(login_url=login_url, client_id=app.client_id)
    return authorize_url(asked, redirect_uri=redirect_uri, state=state, verifier=verifier)


def finish(
    state: str, session_key: str, *, code: str = "", error: str = "", error_description: str = ""
) -> Outcome:
    """Take Salesforce's answer, as the browser brought it. Never raises for what it says."""
    attempt = _find(state, session_key)
    if attempt is None:
        return Outcome(
            kind=OutcomeKind.FOREIGN,
            message=(
                "This answer belongs to no sign-in that was begun in this browser, so it was not "
                "taken. Nothing was changed. Close this window, and connect again from the "
                "connection's page."
            ),
        )
    outcome = _of_claim(attempt)
    if outcome is None:
        outcome = _answered(attempt, code, error, error_description)
        SignInAttempt.objects.filter(id=attempt.id).update(
            outcome=str(outcome.kind), message=outcome.message, sealed_verifier=b""
        )
    return outcome


def latest(connection: Connection, session_key: str) -> SignInAttempt | None:
    """The last attempt that this browser session began for the connection, ended or not.

    Its `outcome` and `message` say how it ended; both are empty where it did not.
    """
    rows = SignInAttempt.objects.filter(connection=connection, session_digest=_digest(session_key))
    return rows.order_by("-id").first()


def forget_attempts() -> None:
    """Forget attempts that nobody can end any more, and those that ended long ago."""
    SignInAttempt.objects.filter(begun_at__lt=timezone.now() - KEPT).delete()


def _digest(text: str) -> str:
    return sha256(text.encode(errors="surrogatepass")).hexdigest()


def _find(state: str, session_key: str) -> SignInAttempt | None:
    rows = SignInAttempt.objects.select_related("connection", "connection__authorization", "app")
    found = rows.filter(state_digest=_digest(state)).first()
    if found is None or not compare_digest(found.session_digest, _digest(session_key)):
        return None
    return found


def _of_claim(attempt: SignInAttempt) -> Outcome | None:
    """Make the attempt this call's alone, or say why it can't be."""
    now = timezone.now()
    mine = SignInAttempt.objects.filter(id=attempt.id, ended_at__isnull=True)
    if not mine.update(ended_at=now):
        return _ended(
            attempt,
            OutcomeKind.REPLAYED,
            "This answer was taken before and counts only once. Nothing was changed by it. If "
            "the connection isn't connected, connect again from its page.",
        )
    if now - attempt.begun_at > VALID:
        outcome = _ended(
            attempt,
            OutcomeKind.EXPIRED,
            f"{_not_connected(attempt)} the sign-in took longer than 15 minutes. The sign-in "
            f"before stays as it was. Connect again.",
        )
        mine = SignInAttempt.objects.filter(id=attempt.id)
        mine.update(outcome=str(outcome.kind), message=outcome.message, sealed_verifier=b"")
        return outcome
    return None


def _answered(attempt: SignInAttempt, code: str, error: str, description: str) -> Outcome:
    if error == _DENIED:
        return _ended(
            attempt,
            OutcomeKind.REFUSED,
            f"{_not_connected(attempt)} access was not allowed on Salesforce's page. The sign-in "
            f"before stays as it was. Connect again, and choose Allow.",
        )
    if error or not code:
        words = ": ".join(filter(None, (_plain(error), _plain(description)))) or "no code came"
        return _ended(
            attempt,
            OutcomeKind.SALESFORCE,
            f"{_not_connected(attempt)} Salesforce refused the sign-in ({words}). The sign-in "
            f"before stays as it was. Check the app's settings in Salesforce, and connect again.",
        )
    return _exchanged(attempt, code)


def _exchanged(attempt: SignInAttempt, code: str) -> Outcome:
    """Turn the code into a grant, and keep it or give it back."""
    uri = attempt.redirect_uri
    try:
        app = WebApp(
            login_url=attempt.login_url,
            client_id=attempt.app.client_id,
            client_secret=secrets.unseal_any(attempt.app.sealed_secret),
        )
        verifier = secrets.unseal(attempt.sealed_verifier)
        with Login(hosts=hosts.host_policy(), settings=QUICK) as login:
            grant = login.run(lambda: exchange(app, code=code, redirect_uri=uri, verifier=verifier))
    except IsthmusError as error:
        return _failed(attempt, error)
    try:
        return _kept(attempt, app, grant)
    except IsthmusError as error:
        revoking.ask_for(attempt.login_url, grant.refresh_token or grant.token.access_token)
        return _failed(attempt, error)
    except BaseException:
        revoking.ask_for(attempt.login_url, grant.refresh_token or grant.token.access_token)
        raise


def _kept(attempt: SignInAttempt, app: WebApp, grant: Grant) -> Outcome:
    identity, granted = keeping_sign_ins.look(attempt.login_url, grant, attempt.connection)
    if not grant.refresh_token:
        revoking.ask_for(attempt.login_url, grant.token.access_token)
        return _ended(
            attempt,
            OutcomeKind.SALESFORCE,
            f"{_not_connected(attempt)} Salesforce gave no refresh token. Add the scope "
            f"refresh_token (Perform requests at any time) to the app, and connect again. The "
            f"sign-in before stays as it was.",
        )
    fresh = Fresh(
        flow=Flow.BROWSER,
        login_url=attempt.login_url,
        client_id=app.client_id,
        secret=app.client_secret,
        grant=grant,
        by=attempt.begun_by,
        identity=identity,
        permissions=granted,
    )
    row = keeping_sign_ins.keep(attempt.connection, fresh)
    return Outcome(
        kind=OutcomeKind.CONNECTED,
        message=keeping_sign_ins.said(attempt.connection, row),
        connection=attempt.connection,
        authorization=row,
    )


def failure_kind(error: IsthmusError) -> OutcomeKind:
    """How an attempt has ended that met this error."""
    if isinstance(error, OrgReplaced):
        return OutcomeKind.OTHER_ORG
    if isinstance(error, TooManyApprovals):
        return OutcomeKind.TOO_MANY
    if isinstance(error, HostNotAllowed | LoginHostRefused):
        return OutcomeKind.HOST
    return OutcomeKind.FOREIGN if isinstance(error, NoSuchThing) else OutcomeKind.SALESFORCE


def _failed(attempt: SignInAttempt, error: IsthmusError) -> Outcome:
    kind = failure_kind(error)
    if kind is OutcomeKind.TOO_MANY:
        return _ended(attempt, kind, str(error))
    words = f"{error} The new sign-in is not kept, and the one before stays as it was."
    return _ended(attempt, kind, f"{_not_connected(attempt)} {words}")


def _ended(attempt: SignInAttempt, kind: OutcomeKind, message: str) -> Outcome:
    return Outcome(kind=kind, message=message, connection=attempt.connection)


def _not_connected(attempt: SignInAttempt) -> str:
    return f"Connection {attempt.connection.name!r} was not connected at {host(attempt.login_url)}:"


def _plain(text: str) -> str:
    """What the browser brought as a text that can be shown: it may come from anybody."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())[:_MOST_WORDS]
