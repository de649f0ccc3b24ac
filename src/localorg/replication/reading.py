"""The ids of records that changed or were deleted in a window, read as text.

There may be hundreds of thousands of them, so SQLite itself writes the JSON.
"""

import sqlite3
from datetime import datetime
from http import HTTPStatus

from localorg.errors import SalesforceError
from localorg.org import Org
from localorg.replication.window import Window
from localorg.schema import ObjectType
from localorg.store import quoted

_UPDATED = "json_quote(Id)"
_DELETED = "json_object('id', Id, 'deletedDate', replace({stamp}, 'Z', '+0000'))"


def moment_to_read(org: Org) -> tuple[datetime, datetime | None]:
    """The present, and since when the oldest transaction is open that commits later.

    Writes that are under way carry a stamp of their own begin: they are waited for, so that what
    is read after this has all stamps before the present.
    """
    now, open_since = org.clock.now(), org.transactions.earliest()
    with org.store.write():
        pass
    return now, open_since


def updated_ids(
    connection: sqlite3.Connection, object_type: ObjectType, window: Window, most: int
) -> str:
    """A JSON array of the ids of records that were made or changed and are still there."""
    return _array(connection, object_type, window, _UPDATED, most=most, deleted=0)


def deleted_records(
    connection: sqlite3.Connection, object_type: ObjectType, window: Window, most: int
) -> str:
    """A JSON array of `{"id", "deletedDate"}` of the records that were deleted."""
    entry = _DELETED.replace("{stamp}", quoted(_stamp(object_type)))
    return _array(connection, object_type, window, entry, most=most, deleted=1)


def _array(
    connection: sqlite3.Connection,
    object_type: ObjectType,
    window: Window,
    entry: str,
    *,
    most: int,
    deleted: int,
) -> str:
    stamp = quoted(_stamp(object_type))
    has_bin = "isdeleted" in object_type.fields
    conditions = [" WHERE ", stamp, " >= ? AND ", stamp, " < ?"]
    if has_bin:
        conditions += [" AND IsDeleted = ", str(deleted)]
    elif deleted:
        return "[]"
    rows = ("SELECT ", entry, " AS entry FROM ", quoted(object_type.name), *conditions)
    limited = "".join(("SELECT count(*), group_concat(entry) FROM (", *rows, " LIMIT ?)"))
    count, text = connection.execute(limited, (*window.stored, most + 1)).fetchone()
    if count > most:
        message = f"Too many IDs match: more than {most}. Use a shorter span of time."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "EXCEEDED_ID_LIMIT", message)
    return f"[{text or ''}]"


def _stamp(object_type: ObjectType) -> str:
    """The field that says when a record changed last."""
    for name in ("SystemModstamp", "LastModifiedDate", "CreatedDate"):
        if name.lower() in object_type.fields:
            return name
    message = f"The object {object_type.name} has no stamps, so its changes are not known."
    raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", message)
