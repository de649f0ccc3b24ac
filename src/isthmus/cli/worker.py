"""`isthmus worker`: a process that works off runs."""

import os
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from isthmus.cli import stopping
from isthmus.cli.options import Concurrency, ExitWithStdin, Log, LogFormat
from isthmus.cli.status import Status

if TYPE_CHECKING:
    from isthmus.worker import WorkerSettings

Once = Annotated[
    bool, typer.Option("--once", help="Work off what is open now, and end when nothing is left.")
]

DEFAULT_CONCURRENCY = 4


def worker(
    *,
    concurrency: Concurrency = DEFAULT_CONCURRENCY,
    once: Once = False,
    log: Log = LogFormat.AUTO,
    exit_with_stdin: ExitWithStdin = False,
) -> None:
    """Work off runs as they are asked for, until Ctrl-C.

    Any number of workers may share a database, on as many machines. A run that another process left
    behind is gone on with within seconds. When the database goes away the worker waits for it.

    Ctrl-C and SIGTERM let what is under way end, within about 4 seconds, and leave the rest of the
    run to the next worker; a second one ends at once. Nothing is lost either way. Ends with status
    0; with --once with 3 when a run had problems or failed, and 1 when one could not be worked on.
    """
    from isthmus.cli import session

    status, idle = Status.DONE, True
    with session.database():
        from isthmus import logs
        from isthmus.worker import WorkerSettings

        logs.configure(as_json=log.is_json)
        settings = WorkerSettings(concurrency=concurrency)
        if exit_with_stdin:
            stopping.leave_with_stdin()
        status, idle = _work_once(settings) if once else _work(settings)
    if not idle:
        _end_at_once(status)
    raise typer.Exit(status)


def _work(settings: "WorkerSettings") -> tuple[Status, bool]:
    """Work until asked to leave; what to end with, and whether nothing is under way any more."""
    from isthmus.cli import session
    from isthmus.worker import Errands, WorkerProcess

    process = WorkerProcess(Errands(), settings, session.revive)
    idle = process.run()
    return (Status.STOPPED if process.insisted else Status.DONE), idle


def _work_once(settings: "WorkerSettings") -> tuple[Status, bool]:
    from isthmus.connections.models import RunState
    from isthmus.worker import Errands, work_once

    try:
        with stopping.stop_on_signals(lambda: None) as stop:
            errands = Errands(leaving=stop)
            runs = work_once(errands, settings)
    except KeyboardInterrupt:
        return Status.STOPPED, False
    if errands.setbacks.refused():
        return Status.FAILED, True
    bad = {RunState.PROBLEMS, RunState.FAILED} & {RunState(run.state) for run in runs}
    return (Status.PROBLEMS if bad else Status.DONE), True


def _end_at_once(status: Status) -> NoReturn:
    """End without waiting for threads: as after any other end, another process goes on."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
