"""The room that the org has for records."""

import sqlite3
from collections.abc import Sequence

from localorg.dml.change import Change
from localorg.dml.options import SaveOptions
from localorg.dml.writer import Writer
from localorg.schema import Schema
from localorg.store import quoted


def refuse_without_room(writer: Writer, changes: Sequence[Change], options: SaveOptions) -> None:
    """Fail the new records that the org has no room for; counts nothing where no limit is set."""
    if options.most_records is None or not changes:
        return
    room = max(0, options.most_records - _kept(writer))
    for change in changes[room:]:
        change.fail("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")


def _kept(writer: Writer) -> int:
    return kept_records(writer.connection, writer.store.schema)


def kept_records(connection: sqlite3.Connection, schema: Schema) -> int:
    """How many records count for the org's storage: those that users make, of any object."""
    kinds = schema.objects.values()
    tables = [kind.name for kind in kinds if kind.createable and kind.undeletable]
    counts = ("".join(("(SELECT count(*) FROM ", quoted(table), ")")) for table in tables)
    statement = "".join(("SELECT ", " + ".join(counts) or "0"))
    found: int = connection.execute(statement).fetchone()[0]
    return found
