"""Runs queries against the store and puts their answers together."""

import re
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localorg import soql
from localorg.control.fault_kinds import PAGE_DROPPED, PAGE_REPEATED
from localorg.org import Org
from localorg.query.cursors import Cursor
from localorg.query.pages import PageReader, Snapshot, begin, take_snapshot
from localorg.query.plan import ChildPlan, RecordPlan
from localorg.query.values import as_json
from localorg.schema import Schema
from localorg.soql import errors
from localorg.soql.grouping import Groups, Output
from localorg.soql.statements import select_groups

MIN_BATCH = 200
MAX_BATCH = 2_000
BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d{1,9})", re.IGNORECASE)
UTC = "UTC"
USERS_ZONE = 'SELECT "TimeZoneSidKey" FROM "User" WHERE "Id" = ?'
Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks a query, and how the answer is to be cut into pages."""

    org: Org
    schema: Schema  # what the user sees of it
    user_id: str
    version: str  # of the API, such as 66.0
    batch_size: int | None = None  # records per page, if the request asks for a number
    target: str = ""  # the request's path with its query, as faults name it


def batch_size_of(options: str | None) -> int | None:
    """Return the page size in a Sforce-Query-Options header, kept between 200 and 2,000."""
    match = BATCH_SIZE.search(options or "")
    return min(max(int(match[1]), MIN_BATCH), MAX_BATCH) if match else None


def compiled(asking: Asking, text: str, *, deleted_too: bool = False) -> soql.Statement:
    """Return a query checked for the user who asks.

    Raises:
        SalesforceError: what is wrong with the query, see `soql`.

    """
    compiler = soql.Compiler(
        schema=asking.schema,
        now=asking.org.clock.now(),
        include_deleted=deleted_too,
        user_id=asking.user_id,
        zone=zone_of(asking),
    )
    return compiler.compile(soql.parse(text))


def zone_of(asking: Asking) -> str:
    """Return the time zone of the user who asks, in which days begin and end."""
    with asking.org.store.read() as connection:
        row = connection.execute(USERS_ZONE, (asking.user_id,)).fetchone()
    return _known_zone(row[0] if row and row[0] else UTC)


@lru_cache(maxsize=1_000)
def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
    return name


def run(asking: Asking, text: str, *, deleted_too: bool) -> Answer:
    """Return the first page of a query's answer, as JSON; see `compiled` for the errors."""
    statement = compiled(asking, text, deleted_too=deleted_too)
    with asking.org.store.read() as connection:
        begin(connection)
        soql.install_functions(connection)
        if statement.counts:
            return _count(connection, statement)
        if statement.groups is not None:
            return _grouped(connection, statement, statement.groups)
        plan = RecordPlan(statement, asking.version)
        snapshot = take_snapshot(connection, statement)
        cursor = _cursor(asking, plan, snapshot, deleted_too=deleted_too)
        return _Page(asking, cursor, None, connection).answer(0)


def go_on(asking: Asking, locator: str) -> Answer:
    """Return the page of an answer that a locator names, as JSON.

    Raises:
        SalesforceError: INVALID_QUERY_LOCATOR.

    """
    org = asking.org
    cursor_id, cursor, offset = org.cursors.find(locator, asking.user_id, org.clock.now())
    with org.store.read() as connection:
        begin(connection)
        soql.install_functions(connection)
        return _Page(asking, cursor, cursor_id, connection).answer(offset)


def _count(connection: sqlite3.Connection, statement: soql.Statement) -> Answer:
    query = soql.select_count(statement)
    count = connection.execute(query.text, query.parameters).fetchone()[0]
    return {"totalSize": count, "done": True, "records": []}


def _grouped(connection: sqlite3.Connection, statement: soql.Statement, groups: Groups) -> Answer:
    """Return all groups at once; Salesforce has no further pages of them."""
    query = select_groups(statement, _expressions(groups.outputs), MAX_BATCH + 1)
    rows = connection.execute(query.text, query.parameters).fetchall()
    if len(rows) > MAX_BATCH:
        raise errors.no_query_more()
    keys = [output.key for output in groups.outputs]
    booleans = [output.key for output in groups.outputs if output.field.type == "boolean"]
    records = [_group(keys, booleans, row) for row in rows]
    return {"totalSize": len(records), "done": True, "records": records}


def _expressions(outputs: tuple[Output, ...]) -> list[str]:
    return [as_json(output.field, f"c{number}") for number, output in enumerate(outputs)]


def _group(keys: list[str], booleans: list[str], row: tuple[Any, ...]) -> Answer:
    record = {"attributes": {"type": "AggregateResult"}, **dict(zip(keys, row, strict=True))}
    for key in booleans:
        record[key] = None if record[key] is None else record[key] == 1
    return record


def _cursor(asking: Asking, plan: RecordPlan, snapshot: Snapshot, *, deleted_too: bool) -> Cursor:
    return Cursor(
        user_id=asking.user_id,
        plan=plan,
        places=snapshot.places,
        highest_id=snapshot.highest_id,
        batch_size=asking.batch_size or MAX_BATCH,
        deleted_too=deleted_too,
        opened=asking.org.clock.now(),
    )


@dataclass
class _Page:
    """One page of a cursor's records; the cursor is kept only where another page follows."""

    asking: Asking
    cursor: Cursor
    cursor_id: str | None
    connection: sqlite3.Connection

    def answer(self, offset: int) -> Answer:
        """Return the page that begins with the record number `offset`, counted from 0."""
        faults, target = self.asking.org.faults, self.asking.target
        size = self.asking.batch_size or self.cursor.batch_size
        if faults.take(PAGE_DROPPED, target):
            offset += size
        places = self.cursor.places[offset : offset + size]
        records, read = self._read(size).page(self.cursor.plan, places, self.cursor.highest_id)
        following = offset if faults.take(PAGE_REPEATED, target) else offset + read
        answer: Answer = {"totalSize": self.cursor.total, "done": following >= self.cursor.total}
        if not answer["done"]:
            answer["nextRecordsUrl"] = self.path(following)
        return answer | {"records": records}

    def _read(self, size: int) -> PageReader:
        return PageReader(
            connection=self.connection,
            deleted_too=self.cursor.deleted_too,
            most_per_parent=size,
            go_on=lambda child, snapshot: self._children(child, snapshot, size),
        )

    def _children(self, child: ChildPlan, snapshot: Snapshot, size: int) -> str:
        """Keep a parent's children for later, and return the path of their second page."""
        cursor = _cursor(self.asking, child.plan, snapshot, deleted_too=self.cursor.deleted_too)
        return _Page(self.asking, cursor, None, self.connection).path(size)

    def path(self, offset: int) -> str:
        """Return the path of the page that begins at `offset`, keeping the cursor for it."""
        org = self.asking.org
        if self.cursor_id is None:
            self.cursor_id = org.store.ids.next("01g")
            org.cursors.keep(self.cursor_id, self.cursor)
        return f"/services/data/v{self.asking.version}/query/{self.cursor_id}-{offset}"
