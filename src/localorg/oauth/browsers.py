import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from localorg.clock import Clock

_TOKEN_BYTES = 32
_SIGNED_IN_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Browser:
    """Somebody who signed in on the login page."""

    user_id: str
    # What every form of this browser has to bring along.
    csrf: str
    used_at: datetime


class Browsers:
    """Browsers that are signed in, by the text of their cookie; they end with the process."""

    def __init__(self, clock: Clock) -> None:
        """Start with none."""
        self._clock = clock
        self._signed_in: dict[str, Browser] = {}
        self._lock = threading.Lock()

    def sign_in(self, user_id: str) -> str:
        """The cookie of a browser whose user has just signed in."""
        cookie = secrets.token_urlsafe(_TOKEN_BYTES)
        browser = Browser(user_id, secrets.token_urlsafe(_TOKEN_BYTES), self._clock.now())
        with self._lock:
            self._signed_in[cookie] = browser
        return cookie

    def find(self, cookie: str | None) -> Browser | None:
        """The browser of a cookie, or None where its time is over or nobody has it."""
        if cookie is None:
            return None
        with self._lock:
            browser = self._signed_in.get(cookie)
            if browser is None or self._clock.now() - browser.used_at > _SIGNED_IN_FOR:
                self._signed_in.pop(cookie, None)
                return None
        return browser

    def sign_out(self, cookie: str | None) -> None:
        """Forget a browser."""
        with self._lock:
            self._signed_in.pop(cookie or "", None)

    def sign_out_user(self, user_id: str) -> None:
        """Forget every browser of a user."""
        with self._lock:
            self._signed_in = {
                cookie: browser
                for cookie, browser in self._signed_in.items()
                if browser.user_id != user_id
            }
