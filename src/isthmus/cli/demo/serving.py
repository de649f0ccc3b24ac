"""The demo's pages, and the worker that runs what is asked for in them."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.cli import up
from isthmus.cli.supervising import Program, end_all
from isthmus.cli.web import DEFAULT_HOST, DEFAULT_PORT, address, check_free
from isthmus.errors import Final

if TYPE_CHECKING:
    from isthmus.cli.demo.account import Account

LOG = "processes.log"
END_SECONDS = 3.0
"""For the pages and the worker to end by themselves; database and org take their time after it."""


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Pages that are served, and who can sign in to them."""

    address: str
    account: "Account"
    log: Path
    web: Program
    worker: Program

    def stay(self, stop: Callable[[], bool]) -> None:
        """Keep them up, with a worker, until it is to stop."""
        self.worker.start()
        up.keep([self.worker, self.web], stop)


def port_for(asked: int | None) -> int:
    """The port that was asked for, which has to be free; else the usual one or any that is free."""
    if asked is not None:
        check_free(DEFAULT_HOST, asked)
        return asked
    try:
        check_free(DEFAULT_HOST, DEFAULT_PORT)
    except Final:
        with socket.socket() as probe:
            probe.bind((DEFAULT_HOST, 0))
            free: int = probe.getsockname()[1]
            return free
    return DEFAULT_PORT


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Serving]:
    """The pages of the demo's store. What their processes say goes to a file in the folder."""
    from isthmus.cli.demo.account import account

    log = folder / LOG
    with log.open("ab") as errors:
        found = Serving(
            address=address(DEFAULT_HOST, port),
            account=account(folder),
            log=log,
            web=up.web_program(DEFAULT_HOST, port, errors=errors.fileno()),
            worker=up.worker_program(errors=errors.fileno()),
        )
        found.web.start()
        try:
            yield found
        finally:
            end_all([found.worker, found.web], END_SECONDS)
