"""`isthmus authorization`: how connections sign in, and whether that still works."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import moment
from isthmus.cli.options import AsJson, ConnectionKey
from isthmus.cli.output import facts, note, print_json, show, table
from isthmus.cli.registration import command, group

if TYPE_CHECKING:
    from isthmus.connections.models import Authorization, Connection
    from isthmus.connections.signing_in import Outcome

app = group("authorization", "Sign-ins to Salesforce: shared, checked, lost, revoked.")

LoginUrl = Annotated[
    str,
    typer.Option("--login-url", metavar="URL", help="Where to sign in: the My Domain host."),
]
ClientId = Annotated[
    str, typer.Option("--client-id", metavar="TEXT", help="The app's consumer key.")
]
Username = Annotated[
    str,
    typer.Option("--username", metavar="NAME", help="The user, for signing in with a key (JWT)."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The private key (PEM), for signing in by JWT."),
]
Made = Annotated[
    int | None,
    typer.Option("--made", metavar="N", help="Use the key made by `authorization certificate`."),
]
Audience = Annotated[
    str, typer.Option("--audience", metavar="URL", help="For JWT, where it is not the usual one.")
]
Other = Annotated[
    str, typer.Argument(metavar="OTHER", help="The connection whose sign-in is shared.")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")
]


@command(app, "list", "isthmus authorization list")
def list_authorizations(*, as_json: AsJson = False) -> None:
    """List the sign-ins, with the connections that use them."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import authorizations

        found = list(authorizations.connected())
        if as_json:
            print_json({"authorizations": [plain(each) for each in found]})
        elif found:
            columns = ["connections", "flow", "who", "state", "since"]
            show(table(columns, [_line(each) for each in found]))
        else:
            note("No connection is signed in yet. Connect one on its page, or by a document.")


def _line(row: "Authorization") -> tuple[str, ...]:
    from isthmus.connections import authorizations

    users = authorizations.users_of(row)
    return (
        ", ".join(each.key for each in users),
        row.flow,
        authorizations.sentence(row),
        _state(row),
        moment(row.signed_in_at) if row.signed_in_at else "-",
    )


def _state(row: "Authorization") -> str:
    from isthmus.connections import authorizations

    if row.lost_at is not None:
        return "lost"
    return "good" if authorizations.is_granted(row) else "to be connected"


def plain(row: "Authorization") -> dict[str, Any]:
    """What a JSON document says of a sign-in. Never a secret."""
    from isthmus.connections import authorizations, permissions

    return {
        "connections": [each.key for each in authorizations.users_of(row)],
        "flow": row.flow,
        "login_url": row.login_url,
        "client_id": row.client_id,
        "username": row.username or None,
        "instance_url": row.instance_url or None,
        "org_id": row.org_id or None,
        "org_name": row.org_name or None,
        "user_id": row.user_id or None,
        "user_name": row.user_name or None,
        "state": _state(row),
        "lost_at": row.lost_at,
        "lost_reason": row.lost_reason or None,
        "signed_in_at": row.signed_in_at,
        "signed_in_by": row.signed_in_by or None,
        "permissions": {
            each.name: row.permissions.get(each.field) for each in permissions.PERMISSIONS
        },
        "permissions_at": row.permissions_at,
    }


@command(app, "show", "isthmus authorization show acme")
def show_authorization(key: ConnectionKey, *, as_json: AsJson = False) -> None:
    """Show how a connection signs in, as whom, with what rights."""
    from isthmus.cli import session

    with session.database():
        row = _row(_connection(key))
        if as_json:
            print_json(plain(row))
        else:
            show(facts(_facts(row)))


def _facts(row: "Authorization") -> list[tuple[str, str]]:
    from isthmus.connections import authorizations, permissions

    words = {True: "granted", False: "missing", None: "not known"}
    users = authorizations.users_of(row)
    return [
        ("connections", ", ".join(each.key for each in users)),
        ("flow", row.flow),
        ("login host", row.login_url),
        ("who", authorizations.sentence(row)),
        ("state", authorizations.lost_words(row.lost_reason) if row.lost_at else _state(row)),
        ("set up", f"{moment(row.signed_in_at)} by {row.signed_in_by or 'a document'}"),
        *(
            (each.name, f"{words[row.permissions.get(each.field)]}: {each.purpose}")
            for each in permissions.PERMISSIONS
        ),
    ]


@command(app, "check", "isthmus authorization check acme")
def check(key: ConnectionKey, *, as_json: AsJson = False) -> None:
    """Try a connection's sign-in now, and look at its permissions.

    One that is lost is tried too.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.cli.checking import impatient
        from isthmus.connections import permissions
        from isthmus.connections.orgs import check_org
        from isthmus.connections.sign_in import signed_in_by

        connection = _connection(key)
        row = _row(connection)
        with signed_in_by(row, connection, impatient(), even_lost=True) as client:
            check_org(connection, client.org_id)
            granted = permissions.look(client, row)
        row.refresh_from_db()
        if as_json:
            print_json(plain(row))
        else:
            show(facts(_facts(row)))
        if warning := permissions.check(granted, permissions.who(row)):
            note(warning)


@command(
    app,
    "certificate",
    "isthmus authorization certificate acme --output acme.crt",
    summary="Make a key and certificate for JWT.",
)
def certificate(key: ConnectionKey, *, output: Output = None, as_json: AsJson = False) -> None:
    """Make a key and its certificate, for signing in by JWT.

    The key stays sealed in the store. Upload the certificate to the app in Salesforce, and then
    sign in with `authorization connect --made N`, with the number that is said here.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import certificates

        connection = _connection(key)
        made = certificates.draft(f"Isthmus {connection.name}", by="the command line")
    if output is not None:
        try:
            output.write_text(made.certificate, encoding="ascii")
        except OSError as error:
            raise Misuse(f"{str(output)!r} can't be written ({error.strerror}).") from error
    elif not as_json:
        sys.stdout.write(made.certificate)
    if as_json:
        print_json({"number": made.id, "certificate": made.certificate})
    note(
        f"The key has number {made.id}. Upload the certificate to the app in Salesforce, and then: "
        f"isthmus authorization connect {key} --made {made.id} …"
    )


@command(
    app,
    "connect",
    "isthmus authorization connect acme --client-id 3MVG9abc \\\n"
    "      --login-url https://acme.my.salesforce.com < secret.txt",
    "isthmus authorization connect acme --client-id 3MVG9abc --key acme.key \\\n"
    "      --login-url https://login.salesforce.com --username me@acme.example",
    summary="Sign a connection in without a browser.",
)
def connect(  # noqa: PLR0913 - the options of a command
    key: ConnectionKey,
    *,
    login_url: LoginUrl,
    client_id: ClientId,
    username: Username = "",
    key_file: KeyFile = None,
    made: Made = None,
    audience: Audience = "",
) -> None:
    """Sign a connection in without a browser, and keep that where it works.

    With a user name by JWT, with a key of your own or one that was made here; else by client
    credentials, with the consumer secret from the first line of standard input.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections.authorizations import Flow
        from isthmus.connections.by_form import FormSignIn, connect_by_form

        form = FormSignIn(
            flow=Flow.JWT if username else Flow.CLIENT_CREDENTIALS,
            login_url=login_url,
            client_id=client_id,
            secret=_secret(key_file, asked=not username),
            username=username,
            audience=audience,
            draft=made,
        )
        _say(connect_by_form(_connection(key), form, by="the command line"))


def _secret(key_file: Path | None, *, asked: bool) -> str:
    if key_file is not None:
        try:
            return key_file.read_text(encoding="ascii", errors="replace")
        except OSError as error:
            raise Misuse(f"{str(key_file)!r} can't be read ({error.strerror}).") from error
    if not asked:
        return ""
    if sys.stdin.isatty():
        return str(typer.prompt("Consumer secret", hide_input=True, err=True))
    return sys.stdin.readline().strip()


def _say(outcome: "Outcome") -> None:
    from isthmus.errors import Final

    if not outcome.is_connected:
        raise Final(outcome.message)
    note(outcome.message)


@command(app, "share", "isthmus authorization share acme_uk acme")
def share(key: ConnectionKey, other: Other) -> None:
    """Let a connection sign in as another one does.

    What it signed in with before is revoked at Salesforce, if nothing else uses it.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import authorizations, sharing

        connection = _connection(key)
        row = sharing.share_with(connection, other)
        note(f"{connection.name} signs in as {other} does: {authorizations.sentence(row)}.")


@command(app, "remove", "isthmus authorization remove acme")
def remove(key: ConnectionKey) -> None:
    """Let a connection sign in no more. The last user's removal revokes it at Salesforce."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import sharing

        connection = _connection(key)
        _row(connection)
        sharing.stop(connection)
        note(f"{connection.name} has no sign-in any more, so it does not run.")


def _connection(key: str) -> "Connection":
    from isthmus.connections import setting_up

    return setting_up.find(key)


def _row(connection: "Connection") -> "Authorization":
    from isthmus.connections.errors import NoSignIn

    if connection.authorization is None:
        raise NoSignIn(connection.key)
    return connection.authorization
