import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from localorg.clock import Clock
from localorg.ids import SHORT_LENGTH
from localorg.store import ORGANIZATION_ID

_TOKEN_BYTES = 72


@dataclass(slots=True)
class Session:
    """One access token's user and last use."""

    user_id: str
    used_at: datetime


class Sessions:
    """The access tokens that are alive; safe to use from several threads."""

    def __init__(self, clock: Clock, timeout_seconds: int) -> None:
        """End a session that is not used for `timeout_seconds` of the org's clock."""
        self._clock = clock
        self._timeout = timedelta(seconds=timeout_seconds)
        self._alive: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, user_id: str) -> str:
        """A new access token: the org's id of 15 characters, `!` and an opaque rest."""
        rest = secrets.token_urlsafe(_TOKEN_BYTES).replace("-", ".")
        token = f"{ORGANIZATION_ID[:SHORT_LENGTH]}!{rest}"
        with self._lock:
            self._alive[token] = Session(user_id, self._clock.now())
        return token

    def user_of(self, token: str) -> str | None:
        """The id of the token's user, or None where the token is unknown or its time is over."""
        now = self._clock.now()
        with self._lock:
            session = self._alive.get(token)
            if session is None:
                return None
            if now - session.used_at > self._timeout:
                del self._alive[token]
                return None
            session.used_at = now
            return session.user_id

    def revoke(self, token: str) -> bool:
        """End a token; False where there is none such."""
        with self._lock:
            return self._alive.pop(token, None) is not None

    def revoke_all(self) -> int:
        """End every token, and answer how many there were."""
        with self._lock:
            count = len(self._alive)
            self._alive.clear()
            return count
