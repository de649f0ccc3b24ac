"""The server's processes: finding, launching and ending them.

Whether any of them lives is answered by `server.lock`: the server inherits it locked and passes
it on to each process that it forks, so the kernel frees it when the last one is gone. Process
ids are used only to send signals, and only after checking that the process is a PostgreSQL that
stands in this data folder.
"""

import atexit
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from psycopg import pq
from psycopg.conninfo import make_conninfo

from isthmus.embedded import errors, locks
from isthmus.embedded.account import Account
from isthmus.embedded.binaries import Binaries
from isthmus.embedded.cluster import SUPERUSER
from isthmus.embedded.folder import Folder, is_private, make_private_folder, write_private
from isthmus.embedded.logs import drop_old_logs
from isthmus.embedded.tuning import render

SOCKET_FOLDER = "socket"
FALLBACK_PREFIX = "isthmus-"
# The kernel's limit on the path of a socket (103 on macOS), less `/.s.PGSQL.` and a port.
LONGEST_SOCKET_FOLDER = (107 if sys.platform == "linux" else 103) - len("/.s.PGSQL.65535")
PROGRAMS = frozenset({"postgres", "initdb"})
PING_TIMEOUT_SECONDS = 3

# Servers that this process launched; they are asked for their exit status so that none stays
# behind as a zombie.
_launched: list["subprocess.Popen[bytes]"] = []


@dataclass(frozen=True)
class Address:
    """What a server wrote about itself into postmaster.pid."""

    process_id: int
    socket_folder: Path
    port: int
    # "starting", "ready", "stopping", "standby"
    state: str


def read_address(folder: Folder) -> Address | None:
    """Return what the server says about itself; it may have ended since."""
    try:
        lines = (folder.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    try:
        return Address(int(lines[0]), folder.data / lines[4], int(lines[3]), lines[7].strip())
    except (IndexError, ValueError):
        return None


def answers(folder: Folder) -> Address | None:
    """Return the address of the server if it accepts connections now."""
    address = read_address(folder)
    if address is None or address.state == "stopping" or not locks.is_in_use(folder.server_lock):
        return None
    conninfo = make_conninfo(
        host=os.fspath(address.socket_folder),
        port=address.port,
        # Named, because libpq would otherwise ask for our account's name, which a container's
        # user may not have.
        user=SUPERUSER,
        dbname="postgres",
        connect_timeout=PING_TIMEOUT_SECONDS,
    )
    return address if pq.PGconn.ping(conninfo.encode()) == pq.Ping.OK else None


def launch(
    folder: Folder,
    binaries: Binaries,
    account: Account,
    settings: Mapping[str, str],
    server_lock: int,
) -> "subprocess.Popen[bytes]":
    """Start the server, which inherits `server_lock`, locked exclusively; don't wait for it."""
    clear_leftovers(folder, account)
    socket_setting = {"unix_socket_directories": _socket_setting(folder, account)}
    write_private(folder.data / "isthmus.conf", render({**settings, **socket_setting}), account)
    with folder.start_log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - a program of the installed package
            [binaries.postgres, "-D", account.name_for(folder.data)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            **account.process_options(folder.data, keep=[server_lock]),
        )
    _launched.append(process)
    return process


def clear_leftovers(folder: Folder, account: Account) -> None:
    """Remove what a killed server left behind; the caller holds the server's lock.

    After a restart of the machine or a container, the process id in postmaster.pid may belong to
    a stranger, and PostgreSQL would refuse to start because of it.
    """
    forget_socket_folder(read_address(folder), account)
    (folder.data / "postmaster.pid").unlink(missing_ok=True)
    shutil.rmtree(folder.data / SOCKET_FOLDER, ignore_errors=True)
    drop_old_logs(folder.logs)


def forget_socket_folder(address: Address | None, account: Account) -> None:
    """Remove a socket folder that was made outside the data folder."""
    if address is None or not address.socket_folder.name.startswith(FALLBACK_PREFIX):
        return
    if is_private(address.socket_folder, account):
        shutil.rmtree(address.socket_folder, ignore_errors=True)


def _socket_setting(folder: Folder, account: Account) -> str:
    """Make the folder for the socket and return its name as the server is to see it."""
    ours = folder.data / SOCKET_FOLDER
    if _fits(ours):
        make_private_folder(ours, account)
        return SOCKET_FOLDER
    short = _short_folder(folder, account)
    doubled = os.fspath(short).replace('"', '""')
    return f'"{doubled}"'


def _short_folder(folder: Folder, account: Account) -> Path:
    """Make a private folder with a short path, with the same name each time if possible.

    A restarted server is then found by users who came before. A folder that somebody else made
    under this name is not trusted; another name, that nobody could know, is taken instead.
    """
    base = _runtime_folder()
    path = base / (FALLBACK_PREFIX + hashlib.sha256(os.fsencode(folder.data)).hexdigest()[:8])
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        if is_private(path, account):
            return path
        path = Path(tempfile.mkdtemp(prefix=FALLBACK_PREFIX, dir=base))
    account.give(path)
    return path


def _fits(socket_folder: Path) -> bool:
    """Tell whether clients can be told this path: libpq takes a comma for the next host."""
    path = os.fspath(socket_folder)
    encodable = path.isprintable() and "," not in path
    return encodable and len(os.fsencode(path)) <= LONGEST_SOCKET_FOLDER


def _runtime_folder() -> Path:
    """Return a folder with a short path, in which others can't replace what we make."""
    candidates = [Path(f"/run/user/{os.geteuid()}"), Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108
    if os.geteuid() == 0:
        candidates.insert(0, Path("/run"))
    for candidate in candidates:
        room = _fits(candidate / f"{FALLBACK_PREFIX}12345678")
        if room and candidate.is_dir() and os.access(candidate, os.W_OK | os.X_OK):
            return candidate
    raise errors.FolderUnusable(
        f"The data folder's path is too long for a socket, and no folder with a short path can be "
        f"written (tried {', '.join(map(str, candidates))}). Set ISTHMUS_HOME to a shorter path, "
        f"{errors.USE_OWN_SERVER}."
    )


def processes(folder: Folder) -> list[psutil.Process]:
    """Return the PostgreSQL processes that stand in this cluster, finished or not."""
    return [
        process
        for process in psutil.process_iter(["name"])
        if process.info["name"] in PROGRAMS and _stands_in(process, folder)
    ]


def _stands_in(process: psutil.Process, folder: Folder) -> bool:
    link = f"/proc/{process.pid}/cwd"
    try:
        place = os.stat(link if sys.platform == "linux" else process.cwd())  # noqa: PTH116
    except (OSError, psutil.Error):
        return False
    return any(_is_same(place, cluster) for cluster in (folder.data, folder.unfinished))


def _is_same(place: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(place, path.stat())
    except OSError:
        return False


def signal_server(folder: Folder, number: signal.Signals) -> None:
    """Send a signal to the server itself, and not to the processes that it started."""
    found = processes(folder)
    identifiers = {process.pid for process in found}
    for process in found:
        _send(process, number, lambda process: process.ppid() not in identifiers)


def kill_all(folder: Folder) -> None:
    """Kill every process of the server at once; the next start recovers what was committed."""
    for process in processes(folder):
        _send(process, signal.SIGKILL)


def _send(
    process: psutil.Process,
    number: signal.Signals,
    condition: Callable[[psutil.Process], bool] = lambda _: True,
) -> None:
    try:
        if condition(process):
            process.send_signal(number)
    except psutil.NoSuchProcess:
        return


@atexit.register
def let_servers_outlive_us() -> None:
    """Part with servers that others still use, which Python would otherwise warn about."""
    for process in _launched:
        if process.poll() is None:
            process.returncode = 0


def reap() -> None:
    """Let the kernel forget servers that this process launched and that have ended."""
    _launched[:] = [process for process in _launched if process.poll() is None]
