"""Making the cluster: complete under its name, or not there at all."""

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from psycopg import sql

from isthmus.embedded import errors
from isthmus.embedded.account import Account
from isthmus.embedded.binaries import MAJOR_VERSION, Binaries
from isthmus.embedded.folder import PASSWORD_BYTES, Folder, make_private_folder, write_private

DATABASE = "isthmus"
USER = "isthmus"
SUPERUSER = "postgres"

INITDB_OPTIONS = (
    "--username=postgres",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--text-search-config=simple",
    "--data-checksums",
    "--auth=reject",
    "--no-sync",
)
# One call for the whole file system: a tenth of the time of asking for 1,300 files one by one,
# when the disk is busy.
SYNC_METHOD = "--sync-method=syncfs" if sys.platform == "linux" else "--sync-method=fsync"
# Each command ends with an empty line, because single-user mode is told to read them so.
SET_UP = sql.SQL("""\
ALTER ROLE {superuser} PASSWORD {password};

CREATE ROLE {user} LOGIN CREATEDB PASSWORD {password};

GRANT pg_checkpoint, pg_monitor, pg_signal_backend TO {user};

CREATE DATABASE {database} OWNER {user};

""")
WHO_MAY_CONNECT = """\
# From this machine only, and always with the password.
local all all scram-sha-256
local replication all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""
OWN_SETTINGS = """\
# Your own PostgreSQL settings; they win over isthmus.conf. Read when the server starts.
"""
MORE_SETTINGS = """
# Isthmus writes isthmus.conf at each start; local.conf is yours and wins.
include 'isthmus.conf'
include_if_exists 'local.conf'
"""


def check_version(folder: Folder) -> bool:
    """Tell whether the cluster exists, and refuse one of another major version."""
    try:
        found = (folder.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return False
    if found == str(MAJOR_VERSION):
        return True
    raise errors.WrongMajorVersion(
        f"The data folder {folder.data} was made by PostgreSQL {found}; this release brings "
        f"PostgreSQL {MAJOR_VERSION} and can't read it. Dump the database with the release that "
        f"made it, move the folder away, start again and load the dump, {errors.USE_OWN_SERVER}."
    )


def create(folder: Folder, binaries: Binaries, account: Account, server_lock: int) -> None:
    """Make the cluster with its role, database and password; `server_lock` is held exclusively.

    The programs inherit the lock, so after a kill the next start waits for those that still run.
    """
    shutil.rmtree(folder.unfinished, ignore_errors=True)
    place = folder.unfinished
    make_private_folder(place, account)
    name = account.name_for(place)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    steps: tuple[tuple[list[str | Path], str], ...] = (
        ([binaries.initdb, "-D", name, *INITDB_OPTIONS], ""),
        ([*_single_user(binaries, name), SUPERUSER], _set_up(password)),
        ([binaries.initdb, "-D", name, "--sync-only", SYNC_METHOD], ""),
    )
    for command, text in steps[:2]:
        _run(command, text, place, account, server_lock)
    _write_files(place, password, account)
    _run(*steps[2], place, account, server_lock)
    place.rename(folder.data)
    _sync(folder.path)


def _single_user(binaries: Binaries, name: str) -> list[str | Path]:
    """Return the command of a server without clients; a failed statement is kept out of its log."""
    settings = ("log_min_error_statement=panic", "log_checkpoints=off", "exit_on_error=on")
    chosen = [word for setting in settings for word in ("-c", setting)]
    return [binaries.postgres, "--single", "-F", "-j", "-D", name, *chosen]


def _set_up(password: str) -> str:
    return SET_UP.format(
        superuser=sql.Identifier(SUPERUSER),
        user=sql.Identifier(USER),
        database=sql.Identifier(DATABASE),
        password=sql.Literal(password),
    ).as_string(None)


def _write_files(place: Path, password: str, account: Account) -> None:
    write_private(place / "isthmus.password", password + "\n", account)
    write_private(place / "local.conf", OWN_SETTINGS, account)
    write_private(place / "pg_hba.conf", WHO_MAY_CONNECT, account)
    made = (place / "postgresql.conf").read_text(encoding="utf-8")
    write_private(place / "postgresql.conf", made + MORE_SETTINGS, account)


def _run(
    command: list[str | Path], text: str, place: Path, account: Account, server_lock: int
) -> None:
    """Run one step to its end; when we are interrupted, end it and everything that it started."""
    with subprocess.Popen(  # noqa: S603 - programs of the installed package
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **account.process_options(place, keep=[server_lock]),
    ) as process:
        try:
            output, _ = process.communicate(text.encode())
        except BaseException:
            _kill_session(process)
            raise
    if process.returncode != 0:
        raise _create_failed(place, command, output.decode(errors="replace"))


def _kill_session(process: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        return


def _create_failed(place: Path, command: list[str | Path], output: str) -> errors.EmbeddedError:
    lines = "\n".join(output.strip().splitlines()[-15:])
    if any(text in output for text in errors.NO_SPACE_TEXTS):
        return errors.disk_full(place, f"while the database was created: {lines[-200:]}")
    return errors.CreateFailed(
        f"The database could not be created in {place}: {Path(command[0]).name} ended with these "
        f"lines:\n{lines}\nCorrect what they name and start again, {errors.USE_OWN_SERVER}."
    )


def _sync(folder: Path) -> None:
    """Make the folder's new names survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
