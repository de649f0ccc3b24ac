"""Restoring a backup: into a database beside the one that is there, which then takes its name.

Until that moment everything is as it was; what goes wrong before leaves nothing behind.
"""

import secrets as random
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import Composed

from isthmus.backups import programs, tables
from isthmus.backups.errors import NotEmpty, RestoreFailed
from isthmus.backups.manifest import DUMP, Manifest
from isthmus.backups.tables import QUERIES
from isthmus.backups.writing import BLOCK_BYTES, last_words

if TYPE_CHECKING:
    from pathlib import Path

MAINTENANCE = ("postgres", "template1")
"""Databases from which another one can be renamed; every server has them."""


def check_target(conninfo: str, *, replace: bool) -> None:
    """Raise where the database can't be restored to: there is something in it, or it is in use."""
    with _connected(conninfo) as session:
        if session.execute(QUERIES["may_create"]).fetchone() != (True,):
            raise RestoreFailed(
                f"The database user {session.info.user} may not make databases, and a backup is "
                f"restored into a new one. Let it (ALTER ROLE … CREATEDB), and try again."
            )
        names = {"database": session.info.dbname}
        number, who = session.execute(QUERIES["others"], names).fetchone() or (0, "")
        if number:
            raise NotEmpty(
                f"The database is in use ({who or 'by sessions without a name'}). End "
                f"`isthmus up`, `isthmus worker` and `isthmus web`, and whatever else uses it, and "
                f"try again."
            )
        if not replace and _has_content(session):
            raise NotEmpty(
                "The database holds a store already. Restore into an empty one (another "
                "ISTHMUS_HOME or DATABASE_URL), or add --replace: then what is there is lost."
            )


def _has_content(session: Connection[Any]) -> bool:
    """Whether there is anything that a restore would take away."""
    if session.execute(QUERIES["has_tables"]).fetchone() != (True,):
        return False
    if session.execute(QUERIES["is_installed"]).fetchone() != (True,):
        return True
    return session.execute(QUERIES["has_content"]).fetchone() == (True,)


@contextmanager
def beside(conninfo: str, archive: ZipFile, manifest: Manifest) -> Iterator[str]:
    """A database with what is in the backup; when the block ends well it takes the other's place.

    The block gets its connection string, and may bring it up to this version and look at it.
    """
    name = f"isthmus_restored_{random.token_hex(4)}"
    restored = make_conninfo(conninfo, dbname=name)
    with _connected(conninfo) as session:
        session.execute(_create(session, name))
        old = session.info.dbname
    try:
        _load(restored, archive, manifest)
        _compare(restored, manifest)
        yield restored
        _swap(conninfo, name, old)
    except BaseException:
        _drop(conninfo, name)
        raise


def _create(session: Connection[Any], name: str) -> Composed:
    """Make it as the one that is there was made."""
    row = session.execute(QUERIES["looks"]).fetchone()
    assert row is not None  # noqa: S101 - the session is in it
    encoding, provider, collate, ctype, locale = row
    words = [
        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)),
        sql.SQL("ENCODING {}").format(sql.Literal(encoding)),
        sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(sql.Literal(collate), sql.Literal(ctype)),
    ]
    kinds = {"b": "BUILTIN_LOCALE", "i": "ICU_LOCALE"}
    if provider in kinds:
        kind = "builtin" if provider == "b" else "icu"
        words.append(sql.SQL("LOCALE_PROVIDER {}").format(sql.Identifier(kind)))
        words.append(sql.SQL(kinds[provider] + " {}").format(sql.Literal(locale)))
    return sql.SQL(" ").join(words)


def _load(conninfo: str, archive: ZipFile, manifest: Manifest) -> None:
    with _connected(conninfo) as session:
        major = max(manifest.postgresql, session.info.server_version // 10_000)
    program = programs.find("pg_restore", major)
    database = str(conninfo_to_dict(conninfo)["dbname"])
    words: list[str | Path] = [program, "--exit-on-error", "--no-owner", "--no-acl"]
    words.append(f"--dbname={database}")
    with (
        tempfile.TemporaryFile() as said,
        archive.open(DUMP) as dump,
        subprocess.Popen(  # noqa: S603 - a program of PostgreSQL
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=programs.environment(conninfo),
        ) as process,
    ):
        assert process.stdin is not None  # noqa: S101 - asked for
        try:
            while block := dump.read(BLOCK_BYTES):
                process.stdin.write(block)
            process.stdin.close()
        except BrokenPipeError:
            # It ended before; it says why.
            pass
        except BaseException:
            process.kill()
            raise
        if process.wait() != 0:
            raise RestoreFailed(
                f"pg_restore did not get to its end: {last_words(said)}. Nothing was changed."
            )


def _compare(conninfo: str, manifest: Manifest) -> None:
    """Raise where a table does not have the rows that were written."""
    with _connected(conninfo) as session:
        found = tables.counted(session, tables.dumped(session))
        session.execute("ANALYZE")
    wrong = sorted(
        name
        for name in found.keys() | manifest.tables.keys()
        if found.get(name) != manifest.tables.get(name)
    )
    if wrong:
        raise RestoreFailed(
            f"What came out of the backup is not what went in: the rows of {', '.join(wrong[:5])} "
            f"differ. Nothing was changed. Report this with the backup's manifest.json."
        )


def _swap(conninfo: str, name: str, old: str) -> None:
    """Give the restored database the name, in one transaction, and drop the one that had it."""
    gone = f"isthmus_replaced_{random.token_hex(4)}"
    with _maintained(conninfo) as session:
        with session.transaction():
            for before, after in ((old, gone), (name, old)):
                session.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(before), sql.Identifier(after)
                    )
                )
        session.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(gone)))


def _drop(conninfo: str, name: str) -> None:
    with _maintained(conninfo) as session:
        session.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@contextmanager
def _maintained(conninfo: str) -> Iterator[Connection[Any]]:
    """A session in a database that is not concerned."""
    for name in MAINTENANCE[:-1]:
        try:
            psycopg.connect(make_conninfo(conninfo, dbname=name)).close()
        except psycopg.OperationalError:
            continue
        with _connected(make_conninfo(conninfo, dbname=name)) as session:
            yield session
            return
    with _connected(make_conninfo(conninfo, dbname=MAINTENANCE[-1])) as session:
        yield session


@contextmanager
def _connected(conninfo: str) -> Iterator[Connection[Any]]:
    try:
        with psycopg.connect(
            conninfo, autocommit=True, application_name="isthmus restore"
        ) as session:
            yield session
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise RestoreFailed(
            f"The database refused or went away ({reason}). What was there is as it was. Correct "
            f"that, and try again."
        ) from error
