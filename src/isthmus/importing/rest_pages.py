"""Few records by REST: JSON into the stage, as the same texts that a Bulk job gives.

PostgreSQL reads the JSON, so that no record passes through Python by itself.
"""

import re
from functools import partial
from typing import Any

import psycopg
from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections import results
from isthmus.connections.errors import PageIncomplete
from isthmus.connections.runs import GoalRun
from isthmus.importing import counting, stage
from isthmus.importing.fields import Column
from isthmus.importing.import_queries import ImportQuery
from isthmus.importing.plan import ImportPlan
from isthmus.profiles import database

NOTE = "rest"
"""Stands for the locator of all pages: they come in one transaction."""

DOUBLES = frozenset({"double", "currency", "percent"})
MOMENTS = frozenset({"datetime", "time"})

_HIGH, _LOW = r"\\u[dD][89abAB][\dA-Fa-f]{2}", r"\\u[dD][c-fC-F][\dA-Fa-f]{2}"
_ESCAPE = re.compile(rf"\\\\|\\u0000|(?P<letter>{_HIGH}{_LOW})|{_HIGH}|{_LOW}")


def fetch(goal_run: GoalRun, plan: ImportPlan, query: ImportQuery, expected: int | None) -> int:
    """All records of a query into the stage; how many. They are in together, or not at all."""
    return results.again_where_cut(partial(_fetch_once, goal_run, plan, query, expected))


def _fetch_once(
    goal_run: GoalRun, plan: ImportPlan, query: ImportQuery, expected: int | None
) -> int:
    with database.connected(application="isthmus page") as connection, connection.transaction():
        spoilt = results.Spoilt()
        rows = 0 if expected == 0 else _copy_pages(goal_run, plan, query, connection, spoilt)
        if expected is not None:
            counting.check(goal_run, plan, query, rows, expected)
        # Last, so that the run's row is not held while a page is coming.
        goal_run.fence.check(connection)
        stage.note_page(connection, plan.run_goal, query.id, NOTE, rows, spoilt.bytes)
    return rows


def _copy_pages(
    goal_run: GoalRun,
    plan: ImportPlan,
    query: ImportQuery,
    connection: Connection[Any],
    spoilt: results.Spoilt,
) -> int:
    rows = total = 0
    soql = plan.query_where(*query.conditions)
    for page in goal_run.salesforce.query_pages(soql, deleted=True):
        rows += copy_page(connection, plan, page.body, spoilt)
        total = page.total
        goal_run.check_stop()
    if rows != total:
        raise PageIncomplete(
            f"{plan.label}: a query has {total:,} records and {rows:,} of them arrived. They are "
            f"fetched again."
        )
    return rows


def copy_page(
    connection: Connection[Any], plan: ImportPlan, body: bytes, spoilt: results.Spoilt
) -> int:
    """Copy the records of a JSON page in; how many. Raises `PageIncomplete` where it is none."""
    text = _clean(body.decode("utf-8", "replace"), spoilt)
    try:
        return connection.execute(copy_statement(plan), {"page": text}).rowcount
    except psycopg.DataError as error:
        raise PageIncomplete(
            f"{plan.label}: a page of records can't be read ({str(error).splitlines()[0]}). It is "
            f"fetched again."
        ) from error


def copy_statement(plan: ImportPlan) -> Composed:
    """The texts of a page's records into the stage."""
    names = [sql.Identifier(f"f{column.number}") for column in plan.columns]
    return sql.SQL(
        """INSERT INTO {stage} ({names})
        SELECT {texts}
        FROM json_array_elements(%(page)s::json -> 'records') AS r (record)"""
    ).format(
        stage=stage.table(plan.run_goal),
        names=sql.SQL(", ").join(names),
        texts=sql.SQL(", ").join(_text(column) for column in plan.columns),
    )


def _text(column: Column) -> Composable:
    """The value as a Bulk result has it; an empty text is no value there."""
    path = sql.SQL(", ").join(sql.Literal(name) for name in column.path)
    text = sql.SQL("nullif(json_extract_path_text(r.record, {}), '')").format(path)
    if column.type in MOMENTS:
        return sql.SQL("regexp_replace({}, '\\+0000$', 'Z')").format(text)
    return java_double(text) if column.type in DOUBLES else text


def java_double(text: Composable) -> Composed:
    """A number as Java writes it: `19.99`, `100.0`, `1.39E8`, `1.0E-6`."""
    return sql.SQL(
        """(
            SELECT CASE
                WHEN abs(number) >= 0.001 AND abs(number) < 10000000 OR number = 0
                THEN CASE WHEN strpos(number::text, '.') > 0 THEN number::text
                          ELSE number::text || '.0' END
                ELSE regexp_replace(
                    to_char(number::text::numeric, '9.9999999999999999EEEE'),
                    '^\\s*(-?[0-9]\\.[0-9](?:[0-9]*[1-9])?)0*e\\+?(-?)0*([0-9]+)$', '\\1E\\2\\3'
                ) END
            FROM (SELECT ({})::float8 AS number) AS read
        )"""
    ).format(text)


def _clean(text: str, spoilt: results.Spoilt) -> str:
    """The JSON without what PostgreSQL's text can't hold: byte 0, and halves of letters."""
    if "\\u" not in text:
        return text

    def kept(match: "re.Match[str]") -> str:
        found = match[0]
        if found == "\\\\" or match["letter"]:
            return found
        spoilt.bytes += 1
        return "" if found == "\\u0000" else "\ufffd"

    return _ESCAPE.sub(kept, text)
