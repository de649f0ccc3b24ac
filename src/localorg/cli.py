"""The command `localorg`."""

import socket
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from localorg.clock import Clock
    from localorg.store import Store

app = typer.Typer(
    help="A Salesforce-compatible org on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_DEFAULT_PORT = 8765

Data = Annotated[
    str, typer.Option(help="The SQLite file that keeps the org, or :memory: to keep nothing.")
]
Seed = Annotated[int, typer.Option(help="The number that the made-up records depend on.")]
Leads = Annotated[int, typer.Option(min=0, help="Leads of a new org.")]
Contacts = Annotated[int, typer.Option(min=0, help="Contacts of a new org.")]
Persons = Annotated[int, typer.Option(min=0, help="Person accounts of a new org.")]
Cases = Annotated[int, typer.Option(min=0, help="Cases of a new org.")]


Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 is any free one.")]
Host = Annotated[str, typer.Option(help="The address to listen on.")]
Control = Annotated[bool, typer.Option("--control", help="Offer the endpoints under /_localorg.")]
ExitWithStdin = Annotated[
    bool, typer.Option("--exit-with-stdin", help="End when standard input ends.")
]
ClientId = Annotated[str, typer.Option(help="The id of the connected app.")]
ClientSecret = Annotated[str, typer.Option(help="The secret of the connected app.")]
JwtCertificate = Annotated[
    Path | None, typer.Option(help="PEM file with the certificate or public key for JWT bearer.")
]
DailyApiRequests = Annotated[int, typer.Option(min=1, help="API requests that 24 hours allow.")]


@app.command()
def serve(  # noqa: PLR0913 - every option of the command is a parameter
    *,
    port: Port = _DEFAULT_PORT,
    host: Host = "127.0.0.1",
    data: Data = ":memory:",
    seed: Seed = 1,
    leads: Leads = 1000,
    contacts: Contacts = 500,
    persons: Persons = 200,
    cases: Cases = 300,
    control: Control = False,
    exit_with_stdin: ExitWithStdin = False,
    client_id: ClientId = "localorg",
    client_secret: ClientSecret = "localorg-secret",  # noqa: S107 - documented, of a test org
    jwt_certificate: JwtCertificate = None,
    daily_api_requests: DailyApiRequests = 1_000_000,
) -> None:
    """Serve an org over HTTP; an org without records is filled first."""
    from localorg.clock import Clock
    from localorg.org import Org
    from localorg.server import Server, stop_with_standard_input
    from localorg.settings import Settings

    settings = Settings(
        client_id=client_id,
        client_secret=client_secret,
        jwt_certificate=_certificate(jwt_certificate),
        control=control,
        daily_api_requests=daily_api_requests,
    )
    listening = _listening(host, port)
    clock = Clock()
    store = _opened(data, clock)
    _fill(
        store,
        clock,
        seed,
        {"leads": leads, "contacts": contacts, "persons": persons, "cases": cases},
    )
    server = Server(Org(store, clock, settings), listening)
    if exit_with_stdin:
        stop_with_standard_input(server)
    server.serve_until_stopped()


@app.command("seed")
def seed_file(
    *,
    data: Annotated[str, typer.Option(help="The SQLite file that keeps the org.")],
    seed: Seed = 1,
    leads: Leads = 1000,
    contacts: Contacts = 500,
    persons: Persons = 200,
    cases: Cases = 300,
) -> None:
    """Make an org of made-up people in a file, for `serve` to open later."""
    from localorg.clock import Clock
    from localorg.store import IN_MEMORY

    if data == IN_MEMORY:
        message = "':memory:' keeps nothing. Give the path of a file."
        raise typer.BadParameter(message, param_hint="--data")
    clock = Clock()
    store = _opened(data, clock)
    try:
        sizes = {"leads": leads, "contacts": contacts, "persons": persons, "cases": cases}
        if not _fill(store, clock, seed, sizes):
            message = f"The org in '{data}' has records already. Give the path of a new file."
            raise typer.BadParameter(message, param_hint="--data")
    finally:
        store.close()


def main() -> None:
    """Run the command."""
    app()


def _certificate(path: Path | None) -> bytes | None:
    from localorg.oauth.assertions import load_public_key

    if path is None:
        return None
    try:
        pem = path.read_bytes()
        load_public_key(pem)
    except (OSError, ValueError) as error:
        message = f"'{path}' is no PEM file with an RSA certificate or public key: {error}"
        raise typer.BadParameter(message, param_hint="--jwt-certificate") from error
    return pem


def _listening(host: str, port: int) -> socket.socket:
    from localorg.server import listen

    try:
        return listen(host, port)
    except OSError as error:
        message = f"Can't listen on {host}:{port}: {error.strerror}. --port 0 takes any free port."
        raise typer.BadParameter(message, param_hint="--port") from error


def _opened(data: str, clock: "Clock") -> "Store":
    from localorg.schema import standard_schema
    from localorg.store import Store

    try:
        return Store(data, standard_schema(), clock.now())
    except sqlite3.Error as error:
        message = f"'{data}' can't be opened as an org: {error}. Give a new path or ':memory:'."
        raise typer.BadParameter(message, param_hint="--data") from error


def _fill(store: "Store", clock: "Clock", seed: int, sizes: dict[str, int]) -> bool:
    """Fill an empty org; False where it has records already."""
    from localorg.seed import seed as seed_org

    if not store.is_empty():
        return False
    if any(sizes.values()):
        seed_org(store, seed=seed, now=clock.now(), **sizes)
    return True
