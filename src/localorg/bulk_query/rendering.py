"""Runs a query job: asks the store for CSV lines and writes them to the job's file."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localorg import soql
from localorg.bulk_query import csv_lines
from localorg.bulk_query.job import DELIMITERS, LINE_ENDINGS, QueryJob
from localorg.bulk_query.result_file import ResultFile, ResultWriter
from localorg.store import Store


def render(
    job: QueryJob, store: Store, path: Path, segment_rows: int, stopped: Callable[[], bool]
) -> ResultFile | None:
    """Write a job's rows to `path` and return the result; None where it was stopped meanwhile."""
    request = job.request
    delimiter = DELIMITERS[request.column_delimiter]
    line_ending = LINE_ENDINGS[request.line_ending]
    columns = request.statement.columns
    expression = csv_lines.line(columns, delimiter, line_ending)
    query = soql.select(request.statement, [expression])
    with path.open("wb") as file, store.read() as connection, _bytes(connection):
        writer = ResultWriter(path, file)
        rows = connection.execute(query.text, query.parameters)
        while segment := rows.fetchmany(segment_rows):
            if stopped():
                return None
            writer.add([row[0] for row in segment])
    # The same job number gives the same order, so that a test can be repeated.
    order = random.Random(job.id) if job.chunked else None  # noqa: S311 - no secret
    header = csv_lines.header(columns, delimiter, line_ending)
    return writer.finish(header, segment_rows, order)


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
