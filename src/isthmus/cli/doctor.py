"""`isthmus doctor`: whether this installation can work."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from isthmus.cli.checking import Finding, impatient, show_findings
from isthmus.cli.formatting import plural, size
from isthmus.cli.options import AsJson
from isthmus.errors import IsthmusError

LEAST_FREE_BYTES = 2 * 1024**3
"""PostgreSQL stops when its disk is full, and a run needs room for what it fetches."""


def doctor(*, as_json: AsJson = False) -> None:
    """Look whether everything that runs need is there.

    A line for each thing: the data folder and its disk, the key that secrets are sealed with, the
    database and its tables, whether a worker runs and runs wait for one in vain, and the sign-in of
    each connection that is on. Ends with status 0 when all is well and 3 when something is not;
    each problem says what to do.
    """
    findings = [*_folder_findings(), *_database_findings()]
    show_findings(findings, as_json=as_json, title={})


def _folder_findings() -> Iterator[Finding]:
    from isthmus.home import home

    folder = home()
    yield _folder(folder)
    yield _disk(folder)
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


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    if free < LEAST_FREE_BYTES:
        advice = f"Make room: {size(LEAST_FREE_BYTES)} should be free."
        return Finding(what="disk", ok=False, detail=f"Only {size(free)} are free. {advice}")
    return Finding(what="disk", ok=True, detail=f"{size(free)} are free")


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
            yield _server()
            tables = _tables()
            yield tables
            if tables.ok:
                yield _worker()
                yield _sealed()
                yield from _connection_findings()
    except IsthmusError as error:
        yield Finding(what="database", ok=False, detail=str(error))


def _server() -> Finding:
    from isthmus.cli import session
    from isthmus.profiles import database

    with database.connected(application="isthmus doctor") as connection:
        version = connection.info.parameter_status("server_version") or "?"
        major = connection.info.server_version // 10_000
    kind = session.URL if os.environ.get(session.URL) else "the embedded one"
    detail = f"PostgreSQL {version.split()[0]}, {kind}"
    if major < LEAST_POSTGRESQL:
        advice = f"PostgreSQL {LEAST_POSTGRESQL} or later is needed: upgrade the server."
        return Finding(what="database", ok=False, detail=f"{detail}. {advice}")
    return Finding(what="database", ok=True, detail=detail)


LEAST_POSTGRESQL = 18


def _tables() -> Finding:
    from isthmus.profiles.migrate import pending

    if pending():
        detail = "They are not those of this version. Run `isthmus migrate`."
        return Finding(what="tables", ok=False, detail=detail)
    return Finding(what="tables", ok=True, detail="they are those of this version")


def _worker() -> Finding:
    from isthmus.worker import WorkerSettings, any_works, stuck

    runs = any_works()
    # A worker needs its time to come to a run.
    found = stuck(WorkerSettings().look_seconds + WORKER_SECONDS if runs else 0.0)
    names = ", ".join(f"run {each.run} of {each.key}" for each in found)
    return _worker_finding(names, runs=runs)


WORKER_SECONDS = 2.0


def _worker_finding(waiting: str, *, runs: bool) -> Finding:
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


def _sealed() -> Finding:
    """Whether everything that is sealed can be opened, and with the first key."""
    from isthmus.connections import authorizations

    unreadable, older = authorizations.sealed_otherwise()
    what = "stored secrets"
    if unreadable:
        advice = "Put the key back that sealed them, or connect and enter them again."
        detail = f"{plural(unreadable, 'secret')} can't be opened with the keys there are. {advice}"
        return Finding(what=what, ok=False, detail=detail)
    if older:
        detail = f"{plural(older, 'secret')} sealed with an older key: `isthmus secrets rotate`"
        return Finding(what=what, ok=True, detail=detail)
    return Finding(what=what, ok=True, detail="all are sealed with the first key")


def _connection_findings() -> Iterator[Finding]:
    from isthmus.connections import reading
    from isthmus.connections.sign_in import signed_in

    for connection in reading.connections():
        what = f"connection {connection.key}"
        if not connection.active:
            yield Finding(what=what, ok=True, detail="switched off; not tried")
            continue
        try:
            with signed_in(connection, impatient()) as salesforce:
                goals = plural(connection.goals.count(), "goal")
                detail = f"signs in to org {salesforce.org_id}; {goals}"
                yield Finding(what=what, ok=True, detail=detail)
        except IsthmusError as error:
            yield Finding(what=what, ok=False, detail=str(error))
