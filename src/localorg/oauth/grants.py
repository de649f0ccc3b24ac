import secrets
import sqlite3
from dataclasses import dataclass

from localorg.clock import Clock
from localorg.errors import OAuthError
from localorg.ids import make_id
from localorg.oauth.apps import App
from localorg.oauth.opaque import digest, new_refresh_token
from localorg.oauth.sessions import Sessions
from localorg.store import Store

_ID_PREFIX = "0CQ"
_DELETE_TOKEN_BYTES = 48
_COLUMNS = (
    "SELECT number, client_id, app_name, user_id, scope, created_at, used_at, use_count FROM "
)
_LIST = _COLUMNS + "localorg_grants WHERE revoked_at IS NULL ORDER BY number"
_BY_TOKEN = _COLUMNS + "localorg_grants WHERE refresh_digest = ? AND revoked_at IS NULL"
_BY_DELETE_TOKEN = _COLUMNS + "localorg_grants WHERE delete_token = ? AND revoked_at IS NULL"
_ROTATED_OUT = "SELECT grant_number FROM localorg_grant_rotations WHERE old_digest = ?"
_NEXT_NUMBER = "SELECT coalesce(max(number), 0) + 1 FROM localorg_grants"
_ADD = """
INSERT INTO localorg_grants (number, record_id, client_id, app_name, user_id, scope,
    refresh_digest, delete_token, created_at, used_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OVER_THE_CAP = """
SELECT number FROM localorg_grants
WHERE user_id = ? AND client_id = ? AND revoked_at IS NULL
ORDER BY number DESC LIMIT -1 OFFSET ?
"""
_USE = "UPDATE localorg_grants SET used_at = ?, use_count = use_count + 1 WHERE number = ?"
_RETIRE = """
INSERT INTO localorg_grant_rotations
SELECT refresh_digest, number FROM localorg_grants WHERE number = ?
"""
_ROTATE = "UPDATE localorg_grants SET refresh_digest = ? WHERE number = ?"
_REVOKE = "UPDATE localorg_grants SET revoked_at = ? WHERE number = ? AND revoked_at IS NULL"


@dataclass(frozen=True, slots=True)
class Grant:
    """One approval of an app by a user: what a refresh token stands for."""

    number: int
    client_id: str
    app_name: str
    user_id: str
    scope: str
    # Seconds since 1970 of the org's clock.
    created_at: float
    used_at: float
    use_count: int

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the app may do."""
        return tuple(self.scope.split())


class Grants:
    """The approvals of an org, in its file; safe to use from several threads."""

    def __init__(self, store: Store, clock: Clock, sessions: Sessions) -> None:
        """`sessions` lose the tokens of an approval that ends."""
        self._store = store
        self._clock = clock
        self._sessions = sessions

    def open(self, app: App, user_id: str, scopes: tuple[str, ...]) -> tuple[int, str]:
        """A new approval: its number and refresh token. Beyond the app's cap the oldest end."""
        token, now = new_refresh_token(), self._clock.now().timestamp()
        with self._store.write() as connection:
            (number,) = connection.execute(_NEXT_NUMBER).fetchone()
            who = (app.client_id, app.label, user_id, " ".join(scopes))
            made = (digest(token), secrets.token_urlsafe(_DELETE_TOKEN_BYTES), now, now)
            connection.execute(_ADD, (number, make_id(_ID_PREFIX, number), *who, *made))
            key = (user_id, app.client_id, app.approval_cap)
            evicted = {row[0] for row in connection.execute(_OVER_THE_CAP, key)}
            self._revoke(connection, evicted)
        self._sessions.revoke_grants(evicted)
        return int(number), token

    def refresh(self, app: App, token: str) -> tuple[Grant, str | None]:
        """The approval of a refresh token, used now, and the token that takes its place, if any.

        A token that a rotation has ended takes the whole approval with it. Raises OAuthError.
        """
        with self._store.write() as connection:
            grant = self._current(connection, app, token)
            if grant is not None:
                self._check_age(app, grant)
                return grant, self._use(connection, app, grant)
        self._punish_reuse(app, token)
        raise _expired()

    def of_refresh_token(self, token: str) -> Grant | None:
        """The living approval that a refresh token stands for."""
        with self._store.read() as connection:
            return _one(connection, _BY_TOKEN, digest(token))

    def find(self, token: str) -> Grant | None:
        """The living approval that a refresh token or a delete token stands for."""
        with self._store.read() as connection:
            return _one(connection, _BY_TOKEN, digest(token)) or _one(
                connection, _BY_DELETE_TOKEN, token
            )

    def all(self) -> list[Grant]:
        """The living approvals, oldest first."""
        with self._store.read() as connection:
            return [Grant(*row) for row in connection.execute(_LIST)]

    def revoke(self, numbers: set[int]) -> int:
        """End approvals and all their access tokens; answers how many approvals there were."""
        with self._store.write() as connection:
            ended = self._revoke(connection, numbers)
        self._sessions.revoke_grants(numbers)
        return ended

    def is_expired(self, app: App, grant: Grant) -> bool:
        """Whether the app's policies have ended a refresh token."""
        try:
            self._check_age(app, grant)
        except OAuthError:
            return True
        return False

    def _current(self, connection: sqlite3.Connection, app: App, token: str) -> Grant | None:
        grant = _one(connection, _BY_TOKEN, digest(token))
        return grant if grant is not None and grant.client_id == app.client_id else None

    def _check_age(self, app: App, grant: Grant) -> None:
        now = self._clock.now().timestamp()
        idle, lifetime = app.refresh_idle_seconds, app.refresh_lifetime_seconds
        if lifetime is not None and now - grant.created_at > lifetime:
            raise OAuthError("invalid_grant", "token validity expired")
        if idle is not None and now - grant.used_at > idle:
            raise _expired()

    def _use(self, connection: sqlite3.Connection, app: App, grant: Grant) -> str | None:
        connection.execute(_USE, (self._clock.now().timestamp(), grant.number))
        if not app.rotate_refresh_tokens:
            return None
        token = new_refresh_token()
        connection.execute(_RETIRE, (grant.number,))
        connection.execute(_ROTATE, (digest(token), grant.number))
        return token

    def _punish_reuse(self, app: App, token: str) -> None:
        with self._store.read() as connection:
            row = connection.execute(_ROTATED_OUT, (digest(token),)).fetchone()
        if row is not None and any(
            grant.number == row[0] and grant.client_id == app.client_id for grant in self.all()
        ):
            self.revoke({row[0]})

    def _revoke(self, connection: sqlite3.Connection, numbers: set[int]) -> int:
        now = self._clock.now().timestamp()
        return sum(connection.execute(_REVOKE, (now, number)).rowcount for number in numbers)


def _one(connection: sqlite3.Connection, statement: str, key: str) -> Grant | None:
    row = connection.execute(statement, (key,)).fetchone()
    return None if row is None else Grant(*row)


def _expired() -> OAuthError:
    return OAuthError("invalid_grant", "expired access/refresh token")
