"""How long somebody stays signed in."""

from datetime import timedelta
from typing import Final

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils import timezone

from isthmus.people.models import User

IDLE: Final = timedelta(hours=12)
"""Without a request for so long, a session ends."""

LONGEST: Final = timedelta(days=7)
"""However much it is used."""

_NOTED_EVERY: Final = timedelta(minutes=10)
_BEGAN, _SEEN = "began", "seen"


class Accounts:
    """Finds the account of a session; one that was switched off is signed out with it."""

    def authenticate(self, request: HttpRequest | None, **_credentials: object) -> None:
        """Nobody: `people.signing_in` tells who it is."""

    def get_user(self, user_id: int) -> User | None:
        """The account of that row id, where it is on."""
        return User.objects.filter(id=user_id, is_active=True).first()


def begin(request: HttpRequest, user: User) -> None:
    """Sign somebody in, in a session with a new key."""
    login(request, user, backend="isthmus.web.sessions.Accounts")
    now = timezone.now().timestamp()
    request.session[_BEGAN] = request.session[_SEEN] = now


def end(request: HttpRequest) -> None:
    """Sign somebody out, and forget all that the session held."""
    logout(request)


def keep(request: HttpRequest) -> bool:
    """Whether the session goes on; one whose time is over is ended."""
    began, seen = request.session.get(_BEGAN), request.session.get(_SEEN)
    if began is None or seen is None:
        return False
    now = timezone.now().timestamp()
    if now - seen > IDLE.total_seconds() or now - began > LONGEST.total_seconds():
        request.session.flush()
        return False
    if now - seen > _NOTED_EVERY.total_seconds():
        request.session[_SEEN] = now
    return True
