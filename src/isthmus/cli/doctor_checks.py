"""What `isthmus doctor` looks at beside the data folder: the database, clocks, mail and orgs."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from isthmus.cli.checking import Finding
from isthmus.cli.formatting import moment, plural, size, span

if TYPE_CHECKING:
    from isthmus.connections.models import Connection
    from isthmus.salesforce import Salesforce

LEAST_POSTGRESQL = 18
CONNECT_SECONDS = 5
WORKER_SECONDS = 2.0
MOST_SECONDS_APART = 5.0
"""Between the clocks of this machine and of the database server."""

MOST_SECONDS_FROM_SALESFORCE = 60.0
"""Signed sign-ins are good for three minutes, and what changes is asked for by the minute."""

BACKUP_DAYS, TIDIED_DAYS = 8, 3
"""After so many days what was done again and again before is missed."""


def now() -> datetime:
    """The time by the clock of this machine."""
    return datetime.now(UTC)


def server() -> Iterator[Finding]:
    """Whether the database answers, and is new enough."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    from isthmus.cli import session
    from isthmus.profiles.database import gone

    conninfo = make_conninfo(os.environ["ISTHMUS_CONNINFO"], connect_timeout=CONNECT_SECONDS)
    try:
        with psycopg.connect(conninfo, application_name="isthmus doctor") as connection:
            version = connection.info.parameter_status("server_version") or "?"
            major = connection.info.server_version // 10_000
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    except psycopg.Error as error:
        raise gone(error) from error
    kind = session.URL if os.environ.get(session.URL) else "the embedded one"
    taken = size(row[0]) if row else "?"
    detail = f"PostgreSQL {version.split()[0]}, {kind}, with {taken}"
    if major < LEAST_POSTGRESQL:
        advice = f"PostgreSQL {LEAST_POSTGRESQL} or later is needed: upgrade the server."
        yield Finding(what="database", ok=False, detail=f"{detail}. {advice}")
    else:
        yield Finding(what="database", ok=True, detail=detail)


def clock() -> Iterator[Finding]:
    """Whether this machine and the database server have the same time."""
    from isthmus.profiles import database

    with database.connected(application="isthmus doctor") as connection:
        before = now()
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        after = now()
    assert row is not None  # noqa: S101 - it has a row
    middle = before + (after - before) / 2
    apart = (row[0] - middle).total_seconds()
    if abs(apart) <= MOST_SECONDS_APART + (after - before).total_seconds():
        yield Finding(what="clock", ok=True, detail="the same as the database server's")
        return
    word = "behind" if apart > 0 else "ahead of"
    yield Finding(
        what="clock",
        ok=False,
        detail=f"This machine's clock is {span(abs(apart))} {word} the database server's. Let "
        f"both take their time from a time server (NTP).",
    )


def zones() -> Iterator[Finding]:
    """Whether all time zones that are set are known, here and to the database."""
    from isthmus.connections.models import Connection
    from isthmus.people.models import User
    from isthmus.profiles import database

    used = {"UTC", *Connection.objects.values_list("timezone", flat=True)}
    used |= set(User.objects.values_list("timezone", flat=True))
    missing = sorted(zone for zone in used if not _is_zone(zone))
    with database.connected(application="isthmus doctor") as connection:
        rows = connection.execute(
            "SELECT zone FROM unnest(%s::text[]) AS zone "
            "WHERE zone NOT IN (SELECT name FROM pg_timezone_names)",
            [sorted(used)],
        ).fetchall()
    if missing:
        detail = f"Not known on this machine: {', '.join(missing)}. Install tzdata there."
        yield Finding(what="time zones", ok=False, detail=detail)
    if rows:
        detail = f"Not known to the database: {', '.join(zone for (zone,) in rows)}. "
        advice = "Bring its time zone data up to date."
        yield Finding(what="time zones", ok=False, detail=f"{detail}{advice}")
    if not missing and not rows:
        yield Finding(what="time zones", ok=True, detail=f"{len(used)} in use, all are known")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def tables() -> Iterator[Finding]:
    """Whether the tables are those of this version."""
    from isthmus.profiles.migrate import pending

    if pending():
        detail = "They are not those of this version. Run `isthmus migrate`."
        yield Finding(what="tables", ok=False, detail=detail)
    else:
        yield Finding(what="tables", ok=True, detail="they are those of this version")


def workers() -> Iterator[Finding]:
    """Whether workers run, and are of this version, and runs wait for one in vain."""
    import isthmus
    from isthmus.worker import WorkerSettings, any_works, presence, stuck

    runs = any_works()
    # A worker needs its time to come to a run.
    found = stuck(WorkerSettings().look_seconds + WORKER_SECONDS if runs else 0.0)
    names = ", ".join(f"run {each.run} of {each.key}" for each in found)
    yield worker_finding(names, runs=runs)
    others = sorted(presence.versions() - {isthmus.__version__})
    if others:
        detail = f"One runs of version {', '.join(others)}, and this is {isthmus.__version__}. "
        yield Finding(what="worker", ok=False, detail=f"{detail}End it, and start it anew.")


def worker_finding(waiting: str, *, runs: bool) -> Finding:
    """What is said of workers, and of runs that can go on and that nobody works on."""
    if runs and waiting:
        advice = "Look into the worker's log; with more connections, give it more --concurrency."
        detail = f"A worker runs, but nobody works on {waiting}. {advice}"
        return Finding(what="worker", ok=False, detail=detail)
    if waiting:
        advice = "Start a worker: isthmus worker, or isthmus up."
        detail = f"None runs, and nobody works on {waiting}. {advice}"
        return Finding(what="worker", ok=False, detail=detail)
    if runs:
        return Finding(what="worker", ok=True, detail="one runs at least; no run waits in vain")
    detail = "none runs; no run waits for one (`isthmus up` or `isthmus worker` starts one)"
    return Finding(what="worker", ok=True, detail=detail)


def upkeep() -> Iterator[Finding]:
    """Backups, the daily tidying, and whether the store is held."""
    from isthmus.connections import holding
    from isthmus.profiles import database
    from isthmus.profiles import upkeep as kept

    with database.connected(application="isthmus doctor") as connection:
        backup = kept.last(connection, kept.BACKUP)
        tidied = kept.last(connection, kept.TIDIED)
        held = kept.last(connection, kept.HELD)
    if held:
        yield Finding(what="restore", ok=False, detail=holding.sentence(held))
    yield _backup(backup.at if backup else None)
    if tidied and now() - tidied.at > timedelta(days=TIDIED_DAYS):
        detail = f"Nothing that is past keeping was removed since {moment(tidied.at, UTC)} UTC. "
        advice = "A worker does it once a day: look into its log."
        yield Finding(what="housekeeping", ok=False, detail=f"{detail}{advice}")


def _backup(at: datetime | None) -> Finding:
    if at is None:
        detail = "`isthmus backup` has made none yet"
        return Finding(what="backup", ok=True, detail=detail)
    age = now() - at
    ago = f"the last one {span(max(0.0, age.total_seconds()))} ago"
    if age > timedelta(days=BACKUP_DAYS):
        detail = f"{ago.capitalize()}. Look why no newer one was made, or make one."
        return Finding(what="backup", ok=False, detail=detail)
    return Finding(what="backup", ok=True, detail=ago)


def secrets() -> Iterator[Finding]:
    """Whether everything that is sealed can be opened, and with the first key."""
    from isthmus.connections import authorizations

    unreadable, older = authorizations.sealed_otherwise()
    what = "stored secrets"
    if unreadable:
        advice = "Put the key back that sealed them, or connect and enter them again."
        detail = f"{plural(unreadable, 'secret')} can't be opened with the keys there are. {advice}"
        yield Finding(what=what, ok=False, detail=detail)
    elif older:
        detail = f"{plural(older, 'secret')} sealed with an older key: `isthmus secrets rotate`"
        yield Finding(what=what, ok=True, detail=detail)
    else:
        yield Finding(what=what, ok=True, detail="all are sealed with the first key")


def mail() -> Iterator[Finding]:
    """Whether the mail server can be reached and signed in to; nothing is sent."""
    from isthmus.connections import mail_server, mailing

    yield from _letters()
    found = mail_server.current()
    if found is None:
        yield Finding(what="mail server", ok=True, detail="none is set: nobody gets e-mail")
        return
    with mailing.Session(found, answer_seconds=5.0, seconds=8.0) as session:
        session.check()
    detail = f"{found} lets us in; e-mail comes from {found.sender}"
    yield Finding(what="mail server", ok=True, detail=f"{detail}. {found.warning}".rstrip(". "))


def _letters() -> Iterator[Finding]:
    """What people were to be told and were not, where there is any."""
    from isthmus.connections import letters

    for each in letters.standing():
        what = "e-mail" if each.channel == "email" else "webhooks"
        if each.lost.letters:
            detail = f"{plural(each.lost.letters, 'letter')} given up, and some got none since"
            fix = "mend what `isthmus mail show` says, then: isthmus mail again"
            yield Finding(what=what, ok=False, detail=f"{detail}: {fix}")
        elif each.trouble:
            detail = f"{plural(each.waiting, 'letter')} waiting: {each.trouble}"
            yield Finding(what=what, ok=False, detail=detail)


def org(connection: "Connection") -> Iterator[Finding]:
    """Whether a connection signs in, may do what it needs to, and has the same time."""
    from isthmus.connections.sign_in import signed_in
    from isthmus.salesforce import ClientSettings

    what = f"connection {connection.key}"
    with signed_in(connection, ClientSettings(tries=2, read_seconds=8)) as salesforce:
        goals = plural(connection.goals.count(), "goal")
        detail = f"signs in to org {salesforce.org_id}; {goals}"
        yield Finding(what=what, ok=True, detail=detail)
        yield from _permissions(what, connection, salesforce)
        yield from _time_there(what, salesforce)
        yield from _calls_left(what, salesforce)


def _permissions(
    what: str, connection: "Connection", salesforce: "Salesforce"
) -> Iterator[Finding]:
    from isthmus.connections import permissions
    from isthmus.connections.models import Authorization

    row = Authorization.objects.get(connections=connection.id)
    words = permissions.warning(
        permissions.missing(permissions.look(salesforce, row)), permissions.who(row)
    )
    if words:
        yield Finding(what=what, ok=False, detail=words)


def _time_there(what: str, salesforce: "Salesforce") -> Iterator[Finding]:
    before = now()
    there = salesforce.server_time()
    apart = (there - before).total_seconds()
    if -MOST_SECONDS_FROM_SALESFORCE <= apart <= MOST_SECONDS_FROM_SALESFORCE:
        return
    word = "behind" if apart > 0 else "ahead of"
    yield Finding(
        what=what,
        ok=False,
        detail=f"This machine's clock is {span(abs(apart))} {word} Salesforce's: sign-ins by "
        f"certificate are refused then. Let it take its time from a time server (NTP).",
    )


def _calls_left(what: str, salesforce: "Salesforce") -> Iterator[Finding]:
    usage = salesforce.usage
    if usage is not None and usage.used >= usage.maximum:
        detail = f"All {usage.maximum:,} API calls of these 24 hours are used. Wait until the 24 "
        advice = "hours have moved on, or ask Salesforce for more."
        yield Finding(what=what, ok=False, detail=f"{detail}{advice}")
