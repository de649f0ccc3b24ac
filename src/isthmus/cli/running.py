"""`isthmus connection run`, `confirm` and `stop`."""

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.errors import Misuse, RunFailed
from isthmus.cli.options import AsJson, ConnectionKey, LogFormat
from isthmus.cli.output import note, print_json, show
from isthmus.cli.run_display import (
    MOST_PROBLEMS,
    MOST_PROBLEMS_IN_JSON,
    run_document,
    show_run,
    status_of,
)
from isthmus.cli.run_words import sentence
from isthmus.cli.status import Status

if TYPE_CHECKING:
    from isthmus.connections.models import Connection, Run

BY = "command line"
"""Who asks for these runs."""

Goals = Annotated[
    list[str] | None,
    typer.Option(
        "--goal",
        metavar="KEY",
        help="Run only this goal, also where it is not active. May be given several times.",
    ),
]
Full = Annotated[bool, typer.Option("--full", help="Take everything again, not only what changed.")]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Only queue the run, for a worker, and end.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Only find out what the run would do. Nothing is written."),
]
Record = Annotated[
    str | None,
    typer.Option(
        "--record",
        metavar="ID",
        help="With --dry-run: show what would become of this record, by its id, its profile's "
        "id, or an identifier's value.",
    ),
]
RunLog = Annotated[
    LogFormat | None,
    typer.Option("--log", help="Log to standard error, instead of showing how far the run is."),
]
First = Annotated[
    str | None,
    typer.Option("--first", metavar="N", help="Only the first N records of each goal, for real."),
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="ID",
        help="Only this record (or, of an export, this profile), of the one --goal, for real.",
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Agree to whatever the run would change, however much.")
]
By = Annotated[
    str, typer.Option("--by", metavar="WORDS", help="Who agrees, as the run's history says it.")
]
OpenRun = Annotated[
    int | None,
    typer.Argument(
        metavar="RUN", min=1, help="The run's number; else the one under way, or the queued one."
    ),
]


def run(  # noqa: PLR0913 - every option of the command is a parameter
    key: ConnectionKey,
    *,
    goal: Goals = None,
    full: Full = False,
    first: First = None,
    only: Only = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    record: Record = None,
    no_wait: NoWait = False,
    log: RunLog = None,
    as_json: AsJson = False,
) -> None:
    """Run a connection's goals: imports first, then exports.

    The run is queued, and shown until it ends. A worker works it off; where none runs, this command
    does. While one run is under way another is queued behind it, and asking again changes nothing.

    Progress goes to standard error, the counts to standard output. Ctrl-C asks the run to stop
    after what is under way; what was applied stays, and the next run does the rest. A second Ctrl-C
    ends the command at once, which loses nothing either.

    A few records are done for real, and leave all others to the next run. With --only and --full,
    also fields are sent that were sent before.

    A run that would change more than its connection lets it do by itself waits for confirmation.
    On a terminal this command asks. Elsewhere it ends with status 4, and the run waits.

    With --dry-run each goal is worked off as if it ran alone and now, and all of it is rolled back:
    counts, samples before and after, what would be left out and why, and problems are shown.

    Ends with status 0 when all is well, 3 when it finished with problems, 1 when no goal finished
    or none could start, 4 when it waits, 130 when it was stopped.
    """
    from isthmus.cli import session

    if record is not None and not dry_run:
        raise Misuse("--record goes with --dry-run only.")
    if dry_run and (first is not None or only is not None):
        raise Misuse("--dry-run is of all records: leave out --first and --only.")
    if dry_run:
        with session.database():
            from isthmus.connections import queueing, reading

            connection = reading.connection(key)
            asked = queueing.ask_preview(connection, goals=tuple(goal or ()), full=full, by=BY)
            status = _preview(asked, record, log, no_wait=no_wait, as_json=as_json)
        raise typer.Exit(status)
    with session.database():
        from isthmus.connections import queueing, reading
        from isthmus.connections.few_records import Few, number

        connection = reading.connection(key)
        goals = tuple(goal or ())
        if first is None and only is None:
            queued = queueing.ask(connection, goals=goals, full=full, by=BY)
        else:
            most = None if first is None else number(first)
            few = Few(goals=goals, first=most, only=only or "", full=full)
            queued = queueing.ask_few(connection, few, by=BY)
        if no_wait:
            _tell_queued(queued, as_json=as_json)
            return
        asked_to_stop = _follow(queued, log)
        while not asked_to_stop and _agreed(queued, yes=yes, silent=as_json):
            asked_to_stop = _follow(queued, log)
        done = reading.run(connection, queued.number)
        _check_begun(done)
        if status_of(done) is Status.WAITING:
            _tell_waiting(done, as_json=as_json)
        elif as_json:
            print_json(run_document(done, reading.first_problems(done, MOST_PROBLEMS_IN_JSON)))
        else:
            show_run(done, reading.first_problems(done, MOST_PROBLEMS))
    raise typer.Exit(Status.STOPPED if asked_to_stop else status_of(done))


def _agreed(run: "Run", *, yes: bool, silent: bool) -> bool:
    """Whether the run waited for a yes and has it now; on a terminal somebody is asked."""
    from isthmus.connections import guards
    from isthmus.connections.errors import StateRefused

    run.refresh_from_db()
    question = guards.question(run)
    if question is None:
        return False
    if not yes and (silent or not sys.stdin.isatty() or not sys.stderr.isatty()):
        return False
    try:
        if yes or typer.confirm(f"{question.sentence} Let it run?", err=True):
            guards.confirm(run, by=BY, token=question.token)
        else:
            guards.refuse(run, by="The command line")
    except typer.Abort:
        # Nothing was answered: it waits on.
        return False
    except StateRefused as error:
        # Somebody else was quicker.
        note(str(error))
    return True


def _tell_waiting(run: "Run", *, as_json: bool) -> None:
    """Say what the run waits for, and how to let it go on."""
    if as_json:
        print_json(run_document(run))
        return
    key = run.connection.key
    before = run
    for waiting in run.connection.runs.filter(state="confirming"):
        before = waiting
    if before.id != run.id:
        show(f"Run {run.number} is queued behind a run that waits.")
    show(sentence(before))
    note(f"Let it run: isthmus connection confirm {key}. Or end it: isthmus connection stop {key}.")


def confirm(
    key: ConnectionKey, run: OpenRun = None, *, by: By = BY, as_json: AsJson = False
) -> None:
    """Let a run go on that waits for confirmation.

    A worker goes on with it, or the next `connection run`. Who agrees is kept with the run.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import guards, reading

        connection = reading.connection(key)
        guards.expire(connection.id)
        found = reading.run(connection, run) if run else _waiting_run(connection)
        question = guards.question(found)
        guards.confirm(found, by=by, token=question.token if question else "")
        if as_json:
            print_json(run_document(found))
            return
        show(f"Run {found.number} of {key} goes on.")
        if question is not None:
            show(question.sentence)
        _tell_no_worker()


def _waiting_run(connection: "Connection") -> "Run":
    from isthmus.connections.errors import StateRefused
    from isthmus.connections.models import RunState

    found = connection.runs.filter(state=RunState.CONFIRMING).first()
    if found is None:
        raise StateRefused(
            f"No run of connection {connection.key!r} waits for confirmation. See its runs: "
            f"isthmus connection runs {connection.key}"
        )
    return found


def _preview(
    asked: "Run", record: str | None, log: LogFormat | None, *, no_wait: bool, as_json: bool
) -> Status:
    """Show a preview to its end, and what it found out; what the command ends with."""
    from isthmus.cli.previewing import show_previews

    if no_wait:
        _tell_queued(asked, as_json=as_json)
        return Status.DONE
    stopped = _follow(asked, log)
    asked.refresh_from_db()
    status = show_previews(asked, record, as_json=as_json)
    return Status.STOPPED if stopped else status


def _check_begun(done: "Run") -> None:
    """Raise `RunFailed` where there is nothing to show but the reason: a sign-in was refused."""
    from isthmus.connections.models import RunState

    begun = any(part.started_at for part in done.goals.all())
    if done.state == RunState.FAILED and done.message and not begun:
        raise RunFailed(done.message)


def _tell_queued(queued: "Run", *, as_json: bool) -> None:
    if as_json:
        print_json(run_document(queued))
    else:
        what = "A preview" if queued.preview else f"Run {queued.number}"
        show(f"{what} of {queued.connection.key} is queued.")
    _tell_no_worker()


def _tell_no_worker() -> None:
    from isthmus.worker import any_works

    if not any_works():
        note("No worker runs, so it waits. Start one: isthmus worker, or isthmus up.")


def _follow(queued: "Run", log: LogFormat | None) -> bool:
    """Show the run until it has ended; whether Ctrl-C asked for that."""
    from isthmus.cli.following import Following
    from isthmus.cli.progress import silent, watching
    from isthmus.worker import logs

    logs.configure(as_json=bool(log and log.is_json), everything=log is not None)
    with watching() if log is None else silent() as (reporter, stop):
        try:
            Following(queued, reporter, stop, note if log is None else _say_nothing).to_its_end()
        except KeyboardInterrupt:
            _stop_for_good(queued)
            raise
        return stop.asked


def _say_nothing(_: str) -> None:
    """Stand in for notes where standard error is a log."""


def _stop_for_good(run: "Run") -> None:
    """Keep a worker from going on with a run that its person ended by force."""
    from django.db import Error, connections

    from isthmus.connections import queueing
    from isthmus.connections.errors import StateRefused

    try:
        # What was interrupted may have left its connection in the middle of an answer.
        connections.close_all()
        queueing.stop(run)
        _close(run.connection)
    except (StateRefused, Error):
        return


def _close(connection: "Connection") -> None:
    """Bring a run that is to stop to its end, where nobody works on it."""
    from isthmus.connections.errors import RunAlreadyGoing, RunTakenOver
    from isthmus.connections.executing import Worker, next_due, work_off
    from isthmus.connections.models import RunState
    from isthmus.profiles.database import DatabaseGone
    from isthmus.worker import ENGINES, hear

    due = next_due(connection)
    if due is not None and due.state == RunState.STOPPING:
        with suppress(RunAlreadyGoing, RunTakenOver, DatabaseGone):
            work_off(connection, Worker(engines=ENGINES, hear=hear, cancelled=lambda: True))


def stop(key: ConnectionKey, run: OpenRun = None, *, as_json: AsJson = False) -> None:
    """Stop a connection's run: the one under way, or else the one that is queued.

    Where there is none, a preview that is under way or queued is stopped. One that works ends after
    what is under way. What was applied stays, and the next run does the rest.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import queueing, reading

        connection = reading.connection(key)
        found = reading.run(connection, run) if run else _open_run(connection)
        queueing.stop(found, by="The command line")
        _close(connection)
        found.refresh_from_db()
        if as_json:
            print_json(run_document(found))
        else:
            from isthmus.connections.models import RunState

            what = "Preview" if found.preview else "Run"
            show(f"{what} {found.number} of {key}: {RunState(found.state).label}.")


def _open_run(connection: "Connection") -> "Run":
    from isthmus.connections.errors import StateRefused
    from isthmus.connections.models import OPEN, Run

    runs = Run.every.filter(connection=connection, state__in=OPEN)
    found = runs.order_by("preview", "number").first()
    if found is None:
        raise StateRefused(
            f"Connection {connection.key!r} has no run to stop: none is queued or under way. "
            f"See its runs: isthmus connection runs {connection.key}"
        )
    return found
