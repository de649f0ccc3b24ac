"""Errors of accounts and signing in.

Final
├── AccountRefused     what was asked for an account can't be done
├── NoSuchAccount      nobody has that e-mail
├── SignInRefused      e-mail and password do not fit together
│   └── SignInLocked   too many wrong passwords: not now
└── CodeRefused        the code of the first start is wrong or too old
"""

from isthmus.errors import Final


class AccountRefused(Final):
    """That can't be done to the account."""

    def __init__(self, message: str, field: str = "") -> None:
        """Name the field that was given wrongly, for forms; empty where it is none."""
        super().__init__(message)
        self.field = field


class NoSuchAccount(Final):
    """Nobody has that e-mail."""


class SignInRefused(Final):
    """E-mail or password is wrong. Check both; capital letters count in the password."""


class SignInLocked(SignInRefused):
    """There were too many wrong passwords."""


class CodeRefused(Final):
    """The code is wrong, or its time is over."""
