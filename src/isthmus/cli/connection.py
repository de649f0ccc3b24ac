"""`isthmus connection`: what connections there are, running them, and what came of it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli import alerts, notifying, running, scheduling
from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import between, grouped, moment, plural
from isthmus.cli.options import AsJson, ConnectionKey
from isthmus.cli.output import facts, note, print_json, show, table
from isthmus.cli.registration import command, group
from isthmus.cli.run_display import run_document
from isthmus.cli.run_words import sentence, state_words

if TYPE_CHECKING:
    from collections.abc import Collection

    from isthmus.connections.models import Authorization, Connection, Goal, Run

app = group("connection", "Connections to Salesforce, and their runs.")

Most = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show this many at most.")]
RunNumber = Annotated[
    int | None,
    typer.Argument(
        metavar="RUN", min=1, help="The run's number, as `connection runs` shows it; else the last."
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        metavar="DAY",
        formats=["%Y-%m-%d"],
        help="New ones from this day on, such as 2026-11-30.",
    ),
]
AsCsv = Annotated[bool, typer.Option("--csv", help="By day, as CSV in UTF-8.")]
OnlyProblems = Annotated[
    bool, typer.Option("--problems", help="Leave out the records that went well.")
]


@command(app, "list", "isthmus connection list")
def list_connections(*, as_json: AsJson = False) -> None:
    """List the connections with their last runs."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import due, reading

        connections, last = reading.connections(), reading.last_runs()
        following = due.next_runs(each.id for each in connections)
        if as_json:
            rows = [
                {**_summary(each, last.get(each.id)), "next_run": following[each.id].at}
                for each in connections
            ]
            print_json({"connections": rows})
        elif connections:
            going = reading.worked_on(last.values())
            lines = [
                (*_line(each, last.get(each.id), going), scheduling.next_words(following[each.id]))
                for each in connections
            ]
            columns = ["key", "name", "state", "goals", "last run", "how it ended", "next run"]
            show(table(columns, lines, right="goals"))
        else:
            note("There is no connection yet. Add one under `connections` in a document.")


def _summary(connection: "Connection", last: "Run | None") -> dict[str, Any]:
    return {
        "key": connection.key,
        "name": connection.name,
        "active": connection.active,
        "sandbox": connection.sandbox,
        "labels": connection.labels,
        "description": connection.description or None,
        "org_id": connection.org_id or None,
        "goals": [goal.key for goal in connection.goals.all()],
        "last_run": run_document(last) if last else None,
    }


def _line(
    connection: "Connection", last: "Run | None", going: "Collection[int]"
) -> tuple[str, ...]:
    return (
        connection.key,
        connection.name,
        "on" if connection.active else "off",
        str(len(connection.goals.all())),
        moment(last.started_at or last.queued_at) if last else "-",
        state_words(last, going) if last else "never run",
    )


@command(app, "show", "isthmus connection show acme")
def show_connection(key: ConnectionKey, *, as_json: AsJson = False) -> None:
    """Show a connection: its org, its goals, its last run. Secrets are never shown."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import due, reading

        connection = reading.connection(key)
        last = reading.last_runs().get(connection.id)
        told = scheduling.document(connection, due.next_run(connection))
        if as_json:
            document = {**_document(connection, last), "runs_by_itself": told}
            print_json({**document, "alerts": alerts.documents(connection)})
            return
        show(connection.name, style="bold")
        show(facts([*_facts(connection, last), *_by_itself(connection, told)]))
        alerts.show_of(connection)
        show("")
        columns = ["goal", "what it does", "active", "done up to"]
        show(table(columns, [_goal_line(each) for each in connection.goals.all()]))


def _document(connection: "Connection", last: "Run | None") -> dict[str, Any]:
    return {
        **_summary(connection, last),
        "timezone": connection.timezone,
        "overlap_seconds": connection.overlap_seconds,
        "settle_seconds": connection.settle_seconds,
        "confirm_above": connection.confirm_above,
        "confirm_hours": connection.confirm_hours,
        "notify_to": connection.notify_to,
        "notify_when": connection.notify_when,
        "webhook": connection.webhook_url or None,
        "api_calls": _budget(connection),
        "authorization": _signing_in(connection.authorization),
        "goals": [
            {"direction": goal.direction, **goal.document, "read_until": goal.read_until}
            for goal in connection.goals.all()
        ],
    }


def _signing_in(authorization: "Authorization | None") -> dict[str, str | None] | None:
    if authorization is None:
        return None
    return {
        "flow": authorization.flow,
        "login_url": authorization.login_url,
        "client_id": authorization.client_id,
        "username": authorization.username or None,
    }


def _facts(connection: "Connection", last: "Run | None") -> list[tuple[str, str]]:
    kind = "sandbox" if connection.sandbox else "production"
    authorization = connection.authorization
    return [
        ("key", connection.key),
        ("labels", ", ".join(connection.labels) or "none"),
        ("state", "on" if connection.active else "off: it does not run"),
        ("org", f"{connection.org_id or 'not signed in yet'} ({kind})"),
        ("sign-in", str(authorization or "none yet: add `authorization` in a document")),
        ("time zone", connection.timezone),
        ("asks first", _asks_first(connection)),
        ("told to", _told(connection)),
        ("API calls", _api_calls(connection)),
        ("last run", _last_run(last)),
    ]


def _by_itself(connection: "Connection", told: dict[str, Any]) -> list[tuple[str, str]]:
    """What its schedule says, and when it runs next or why it doesn't, on its own clocks."""
    place = scheduling.clocks(connection)
    times = ", ".join(moment(each, place) for each in told["next_times"])
    return [
        ("schedule", told["words"] or "can't be read"),
        ("next runs", told["note"] or times or "none"),
    ]


def _told(connection: "Connection") -> str:
    from isthmus.connections import who_hears

    return f"{who_hears.words(connection)}{', and a webhook' if connection.webhook_url else ''}"


def _api_calls(connection: "Connection") -> str:
    from isthmus.cli.org import words
    from isthmus.connections import budget

    return words(budget.of_connection(connection), budget.forecast(connection))


def _budget(connection: "Connection") -> dict[str, Any] | None:
    from isthmus.cli.org import plain
    from isthmus.connections import budget

    found = budget.of_connection(connection)
    forecast = {"next_run": budget.forecast(connection)}
    return {**plain(found), **forecast} if found else None


def _asks_first(connection: "Connection") -> str:
    if connection.confirm_above is None:
        return "never"
    hours = plural(connection.confirm_hours, "hour")
    return f"above {connection.confirm_above} % of a goal's records; waits {hours} for a yes"


def _last_run(last: "Run | None") -> str:
    if last is None:
        return "never"
    from isthmus.connections import reading

    words = [
        f"number {last.number}",
        moment(last.started_at or last.queued_at),
        state_words(last, reading.worked_on([last])),
        between(last.started_at, last.finished_at) if last.started_at else "",
        f"by {last.asked_by}" if last.asked_by else "",
    ]
    return ", ".join(filter(None, words))


def _goal_line(goal: "Goal") -> tuple[str, ...]:
    from isthmus.domain.goals import ImportGoal

    definition = goal.definition
    fields = plural(len(definition.fields), "field")
    if isinstance(definition, ImportGoal):
        what = f"import {definition.object.name}, {fields}"
    else:
        what = f"export segment {definition.segment} to {definition.object.name}, {fields}"
    return goal.key, what, "yes" if definition.active else "no", moment(goal.read_until)


command(
    app,
    "run",
    "isthmus connection run acme",
    "isthmus connection run acme --goal leads_in --full",
    "isthmus connection run acme --first 100",
    "isthmus connection run acme --goal leads_in --only 00Q000000000001EAA",
    "isthmus connection run acme --goal leads_in --dry-run",
    "isthmus connection run acme --no-wait",
    "isthmus connection run acme --json > run.json",
)(running.run)
command(
    app,
    "confirm",
    "isthmus connection confirm acme",
    summary="Let a run go on that waits for confirmation.",
)(running.confirm)
command(
    app,
    "notify",
    "isthmus connection notify acme --add ops@example.com --when problems",
    "isthmus connection notify acme --webhook https://example.com/hook",
    summary="Show or set who hears of a connection's runs.",
)(notifying.notify)
command(app, "stop", "isthmus connection stop acme", summary="Stop a connection's run.")(
    running.stop
)


command(
    app,
    "schedule",
    "isthmus connection schedule acme",
    "isthmus connection schedule acme --days mon,tue,wed,thu,fri --at 06:00,18:00",
    "isthmus connection schedule acme --times-a-day 4 --timezone Europe/Amsterdam",
    "isthmus connection schedule acme --day 31 --at 23:30",
    "isthmus connection schedule acme --weekday fri --of-month last --at 06:00",
    'isthmus connection schedule acme --cron "0 6 * * 1-5"',
    "isthmus connection schedule acme --by-hand",
    summary="Show or set when a connection runs by itself.",
)(scheduling.schedule)
command(app, "switch", "isthmus connection switch acme off")(scheduling.switch)


@command(app, "runs", "isthmus connection runs acme", "isthmus connection runs acme --limit 100")
def runs(key: ConnectionKey, *, limit: Most = 20, as_json: AsJson = False) -> None:
    """List a connection's runs, newest first."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import reading

        connection = reading.connection(key)
        found = reading.runs(connection, limit)
        if as_json:
            print_json({"connection": key, "runs": [run_document(each) for each in found]})
        elif found:
            columns = ["run", "state", "started", "took", *_NUMBERS]
            lines = [_run_line(each) for each in found]
            show(table(columns, lines, right=" ".join(["run", "took", *_NUMBERS]), gap=1))
            _show_open(found)
        else:
            note(f"{key} has not run yet. Start it with `isthmus connection run {key}`.")


def _show_open(found: "list[Run]") -> None:
    """Say what becomes of the runs that have not ended."""
    from isthmus.connections import reading
    from isthmus.connections.models import OPEN

    going = reading.worked_on(found)
    for each in reversed([each for each in found if each.state in OPEN]):
        show(sentence(each, going))


_NUMBERS = ("received", "written", "skipped", "failed")
"""Columns of counts: more don't fit 80 columns where they are in millions."""


def _run_line(run: "Run") -> tuple[str, ...]:
    from isthmus.connections.reading import counts

    parts = [counts(part) for part in run.goals.all()]
    written = sum(each.created + each.updated + each.removed for each in parts)
    return (
        str(run.number),
        run.state,
        moment(run.started_at),
        between(run.started_at, run.finished_at),
        grouped(sum(each.received for each in parts)),
        grouped(written),
        grouped(sum(each.skipped.total() for each in parts)),
        grouped(sum(each.failed.total() for each in parts)),
    )


@command(
    app,
    "log",
    "isthmus connection log acme > last.csv",
    "isthmus connection log acme 12 --problems",
)
def log(
    key: ConnectionKey,
    run: RunNumber = None,
    *,
    problems: OnlyProblems = False,
    as_json: AsJson = False,
) -> None:
    """Write the log of a run to standard output, as CSV in UTF-8.

    Columns: time (UTC), level (info, warning, error), goal, record id, profile id, field, code,
    message. It has a line for each record that was created, updated, removed, skipped or failed,
    and for each problem of a field; unchanged records have none. A log of any length streams.
    """
    from isthmus.cli import session
    from isthmus.cli.streams import write_bytes

    with session.database():
        from isthmus.connections import reading

        connection = reading.connection(key)
        found = reading.run(connection, run or _last_begun(connection))
        if as_json:
            _write_json_log(found, problems=problems)
        else:
            for chunk in reading.log_csv(found, reading.LogView(problems_only=problems)):
                write_bytes(chunk)


def _last_begun(connection: "Connection") -> int | None:
    """The number of the last run that has anything to tell."""
    begun = connection.runs.filter(started_at__isnull=False)
    return begun.values_list("number", flat=True).first()


def _write_json_log(run: "Run", *, problems: bool) -> None:
    """One document, a line of the log at a time."""
    from isthmus.cli.output import json_bytes
    from isthmus.cli.streams import write_bytes
    from isthmus.connections import reading

    head = json_bytes({"connection": run.connection.key, "run": run.number}).rstrip(b"\n}")
    write_bytes(head + b',\n  "lines": [')
    separator = "\n    "
    for line in reading.log_lines(run, reading.LogView(problems_only=problems)):
        write_bytes(f"{separator}{line}".encode())
        separator = ",\n    "
    write_bytes(b"\n  ]\n}\n")


@command(
    app,
    "exchange",
    "isthmus connection exchange acme",
    "isthmus connection exchange acme --since 2026-01-01 --csv > days.csv",
    summary="Say how many unique profiles came and went.",
)
def exchange(
    key: ConnectionKey, *, since: Since = None, as_csv: AsCsv = False, as_json: AsJson = False
) -> None:
    """Say how many unique profiles came and went through a connection, by goal.

    A profile counts once, on the day of its first time in the connection's time zone, however often
    it went, and goes on counting when its goal is deleted. With --csv or --json by day as well.
    """
    from isthmus.cli import exchanging, session

    if as_csv and as_json:
        raise Misuse("--csv and --json can't be had at once. Leave one of them out.")
    with session.database():
        from isthmus.connections import exchange as counts
        from isthmus.connections import reading

        found = counts.over_time(reading.connection(key))
    exchanging.show_exchange(key, found, since, as_csv=as_csv, as_json=as_json)


@command(app, "accept-org", "isthmus connection accept-org acme", summary="Go over to another org.")
def accept_org(key: ConnectionKey) -> None:
    """Let a connection belong to whichever org it signs in to next.

    For a sandbox that was refreshed: its records have other ids. What is known of the old org's
    records is dropped (links, what was sent, how far was read), and everything is read again.
    Profiles stay.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import orgs, setting_up

        connection = setting_up.find(key)
        orgs.accept_new_org(connection, by="the command line")
        note(f"{connection.name} takes the org that it signs in to next, and reads it from anew.")


@command(app, "check", "isthmus connection check acme")
def check(key: ConnectionKey, *, as_json: AsJson = False) -> None:
    """Sign in and look whether the goals can run. Nothing is read or written but descriptions.

    Says which org and user the sign-in reaches, how many API calls are left, which permissions the
    user has, and for each goal whether its fields are there and can be read or written. Ends with
    status 0 when all is well, 3 when something is not, 1 when the sign-in is refused.
    """
    from isthmus.cli import checking, session

    with session.database():
        from isthmus.connections import reading

        findings = checking.check_connection(reading.connection(key))
    checking.show_findings(findings, as_json=as_json, title={"connection": key})
