"""`isthmus doctor`: whether this installation can work."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from isthmus.cli import doctor_checks as checks
from isthmus.cli.checking import Finding, show_findings
from isthmus.cli.formatting import size
from isthmus.cli.looking_within import all_within, within
from isthmus.cli.options import AsJson
from isthmus.errors import IsthmusError

LEAST_FREE_BYTES = 2 * 1024**3
"""PostgreSQL stops when its disk is full, and a run needs room for what it fetches."""

SECONDS = 10.0
ORG_SECONDS = 25.0
AT_A_TIME = 8
"""How long each thing is looked at, and at how many orgs at the same time."""


def doctor(*, as_json: AsJson = False) -> None:
    """Look whether everything that runs need is there.

    A line for each thing: the data folder, the disks, the key that secrets are sealed with, the
    database, its clock and its tables, whether a worker runs and runs wait for one in vain, time
    zones, backups, the mail server, and of each connection that is on its sign-in, permissions and
    clock. Each is looked at for seconds only. Ends with status 0 when all is well and 3 when
    something is not; each problem says what to do.
    """
    findings = [*_folder_findings(), *_database_findings()]
    show_findings(findings, as_json=as_json, title={})


def _folder_findings() -> Iterator[Finding]:
    from isthmus.home import home

    folder = home()
    yield _folder(folder)
    yield from _disks(folder)
    yield _secret_key(folder)


def _folder(folder: Path) -> Finding:
    nearest = _existing(folder)
    if not os.access(nearest, os.W_OK | os.X_OK) or not nearest.is_dir():
        advice = "Let this account write to it, or name another one in ISTHMUS_HOME."
        return Finding(what="data folder", ok=False, detail=f"{nearest} can't be used. {advice}")
    note = "" if nearest == folder else " (made on first use)"
    return Finding(what="data folder", ok=True, detail=f"{folder}{note}")


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())


def _disks(folder: Path) -> Iterator[Finding]:
    """The disks of the data folder, of the database in it and of temporary files, each once."""
    places = {
        "disk": folder,
        "database's disk": folder / "postgresql" / "data",
        "temporary files": Path(tempfile.gettempdir()),
    }
    seen: set[int] = set()
    for what, place in places.items():
        nearest = _existing(place)
        device = nearest.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield _disk(what, nearest)


def _disk(what: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        advice = f"Make room: {size(LEAST_FREE_BYTES)} should be free."
        return Finding(what=what, ok=False, detail=f"Only {size(free)} are free. {advice}")
    return Finding(what=what, ok=True, detail=f"{size(free)} are free")


def _secret_key(folder: Path) -> Finding:
    from isthmus.connections import secrets

    file = folder / secrets.FILE
    from_environment = bool(os.environ.get(secrets.SETTING, "").strip())
    if not from_environment and not file.exists():
        detail = f"none yet; {file} is made when the first secret is stored"
        return Finding(what="secret key", ok=True, detail=detail)
    try:
        secrets.seal("probe")
    except IsthmusError as error:
        return Finding(what="secret key", ok=False, detail=str(error))
    if from_environment:
        return Finding(what="secret key", ok=True, detail=f"from {secrets.SETTING}")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        detail = f"Others on this machine can read {file}. Take their rights away: chmod 600."
        return Finding(what="secret key", ok=False, detail=detail)
    return Finding(what="secret key", ok=True, detail=str(file))


def _database_findings() -> Iterator[Finding]:
    from isthmus.cli import session

    try:
        with session.database(migrated=False):
            found = within("database", SECONDS, checks.server, advice=REACH)
            yield from found
            if not all(each.ok for each in found):
                return
            yield from within("clock", SECONDS, checks.clock, advice=REACH)
            found = within("tables", SECONDS, checks.tables, advice=BUSY)
            yield from found
            if all(each.ok for each in found):
                yield from _store_findings()
    except IsthmusError as error:
        yield Finding(what="database", ok=False, detail=str(error))


REACH = "Look whether the server runs, and whether a firewall stands in between."
BUSY = "Somebody may hold the tables; try it again."


def _store_findings() -> Iterator[Finding]:
    """What can be looked at where the tables are there."""
    yield from within("worker", 3 * SECONDS, checks.workers, advice=BUSY)
    yield from within("stored secrets", SECONDS, checks.secrets, advice=BUSY)
    yield from within("time zones", SECONDS, checks.zones, advice=BUSY)
    yield from within("upkeep", SECONDS, checks.upkeep, advice=BUSY)
    yield from within("mail server", SECONDS, checks.mail, advice=REACH)
    yield from _connection_findings()


def _connection_findings() -> Iterator[Finding]:
    """Several orgs at a time: one that does not answer keeps no other waiting for long."""
    from isthmus.connections import reading

    on = []
    for connection in reading.connections():
        what = f"connection {connection.key}"
        if connection.active:
            on.append((what, partial(checks.org, connection)))
        else:
            yield Finding(what=what, ok=True, detail="switched off; not tried")
    yield from all_within(on, ORG_SECONDS, most=AT_A_TIME, advice=SALESFORCE)


SALESFORCE = "Check this machine's network, DNS and firewall, and status.salesforce.com."
