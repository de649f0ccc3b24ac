"""`isthmus web`: the web pages, on one address."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from isthmus.cli import stopping
from isthmus.cli.options import ExitWithStdin, Log, LogFormat
from isthmus.cli.output import log_notes
from isthmus.logs import JSON_SETTING

DEFAULT_PORT = 8000
DEFAULT_HOST = "127.0.0.1"

Host = Annotated[
    str,
    typer.Option(
        "--host",
        metavar="ADDRESS",
        help="Where to listen. Others than this machine reach it only by another address, such as "
        "0.0.0.0; put a proxy with HTTPS before it then, and its address into ISTHMUS_URL.",
    ),
]
Port = Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="The port.")]

_LOCAL = (DEFAULT_HOST, "0.0.0.0", "::", "::1")  # noqa: S104 - only compared
THREADS = 4
END_SECONDS = 3
LOOK_SECONDS = 0.05


def web(
    *,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    log: Log = LogFormat.AUTO,
    exit_with_stdin: ExitWithStdin = False,
) -> None:
    """Serve the web pages until Ctrl-C.

    Any number of these may share a database. While there is no administrator, a code is printed by
    which the first account is made in a browser; it works once and for a day.

    As JSON, the log has a line for each page that is asked for: its name, not its address.
    """
    from isthmus.cli import session
    from isthmus.connections import secrets
    from isthmus.home import home
    from isthmus.profiles.database import KEEP
    from isthmus.web import gathering

    if log is LogFormat.JSON:
        log_notes()
    check_free(host, port)
    static = gathering.place(home() / "static")
    os.environ["ISTHMUS_SIGNING_KEYS"] = ",".join(secrets.derived("web pages"))
    os.environ["ISTHMUS_STATIC"] = str(static)
    os.environ[JSON_SETTING] = "1" if log.is_json else ""
    with session.database():
        gathering.gather(static)
        if exit_with_stdin:
            # Whoever keeps it running tells where the pages are.
            stopping.leave_with_stdin()
        _keep_address(host, port)
        os.environ[KEEP] = "1"  # of the serving processes, which come to be now
        _serve(host, port, tells=not exit_with_stdin)


def _keep_address(host: str, port: int) -> None:
    """Let letters that other processes send know where the pages are."""
    from isthmus.connections import page_address

    page_address.keep(address(host, port))


def address(host: str, port: int) -> str:
    """Where a browser finds the pages."""
    shown = "localhost" if host in _LOCAL else f"[{host}]" if ":" in host else host
    return os.environ.get("ISTHMUS_URL", "") or f"http://{shown}:{port}"


def check_free(host: str, port: int) -> None:
    """Raise where something else listens there."""
    from isthmus.errors import Final

    try:
        # The first of several answers is where the server listens.
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Final(
            f"The pages can't be served on {host} port {port} ({error.strerror}). Choose another "
            f"port with --port, or end what listens there."
        ) from error


def welcome(host: str, port: int) -> None:
    """Say where the pages are, once whoever goes there gets an answer."""
    words = "\n".join(_words(address(host, port)))
    threading.Thread(target=_say_once_heard, args=(host, port, words), daemon=True).start()


def _words(shown: str) -> Iterator[str]:
    from django.utils import timezone

    from isthmus.people import first_start

    yield f"Pages: {shown}"
    if first_start.needed():
        code = first_start.new_code(timezone.now())
        yield f"Make the first account there with this code: {code}"


def _say_once_heard(host: str, port: int, words: str) -> None:
    while not _is_heard(host, port):
        time.sleep(LOOK_SECONDS)
    stopping.write_plainly(words)


def _is_heard(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), LOOK_SECONDS).close()
    except OSError:
        return False
    return True


def _serve(host: str, port: int, *, tells: bool) -> None:
    from django.db import connections
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from isthmus import logs

    server = Granian(
        "isthmus.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
        log_dictconfig=logs.of_server(as_json=bool(os.environ.get(JSON_SETTING))),
        respawn_failed_workers=True,
        workers_kill_timeout=END_SECONDS,
        websockets=False,
    )
    if tells:
        server.on_startup(lambda: welcome(host, port))
    server.on_startup(connections.close_all)  # what serves is forked after that
    server.serve()
