"""`isthmus connection schedule` and `switch`: when a connection runs by itself."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import moment, span
from isthmus.cli.options import AsJson, ConnectionKey
from isthmus.cli.output import note, print_json, show

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from isthmus.connections.due import NextRun
    from isthmus.connections.models import Connection
    from isthmus.domain.schedules import Schedule

TIMES = 5
"""Times ahead that are shown."""

TimesADay = Annotated[
    int | None,
    typer.Option("--times-a-day", metavar="N", help="So many times a day, evenly from 00:00."),
]
Days = Annotated[
    list[str] | None,
    typer.Option("--days", metavar="DAY", help="Days of the week, such as mon,tue,fri; with --at."),
]
Day = Annotated[
    list[int] | None,
    typer.Option("--day", metavar="N", help="Day of the month; 31 is the last; with --at."),
]
Weekday = Annotated[
    str | None,
    typer.Option("--weekday", metavar="DAY", help="With --of-month and --at: such as mon."),
]
OfMonth = Annotated[
    str | None,
    typer.Option("--of-month", metavar="WEEK", help="first, second, third, fourth or last."),
]
At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="TIME", help="Times, such as 06:00,18:00."),
]
Cron = Annotated[
    str | None,
    typer.Option("--cron", metavar="FIELDS", help='Five fields of cron, such as "0 6 * * 1-5".'),
]
ByHand = Annotated[bool, typer.Option("--by-hand", help="Never by itself.")]
Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone", metavar="ZONE", help="On whose clocks; by default the connection's."
    ),
]


def schedule(  # noqa: PLR0913 - an option for each key that a schedule has in documents
    key: ConnectionKey,
    *,
    times_a_day: TimesADay = None,
    days: Days = None,
    day: Day = None,
    weekday: Weekday = None,
    of_month: OfMonth = None,
    at: At = None,
    cron: Cron = None,
    by_hand: ByHand = False,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Show when a connection runs by itself, with its next five times, or set it.

    Options say one kind of schedule, as documents do. Without any the schedule is only shown. A
    time that the clocks skip runs right after; one that they show twice runs once.
    """
    from isthmus.cli import session

    given = {
        "times_a_day": times_a_day,
        "days": _parts(days),
        "day": day[0] if day and len(day) == 1 else day or None,
        "weekday": weekday,
        "of_month": of_month,
        "at": _parts(at),
        "cron": cron,
        "by_hand": by_hand or None,
        "timezone": timezone,
    }
    plain = {name: value for name, value in given.items() if value is not None}
    with session.database():
        from isthmus.connections import due, setting_up

        if plain:
            with setting_up.changing(key) as row:
                due.change(row, _read(_whole(plain, row)))
        connection = setting_up.find(key)
        _show(connection, as_json=as_json)


def _parts(given: "Sequence[str] | None") -> list[str] | None:
    """The parts of all the texts, which may have commas between them."""
    if not given:
        return None
    return [part.strip() for text in given for part in text.split(",")]


def _whole(plain: dict[str, Any], row: "Connection") -> dict[str, Any]:
    """What is said of a schedule; a time zone by itself moves the one that is there."""
    if list(plain) != ["timezone"]:
        return plain
    if row.schedule.get("by_hand"):
        raise Misuse(
            f"Connection {row.key!r} runs by hand only, so no time zone says anything of it. Give "
            f"a schedule too, such as --times-a-day 1."
        )
    return {**row.schedule, **plain}


AS_OPTIONS = "Here each key is an option, such as --times-a-day 1, or --days mon,fri --at 06:00."
"""What is said on the command line of sentences that name keys as documents have them."""


def _read(plain: dict[str, Any]) -> "Schedule":
    from isthmus.domain import schedules

    try:
        return schedules.read(plain)
    except schedules.ScheduleInvalid as error:
        of_keys = any(not path or "is not a key" in why for path, why in error.troubles)
        raise Misuse(f"{error} {AS_OPTIONS}" if of_keys else str(error)) from error


def _show(connection: "Connection", *, as_json: bool) -> None:
    from isthmus.connections import due

    told = document(connection, due.next_run(connection))
    if as_json:
        print_json({"connection": connection.key, **told})
        return
    show(told["words"] or "The schedule can't be read.")
    if told["note"]:
        note(told["note"])
    now, place = datetime.now(UTC), clocks(connection)
    for time in told["next_times"]:
        show(f"  {moment(time, place)}  in {span((time - now).total_seconds())}")


def clocks(connection: "Connection") -> "ZoneInfo | None":
    """On whose clocks its schedule is; None where this machine doesn't know them."""
    from isthmus.domain import wall_clock

    return wall_clock.zone(connection.schedule.get("timezone") or connection.timezone)


def document(connection: "Connection", following: "NextRun") -> dict[str, Any]:
    """What is told of a connection's schedule: its plain form, its words, its times."""
    from isthmus.connections import due
    from isthmus.domain.schedules import ScheduleInvalid

    told: dict[str, Any] = {
        "schedule": connection.schedule,
        "words": None,
        "next_run": following.at,
        "note": following.sentence or None,
        "next_times": [],
    }
    try:
        found = due.schedule_of(connection)
        told["words"] = found.words(connection.timezone)
        if following.is_on:
            told["next_times"] = found.next_times(due.clock(), connection.timezone, TIMES)
    except ScheduleInvalid:  # `note` says so.
        return told
    return told


def next_words(following: "NextRun") -> str:
    """When the next run is, in a few words."""
    if following.word or following.at is None:
        return following.word.lower() or "never"
    if following.at <= datetime.now(UTC):
        return "now"
    return moment(following.at)


class Switch(StrEnum):
    """How a connection is to stand."""

    ON = "on"
    OFF = "off"


To = Annotated[Switch, typer.Argument(metavar="on|off", help="How it is to stand.")]


def switch(key: ConnectionKey, to: To) -> None:
    """Switch a connection on or off.

    Off: no run starts, and one that is going on comes to its end. What its schedule says of that
    time is not made up for.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import setting_up

        row = setting_up.switch(key, on=to is Switch.ON)
        note(f"{row.name} is {to}.")
