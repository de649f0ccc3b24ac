"""The store's tables, made and altered here and not by Django's migrations."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import LockNotAvailable
from psycopg.types.json import Jsonb

from isthmus.profiles import statements
from isthmus.profiles.keeping import Keeping

SCHEMA = statements.load("isthmus.profiles", "schema.sql")
QUERIES = statements.load("isthmus.profiles")

PARTITIONED = ("change", "run_record", "run_problem")
DAYS_AHEAD = 7
"""Partitions made ahead, in days: an insert without its partition fails."""

LONGEST_WAIT = "2s"
"""For a table, while one of its partitions is to be dropped; whoever comes later waits as long."""


def install(connection: Connection[Any]) -> None:
    """Make what is missing of the store's tables. Safe to repeat, and for several at once."""
    with connection.transaction():
        connection.execute(QUERIES["lock_schema"])
        for statement in SCHEMA.values():
            connection.execute(statement)
        connection.execute(QUERIES["mark_installed"].format(digest=sql.Literal(_digest())))
    keep_partitions(connection, datetime.now(UTC).date())


def is_installed(connection: Connection[Any]) -> bool:
    """Whether the tables are those of this version. Waits for nobody, unlike `install`."""
    row = connection.execute(QUERIES["installed"]).fetchone()
    return bool(row and row[0] == _digest())


def _digest() -> str:
    text = "".join(statement.as_string() for statement in SCHEMA.values())
    return f"Isthmus {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def keep_partitions(
    connection: Connection[Any], today: date, keeping: Keeping | None = None
) -> None:
    """Make the journal's partitions of the coming days and drop those that are past keeping.

    Safe to repeat, and for several at once. `keeping` is noted in the store. Without it, what this
    process's environment says counts, else what was noted last: a command that was started without
    the settings of the workers drops nothing that they keep.
    """
    keeping = keeping or Keeping.given()
    if keeping:
        connection.execute(QUERIES["note_keeping"], {"days": Jsonb(dict(keeping.days))})
    with connection.transaction():
        connection.execute(QUERIES["lock_schema"])
        days = [today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1)]
        present = _partitions(connection)
        for table in PARTITIONED:
            for day in days:
                if _partition(table, day) not in present:
                    _make_partition(connection, table, day)
    row = connection.execute(QUERIES["keeping"]).fetchone()
    kept = row[0] if row else Keeping().days
    for name in sorted(present):
        if _is_past(name, today, kept):
            _drop(connection, name)


STAGED, FORESEEN = "import", "preview"
"""What is in the stage: records that an import has read, and what previews found out."""


def stages(connection: Connection[Any], kind: str = STAGED) -> set[int]:
    """Row ids of the goals of runs that have tables of this kind in the stage."""
    return {int(number) for (number,) in connection.execute(QUERIES["stages"], {"kind": kind})}


def drop_stages(connection: Connection[Any], run_goals: Iterable[int], kind: str = STAGED) -> None:
    """Remove these tables of goals of runs, of which nobody works on any more or asks for."""
    for run_goal in run_goals:
        names = {"run_goal": run_goal, "kind": kind}
        rows = connection.execute(QUERIES["stage_tables"], names).fetchall()
        for (name,) in rows:
            connection.execute(
                sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("stage", name))
            )


def _partition(table: str, day: date) -> str:
    return f"{table}_{day:%Y%m%d}"


def _make_partition(connection: Connection[Any], table: str, day: date) -> None:
    # Attaching a table waits for nobody; CREATE … PARTITION OF waits for every open writer.
    name = sql.Identifier("store", _partition(table, day))
    parent = sql.Identifier("store", table)
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS)").format(name, parent))
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, name, sql.Literal(start), sql.Literal(end)
        )
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _partitions(connection: Connection[Any]) -> set[str]:
    return {name for (name,) in connection.execute(QUERIES["partitions"])}


def _is_past(name: str, today: date, kept: Mapping[str, int]) -> bool:
    table, _, digits = name.rpartition("_")
    day = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date()
    return day < today - timedelta(days=kept[table])


def _drop(connection: Connection[Any], name: str) -> None:
    """Drop a partition, or leave it to the next time where somebody reads the table.

    Who waits for a table makes all others wait who come later.
    """
    parent = sql.Identifier("store", name.rpartition("_")[0])
    partition = sql.Identifier("store", name)
    try:
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [LONGEST_WAIT])
            connection.execute(QUERIES["lock_schema"])
            if name in _partitions(connection):
                connection.execute(
                    sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(parent, partition)
                )
                connection.execute(sql.SQL("DROP TABLE {}").format(partition))
    except LockNotAvailable:
        return
