"""Which tables are in a backup, and how many rows each has."""

from typing import Any

from psycopg import Connection, sql

from isthmus.profiles import statements

QUERIES = statements.load("isthmus.backups")

LEFT_OUT = (
    "connections_signinattempt",
    "django_session",
    "people_firstcode",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
)
"""Tables that are empty in a backup: browser sessions, sign-ins that were begun, and news for
workers. Who has the file is signed in nowhere by it, and workers look for runs by themselves."""

STAGE = "stage"
"""The schema that is left out: what runs and previews have read is read again."""

Table = tuple[str, str, int]  # schema, name, bytes


def dumped(session: Connection[Any]) -> list[Table]:
    """The tables whose rows are in a backup."""
    names = {"left_out": list(LEFT_OUT)}
    return session.execute(QUERIES["dumped_tables"], names).fetchall()


def counted(session: Connection[Any], tables: list[Table]) -> dict[str, int]:
    """How many rows each of them has."""
    return {f"{room}.{name}": _count(session, room, name) for room, name, _ in tables}


def _count(session: Connection[Any], room: str, name: str) -> int:
    statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(room, name))
    row = session.execute(statement).fetchone()
    return int(row[0]) if row else 0
