"""The tokens of one sign-in, shared by all processes: one renewal at a time, stored before use.

Whoever renews holds an advisory lock, which belongs to a database session and so ends with the
process, however that ends. A token is written and committed by that session's own statement before
anybody uses it. A counter, `renewals`, tells a process that somebody has signed in anew meanwhile:
what it was given then is not stored but revoked.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from isthmus.connections import secrets
from isthmus.connections.authorizations import Flow, lost_words
from isthmus.connections.errors import NoSignIn, SignInBusy, SignInLost
from isthmus.errors import Retryable
from isthmus.profiles import database, statements
from isthmus.salesforce import (
    ClientCredentials,
    Grant,
    JwtBearer,
    Refresh,
    SignInRefused,
    Token,
    Way,
    WebApp,
)

log = logging.getLogger("isthmus.sign_in")

QUERIES = statements.load("isthmus.connections", "tokens.sql")

TOKEN_LOCK: Final = 7301885
"""First half of the advisory lock of whoever renews; the second is the authorization's row id."""

WAIT_SECONDS: Final = 200
"""For another process to end its renewal: longer than Salesforce may stay silent."""

_LOOK_SECONDS: Final = 0.5
"""Between two questions, while waiting for that, whether somebody asked for an end."""

_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between tries to store what Salesforce gave: it can't be had a second time."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Stored:
    """An authorization's row as it stands, opened."""

    row: Mapping[str, Any]

    @property
    def token(self) -> Token | None:
        """The access token, if there is one."""
        sealed = bytes(self.row["sealed_access_token"])
        if not sealed:
            return None
        return Token(
            access_token=secrets.unseal(sealed),
            instance_url=self.row["instance_url"],
            org_id=self.row["org_id"],
            user_id=self.row["user_id"],
        )

    @property
    def way(self) -> Way:
        """How to get another token."""
        secret = secrets.unseal_any(self.row["sealed_secret"])
        login_url, client_id = self.row["login_url"], self.row["client_id"]
        if self.row["flow"] == Flow.JWT:
            return JwtBearer(
                login_url=login_url,
                client_id=client_id,
                username=self.row["username"],
                private_key=secret,
                audience=self.row["audience"] or None,
            )
        if self.row["flow"] == Flow.CLIENT_CREDENTIALS:
            return ClientCredentials(login_url=login_url, client_id=client_id, client_secret=secret)
        app = WebApp(login_url=login_url, client_id=client_id, client_secret=secret)
        return Refresh(app=app, refresh_token=secrets.unseal_any(self.row["sealed_refresh_token"]))

    def check(self, connection: str) -> None:
        """Raise `SignInLost` where Salesforce has refused for good, `NoSignIn` for no grant."""
        if self.row["lost_at"] is not None:
            raise SignInLost(lost_words(self.row["lost_reason"]))
        self.check_granted(connection)

    def check_granted(self, connection: str) -> None:
        """Raise `NoSignIn` for a sign-in by browser that nobody has made yet."""
        if self.row["flow"] == Flow.BROWSER and not bytes(self.row["sealed_refresh_token"]):
            raise NoSignIn(connection)


class StoredSignIn:
    """The tokens of one authorization; a token store of `isthmus.salesforce`."""

    def __init__(
        self,
        authorization: int,
        login_url: str,
        *,
        connection: str,
        even_lost: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the row's id, and the key of the connection that messages name.

        With `even_lost`, a sign-in that was refused for good is tried once more.
        """
        self._id, self._login_url, self._connection = authorization, login_url, connection
        self._even_lost, self._sleep = even_lost, sleep
        self.check_interruption: Callable[[], None] = lambda: None
        """Asked while waiting for another process; raises where that is to end."""

    @property
    def login_url(self) -> str:
        """The login host."""
        return self._login_url

    def token(self) -> Token | None:
        """The access token that is stored now, if any. Raises `SignInLost`."""
        with database.connected(application="isthmus sign-in") as session:
            return self._stored(session).token

    @contextmanager
    def renewing(self) -> Iterator["Renewal"]:
        """A renewal that is this process's alone. Raises `SignInLost` and `SignInBusy`."""
        with database.connected(application="isthmus sign-in") as session, self._held(session):
            yield Renewal(self, session, self._stored(session))

    def _stored(self, session: psycopg.Connection[Any]) -> Stored:
        row = session.cursor(row_factory=dict_row).execute(QUERIES["read"], self.key).fetchone()
        if row is None:
            raise NoSignIn(self._connection)
        stored = Stored(row=row)
        if self._even_lost:
            stored.check_granted(self._connection)
        else:
            stored.check(self._connection)
        return stored

    @contextmanager
    def _held(self, session: psycopg.Connection[Any]) -> Iterator[None]:
        names = {**self.key, "lock": TOKEN_LOCK}
        session.execute("SELECT set_config('lock_timeout', %s, false)", [f"{_LOOK_SECONDS}s"])
        self._wait(session, names)
        try:
            yield
        finally:
            # A session that is gone has let go of everything.
            with suppress(psycopg.Error):
                session.execute(QUERIES["let_go"], names)

    def _wait(self, session: psycopg.Connection[Any], names: Mapping[str, int]) -> None:
        """Take the lock, however often it has to be asked for; raise after `WAIT_SECONDS`."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            self.check_interruption()
            try:
                session.execute(QUERIES["hold"], names)
            except psycopg.errors.LockNotAvailable as error:
                if time.monotonic() < until:
                    continue
                raise SignInBusy(
                    f"Another process has been renewing the sign-in of connection "
                    f"{self._connection!r} for {WAIT_SECONDS} seconds. Nothing was sent; try again."
                ) from error
            else:
                return

    @property
    def key(self) -> dict[str, int]:
        """The parameter that finds the row."""
        return {"id": self._id}

    def write(self, session: psycopg.Connection[Any], block: str, names: Mapping[str, Any]) -> bool:
        """Change the row, however long the database is away; whether it was there to be changed.

        The first try is by the session that holds the lock.
        """
        for seconds in (*_PAUSES, None):
            try:
                if not session.closed:
                    return bool(session.execute(QUERIES[block], names).rowcount)
                with database.connected(application="isthmus sign-in") as another:
                    return bool(another.execute(QUERIES[block], names).rowcount)
            except (psycopg.OperationalError, psycopg.InterfaceError, Retryable) as error:
                if seconds is None:
                    raise
                _say("tokens not stored yet", authorization=self._id, error=type(error).__name__)
                self._sleep(seconds)
        raise AssertionError  # pragma: no cover - the last try returns or raises


class Renewal:
    """See `isthmus.salesforce.Renewing`."""

    def __init__(
        self, store: StoredSignIn, session: psycopg.Connection[Any], stored: Stored
    ) -> None:
        self._store, self._session, self._stored = store, session, stored

    @property
    def token(self) -> Token | None:
        """The access token that is stored now, if any."""
        return self._stored.token

    @property
    def way(self) -> Way:
        """How to get another, with what is stored now."""
        return self._stored.way

    def keep(self, grant: Grant, *, usable: bool) -> Token:
        """Store it for good. Where somebody has signed in anew meanwhile, theirs counts."""
        token = grant.token
        refresh = secrets.seal(grant.refresh_token) if grant.refresh_token else b""
        names = {
            **self._names(),
            "access": secrets.seal(token.access_token) if usable else b"",
            "refresh": refresh,
            "instance_url": token.instance_url,
            "org_id": token.org_id,
            "user_id": token.user_id,
        }
        if self._store.write(self._session, "keep", names):
            return token
        if refresh:
            revocation = {"login_url": self._store.login_url, "token": refresh}
            self._store.write(self._session, "revoke", revocation)
        found = self._store.token()
        if found is None:
            raise SignInBusy(
                "Somebody has signed in anew while the sign-in was renewed. Try again."
            )
        return found

    def lose(self, error: SignInRefused) -> None:
        """Store that Salesforce refuses for good, unless somebody has signed in anew meanwhile."""
        if self._store.write(self._session, "lose", {**self._names(), "reason": str(error)}):
            _say("sign-in lost", **self._store.key, code=error.code)

    def _names(self) -> dict[str, Any]:
        return {**self._store.key, "renewals": self._stored.row["renewals"]}


def _say(event: str, **facts: object) -> None:
    log.warning(event, extra={"event": event, "facts": facts})
