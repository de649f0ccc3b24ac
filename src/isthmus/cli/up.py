"""`isthmus up`: everything that an installation needs, in one command."""

import os
import time
from collections.abc import Callable, Sequence

from isthmus.cli import stopping
from isthmus.cli.options import Concurrency, Log, LogFormat
from isthmus.cli.output import log_notes, note
from isthmus.cli.supervising import Program, end_all
from isthmus.cli.web import DEFAULT_HOST, DEFAULT_PORT, Host, Port, check_free, welcome
from isthmus.cli.worker import DEFAULT_CONCURRENCY

LOOK_SECONDS = 0.2
DATABASE_LOOK_SECONDS = 1.0

END_SECONDS = 4.0
"""For a program to end by itself when all are to end. Each takes less."""


def up(
    *,
    host: Host = DEFAULT_HOST,
    port: Port = DEFAULT_PORT,
    concurrency: Concurrency = DEFAULT_CONCURRENCY,
    log: Log = LogFormat.AUTO,
) -> None:
    """Start the database, a worker and the web pages, and keep them running until Ctrl-C.

    The database is the embedded one, or that of DATABASE_URL; its tables are brought up to this
    version. What dies is started again. One Ctrl-C ends everything within seconds; runs that are
    under way go on with the next start.
    """
    from isthmus.cli import session

    if log is LogFormat.JSON:
        log_notes()
    check_free(host, port)
    with stopping.stop_on_signals(_tell) as stop:
        with session.database():
            worker = worker_program(concurrency, log)
            programs = [worker, web_program(host, port, log)]
            try:
                for program in programs:
                    program.start()
                _tell_what_runs(worker, concurrency)
                welcome(host, port)
                keep(programs, stop)
            finally:
                end_all(programs, 0 if stop.insisted else END_SECONDS)
        note("All ended.")


def worker_program(
    concurrency: int = DEFAULT_CONCURRENCY,
    log: LogFormat = LogFormat.AUTO,
    errors: int | None = None,
) -> Program:
    """A worker that ends with this process; `errors` is where its standard error goes."""
    words = ("worker", "--concurrency", str(concurrency), "--log", str(log))
    return Program("worker", [*words, "--exit-with-stdin"], errors=errors)


def web_program(
    host: str, port: int, log: LogFormat = LogFormat.AUTO, errors: int | None = None
) -> Program:
    """The web pages, which end with this process; `errors` is where their standard error goes."""
    words = ("web", "--host", host, "--port", str(port), "--log", str(log))
    return Program("web application", [*words, "--exit-with-stdin"], errors=errors)


def _tell() -> None:
    stopping.write_plainly("Ending. Runs under way go on with the next start.")


def _tell_what_runs(worker: Program, concurrency: int) -> None:
    from isthmus.cli import session
    from isthmus.home import home

    place = f"that of {session.URL}" if os.environ.get(session.URL) else f"embedded, in {home()}"
    note(f"Database: {place}")
    note(f"Worker: process {worker.process_id}, {concurrency} connections at a time")
    note("Ctrl-C ends it all. Ask for a run with: isthmus connection run KEY")


def keep(programs: Sequence[Program], stop: Callable[[], bool]) -> None:
    """Start again what dies, until it is to stop."""
    looked_at = time.monotonic()
    while not stop():
        for message in filter(None, (program.keep() for program in programs)):
            note(message)
        if time.monotonic() - looked_at > DATABASE_LOOK_SECONDS:
            looked_at = time.monotonic()
            _keep_database()
        time.sleep(LOOK_SECONDS)


def _keep_database() -> None:
    """Start the embedded server again where it was killed; one of one's own is left alone."""
    from isthmus import embedded
    from isthmus.cli import session
    from isthmus.errors import IsthmusError
    from isthmus.home import home

    if os.environ.get(session.URL) or embedded.status(home()).state in ("running", "starting"):
        return
    note("The database ended. It is started again.")
    try:
        session.revive()
    except IsthmusError as error:
        note(str(error))
