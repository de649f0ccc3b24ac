import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from localorg.clock import Clock
from localorg.errors import OAuthError
from localorg.oauth.accounts import Accounts
from localorg.oauth.apps import App, Apps
from localorg.oauth.opaque import digest, new_access_token
from localorg.store import Store

_ALL_SCOPES = ("api", "full", "id", "web")
# A hundred years: moments beyond the year 9999 can't be reckoned with.
_LONGEST_SECONDS = 100 * 366 * 24 * 60 * 60
# How long, in seconds of the machine, the last uses stay in memory only.
_FLUSH_SECONDS = 15
_LIST = "SELECT token_digest, user_id, client_id, scope, grant_number, issued_at, used_at FROM "
_ALL = _LIST + "localorg_tokens"
_ADD = "INSERT INTO localorg_tokens VALUES (?, ?, ?, ?, ?, ?, ?)"
_USE = "UPDATE localorg_tokens SET used_at = max(used_at, ?) WHERE token_digest = ?"
_GRANT = "SELECT 1 FROM localorg_grants WHERE number = ? AND revoked_at IS NULL"
_REMOVE = "DELETE FROM localorg_tokens WHERE token_digest = ?"


@dataclass(slots=True)
class Session:
    """One access token's user, app and last use."""

    user_id: str
    client_id: str
    scopes: tuple[str, ...]
    # The approval that it came with, or None where it has no refresh token beside it.
    grant_number: int | None
    issued_at: datetime
    used_at: datetime
    app_name: str = ""
    # The app's own limit of API requests in 24 hours, if it has one.
    app_daily_limit: int | None = None

    @property
    def calls_api(self) -> bool:
        """Whether the token opens the REST API."""
        return "api" in self.scopes or "full" in self.scopes


class Sessions:
    """The access tokens that are alive; safe to use from several threads.

    A token is in the org's file before it is handed out; its last use is written a while later.
    """

    def __init__(
        self, store: Store, clock: Clock, apps: Apps, accounts: Accounts, timeout_seconds: int
    ) -> None:
        """End a session that is not used for `timeout_seconds`, unless its app says otherwise."""
        self._store = store
        self._clock = clock
        self._apps = apps
        self._accounts = accounts
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._flushed_at = time.monotonic()
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix="localorg-sessions")
        self._alive: dict[str, Session] = {}
        self.refresh()

    def refresh(self) -> None:
        """Read everything from the org's file again."""
        with self._store.read() as connection:
            rows = connection.execute(_ALL).fetchall()
        alive = {row[0]: self._session(*row[1:]) for row in rows}
        with self._lock:
            self._alive = alive

    def open(
        self,
        user_id: str,
        client_id: str = "",
        scopes: tuple[str, ...] = _ALL_SCOPES,
        grant_number: int | None = None,
    ) -> str:
        """A new access token: the org's id of 15 characters, `!` and an opaque rest.

        Raises OAuthError invalid_grant where the approval has just been revoked.
        """
        token, now = new_access_token(), self._clock.now().timestamp()
        row = (user_id, client_id, " ".join(scopes), grant_number, now, now)
        with self._store.write() as connection:
            if grant_number is not None:
                _check_grant(connection, grant_number)
            connection.execute(_ADD, (digest(token), *row))
            # Before the commit, so that whoever revokes the approval after it finds the token.
            with self._lock:
                self._alive[digest(token)] = self._session(*row)
        return token

    def user_of(self, token: str) -> str | None:
        """The id of the token's user, or None where the token is unknown or its time is over."""
        session = self.session_of(token)
        return None if session is None else session.user_id

    def session_of(self, token: str) -> Session | None:
        """The token's session, used now; None where it is unknown, too old or its user is gone."""
        session = self.peek(token)
        if session is None:
            return None
        session.used_at = self._clock.now()
        with self._lock:
            self._used.add(digest(token))
        if time.monotonic() - self._flushed_at > _FLUSH_SECONDS:
            self._flush_soon()
        return session

    def stay_alive(self) -> None:
        """Count every token as used now, because the clock was set with the whole org."""
        now = self._clock.now()
        with self._lock:
            for session in self._alive.values():
                session.used_at = now

    def peek(self, token: str) -> Session | None:
        """The same without using it."""
        key = digest(token)
        session = self._alive.get(key)
        if session is None:
            return None
        if self._clock.now() - session.used_at > self.timeout_of(session):
            self._forget_soon(key)
            return None
        if not self._accounts.is_usable(session.user_id):
            return None
        self._name_app(session)
        return session

    def timeout_of(self, session: Session) -> timedelta:
        """How long a session may go unused."""
        app = self._apps.find(session.client_id)
        own = None if app is None else app.session_timeout_seconds
        return timedelta(
            seconds=min(self._timeout_seconds if own is None else own, _LONGEST_SECONDS)
        )

    def all(self) -> list[Session]:
        """Every session whose token has not been ended."""
        with self._lock:
            return list(self._alive.values())

    def revoke(self, token: str) -> bool:
        """End a token; False where there is none such."""
        return self._end([digest(token)]) > 0

    def revoke_grants(self, grant_numbers: set[int]) -> int:
        """End the tokens that came with these approvals, and answer how many there were."""
        return self._end_where(lambda session: session.grant_number in grant_numbers)

    def revoke_user(self, user_id: str) -> int:
        """End the tokens of a user, and answer how many there were."""
        return self._end_where(lambda session: session.user_id == user_id)

    def revoke_all(self) -> int:
        """End every token, and answer how many there were."""
        return self._end_where(lambda _: True)

    def close(self) -> None:
        """Write the last uses down."""
        self._flusher.shutdown(wait=True)
        with suppress(sqlite3.Error):
            self._flush()

    def _session(
        self,
        user_id: str,
        client_id: str,
        scope: str,
        grant_number: int | None,
        issued_at: float,
        used_at: float,
    ) -> Session:
        return Session(
            user_id=user_id,
            client_id=client_id,
            scopes=tuple(scope.split()),
            grant_number=grant_number,
            issued_at=datetime.fromtimestamp(issued_at, UTC),
            used_at=datetime.fromtimestamp(used_at, UTC),
        )

    def _name_app(self, session: Session) -> None:
        app: App | None = self._apps.find(session.client_id)
        if app is not None:
            session.app_name, session.app_daily_limit = app.label, app.daily_api_requests

    def _end_where(self, fits: Callable[[Session], bool]) -> int:
        with self._lock:
            keys = [key for key, session in self._alive.items() if fits(session)]
        return self._end(keys)

    def _end(self, keys: list[str]) -> int:
        with self._lock:
            ended = [key for key in keys if self._alive.pop(key, None) is not None]
        if ended:
            with self._store.write() as connection:
                connection.executemany(_REMOVE, [(key,) for key in ended])
        return len(ended)

    def _forget_soon(self, key: str) -> None:
        """End a token whose time is over without waiting for the writer."""
        with suppress(RuntimeError):  # The org is closing.
            self._flusher.submit(self._end, [key])

    def _flush_soon(self) -> None:
        self._flushed_at = time.monotonic()
        with suppress(RuntimeError):  # The org is closing.
            self._flusher.submit(self._flush)

    def _flush(self) -> None:
        with self._lock:
            uses = [
                (self._alive[key].used_at.timestamp(), key)
                for key in self._used
                if key in self._alive
            ]
            self._used.clear()
        if uses:
            with self._store.write() as connection:
                connection.executemany(_USE, uses)


def _check_grant(connection: sqlite3.Connection, grant_number: int) -> None:
    if connection.execute(_GRANT, (grant_number,)).fetchone() is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
