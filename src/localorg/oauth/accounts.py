import base64
import hashlib
import hmac
import secrets
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from localorg.clock import Clock
from localorg.errors import OAuthError
from localorg.rights import Rights
from localorg.store import Store

_BY_NAME = "SELECT Id, Username, Name, IsActive FROM User WHERE Username = ? COLLATE NOCASE"
_BY_ID = "SELECT Id, Username, Name, IsActive FROM User WHERE Id = ?"
_HASH = "SELECT hash FROM localorg_passwords WHERE user_id = ?"
_SET_HASH = (
    "INSERT INTO localorg_passwords (user_id, hash) VALUES (?, ?) "
    "ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash"
)
_FREEZE = (
    "INSERT INTO localorg_passwords (user_id, frozen) VALUES (?, ?) "
    "ON CONFLICT (user_id) DO UPDATE SET frozen = excluded.frozen"
)
_FROZEN = "SELECT user_id FROM localorg_passwords WHERE frozen = 1"
_SALT_BYTES = 16
# Salesforce's default: ten wrong passwords lock a user out for 15 minutes.
_MOST_FAILURES = 10
_LOCKED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Account:
    """A user as far as signing in goes."""

    user_id: str
    username: str
    name: str
    active: bool


class Accounts:
    """Who can sign in, and with which password; safe to use from several threads."""

    def __init__(self, store: Store, rights: Rights, clock: Clock, default_password: str) -> None:
        """A user without a password of its own has the default one."""
        self._store = store
        self._rights = rights
        self._clock = clock
        self._default_password = default_password
        self._failures: defaultdict[str, deque[datetime]] = defaultdict(
            lambda: deque(maxlen=_MOST_FAILURES)
        )
        self._lock = threading.Lock()
        self._frozen: frozenset[str] = frozenset()
        self.refresh()

    def refresh(self) -> None:
        """Read who is frozen from the org's file again."""
        with self._store.read() as connection:
            self._frozen = frozenset(row[0] for row in connection.execute(_FROZEN))

    def by_username(self, username: str) -> Account | None:
        """The user of this name in any case, or None."""
        return self._found(_BY_NAME, username)

    def by_id(self, user_id: str) -> Account | None:
        """The user of this id, or None."""
        return self._found(_BY_ID, user_id)

    def is_usable(self, user_id: str) -> bool:
        """Whether a user is active and not frozen."""
        return user_id not in self._frozen and self._rights.is_active(user_id)

    def is_frozen(self, user_id: str) -> bool:
        """Whether an administrator froze the user."""
        return user_id in self._frozen

    def usable(self, username: str, missing: str) -> Account:
        """The active user of this name; raises OAuthError, with the text `missing` if none is."""
        account = self.by_username(username)
        if account is None:
            raise OAuthError("invalid_grant", missing)
        self.check_usable(account.user_id)
        return account

    def check_usable(self, user_id: str) -> None:
        """Raise OAuthError inactive_user for a user who is not active or is frozen."""
        if not self.is_usable(user_id):
            raise OAuthError("inactive_user", "inactive user")

    def set_password(self, user_id: str, password: str) -> None:
        """Give a user a password of its own, of which a salted hash is kept."""
        with self._store.write() as connection:
            connection.execute(_SET_HASH, (user_id, _hashed(password)))

    def freeze(self, user_id: str, *, frozen: bool) -> None:
        """Keep a user out of the org without deactivating, or let the user in again."""
        with self._store.write() as connection:
            connection.execute(_FREEZE, (user_id, int(frozen)))
        self.refresh()

    def is_locked_out(self, username: str) -> bool:
        """Whether too many wrong passwords were tried for a user just now."""
        with self._lock:
            failures = self._failures.get(username.lower(), ())
            recent = [at for at in failures if self._clock.now() - at < _LOCKED_FOR]
        return len(recent) >= _MOST_FAILURES

    def check_password(self, username: str, password: str) -> Account | None:
        """The active user whose password it is; None for anything else, without saying what."""
        account = self.by_username(username)
        right = account is not None and self.knows_password(account, password)
        if self.is_locked_out(username):
            # It doesn't count again, or whoever keeps trying would never get in.
            return None
        if account is None or not right:
            self._note_failure(username)
            return None
        with self._lock:
            self._failures.pop(username.lower(), None)
        return account if self.is_usable(account.user_id) else None

    def knows_password(self, account: Account, password: str) -> bool:
        """Whether it is the password of a user, active or not."""
        with self._store.read() as connection:
            row = connection.execute(_HASH, (account.user_id,)).fetchone()
        if row is None or row[0] is None:
            return hmac.compare_digest(password.encode(), self._default_password.encode())
        return _fits(password, row[0])

    def _note_failure(self, username: str) -> None:
        with self._lock:
            self._failures[username.lower()].append(self._clock.now())

    def _found(self, statement: str, value: str) -> Account | None:
        with self._store.read() as connection:
            row = connection.execute(statement, (value,)).fetchone()
        return None if row is None else Account(row[0], row[1], row[2], bool(row[3]))


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"{_text(salt)}:{_text(_scrypt(password, salt))}"


def _fits(password: str, kept: str) -> bool:
    salt, _, hashed = kept.partition(":")
    return hmac.compare_digest(_text(_scrypt(password, base64.b64decode(salt))), hashed)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**13, r=8, p=1)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
