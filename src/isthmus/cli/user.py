"""`isthmus user`: who may sign in, and as what."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import moment
from isthmus.cli.options import AsJson
from isthmus.cli.output import note, print_json, show, table
from isthmus.cli.registration import command, group
from isthmus.domain.roles import Role

if TYPE_CHECKING:
    from isthmus.people.models import User

app = group("user", "Accounts: who may sign in to the web pages, and as what.")

Email = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The e-mail that the person signs in with.")
]
GivenRole = Annotated[
    Role | None,
    typer.Option(
        "--role",
        help="viewer looks; editor also changes and runs; administrator also manages accounts.",
    ),
]
Name = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="The person's name, as pages show it.")
]
Personal = Annotated[
    bool | None,
    typer.Option(
        "--personal-data/--no-personal-data",
        help="Whether values that are personal data are shown, or masked.",
    ),
]
FromInput = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help="Read the password from the first line of standard input, and don't ask for it.",
    ),
]


@command(
    app,
    "add",
    "isthmus user add marit@example.com --name Marit --role administrator",
    "isthmus user add bob@example.com --password-stdin < password.txt",
    summary="Make an account.",
)
def add(
    email: Email,
    *,
    name: Name = None,
    role: GivenRole = None,
    personal_data: Personal = None,
    password_stdin: FromInput = False,
) -> None:
    """Make an account. The first one is an administrator, others are viewers by default.

    The password is asked for twice. Personal data is shown to administrators unless it is switched
    off, and to others only if it is switched on.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.people import accounts, first_start

        accounts.check_new(email)
        chosen = role or (Role.ADMINISTRATOR if first_start.needed() else Role.VIEWER)
        sees = chosen is Role.ADMINISTRATOR if personal_data is None else personal_data
        password = _password(given=password_stdin)
        user = accounts.add(email, password, name=name or "", role=chosen, sees_personal_data=sees)
        note(f"{user.name} can sign in as {user.email}: {_described(user)}.")


@command(app, "list", "isthmus user list", "isthmus user list --json")
def list_users(*, as_json: AsJson = False) -> None:
    """List the accounts."""
    from isthmus.cli import session

    with session.database():
        from isthmus.people import accounts

        users = accounts.everyone()
    if as_json:
        print_json({"users": [_plain(user) for user in users]})
    elif users:
        rows = [
            (
                user.email,
                user.name,
                user.role or "none",
                "shown" if user.sees_personal_data else "masked",
                _state(user),
                moment(user.last_login),
            )
            for user in users
        ]
        columns = ["e-mail", "name", "role", "personal data", "state", "last sign-in"]
        show(table(columns, rows))
    else:
        note("There is no account yet. Make one: isthmus user add EMAIL")


@command(
    app,
    "change",
    "isthmus user change bob@example.com --role editor --personal-data",
    "isthmus user change bob@example.com --off",
    summary="Change an account, or switch it off.",
)
def change(
    email: Email,
    *,
    name: Name = None,
    role: GivenRole = None,
    personal_data: Personal = None,
    on: Annotated[
        bool | None,
        typer.Option("--on/--off", help="Whether the person can sign in. --on also unlocks."),
    ] = None,
) -> None:
    """Change what is given. The last administrator can't be switched off or made less.

    Whoever is switched off is signed out at once. Accounts are not deleted, because history names
    them.
    """
    from isthmus.cli import session

    if all(each is None for each in (name, role, personal_data, on)):
        raise Misuse(
            "Nothing to change was given. Use --name, --role, --personal-data or "
            "--no-personal-data, --on or --off."
        )
    with session.database():
        from isthmus.people import accounts

        user = accounts.change(
            accounts.account(email),
            name=name,
            role=role,
            sees_personal_data=personal_data,
            is_active=on,
        )
        note(f"{user.email}: {_described(user)}.")


@command(
    app,
    "password",
    "isthmus user password bob@example.com",
    summary="Give an account a new password.",
)
def password(email: Email, *, password_stdin: FromInput = False) -> None:
    """Give an account a new password, which also unlocks it. Its sessions end."""
    from isthmus.cli import session

    with session.database():
        from isthmus.people import accounts

        user = accounts.account(email)
        accounts.change_password(user, _password(given=password_stdin))
        note(f"{user.email} has a new password.")


def _password(*, given: bool) -> str:
    if given:
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise Misuse("Standard input has no password in its first line.")
        return line
    if not sys.stdin.isatty():
        raise Misuse(
            "There is no terminal to ask for a password on. Give it on standard input, with "
            "--password-stdin."
        )
    text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return text


def _described(user: "User") -> str:
    personal = "sees personal data" if user.sees_personal_data else "personal data is masked"
    return f"{user.role or 'no role'}, {personal}, {_state(user)}"


def _state(user: "User") -> str:
    from django.utils import timezone

    if not user.is_active:
        return "off"
    if user.locked_until is not None and user.locked_until > timezone.now():
        return f"locked until {moment(user.locked_until)}"
    return "on"


def _plain(user: "User") -> dict[str, Any]:
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role or None,
        "sees_personal_data": user.sees_personal_data,
        "state": _state(user).split(" ")[0],
        "locked_until": user.locked_until,
        "last_sign_in": user.last_login,
        "created_at": user.created_at,
    }
