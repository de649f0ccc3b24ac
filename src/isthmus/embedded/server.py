"""Sharing one server: the first user starts it, the last one stops it."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg.conninfo import make_conninfo

from isthmus.embedded import binaries, cluster, errors, locks, logs, machine, postmaster, tuning
from isthmus.embedded.account import Account, account_for
from isthmus.embedded.folder import Folder, locate, prepare, read_password
from isthmus.embedded.interrupts import endings_unwind, interrupts_wait
from isthmus.embedded.patience import STEP_SECONDS, Patience, Report, say_nothing

if TYPE_CHECKING:
    import subprocess

# How long processes without their server may take to notice that it is gone.
ORPHAN_SECONDS = 5.0
# How often a lock has to be found held to count as held by a user.
LOOKS = 3
# How long each way of stopping is given: politely, at once (the next start recovers), by force.
STOPPING = ((signal.SIGINT, 120.0), (signal.SIGQUIT, 15.0), (None, 10.0))


@dataclass(frozen=True, kw_only=True)
class Server:
    """The address of a running server, and what is needed to get in."""

    # Folder of the socket; there is no TCP.
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    # The cluster and the log files, for messages.
    data: Path
    logs: Path

    @property
    def conninfo(self) -> str:
        """The connection string for psycopg. It holds the password."""
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            dbname=self.database,
        )

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables for psql, pg_dump and the like. They hold the password."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }

    @property
    def django(self) -> dict[str, str]:
        """An entry of Django's DATABASES. It holds the password."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": self.host,
            "PORT": str(self.port),
            "USER": self.user,
            "PASSWORD": self.password,
            "NAME": self.database,
        }


@dataclass(frozen=True, kw_only=True)
class Status:
    """What the server of a data folder is doing."""

    # absent: not created yet. starting: also while it recovers, stops, or leaves orphans behind.
    state: Literal["absent", "stopped", "starting", "running"]
    # Whether a process is using it; a running server without users lost them to kill -9.
    in_use: bool
    process_id: int | None
    data: Path
    logs: Path


@contextmanager
def running(
    home: Path,
    *,
    start_timeout_seconds: float = 300,
    report: Report = say_nothing,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Lend the server of the data folder `home` for as long as the block lasts.

    Creates it on first use and starts it when it is not running. Any number of threads and
    processes may do this at once: all get the same server, and the last one to leave stops it.
    `start_timeout_seconds` limits how long the server may stay silent while it starts; recovery
    after a crash is waited for. `report` gets a line about anything that takes longer.
    `settings` are PostgreSQL settings of this start, beyond those for the machine; they have no
    effect on a server that is running already.

    Raises an `EmbeddedError`: `Final` when someone has to change something, else `Retryable`.
    """
    _check_platform()
    with endings_unwind():
        with errors.file_errors_explained(home):
            folder = prepare(home)
            users = locks.open_lock(folder.users_lock)
        owner = os.getpid()
        try:
            patience = Patience(folder, start_timeout_seconds, report)
            with errors.file_errors_explained(folder.path):
                server = _enter(folder, users, patience, settings or {})
            yield server
        finally:
            # A forked child that runs out of this block must not stop its parent's server.
            if os.getpid() == owner:
                with interrupts_wait(), errors.file_errors_explained(folder.path):
                    _leave(folder, users)
            else:
                os.close(users)


def stop(home: Path, *, report: Report = say_nothing) -> bool:
    """Stop the server of `home` whoever uses it, and tell whether it was running."""
    _check_platform()
    folder = locate(home)
    if not folder.path.exists():
        return False
    with errors.file_errors_explained(folder.path):
        prepare(home)
        with _changing(folder, Patience(folder, sum(s for _, s in STOPPING), report)):
            return _stop_processes(folder)


def status(home: Path) -> Status:
    """Return what the server of `home` is doing, without waiting and without changing anything."""
    _check_platform()
    folder = locate(home)
    with errors.file_errors_explained(folder.path):
        address = postmaster.answers(folder)
        alive = locks.is_in_use(folder.server_lock)
        created = (folder.data / "PG_VERSION").exists()
        return Status(
            state="running" if address else _idle_state(alive=alive, created=created),
            in_use=locks.is_in_use(folder.users_lock),
            process_id=address.process_id if address else None,
            data=folder.data,
            logs=folder.logs,
        )


def _idle_state(*, alive: bool, created: bool) -> Literal["absent", "stopped", "starting"]:
    if alive:
        return "starting"
    return "stopped" if created else "absent"


def _check_platform() -> None:
    if sys.platform == "win32":
        raise errors.PlatformUnsupported(
            f"The bundled PostgreSQL runs on Linux and macOS, not on {sys.platform}: use WSL 2, "
            f"{errors.USE_OWN_SERVER}."
        )


@contextmanager
def _changing(folder: Folder, patience: Patience) -> Iterator[None]:
    """Hold the lock under which the server is created, started and stopped."""
    descriptor = locks.open_lock(folder.change_lock)
    try:
        while not locks.try_lock(descriptor):
            patience.wait("Another process is starting or stopping PostgreSQL.")
        yield
    finally:
        os.close(descriptor)


def _enter(folder: Folder, users: int, patience: Patience, settings: Mapping[str, str]) -> Server:
    """Become a user: nobody stops the server from here on; start it where that is needed."""
    with _changing(folder, patience):
        while not locks.try_lock(users, shared=True):
            patience.wait("Another process is checking who uses PostgreSQL.")
        address = _ensure_running(folder, patience, settings)
        server = Server(
            host=os.fspath(address.socket_folder),
            port=address.port,
            user=cluster.USER,
            password=read_password(folder),
            database=cluster.DATABASE,
            data=folder.data,
            logs=folder.logs,
        )
        _check_access(server)
        return server


def _ensure_running(
    folder: Folder, patience: Patience, settings: Mapping[str, str]
) -> postmaster.Address:
    """Return the address of a server that answers; the caller holds the lock for changes."""
    cluster.check_version(folder)
    child: subprocess.Popen[bytes] | None = None
    while (address := postmaster.answers(folder)) is None:
        if child is not None and child.poll() is not None:
            raise _start_failed(folder, child.returncode)
        if child is None:
            child = _launch_if_free(folder, patience, settings)
        patience.wait("Waiting for PostgreSQL to accept connections.")
    return address


def _launch_if_free(
    folder: Folder, patience: Patience, settings: Mapping[str, str]
) -> "subprocess.Popen[bytes] | None":
    """Launch the server unless processes of an earlier one are still there."""
    server_lock = locks.claim(folder.server_lock)
    if server_lock is None:
        _end_orphans(folder, patience)
        return None
    try:
        return _launch(folder, patience, settings, server_lock)
    finally:
        # The server's processes hold the lock from here on; closing ours does not free it.
        os.close(server_lock)


def _launch(
    folder: Folder, patience: Patience, settings: Mapping[str, str], server_lock: int
) -> "subprocess.Popen[bytes]":
    account = account_for(folder.path, folder.data)
    programs = binaries.reachable(binaries.find(), account)
    if not cluster.check_version(folder):
        account.check_name()
        patience.report("Creating the database; this is done once.")
        cluster.create(folder, programs, account, server_lock)
    _take_over(folder, account)
    _refuse_stranger(folder)
    chosen = tuning.settings_for(machine.look(folder.data)) | dict(settings)
    return postmaster.launch(folder, programs, account, chosen, server_lock)


def _take_over(folder: Folder, account: Account) -> None:
    """Give a cluster that root restored from a backup to the account that is to run it."""
    if folder.data.stat().st_uid == 0:
        account.give_all(folder.data)


def _refuse_stranger(folder: Folder) -> None:
    """Leave a server alone that was started by other means, such as pg_ctl."""
    strangers = [str(process.pid) for process in postmaster.processes(folder)]
    if strangers:
        raise errors.StartFailed(
            f"A PostgreSQL that Isthmus did not start is running on {folder.data} "
            f"(process {', '.join(strangers)}). Stop it with the program that started it, for "
            f"example pg_ctl stop, and start again."
        )


def _end_orphans(folder: Folder, patience: Patience) -> None:
    """End processes whose server was killed and which have not noticed in time."""
    server = postmaster.read_address(folder)
    found = postmaster.processes(folder) if patience.waited_seconds > ORPHAN_SECONDS else []
    if found and (server is None or server.process_id not in {each.pid for each in found}):
        patience.report("Ending processes that a killed PostgreSQL left behind.")
        postmaster.kill_all(folder)


def _start_failed(folder: Folder, exit_status: int) -> errors.EmbeddedError:
    postmaster.reap()
    words = logs.last_words(folder)
    if any(text in words for text in errors.NO_SPACE_TEXTS):
        return errors.disk_full(folder.path, f"while PostgreSQL started; its log: {words}")
    return errors.StartFailed(
        f"PostgreSQL ended while it started (exit status {exit_status}). Correct what its last "
        f"words name and start again, {errors.USE_OWN_SERVER}. Its last words:\n{words}"
    )


def _check_access(server: Server) -> None:
    """Prove that the database can be used, so that no user finds out later."""
    try:
        psycopg.connect(server.conninfo, connect_timeout=30).close()
    except psycopg.OperationalError as error:
        raise errors.PasswordUnusable(
            f"PostgreSQL runs but does not let {server.user} into {server.database}: {error}. "
            f"If the password was changed, put the old one back or write the new one into "
            f"{server.data / 'isthmus.password'}; if the database was dropped, restore it from a "
            f"backup. The log is in {server.logs}."
        ) from error


def _leave(folder: Folder, users: int) -> None:
    """Stop being a user, and stop the server if nobody else is one."""
    postmaster.reap()
    # Closing alone would leave a forked child, which has the same open file, as a user.
    with suppress(OSError):
        locks.unlock(users)
    os.close(users)
    if not folder.path.exists():
        # Somebody deleted the data folder; its server notices that within a minute and ends.
        return
    change = locks.open_lock(folder.change_lock)
    try:
        # Whoever is starting or using the server now will stop it; only if there is nobody
        # it is for us to do.
        while not locks.try_lock(change):
            if _is_used(folder):
                return
            time.sleep(STEP_SECONDS)
        if not _is_used(folder):
            _stop_processes(folder)
    finally:
        os.close(change)


def _is_used(folder: Folder) -> bool:
    """Tell whether anybody uses the server; a look by `status` is short and not taken for a use."""
    for _ in range(LOOKS):
        if not locks.is_in_use(folder.users_lock):
            return False
        time.sleep(STEP_SECONDS)
    return True


def _stop_processes(folder: Folder) -> bool:
    """Stop the server and wait until its last process is gone; the caller holds the change lock."""
    if not locks.is_in_use(folder.server_lock):
        return False
    address = postmaster.read_address(folder)
    # While it recovers from a crash, PostgreSQL takes note of SIGINT and goes on recovering; the
    # recovery has to be made again anyway, so it may as well end at once.
    for number, seconds in STOPPING if postmaster.answers(folder) else STOPPING[1:]:
        if number is None:
            postmaster.kill_all(folder)
        else:
            postmaster.signal_server(folder, number)
        if _wait_until_gone(folder, seconds):
            postmaster.forget_socket_folder(address, account_for(folder.path, folder.data))
            return True
    raise errors.StopFailed(
        f"PostgreSQL did not end, not even by force; its processes are "
        f"{[process.pid for process in postmaster.processes(folder)]} as seen from here. If it was "
        f"started in another container, stop it there. Its last words:\n{logs.last_words(folder)}"
    )


def _wait_until_gone(folder: Folder, seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while locks.is_in_use(folder.server_lock):
        if time.monotonic() > limit:
            return False
        postmaster.reap()
        time.sleep(STEP_SECONDS)
    postmaster.reap()
    return True
