"""The org as a process: one uvicorn server that says when it is ready."""

import os
import socket
import sys
import threading
from typing import Any

import uvicorn

from localorg.app import create_app
from localorg.org import Org

_STANDARD_INPUT = 0


class Server(uvicorn.Server):
    """A server that prints one line on standard output when it accepts connections."""

    def __init__(self, org: Org, listening: socket.socket) -> None:
        """Serve `org` on a socket that is bound already."""
        config = uvicorn.Config(
            create_app(org),
            access_log=False,
            # The org has a clock of its own.
            date_header=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        super().__init__(config)
        self._listening = listening

    def serve_until_stopped(self) -> None:
        """Serve until a signal or `stop` ends it."""
        self.run(sockets=[self._listening])

    def stop(self) -> None:
        """End serving; may be called from any thread."""
        self.should_exit = True

    async def startup(self, sockets: Any = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            host, port = self._listening.getsockname()[:2]
            sys.stdout.write(f"localorg ready http://{host}:{port}\n")
            sys.stdout.flush()


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address; port 0 is any free one. Raises OSError if it is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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
