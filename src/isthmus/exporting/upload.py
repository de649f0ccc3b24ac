"""One upload of a run: which rows, which columns, and their CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.sql import Composed

CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Upload:
    """Rows of one operation that go out together."""

    run_goal: int
    operation: str  # insert or update
    part: int
    fields: tuple[str, ...]  # API names of the columns
    places: tuple[int, ...]  # of the columns in a row's cells

    @property
    def names(self) -> dict[str, Any]:
        """What tells the upload's rows in a statement."""
        return {"run_goal": self.run_goal, "operation": self.operation, "part": self.part}

    @property
    def header(self) -> list[str]:
        """The columns of the CSV."""
        return ["Id", *self.fields] if self.operation == "update" else list(self.fields)


def csv_chunks(connection: Connection[Any], upload: Upload) -> Iterator[bytes]:
    """The CSV of an upload, in pieces of about 256 KB.

    The database hands over a row at a time; the pieces are joined, because each would be a
    write to the network of its own.
    """
    header = ",".join(f'"{name}"' for name in upload.header)
    block = [header.encode(), b"\n"]
    size = 0
    with connection.cursor() as cursor, cursor.copy(copy_statement(upload)) as rows:
        for row in rows:
            block.append(bytes(row))
            size += len(row)
            if size >= CHUNK_BYTES:
                yield b"".join(block)
                block, size = [], 0
    yield b"".join(block)


def copy_statement(upload: Upload) -> Composed:
    """The rows of an upload that have no outcome yet, ordered so that neighbours lock together."""
    cells = [sql.SQL("cells[{}]").format(sql.Literal(place)) for place in upload.places]
    columns = [sql.SQL("record_id"), *cells] if upload.operation == "update" else cells
    # Nulls stay bare: an empty cell leaves the field as it is.
    return sql.SQL(
        """COPY (
            SELECT {columns} FROM store.export_row
            WHERE run_goal = {run_goal} AND operation = {operation} AND part = {part}
                AND outcome IS NULL
            ORDER BY record_id, profile_id
        ) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"""
    ).format(
        columns=sql.SQL(", ").join(columns),
        run_goal=sql.Literal(upload.run_goal),
        operation=sql.Literal(upload.operation),
        part=sql.Literal(upload.part),
    )
