"""What previews found out: tables of their own, in the stage, that go with the preview.

`stage.preview_N` has a row for each record or member (N is the row id of the goal's part in the
preview), `…_name` the identifier values by which rows are found, `…_problem` what does not fit.
They are unlogged: after a crash of the database they are empty, and the preview is asked for again.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from psycopg import Connection, IsolationLevel, sql
from psycopg.errors import LockNotAvailable
from psycopg.sql import Composable, Composed

from isthmus.connections.fences import Fence
from isthmus.connections.models import OPEN, RunGoal
from isthmus.profiles import database, schema, statements

QUERIES = statements.load("isthmus.connections", "foreseen.sql")

KEPT_DAYS = 7
"""How long a preview is kept that nobody asked for again."""

_OPEN = [str(state) for state in OPEN]

COLUMNS: Mapping[str, str] = {
    "n": "bigint NOT NULL",
    "record_id": 'text COLLATE "C"',
    "profile_id": "uuid",  # none: it is not there yet
    "survivor": "uuid",  # the profile that this one becomes part of
    "outcome": "text NOT NULL",
    "reason": "text",
    "before": "jsonb",  # only what changes
    "after": "jsonb",
}
_PROBLEM_COLUMNS = {
    "record_id": 'text COLLATE "C"',
    "profile_id": "uuid",
    "field": "text",
    "property": "text",
    "code": "text NOT NULL",
    "message": "text NOT NULL",
    "value": "text",
}
_NAME_COLUMNS = {"value": 'text COLLATE "C" NOT NULL', "n": "bigint NOT NULL"}

_BLOCK_BYTES = 1 << 18


def rows(part: int) -> sql.Identifier:
    """The rows of one goal's preview."""
    return sql.Identifier("stage", f"preview_{part}")


def names(part: int) -> sql.Identifier:
    """The identifier values of its rows."""
    return sql.Identifier("stage", f"preview_{part}_name")


def problems(part: int) -> sql.Identifier:
    """What does not fit, or is told of a record as a whole."""
    return sql.Identifier("stage", f"preview_{part}_problem")


@contextmanager
def written(
    part: int, fence: Fence, source: Connection[Any] | None = None
) -> Iterator[Connection[Any]]:
    """A session in a transaction that makes the tables anew; they can be found once it ends well.

    With `source` it sees the store as the transaction there saw it when that began, without what it
    did: that is what is there before the run. Raises `RunTakenOver`.
    """
    settings = "-c work_mem=128MB"
    with database.connected(application="isthmus preview", settings=settings) as session:
        fence.check(session)
        if source is None:
            with session.transaction():
                _create(session, part)
                yield session
                _finish(session, part)
            return
        row = source.execute("SELECT pg_export_snapshot()").fetchone()
        session.isolation_level = IsolationLevel.REPEATABLE_READ
        with session.transaction():
            snapshot = sql.Literal(row[0] if row else "")
            session.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(snapshot))
            _create(session, part)
            yield session
            _finish(session, part)


def _create(session: Connection[Any], part: int) -> None:
    for table, columns in (
        (rows(part), COLUMNS),
        (names(part), _NAME_COLUMNS),
        (problems(part), _PROBLEM_COLUMNS),
    ):
        session.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
        session.execute(_create_statement(table, columns))


def _create_statement(table: Composable, columns: Mapping[str, str]) -> Composed:
    made = sql.SQL(", ").join(
        sql.Identifier(name) + sql.SQL(" ") + sql.SQL(kind) for name, kind in columns.items()
    )
    return sql.SQL("CREATE UNLOGGED TABLE {} ({}) WITH (autovacuum_enabled = off)").format(
        table, made
    )


def pour(
    source: Connection[Any], select: Composable, target: Connection[Any], table: Composable
) -> None:
    """Copy what a query finds in one session into a table of another one, in its columns' order.

    What the one sees is rolled back, so the other could not read it by itself.
    """
    reading = sql.SQL("COPY ({}) TO STDOUT (FORMAT binary)").format(select)
    writing = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)
    with (
        source.cursor() as reader,
        target.cursor() as writer,
        reader.copy(reading) as found,
        writer.copy(writing) as taken,
    ):
        block = bytearray()
        for piece in found:
            block += piece
            if len(block) >= _BLOCK_BYTES:
                taken.write(bytes(block))
                block.clear()
        taken.write(bytes(block))


def _finish(session: Connection[Any], part: int) -> None:
    for statement in (
        "CREATE INDEX ON {rows} (outcome, n)",
        "CREATE INDEX ON {rows} (outcome, coalesce(reason, ''), n) WHERE reason IS NOT NULL",
        "CREATE UNIQUE INDEX ON {rows} (n)",
        "CREATE INDEX ON {rows} (record_id) WHERE record_id IS NOT NULL",
        "CREATE INDEX ON {rows} (profile_id) WHERE profile_id IS NOT NULL",
        "CREATE INDEX ON {names} (value)",
        "ANALYZE {rows} (n, outcome, reason, record_id, profile_id)",
        "ANALYZE {names} (value)",
    ):
        session.execute(sql.SQL(statement).format(rows=rows(part), names=names(part)))


def pour_problems(source: Connection[Any], target: Connection[Any], part: int) -> None:
    """Copy what the run would say of records, which the source has noted and takes back."""
    select = sql.SQL(
        """SELECT record_id, profile_id, field, property, code, message, value
        FROM store.run_problem WHERE run_goal = {}"""
    ).format(sql.Literal(part))
    pour(source, select, target, problems(part))
    # A profile that the run would make is nobody that could be looked at.
    target.execute(
        sql.SQL(
            """UPDATE {} AS problem SET profile_id = NULL
            WHERE NOT EXISTS (
                SELECT FROM store.profile AS p WHERE p.profile_id = problem.profile_id
            )"""
        ).format(problems(part))
    )


def note(part: RunGoal, **said: Any) -> None:
    """Write down what the preview says beside the counts."""
    part.foreseen = said
    part.save(update_fields=["foreseen"])


def forget_goals(goals: Iterable[int]) -> None:
    """Forget the previews of these goals that have ended."""
    with database.connected(application="isthmus preview") as session:
        names = {"goals": list(goals), "open": _OPEN}
        _forget(session, session.execute(QUERIES["previews_of"], names).fetchall())


def keep_house(session: Connection[Any]) -> None:
    """Forget previews that are too old, are not the newest of their goal, or are of none any more.

    Tables of which nobody knows go as well: their goal or connection was deleted.
    """
    names = {"open": _OPEN, "days": KEPT_DAYS}
    _forget(session, session.execute(QUERIES["past_previews"], names).fetchall())
    staged = schema.stages(session, schema.FORESEEN)
    found = session.execute(QUERIES["known_parts"], {"parts": list(staged)}).fetchall()
    _drop(session, staged - {part for (part,) in found})


def _forget(session: Connection[Any], found: Iterable[tuple[int]]) -> None:
    parts = [part for (part,) in found]
    if not parts:
        return
    with session.transaction():
        session.execute(QUERIES["forget_parts"], {"parts": parts})
        session.execute(QUERIES["forget_runs"], {"open": _OPEN})
    _drop(session, parts)


def _drop(session: Connection[Any], parts: Iterable[int]) -> None:
    """Drop the tables; those that somebody reads just now go the next time."""
    for part in parts:
        with suppress(LockNotAvailable), session.transaction():
            session.execute("SET LOCAL lock_timeout = '500ms'")
            schema.drop_stages(session, [part], schema.FORESEEN)
