"""The first account: made in a browser with a code that only whoever started Isthmus can read."""

import secrets
from datetime import datetime, timedelta

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from isthmus.domain.roles import Role
from isthmus.people import accounts, auditing
from isthmus.people.errors import AccountRefused, CodeRefused
from isthmus.people.models import FirstCode, User

VALID_FOR = timedelta(hours=24)
MOST_FAILURES = 10
"""Wrong codes, after which only a new start gives another one."""

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look like another
_GROUPS, _GROUP = 4, 4

_NEW_CODE = "Start Isthmus again for a new one, or use the command isthmus user add."


def needed() -> bool:
    """Whether nobody can administer yet."""
    return accounts.administrators() == 0


def new_code(now: datetime) -> str:
    """A new code, in place of any before it: 16 letters and digits in groups of four."""
    code = "-".join(
        "".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS)
    )
    values = {"hashed": make_password(_bare(code)), "until": now + VALID_FOR, "failures": 0}
    FirstCode.objects.update_or_create(one=True, defaults=values)
    return code


def make_first(code: str, email: str, password: str, name: str, now: datetime) -> User:
    """The first account, an administrator who sees personal data.

    Raises `CodeRefused` where the code is not right, and `AccountRefused`, after which the code can
    be used again.
    """
    refusal = _refusal(code, now)
    if refusal is not None:
        raise refusal
    who = accounts.normalised(email)
    with auditing.acting(who, auditing.FIRST_START), transaction.atomic():
        # Whoever comes second waits here, and finds that there is an administrator.
        held = FirstCode.objects.select_for_update().filter(one=True).first()
        if held is None or not needed():
            raise AccountRefused("There is an administrator already. Sign in.")
        user = accounts.add(
            email, password, name=name, role=Role.ADMINISTRATOR, sees_personal_data=True
        )
        held.delete()
    return user


def _refusal(code: str, now: datetime) -> CodeRefused | None:
    with transaction.atomic():
        held = FirstCode.objects.select_for_update().filter(one=True).first()
        if held is None or held.until < now or held.failures >= MOST_FAILURES:
            return CodeRefused(f"There is no code that is valid now. {_NEW_CODE}")
        if check_password(_bare(code), held.hashed):
            return None
        held.failures += 1
        held.save(update_fields=["failures"])
    return CodeRefused("That is not the code from the terminal in which Isthmus was started.")


def _bare(code: str) -> str:
    return "".join(each for each in code.upper() if each in _LETTERS)
