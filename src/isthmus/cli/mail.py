"""`isthmus mail`: the mail server that letters are handed to, and what waits for it."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.formatting import grouped, moment
from isthmus.cli.options import AsJson
from isthmus.cli.output import facts, note, print_json, show
from isthmus.cli.registration import command, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.connections.letters import Standing
    from isthmus.connections.mail_server import Server

app = group("mail", "The mail server that e-mail about runs is handed to.")

Host = Annotated[str, typer.Argument(metavar="HOST", help="Such as smtp.example.com.")]
Sender = Annotated[
    str, typer.Option("--from", metavar="ADDRESS", help="The address that e-mail comes from.")
]
Encryption = Annotated[
    str, typer.Option("--security", metavar="WORD", help="starttls, tls, or none.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", metavar="N", help="Defaults to 587, to 465 with tls, to 25 with none."),
]
UserName = Annotated[
    str, typer.Option("--user", metavar="NAME", help="Where the server asks for one.")
]
FromInput = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input."),
]
To = Annotated[str, typer.Argument(metavar="ADDRESS", help="Whom the test e-mail goes to.")]


@command(app, "show", "isthmus mail show")
def show_server(*, as_json: AsJson = False) -> None:
    """Show the mail server and what waits for it. The password is never shown.

    Ends with status 3 where there is none, or it can't be used.
    """
    from isthmus.cli import session
    from isthmus.cli.status import Status

    with session.database():
        from isthmus.connections import letters, mail_server, page_address
        from isthmus.errors import IsthmusError

        standing, pages, trouble = letters.standing(), page_address.base(), ""
        try:
            server = mail_server.current()
        except IsthmusError as error:
            server, trouble = None, str(error)
    if as_json:
        print_json(_document(server, standing, pages, trouble))
    else:
        show(facts([*_server_facts(server, trouble), *_waiting(standing), _pages(pages)]))
    if server is None:
        raise typer.Exit(Status.PROBLEMS)


def _document(
    server: "Server | None", standing: "Sequence[Standing]", pages: str, trouble: str
) -> dict[str, Any]:
    return {
        "server": {
            "host": server.host,
            "port": server.port,
            "security": str(server.security),
            "username": server.username or None,
            "has_password": bool(server.password),
            "from": server.sender,
            "from_environment": server.is_operators,
        }
        if server
        else None,
        "trouble": trouble or None,
        "waiting": [vars(each) for each in standing],
        "pages": pages or None,
    }


def _server_facts(server: "Server | None", trouble: str) -> list[tuple[str, str]]:
    if server is None:
        return [("server", trouble or "none yet: isthmus mail set HOST --from ADDRESS")]
    encrypted = {"starttls": "STARTTLS", "tls": "TLS", "none": "not encrypted"}
    found = [
        ("server", f"{server}, {encrypted[server.security]}"),
        ("user", server.username or "none"),
        ("password", "kept, and not shown" if server.password else "none"),
        ("e-mail comes from", server.sender),
    ]
    if server.is_operators:
        found.append(("given by", "the environment (ISTHMUS_SMTP_URL)"))
    if server.warning:
        found.append(("warning", server.warning))
    return found


def _waiting(standing: "Sequence[Standing]") -> list[tuple[str, str]]:
    names = {"email": "e-mails", "webhook": "webhooks"}
    found = []
    for each in standing:
        verb = "waits" if each.waiting == 1 else "wait"
        words = f"{grouped(each.waiting)} {verb}" if each.waiting else "none waits"
        if each.oldest is not None:
            words += f", the oldest since {moment(each.oldest)}"
        if each.given_up:
            words += f"; {grouped(each.given_up)} given up"
        found.append((names[each.channel], words))
        if each.trouble:
            found.append(("trouble", each.trouble))
        found += [
            ("got nothing", f"{one.address} of {one.connection}: {one.why}")
            for one in each.lost.missed
        ]
    return found


def _pages(pages: str) -> tuple[str, str]:
    return "links lead to", pages or "nowhere: set ISTHMUS_URL, or start `isthmus web` once"


@command(
    app,
    "set",
    "isthmus mail set smtp.example.com --from isthmus@example.com",
    "isthmus mail set mx.example.com --from me@example.com --password-stdin < pw",
    summary="Set up the mail server.",
)
def set_server(
    host: Host,
    *,
    sender: Sender,
    security: Encryption = "starttls",
    port: Port = None,
    user: UserName = "",
    password_stdin: FromInput = False,
) -> None:
    """Set up the mail server, in place of the one that there is.

    Without --password-stdin the password that is kept stays, unless the host is another. It is
    encrypted. Where ISTHMUS_SMTP_URL gives the server, that goes before this.
    """
    from isthmus.cli import session
    from isthmus.cli.errors import Misuse

    password = _password() if password_stdin else ""
    with session.database():
        from isthmus.connections import mail_server, sending
        from isthmus.connections.mail_server import PORTS, Security, Server

        chosen = next((each for each in Security if each == security), None)
        if chosen is None:
            raise Misuse(f"{security!r} is no encryption. Write starttls, tls or none.")
        server = Server(
            host=host,
            port=PORTS[chosen] if port is None else port,
            security=chosen,
            username=user,
            password=password,
            sender=sender,
        )
        mail_server.save(server, keeps_password=not password_stdin)
        sending.hurry()
    note(f"E-mail is handed to {server}. Try it: isthmus mail test ADDRESS")
    if server.warning:
        note(server.warning)


def _password() -> str:
    from isthmus.cli.errors import Misuse

    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Misuse("Standard input has no password in its first line.")
    return line


@command(app, "test", "isthmus mail test me@example.com", summary="Send a test e-mail.")
def test(to: To) -> None:
    """Send a test e-mail right away, and say what the server says.

    Ends with status 1 where it was not taken.
    """
    from isthmus.cli import session
    from isthmus.cli.errors import Misuse
    from isthmus.domain import notifying

    if why := notifying.address_trouble(to):
        raise Misuse(why)
    with session.database():
        from isthmus.connections import sending, trying

        tested = trying.try_mail(to)
        if tested.is_good:
            sending.hurry()
    note(tested.words)
    if tested.said:
        note(f"The server says: {tested.said}")
    if not tested.is_good:
        raise typer.Exit(1)


@command(app, "again", "isthmus mail again", summary="Try what waits or was given up again now.")
def again() -> None:
    """Try what waits again now, and once more what was given up and is missed.

    E-mails and webhook calls. A worker sends them; what was given up and fails again is given up at
    once.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import sending

        note(sending.tried_words(sending.try_again()))


@command(app, "unset", "isthmus mail unset")
def unset() -> None:
    """Forget the mail server and its password. E-mails wait then, for three days."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import mail_server

        mail_server.unset()
    note("No mail server is set up any more.")
