"""A real store for each test: one PostgreSQL for the session, a fresh database for each test."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest
from django.db import connections
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from isthmus import embedded
from isthmus.connections import secrets
from isthmus.profiles.migrate import migrate
from isthmus.settings import database

TEMPLATE = "migrated"
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Nothing here has to survive a power cut."""

_numbers = count(1)
_left: list[str] = []
"""Stores of tests that have ended, which are dropped when the next one begins.

A test's last backend may take a moment to leave; for that PostgreSQL waits a tenth of a second.
"""

# What these modules assert is shown as it is for tests.
pytest.register_assert_rewrite(
    "integration.importing.side_by_side", "integration.exporting.side_by_side"
)

# Test modules import models, so Django has to be ready before they are collected.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
django.setup()


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    """A running PostgreSQL, in a folder with a short path that other accounts may pass."""
    with tempfile.TemporaryDirectory(prefix="isthmus-") as home:
        Path(home).chmod(0o755)
        with embedded.running(Path(home), settings=QUICK) as running:
            _let_in_quickly(running)
            yield running


def _let_in_quickly(server: embedded.Server) -> None:
    """Keep the password, hashed once and not 4,096 times: a test makes half a dozen connections."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("SET scram_iterations = 1")
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(server.user), sql.Literal(server.password)
            )
        )


@pytest.fixture(scope="session")
def new_database(server: embedded.Server) -> Iterator[Callable[[], str]]:
    """Make a database with all tables and no rows; the connection string comes back."""
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        _migrate_template(server, connection)

        def make() -> str:
            name = sql.Identifier(f"store_{next(_numbers)}")
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(TEMPLATE))
            )
            return make_conninfo(server.conninfo, dbname=name.as_string().strip('"'))

        yield make


def _migrate_template(server: embedded.Server, connection: Connection[Any]) -> None:
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
    conninfo = make_conninfo(server.conninfo, dbname=TEMPLATE)
    with serving(conninfo):
        migrate()


@contextmanager
def serving(conninfo: str) -> Iterator[None]:
    """Point Django and the engines to a database for as long as the block lasts."""
    known = connections.settings["default"]
    before = dict(known)
    connections.close_all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ISTHMUS_CONNINFO", conninfo)
        known.update(dict.fromkeys(("HOST", "PORT", "USER", "PASSWORD", "NAME"), ""))
        known.update(database(conninfo))
        try:
            yield
        finally:
            connections.close_all()
            known.clear()
            known.update(before)


@pytest.fixture
def store(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection[Any]]:
    """A fresh store that Django and the engines use; a connection of its own to look into it."""
    while _left:
        _drop(_left.pop())
    conninfo = new_database()
    _left.append(conninfo)
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", secrets.new_key())
    with serving(conninfo), psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection


def _drop(conninfo: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name)))
        )
