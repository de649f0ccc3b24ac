"""Runs queries against the store and puts their answers together."""

import re
from dataclasses import dataclass
from typing import Any

from localorg import soql
from localorg.org import Org
from localorg.query.cursors import Cursor, Cursors
from localorg.query.records import RecordPlan

MIN_BATCH = 200
MAX_BATCH = 2_000
BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d{1,9})", re.IGNORECASE)
Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Paging:
    """What a request says about pages."""

    version: str  # of the API, such as 66.0
    batch_size: int | None = None  # records per page, if the request asks for a number


def batch_size_of(options: str | None) -> int | None:
    """Return the page size in a Sforce-Query-Options header, kept between 200 and 2,000."""
    match = BATCH_SIZE.search(options or "")
    return min(max(int(match[1]), MIN_BATCH), MAX_BATCH) if match else None


def run(org: Org, cursors: Cursors, text: str, paging: Paging, *, deleted_too: bool) -> Answer:
    """Return the first page of a query's answer, as JSON.

    Raises:
        SalesforceError: what is wrong with the query, see `soql`.

    """
    now = org.clock.now()
    compiler = soql.Compiler(schema=org.schema, now=now, include_deleted=deleted_too)
    statement = compiler.compile(soql.parse(text))
    if statement.counts:
        return _count(org, statement)
    cursor = Cursor(
        statement=statement,
        plan=RecordPlan(statement, paging.version),
        ids=_ids(org, statement),
        batch_size=paging.batch_size or MAX_BATCH,
        deleted_too=deleted_too,
        opened=now,
    )
    cursor_id = None
    if cursor.total > cursor.batch_size:
        cursor_id = org.store.ids.next("01g")
        cursors.keep(cursor_id, cursor)
    return _page(org, cursor_id, cursor, 0, paging)


def go_on(org: Org, cursors: Cursors, locator: str, paging: Paging) -> Answer:
    """Return the page of an answer that a locator names, as JSON.

    Raises:
        SalesforceError: INVALID_QUERY_LOCATOR.

    """
    cursor_id, cursor, offset = cursors.find(locator, org.clock.now())
    return _page(org, cursor_id, cursor, offset, paging)


def _count(org: Org, statement: soql.Statement) -> Answer:
    query = soql.select_count(statement)
    with org.store.read() as connection:
        soql.install_functions(connection)
        count = connection.execute(query.text, query.parameters).fetchone()[0]
    return {"totalSize": count, "done": True, "records": []}


def _ids(org: Org, statement: soql.Statement) -> str:
    query = soql.select_ids(statement)
    with org.store.read() as connection:
        soql.install_functions(connection)
        return "".join([row[0] for row in connection.execute(query.text, query.parameters)])


def _page(org: Org, cursor_id: str | None, cursor: Cursor, offset: int, paging: Paging) -> Answer:
    size = paging.batch_size or cursor.batch_size
    ids = cursor.page(offset, size)
    answer: Answer = {"totalSize": cursor.total, "done": offset + size >= cursor.total}
    if not answer["done"]:
        path = f"/services/data/v{paging.version}/query/{cursor_id}-{offset + size}"
        answer["nextRecordsUrl"] = path
    answer["records"] = _records(org, cursor, ids)
    return answer


def _records(org: Org, cursor: Cursor, ids: list[str]) -> list[dict[str, Any]]:
    query = soql.select_rows(
        cursor.statement, cursor.plan.expressions, ids, deleted_too=cursor.deleted_too
    )
    with org.store.read() as connection:
        rows = connection.execute(query.text, query.parameters).fetchall()
    return cursor.plan.records(rows, ids)
