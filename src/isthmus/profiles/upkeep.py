"""What is known of the care that the store was given: backups, tidying, and whether it is held."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from isthmus.profiles import statements

QUERIES = statements.load("isthmus.profiles")

BACKUP, TIDIED, HELD = "backup", "tidied", "held"
"""The last backup, the last daily tidying; a store that was restored and is not let go on yet."""


@dataclass(frozen=True, kw_only=True)
class Noted:
    """When it was, and what there is to say of it."""

    at: datetime
    facts: dict[str, Any]


def note(connection: Connection[Any], what: str, **facts: object) -> None:
    """Write down that it happened now."""
    connection.execute(QUERIES["note_upkeep"], {"what": what, "facts": Jsonb(facts)})


def forget(connection: Connection[Any], what: str) -> bool:
    """Take the note away; whether there was one."""
    return connection.execute(QUERIES["forget_upkeep"], {"what": what}).rowcount > 0


def last(connection: Connection[Any], what: str) -> Noted | None:
    """When it was last; None where it never was."""
    row = connection.execute(QUERIES["upkeep"], {"what": what}).fetchone()
    return Noted(at=row[0], facts=row[1]) if row else None
