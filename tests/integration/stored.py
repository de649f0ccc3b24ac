"""What stands in the store, in the words of the plain model."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from isthmus.connections.models import Goal
from isthmus.profiles import properties as known_properties

Slots = list[int | None] | None


def profiles(connection: Connection[Any], properties: Iterable[str]) -> dict[UUID, dict[str, Any]]:
    """The profiles with those of the properties that are not empty."""
    keys = list(properties)
    columns = [sql.Identifier(f"p_{key}") for key in keys]
    rows = connection.execute(
        sql.SQL("SELECT profile_id, {} FROM store.profile").format(sql.SQL(", ").join(columns))
    )
    return {
        profile_id: {
            key: value for key, value in zip(keys, values, strict=True) if value is not None
        }
        for profile_id, *values in rows
    }


def identifiers(connection: Connection[Any]) -> set[tuple[str, str, UUID]]:
    """Every identifier value with its property and profile."""
    keys = {number: key for key, number in known_properties.numbers().items()}
    rows = connection.execute("SELECT property, value, profile_id FROM store.identifier")
    return {(keys[number], value, profile_id) for number, value, profile_id in rows}


def merged(connection: Connection[Any]) -> dict[UUID, UUID]:
    """Profiles that became part of another, with the one that stands for them now."""
    rows = connection.execute("SELECT profile_id, survivor FROM store.profile_merge")
    return dict(rows.fetchall())


def summed(connection: Connection[Any], goals: Iterable[Goal]) -> set[tuple[str, str, int]]:
    """By record and mapping row, what any goal added last; all goals have to agree."""
    by_id = {goal.id: goal for goal in goals}
    rows = connection.execute(
        "SELECT record_id, goal, summed FROM store.record_link WHERE summed IS NOT NULL"
    )
    return {
        (record_id, name, value)
        for record_id, goal, slots in rows
        for name, value in by_slot(by_id[goal], slots).items()
    }


def by_slot(goal: Goal, values: Slots) -> dict[str, int]:
    """What a link keeps by mapping row, where it keeps something."""
    goal.refresh_from_db()
    names = {slot: name for name, slot in goal.slots.items()}
    return {names[slot]: value for slot, value in enumerate(values or (), 1) if value is not None}
