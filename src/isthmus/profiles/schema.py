"""The store's tables, made and altered here and not by Django's migrations."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from psycopg import Connection, sql

from isthmus.profiles import statements

SCHEMA = statements.load("isthmus.profiles", "schema.sql")
QUERIES = statements.load("isthmus.profiles")

PARTITIONED = ("change", "run_record", "run_problem")
DAYS_AHEAD = 7
"""Partitions made ahead, in days: an insert without its partition fails."""

DAYS_KEPT = 30
"""How long the journal and the outcomes of records are kept, in days."""


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


def keep_partitions(connection: Connection[Any], today: date) -> None:
    """Make the journal's partitions of the coming days and drop those that are past keeping."""
    with connection.transaction():
        connection.execute(QUERIES["lock_schema"])
        days = [today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD + 1)]
        present = {name for (name,) in connection.execute(QUERIES["partitions"])}
        for table in PARTITIONED:
            for day in days:
                if _partition(table, day) not in present:
                    _make_partition(connection, table, day)
        _drop_old(connection, present, today - timedelta(days=DAYS_KEPT))


def stages(connection: Connection[Any]) -> set[int]:
    """Row ids of the goals of runs that have staged records."""
    return {int(number) for (number,) in connection.execute(QUERIES["stages"])}


def drop_stages(connection: Connection[Any], run_goals: Iterable[int]) -> None:
    """Remove the staged records of these goals of runs, which nobody works on any more."""
    for run_goal in run_goals:
        rows = connection.execute(QUERIES["stage_tables"], {"run_goal": run_goal}).fetchall()
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


def _drop_old(connection: Connection[Any], present: set[str], oldest: date) -> None:
    for name in sorted(present):
        table, _, digits = name.rpartition("_")
        if datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC).date() < oldest:
            connection.execute(
                sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(
                    sql.Identifier("store", table), sql.Identifier("store", name)
                )
            )
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("store", name)))
