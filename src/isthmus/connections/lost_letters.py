"""Letters that were given up, and who has got nothing since.

A letter that was given up is about those whom it was for, and not about its channel: that somebody
else gets letters says nothing of them. So it counts as lost until each of them got something by the
same channel, or is to hear of nothing there any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection as database
from django.utils import timezone

from isthmus.profiles import statements

QUERIES = statements.load("isthmus.connections", "lost_letters.sql")

MOST: Final = 20
"""Addresses that are named."""


@dataclass(frozen=True, kw_only=True)
class Missed:
    """An address that a connection's letters did not reach."""

    address: str  # personal data; of a webhook, it may hold a secret
    connection: str  # its key
    name: str
    letters: int
    since: datetime  # when the first of them was written
    why: str


@dataclass(frozen=True, kw_only=True)
class Lost:
    """What is lost by a channel."""

    letters: int = 0
    addresses: int = 0
    since: datetime | None = None
    missed: Sequence[Missed] = ()  # the first of them


def lost(channel: str) -> Lost:
    """What was given up and is still missed."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["lost"], {"channel": channel, "most": MOST})
        names = [column.name for column in cursor.description]
        rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in cursor]
    if not rows:
        return Lost()
    return Lost(
        letters=rows[0]["all_letters"],
        addresses=rows[0]["all_addresses"],
        since=rows[0]["all_since"],
        missed=[
            Missed(
                address=row["address"],
                connection=row["key"],
                name=row["name"],
                letters=row["letters"],
                since=row["since"],
                why=row["why"],
            )
            for row in rows
        ],
    )


def reached(channel: str, address: str) -> None:
    """Write down that something got there: what was given up for it is lost no longer."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["reached"], {"channel": channel, "address": address})


def try_again() -> int:
    """Let each letter that is lost be tried once more; how many."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["try_again"], {"now": timezone.now()})
        return int(cursor.rowcount)
