"""Profiles that a goal exchanged on certain days, without an engine."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection as Session

from isthmus.connections.models import EXPORT, Goal


def exchanged(store: Session[Any], goal: Goal, days: Mapping[date, int]) -> None:
    """So many profiles more on each day, which no other goal exchanged."""
    for day, number in days.items():
        names = {"connection": goal.connection_id, "goal": goal.id, "day": day, "number": number}
        names["exported"] = goal.direction == EXPORT
        store.execute(
            "INSERT INTO store.exchanged_profile"
            " (profile_id, connection, goal, again, day, exported)"
            " SELECT uuidv7(), %(connection)s, %(goal)s, 0, %(day)s, %(exported)s"
            " FROM generate_series(1, %(number)s)",
            names,
        )
        store.execute(
            "INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)"
            " VALUES (%(day)s, %(connection)s, %(goal)s, %(number)s, %(number)s, %(exported)s)",
            names,
        )


def rows(store: Session[Any]) -> list[tuple[UUID, int, int, int, date, bool]]:
    """All that is known of profiles that were exchanged."""
    return store.execute(
        "SELECT profile_id, connection, goal, again, day, exported FROM store.exchanged_profile"
    ).fetchall()


def sums(store: Session[Any]) -> set[tuple[int, int, date, bool, int, int]]:
    """The sums as they are kept; nothing stands for zero."""
    found = store.execute(
        "SELECT connection, goal, day, exported, sum(profiles), sum(firsts)"
        " FROM store.exchanged_sum GROUP BY 1, 2, 3, 4"
        " HAVING sum(profiles) <> 0 OR sum(firsts) <> 0"
    )
    return {(*names, int(profiles), int(firsts)) for *names, profiles, firsts in found}


def counted(store: Session[Any]) -> set[tuple[int, int, date, bool, int, int]]:
    """The same, counted anew."""
    found = store.execute(
        "SELECT connection, goal, day, exported, count(*), count(*) FILTER (WHERE again = 0)"
        " FROM store.exchanged_profile GROUP BY 1, 2, 3, 4"
    )
    return set(found.fetchall())
