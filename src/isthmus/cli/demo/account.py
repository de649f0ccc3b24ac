"""The demo's account: an administrator of a store that holds nobody real."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User

EMAIL, NAME = "demo@example.com", "Demo"
FILE = "password"
_GROUPS, _GROUP_BYTES = 4, 2


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who can sign in to the demo's pages."""

    email: str
    password: str | None  # None where somebody chose another one since


def account(folder: Path) -> Account:
    """The account, made where there is none; its password is kept in the demo's folder alone."""
    path = folder / FILE
    user = User.objects.filter(email=EMAIL).first()
    if user is None or not path.exists():
        password = _new_password(path)
        _make(user, password)
        return Account(email=EMAIL, password=password)
    kept = path.read_text(encoding="ascii").strip()
    return Account(email=EMAIL, password=kept if user.check_password(kept) else None)


def _make(user: User | None, password: str) -> None:
    if user is not None:
        accounts.change_password(user, password)
        return
    made = accounts.add(
        EMAIL, password, name=NAME, role=Role.ADMINISTRATOR, sees_personal_data=True
    )
    accounts.change_own(made, name=NAME, timezone=_timezone())


def _new_password(path: Path) -> str:
    """A new password in the file, which only this account of the machine can read."""
    password = "-".join(secrets.token_hex(_GROUP_BYTES) for _ in range(_GROUPS))
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{password}\n")
    return password


def _timezone() -> str:
    """That of this machine, where it can be told."""
    local = str(Path("/etc/localtime").resolve()).rpartition("zoneinfo/")[2]
    known = accounts.timezones()
    return next((name for name in (os.environ.get("TZ", ""), local) if name in known), "UTC")
