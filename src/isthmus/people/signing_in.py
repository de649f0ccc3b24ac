"""Signing in: the right password, and what wrong ones lead to."""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from isthmus.people.accounts import normalised
from isthmus.people.errors import SignInLocked, SignInRefused
from isthmus.people.models import User

FREE_FAILURES = 5
"""Wrong passwords in a row before the account is locked for a while."""

FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(hours=1)


def sign_in(email: str, password: str, now: datetime) -> User:
    """The account whose password it is. Raises `SignInRefused`, or `SignInLocked` for a while.

    An unknown e-mail, an account that is off and a wrong password are told in the same words and
    take the same time, so nobody learns who has an account.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email=normalised(email)).first()
        refusal = _refusal(user, password, now)
    # Raised only here: what was counted above has to stay.
    if refusal is not None:
        raise refusal
    assert user is not None  # noqa: S101 - refused otherwise
    return user


def _refusal(user: User | None, password: str, now: datetime) -> SignInRefused | None:
    if user is None:
        make_password(password)
        return SignInRefused()
    if user.locked_until is not None and user.locked_until > now:
        # The password is not looked at: whoever guesses would learn that it is right.
        make_password(password)
        return SignInLocked(_locked_words(user.locked_until - now))
    right = user.check_password(password) and user.is_active
    user.failures = 0 if right else user.failures + 1
    user.locked_until = None if right else _lock(user.failures, now)
    user.last_login = now if right else user.last_login
    user.save(update_fields=["failures", "locked_until", "last_login"])
    return None if right else SignInRefused()


def _lock(failures: int, now: datetime) -> datetime | None:
    """Until when the account is locked after so many wrong passwords: twice as long each time."""
    beyond = failures - FREE_FAILURES
    if beyond < 0:
        return None
    doubled: int = 2 ** min(beyond, 10)
    return now + min(FIRST_LOCK * doubled, LONGEST_LOCK)


def _locked_words(left: timedelta) -> str:
    minutes = max(1, round(left.total_seconds() / 60))
    return (
        f"There were too many wrong passwords for this account. Try again in {minutes} "
        f"{'minute' if minutes == 1 else 'minutes'}, or ask an administrator for a new password."
    )
