"""A job's SOQL, checked and compiled for the user who made the job."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localorg import soql
from localorg.bulk_query.restrictions import check_query, check_statement

if TYPE_CHECKING:
    from localorg.org import Org

_USERS_ZONE = "SELECT TimeZoneSidKey FROM User WHERE Id = ?"


def compiled(
    org: "Org", text: str, *, user_id: str, now: datetime, deleted_too: bool
) -> soql.Statement:
    """The statement for a Bulk query's text; `now` is what date literals count from.

    Raises:
        SalesforceError: what the compiler raises, and what `restrictions` do.

    """
    schema = org.rights.schema_for(user_id)
    query = soql.parse(text)
    check_query(query, schema)
    compiler = soql.Compiler(
        schema=schema,
        now=now,
        include_deleted=deleted_too,
        user_id=user_id,
        zone=_zone_of(org, user_id),
    )
    statement = compiler.compile(query)
    check_statement(statement)
    return statement


def _zone_of(org: "Org", user_id: str) -> str:
    with org.store.read() as connection:
        row = connection.execute(_USERS_ZONE, (user_id,)).fetchone()
    name = str(row[0]) if row and row[0] else "UTC"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"
    return name
