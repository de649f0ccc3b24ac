"""Making a backup: one moment of the database in one file, while everything goes on."""

import hashlib
import os
import secrets as random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import psycopg
from psycopg import Connection, IsolationLevel

import isthmus
from isthmus.backups import programs, tables
from isthmus.backups.errors import BackupFailed
from isthmus.backups.manifest import DUMP, KEY, MANIFEST, Manifest
from isthmus.backups.tables import QUERIES, Table
from isthmus.connections import secrets
from isthmus.embedded.errors import FULL_DISK_ERRORS

BLOCK_BYTES = 1 << 20
LOCK_SECONDS = 60
"""For a table that somebody alters just now."""

SMALLER = 5
"""A dump is smaller than its tables by this factor at least, as a rule: a disk with less room than
that is not tried."""

Progress = Callable[[int], None]
"""Is told how many bytes are written."""


def to_file(
    conninfo: str, target: Path, *, with_key: bool, progress: Progress = lambda _: None
) -> Manifest:
    """Write a backup: the whole file under its name, readable by its owner only, or none."""
    if target.exists():
        raise BackupFailed(f"{target} is there already. Name another file, or move it away.")
    try:
        with _draft(target) as draft:
            manifest = to_stream(
                conninfo, draft, with_key=with_key, progress=progress, room=target.parent
            )
    except OSError as error:
        if error.errno in FULL_DISK_ERRORS:
            raise BackupFailed(
                f"The disk of {target.parent} is full, so no backup was made. Make room, or write "
                f"it elsewhere."
            ) from error
        raise BackupFailed(
            f"{target} can't be written ({error.strerror}), so no backup was made. Let this "
            f"account write there, or name another folder."
        ) from error
    return manifest


@contextmanager
def _draft(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes the name of `target` once it is complete and on the disk."""
    path = target.with_name(f".{target.name}.{random.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(path, flags, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
            yield file
            file.flush()
            os.fsync(file.fileno())
        path.rename(target)
        _keep_name(target.parent)
    finally:
        path.unlink(missing_ok=True)


def _keep_name(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_stream(
    conninfo: str,
    stream: IO[bytes],
    *,
    with_key: bool,
    progress: Progress = lambda _: None,
    room: Path | None = None,
) -> Manifest:
    """Write a backup to an open file or pipe; `room` is a folder whose disk has to hold it."""
    keys = secrets.texts()
    with _moment(conninfo) as (session, snapshot, known), ZipFile(stream, "w") as archive:
        found = tables.dumped(session)
        if room is not None:
            _check_room(room, found)
        program = programs.find("pg_dump", session.info.server_version // 10_000)
        words = [program, "--format=custom", "--no-owner", "--no-acl", f"--snapshot={snapshot}"]
        words += [f"--lock-wait-timeout={LOCK_SECONDS}s", f"--exclude-schema={tables.STAGE}"]
        words += [f"--exclude-table-data=public.{name}" for name in tables.LEFT_OUT]
        size, digest = _dump(words, conninfo, archive, progress)
        if with_key:
            archive.writestr(_entry(KEY), "".join(f"{key}\n" for key in keys))
        manifest = Manifest(
            version=isthmus.__version__,
            postgresql=programs.major_of(program),
            migrations=[name for (name,) in session.execute(QUERIES["migrations"])],
            tables=tables.counted(session, found),
            keys=[secrets.mark(key) for key in keys],
            dump_bytes=size,
            dump_sha256=digest,
            **known,
        )
        archive.writestr(_entry(MANIFEST), manifest.as_bytes())
    return manifest


@contextmanager
def _moment(conninfo: str) -> Iterator[tuple[Connection[Any], str, dict[str, Any]]]:
    """A session that sees one moment, by a name under which others see it too."""
    try:
        with psycopg.connect(conninfo, application_name="isthmus backup") as session:
            session.isolation_level = IsolationLevel.REPEATABLE_READ
            session.read_only = True
            session.execute("SET TIME ZONE 'UTC'")
            if session.execute(QUERIES["is_installed"]).fetchone() != (True,):
                raise BackupFailed(
                    "There is nothing to back up: the database has no tables of Isthmus yet."
                )
            row = session.execute(QUERIES["about"]).fetchone()
            assert row is not None  # noqa: S101 - it has a row
            at, snapshot, size = row
            yield session, snapshot, {"made_at": at, "database_bytes": size}
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise BackupFailed(
            f"The database refused or went away ({reason}), so no backup was made. Try it again."
        ) from error


def _check_room(folder: Path, found: list[Table]) -> None:
    needed = sum(size for _, _, size in found) // SMALLER
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(
            f"The disk of {folder} has {free // 2**20:,} MiB free, and the backup will take "
            f"{needed // 2**20:,} MiB or so. Make room, or write it elsewhere."
        )


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name)
    entry.compress_type, entry.external_attr = ZIP_STORED, 0o600 << 16
    return entry


def _dump(words: list[Any], conninfo: str, archive: ZipFile, progress: Progress) -> tuple[int, str]:
    """Take what pg_dump writes into the archive; how much it is, and its digest."""
    size, digest = 0, hashlib.sha256()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            env=programs.environment(conninfo),
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - asked for
        try:
            # The dump is compressed already.
            with archive.open(_entry(DUMP), "w", force_zip64=True) as entry:
                while block := process.stdout.read(BLOCK_BYTES):
                    entry.write(block)
                    digest.update(block)
                    size += len(block)
                    progress(size)
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            raise BackupFailed(f"pg_dump did not get to its end: {last_words(said)}")
    return size, digest.hexdigest()


def last_words(said: IO[bytes]) -> str:
    """The end of what a program said of its trouble."""
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return " ".join(lines[-3:]) or "it gave no reason"
