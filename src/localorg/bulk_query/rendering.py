"""Runs a query job: asks the store for CSV lines and writes them to the job's file."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localorg import soql
from localorg.bulk_query import csv_lines
from localorg.bulk_query.result_file import ResultFile, ResultWriter, index_of
from localorg.store import Store


@dataclass(frozen=True, kw_only=True)
class Form:
    """Where and how a result is written."""

    path: Path
    delimiter: str
    line_ending: str
    # Rows that stay together where the order is arbitrary.
    segment_rows: int
    # Shuffles the segments; None keeps the order in which the rows were found.
    order: random.Random | None


def render(
    statement: soql.Statement, store: Store, form: Form, stopped: Callable[[], bool]
) -> ResultFile | None:
    """Write a query's rows to a file and return the result; None where it was stopped."""
    columns = csv_lines.cells_of(statement)
    expression = csv_lines.line(columns, form.delimiter, form.line_ending)
    query = soql.select(statement, [expression])
    with (
        form.path.open("wb") as file,
        index_of(form.path).open("wb") as index,
        store.read() as connection,
        _bytes(connection),
    ):
        writer = ResultWriter(form.path, file, index)
        rows = connection.execute(query.text, query.parameters)
        while segment := rows.fetchmany(form.segment_rows):
            if stopped():
                return None
            writer.add([row[0] for row in segment])
        header = csv_lines.header(columns, form.delimiter, form.line_ending)
        return writer.finish(header, form.segment_rows, form.order)


@contextmanager
def _bytes(connection: sqlite3.Connection) -> Iterator[None]:
    """Let a connection answer texts as bytes, which go to the file as they are."""
    soql.install_functions(connection)
    csv_lines.install_functions(connection)
    connection.text_factory = bytes
    try:
        yield
    finally:
        connection.text_factory = str
