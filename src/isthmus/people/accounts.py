"""Making and changing accounts."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction

from isthmus.domain.roles import Role
from isthmus.people.errors import AccountRefused, NoSuchAccount
from isthmus.people.models import User

NAME_LENGTH = 200
EMAIL_LENGTH = 254

_LOCK = 7_301_884
"""Advisory lock of whoever changes who is an administrator; the number is this project's own."""


def everyone() -> list[User]:
    """All accounts, by e-mail."""
    return list(User.objects.all())


def account(email: str) -> User:
    """The account with that e-mail, whatever its case. Raises `NoSuchAccount`."""
    found = User.objects.filter(email=normalised(email)).first()
    if found is None:
        raise NoSuchAccount(
            f"Nobody signs in as {email!r}. `isthmus user list` shows all accounts; "
            f"`isthmus user add` makes one."
        )
    return found


def names(emails: Iterable[str]) -> dict[str, str]:
    """The names of those who sign in with these e-mails, as far as there are such."""
    rows = User.objects.filter(email__in=set(emails)).values_list("email", "name")
    return dict(rows)


def check_new(email: str) -> None:
    """Raise `AccountRefused` where an account with that e-mail can't be made."""
    if User.objects.filter(email=checked_email(email)).exists():
        raise _taken(normalised(email))


def add(
    email: str, password: str, *, name: str = "", role: Role, sees_personal_data: bool = False
) -> User:
    """A new account. Raises `AccountRefused` where the e-mail is taken or something does not do."""
    user = User(
        email=checked_email(email),
        name=_checked_name(name or email.partition("@")[0]),
        role=role.value,
        sees_personal_data=sees_personal_data,
    )
    set_password(user, password)
    made = User.objects.bulk_create([user], ignore_conflicts=True)
    saved = User.objects.filter(email=user.email, password=user.password).first()
    if not made or saved is None:
        raise _taken(user.email)
    return saved


def _taken(email: str) -> AccountRefused:
    return AccountRefused(f"There is an account with the e-mail {email} already.", "email")


@contextmanager
def editing(user: User) -> Iterator[User]:
    """The account as it is now; until the end nobody else changes any account."""
    with transaction.atomic():
        _lock()
        user.refresh_from_db()
        yield user


def change(
    user: User,
    *,
    name: str | None = None,
    role: Role | None = None,
    sees_personal_data: bool | None = None,
    is_active: bool | None = None,
) -> User:
    """Change what is given. The last administrator stays one: raises `AccountRefused`."""
    with editing(user):
        user.name = user.name if name is None else _checked_name(name)
        user.role = user.role if role is None else role.value
        if sees_personal_data is not None:
            user.sees_personal_data = sees_personal_data
        if is_active is not None:
            user.is_active = is_active
            user.failures, user.locked_until = 0, None
        user.save()
        if not administrators():
            raise AccountRefused(
                f"{user.email} is the last administrator who can sign in, and somebody has to be "
                f"one. Make another account an administrator first."
            )
    return user


def set_password(user: User, password: str) -> None:
    """Set a password that is good enough; raise `AccountRefused` with the reasons. Not saved."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccountRefused(_sentences(error.messages), "password") from error
    user.set_password(password)
    user.failures, user.locked_until = 0, None


def change_password(user: User, password: str) -> None:
    """As `set_password`, and saved. All other sessions of the account end with it."""
    set_password(user, password)
    user.save(update_fields=["password", "failures", "locked_until"])


def change_own(user: User, *, name: str, timezone: str) -> None:
    """What people set for themselves: name, and where their days begin (an IANA name)."""
    if timezone not in timezones():
        raise AccountRefused(
            f"{timezone!r} is no time zone. Use an IANA name, such as Europe/Amsterdam.", "timezone"
        )
    user.name, user.timezone = _checked_name(name), timezone
    user.save(update_fields=["name", "timezone"])


@cache
def timezones() -> frozenset[str]:
    """The IANA names of all time zones, found once: that reads hundreds of files."""
    return frozenset(available_timezones())


def administrators() -> int:
    """How many accounts can administer."""
    return User.objects.filter(role=Role.ADMINISTRATOR.value, is_active=True).count()


def normalised(email: str) -> str:
    """An e-mail as accounts have it."""
    return email.strip().lower()


def checked_email(email: str) -> str:
    """The e-mail as accounts have it; raises `AccountRefused` where it is none."""
    address = normalised(email)
    try:
        validate_email(address)
    except ValidationError as error:
        raise AccountRefused(
            f"{email!r} is no e-mail address. Write it as name@example.com.", "email"
        ) from error
    if len(address) > EMAIL_LENGTH:
        raise AccountRefused(f"An e-mail has at most {EMAIL_LENGTH} characters.", "email")
    return address


def _checked_name(name: str) -> str:
    text = re.sub(r"\s+", " ", name).strip()
    if not text or len(text) > NAME_LENGTH or not text.isprintable():
        raise AccountRefused(
            f"A name has 1 to {NAME_LENGTH} characters, and none that can't be shown.", "name"
        )
    return text


def _sentences(messages: Iterable[str]) -> str:
    return " ".join(message if message.endswith(".") else f"{message}." for message in messages)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
