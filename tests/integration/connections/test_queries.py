"""Every named block of SQL can be prepared against the tables that there are."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import Connection, sql

from isthmus.connections.audit import QUERIES as AUDIT
from isthmus.connections.calls import QUERIES as CALLS
from isthmus.connections.causes import QUERIES as CAUSES
from isthmus.connections.due import QUERIES as DUE
from isthmus.connections.exchange import QUERIES as EXCHANGE
from isthmus.connections.foreseen import QUERIES as FORESEEN
from isthmus.connections.overview import QUERIES as OVERVIEW
from isthmus.connections.removing import QUERIES as REMOVING
from isthmus.connections.rows import QUERIES as ROWS
from isthmus.connections.sizes import QUERIES as SIZES
from isthmus.connections.stories import QUERIES as STORIES
from isthmus.connections.tracing import QUERIES as TRACING
from isthmus.exporting.queries import QUERIES as EXPORTING
from isthmus.importing.queries import FETCHING
from isthmus.importing.queries import QUERIES as IMPORTING
from isthmus.profiles.editing import QUERIES as EDITING
from isthmus.profiles.estimating import QUERIES as ESTIMATING
from isthmus.profiles.finding import QUERIES as FINDING
from isthmus.profiles.history import QUERIES as HISTORY
from isthmus.profiles.merging import QUERIES as MERGING
from isthmus.profiles.schema import QUERIES as PROFILES
from isthmus.profiles.searching import QUERIES as SEARCHING
from isthmus.profiles.setting_up import QUERIES as SETTING_UP

ROOMS: dict[str, Mapping[str, Any]] = {
    "importing": IMPORTING,
    "fetching": FETCHING,
    "exporting": EXPORTING,
    "audit": AUDIT,
    "overview": OVERVIEW,
    "removing": REMOVING,
    "sizes": SIZES,
    "tracing": TRACING,
    "rows": ROWS,
    "calls": CALLS,
    "causes": CAUSES,
    "due": DUE,
    "stories": STORIES,
    "foreseen": FORESEEN,
    "profiles": PROFILES,
    "merging": MERGING,
    "estimating": ESTIMATING,
    "editing": EDITING,
    "exchange": EXCHANGE,
    "finding": FINDING,
    "history": HISTORY,
    "searching": SEARCHING,
    "setting up": SETTING_UP,
}
PREPARED = re.compile(r"(?:--[^\n]*\n|\s)*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
"""CREATE and DROP can't be prepared; the temporary tables are made by running them."""

# Made by builders, whose columns depend on the goal.
_BUILT: list[LiteralString] = [
    "CREATE TEMPORARY TABLE export_value (profile_id uuid)",
    """CREATE TEMPORARY TABLE export_result (
        kind text, record_id text, key_id text, created text, error text, row_hash uuid
    )""",
]


def blocks() -> Iterator[Any]:
    for room, queries in ROOMS.items():
        for name, query in queries.items():
            if PREPARED.match(query.as_string()):
                yield pytest.param(query, id=f"{room} {name}")


def _numbered(query: sql.SQL) -> LiteralString:
    """The block with `$1`, `$2`, … for its names."""
    text: LiteralString = query.as_string()
    names = dict.fromkeys(re.findall(r"%\((\w+)\)s", text))
    for number, name in enumerate(names, 1):
        text = text.replace(f"%({name})s", f"${number}")
    return text.replace("%%", "%")


@pytest.fixture
def tables(store: Connection[Any]) -> Connection[Any]:
    """The store with the temporary tables of both engines."""
    for queries in (MERGING, IMPORTING, EXPORTING):
        for name, query in queries.items():
            if name.startswith("make_"):
                store.execute(query)
    for statement in _BUILT:
        store.execute(statement)
    return store


def test_every_block_can_be_prepared(tables: Connection[Any]) -> None:
    refused = {}
    for param in blocks():
        try:
            tables.execute(sql.SQL("PREPARE it AS ") + sql.SQL(_numbered(param.values[0])))
            tables.execute("DEALLOCATE it")
        except psycopg.Error as error:
            refused[param.id] = str(error)
    assert refused == {}


@pytest.mark.parametrize("room", ["importing", "exporting"])
def test_every_block_is_used(room: str) -> None:
    """A block that nobody runs is a leftover."""
    from importlib.resources import files

    code = "".join(
        path.read_text(encoding="utf-8")
        for path in files(f"isthmus.{room}").iterdir()
        if path.name.endswith(".py")
    )
    used = set(re.findall(r'"(\w+)"', code))
    assert ROOMS[room].keys() - used == set()
