"""The org as a process: one uvicorn server that says when it is ready."""

import asyncio
import logging
import os
import socket
import sys
import threading
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localorg.app import create_app
from localorg.certificates import ServerContext
from localorg.control.playing import TRANSPORT
from localorg.org import Org

_STANDARD_INPUT = 0
# Longer than clients keep idle connections, so that they are the ones who close them.
_KEEP_ALIVE_SECONDS = 75


class _WithoutCancelled(logging.Filter):
    """Leaves out the tracebacks of requests that the end of the server cut short."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be shown."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, asyncio.CancelledError)


class OrgProtocol(HttpToolsProtocol):
    """HTTP that lets planned faults reach the connection of a request."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]


class Server(uvicorn.Server):
    """A server that prints one line on standard output when it accepts connections."""

    def __init__(
        self, org: Org, listening: socket.socket, tls: ServerContext | None = None
    ) -> None:
        """Serve `org` on a socket that is bound already; with `tls` over HTTPS."""
        config = uvicorn.Config(
            create_app(org),
            http=OrgProtocol,
            ws="none",
            access_log=False,
            # The org has a clock of its own.
            date_header=False,
            log_level="warning",
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=2,
            ssl_context_factory=None if tls is None else lambda *_: tls.context,
        )
        super().__init__(config)
        logging.getLogger("uvicorn.error").addFilter(_WithoutCancelled())
        self._listening = listening
        self._scheme = "http" if tls is None else "https"

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._listening.getsockname()[:2]
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def serve_until_stopped(self) -> None:
        """Serve until a signal or `stop` ends it."""
        try:
            self.run(sockets=[self._listening])
        except KeyboardInterrupt:
            # The server has shut down in order already; there is nothing to say about it.
            return

    def stop(self) -> None:
        """End serving; may be called from any thread."""
        self.should_exit = True

    async def startup(self, sockets: Any = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            sys.stdout.write(f"localorg ready {self.url}\n")
            sys.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 is any free one. Raises OSError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except BaseException:
        listening.close()
        raise
    return listening


def stop_with_standard_input(server: Server) -> None:
    """Stop the server when its standard input ends, as it does when its parent process dies."""

    def wait() -> None:
        # Not through sys.stdin, whose lock the interpreter would wait for when it ends.
        while os.read(_STANDARD_INPUT, 4096):
            pass
        server.stop()

    threading.Thread(target=wait, name="localorg-stdin", daemon=True).start()
