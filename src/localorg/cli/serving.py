"""Commands that make and serve an org."""

import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from localorg.certificates import Authority
    from localorg.org import Org
    from localorg.settings import Settings

_DEFAULT_PORT = 8765
_SIZES = "What a new org is filled with"
_NETWORK = "Where it is reached"
_SIGN_IN = "Sign-in"
_LIMITS = "Limits"

Data = Annotated[
    str,
    typer.Option(
        metavar="FILE", help="The SQLite file that keeps the org, or :memory: to keep nothing."
    ),
]
SetupPath = Annotated[
    Path | None,
    typer.Option(
        "--setup",
        metavar="FILE",
        help="YAML or JSON file with the org's own objects, fields, users, apps and rules.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(rich_help_panel=_SIZES, help="The number that the made-up records depend on."),
]
Leads = Annotated[int, typer.Option(min=0, rich_help_panel=_SIZES, help="Leads.")]
Contacts = Annotated[int, typer.Option(min=0, rich_help_panel=_SIZES, help="Contacts.")]
Persons = Annotated[int, typer.Option(min=0, rich_help_panel=_SIZES, help="Person accounts.")]
Cases = Annotated[int, typer.Option(min=0, rich_help_panel=_SIZES, help="Cases.")]
Port = Annotated[
    int,
    typer.Option(min=0, max=65535, rich_help_panel=_NETWORK, help="The port; 0 is any free one."),
]
Host = Annotated[str, typer.Option(rich_help_panel=_NETWORK, help="The address to listen on.")]
Https = Annotated[
    bool,
    typer.Option(
        "--https",
        rich_help_panel=_NETWORK,
        help="Serve over HTTPS, with a certificate of localorg's own authority.",
    ),
]
MyDomain = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_NETWORK,
        help="What stands before .my.salesforce.com in the org's own host name.",
    ),
]
HostName = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=_NETWORK,
        help="One more name or address of the org, which its certificate is for; can be repeated.",
    ),
]
CaFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        envvar="LOCALORG_CA_FOLDER",
        rich_help_panel=_NETWORK,
        help="Where the authority is kept. Defaults to your data folder.",
    ),
]
Control = Annotated[bool, typer.Option("--control", help="Offer the endpoints under /_localorg.")]
ExitWithStdin = Annotated[
    bool, typer.Option("--exit-with-stdin", help="End when standard input ends.")
]
ClientId = Annotated[
    str, typer.Option(rich_help_panel=_SIGN_IN, help="The id of the connected app.")
]
ClientSecret = Annotated[
    str, typer.Option(rich_help_panel=_SIGN_IN, help="The secret of the connected app.")
]
JwtCertificate = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=_SIGN_IN,
        help="PEM file with the certificate or public key for JWT bearer.",
    ),
]
SessionTimeout = Annotated[
    int,
    typer.Option(
        min=1,
        metavar="SECONDS",
        rich_help_panel=_SIGN_IN,
        help="How long an access token lives without a request.",
    ),
]
DailyApiRequests = Annotated[
    int, typer.Option(min=1, rich_help_panel=_LIMITS, help="API requests that 24 hours allow.")
]
LongRequests = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel=_LIMITS,
        help="Requests that may run longer than 20 seconds at a time. Defaults to any number.",
    ),
]
DataStorageMb = Annotated[
    int | None,
    typer.Option(
        min=1,
        rich_help_panel=_LIMITS,
        help="Megabytes of records, 2 kB each, before inserts fail. Defaults to any number.",
    ),
]
BulkPageRecords = Annotated[
    int,
    typer.Option(
        min=1,
        rich_help_panel=_LIMITS,
        help="Records on a page of a Bulk result for which the client names no number.",
    ),
]


def serve(  # noqa: PLR0913 - every option of the command is a parameter
    *,
    data: Data = ":memory:",
    setup_path: SetupPath = None,
    control: Control = False,
    exit_with_stdin: ExitWithStdin = False,
    port: Port = _DEFAULT_PORT,
    host: Host = "127.0.0.1",
    https: Https = False,
    my_domain: MyDomain = "localorg",
    host_name: HostName = None,
    ca_folder: CaFolder = None,
    seed: Seed = 1,
    leads: Leads = 1000,
    contacts: Contacts = 500,
    persons: Persons = 200,
    cases: Cases = 300,
    client_id: ClientId = "localorg",
    client_secret: ClientSecret = "localorg-secret",  # noqa: S107 - documented, of a test org
    jwt_certificate: JwtCertificate = None,
    session_timeout: SessionTimeout = 7200,
    daily_api_requests: DailyApiRequests = 1_000_000,
    long_requests: LongRequests = None,
    data_storage_mb: DataStorageMb = None,
    bulk_page_records: BulkPageRecords = 50_000,
) -> None:
    """Serve an org over HTTP or HTTPS; an org without records is filled first."""
    from localorg.certificates import ServerContext, host_names
    from localorg.resetting import Sizes, fill
    from localorg.server import Server, stop_with_standard_input
    from localorg.settings import Settings
    from localorg.store.temporary import remove_left_over

    names = tuple(_checked_host(name, "--host-name") for name in (*(host_name or ()), host))
    settings = Settings(
        client_id=client_id,
        client_secret=client_secret,
        jwt_certificate=_certificate(jwt_certificate),
        my_domain=_checked_host(my_domain, "--my-domain"),
        host_names=names,
        control=control,
        session_timeout_seconds=session_timeout,
        daily_api_requests=daily_api_requests,
        concurrent_long_requests=long_requests,
        data_storage_mb=data_storage_mb,
        bulk_page_records=bulk_page_records,
    )
    remove_left_over()
    tls = ServerContext(_authority(ca_folder), host_names(my_domain, names)) if https else None
    listening = _listening(host, port)
    org = _opened(data, setup_path, settings)
    fill(org, Sizes(seed=seed, leads=leads, contacts=contacts, persons=persons, cases=cases))
    server = Server(org, listening, tls)
    if exit_with_stdin:
        stop_with_standard_input(server)
    server.serve_until_stopped()


def seed(  # noqa: PLR0913 - every option of the command is a parameter
    *,
    data: Annotated[str, typer.Option(metavar="FILE", help="The SQLite file that keeps the org.")],
    setup_path: SetupPath = None,
    seed: Seed = 1,
    leads: Leads = 1000,
    contacts: Contacts = 500,
    persons: Persons = 200,
    cases: Cases = 300,
) -> None:
    """Make an org of made-up people in a file, for `serve` to open later."""
    from localorg.resetting import Sizes, fill
    from localorg.settings import Settings
    from localorg.store import IN_MEMORY

    if data == IN_MEMORY:
        message = "':memory:' keeps nothing. Give the path of a file."
        raise typer.BadParameter(message, param_hint="--data")
    org = _opened(data, setup_path, Settings())
    sizes = Sizes(seed=seed, leads=leads, contacts=contacts, persons=persons, cases=cases)
    try:
        if not fill(org, sizes):
            message = f"The org in '{data}' has records already. Give the path of a new file."
            raise typer.BadParameter(message, param_hint="--data")
    finally:
        org.close()


def ca(*, ca_folder: CaFolder = None) -> None:
    """Print where the certificate of localorg's authority is, which HTTPS clients have to trust.

    It is made if there is none yet. Let a program trust it by its environment, for example
    SSL_CERT_FILE (OpenSSL, curl, httpx), REQUESTS_CA_BUNDLE (requests) or NODE_EXTRA_CA_CERTS
    (Node.js): export SSL_CERT_FILE="$(localorg ca)".
    """
    typer.echo(str(_authority(ca_folder).path))


def _authority(folder: Path | None) -> "Authority":
    from localorg.certificates import Authority, CertificateError, default_folder

    try:
        return Authority(folder or default_folder())
    except CertificateError as error:
        raise typer.BadParameter(str(error), param_hint="--ca-folder") from error


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


def _checked_host(name: str, option: str) -> str:
    from localorg.hosts import is_host_name

    if not is_host_name(name):
        message = f"{name!r} is no host name: use letters, digits, hyphens and dots."
        raise typer.BadParameter(message, param_hint=option)
    return name


def _listening(host: str, port: int) -> socket.socket:
    from localorg.server import listen

    try:
        return listen(host, port)
    except OSError as error:
        problem = f"Can't listen on {host}:{port}: {error.strerror}."
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            message = f"{problem} Give an address of this machine, such as 127.0.0.1 or 0.0.0.0."
            raise typer.BadParameter(message, param_hint="--host") from error
        message = f"{problem} --port 0 takes any free port."
        raise typer.BadParameter(message, param_hint="--port") from error


def _opened(data: str, setup_path: Path | None, settings: "Settings") -> "Org":
    from localorg.opening import OpeningError, open_org

    try:
        return open_org(data, setup_path, settings)
    except OpeningError as error:
        raise typer.BadParameter(str(error), param_hint=error.option) from error
