"""Which properties there are; adding one while the store is in use."""

import time
from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connections, transaction
from psycopg import sql

from isthmus.domain.properties import (
    MOST_PROPERTIES,
    PropertyDefinition,
    PropertyError,
    PropertyType,
)
from isthmus.errors import Retryable
from isthmus.profiles.models import Property

COLUMN_TYPES: Mapping[PropertyType, sql.SQL] = {
    PropertyType.TEXT: sql.SQL("text"),
    PropertyType.EMAIL: sql.SQL("text"),
    PropertyType.INTEGER: sql.SQL("bigint"),
    PropertyType.DECIMAL: sql.SQL("numeric"),
    PropertyType.BOOLEAN: sql.SQL("boolean"),
    PropertyType.DATE: sql.SQL("date"),
    PropertyType.DATETIME: sql.SQL("timestamptz"),
}

_LOCK_TRIES = 50
_LOCK_PAUSE_SECONDS = 0.1


class PropertyLimitReached(PropertyError):
    """There is no room for another property."""


class StoreBusy(Retryable):
    """The profile table is in use and could not be altered."""


def definitions() -> dict[str, PropertyDefinition]:
    """All properties by key."""
    return {each.key: each.definition for each in Property.objects.all()}


def numbers() -> dict[str, int]:
    """The number that stands for each property in `store.identifier`, by key."""
    return dict(Property.objects.values_list("key", "id"))


def column_type(definition: PropertyDefinition) -> sql.Composable:
    """The SQL type of the property's column."""
    base = COLUMN_TYPES[definition.type]
    return base + sql.SQL("[]") if definition.list else base


def save_property(definition: PropertyDefinition) -> None:
    """Make the property, or change what can be changed of one that is there.

    Raises `PropertyError` for a change of key, type, list or identifier, `PropertyLimitReached`
    for one too many.
    """
    definition.check()
    row = Property.objects.filter(key=definition.key).first()
    if row is None:
        _add(definition)
    else:
        _refuse_fixed(row.definition, definition)
        _fill(row, definition).save()


def _fill(row: Property, definition: PropertyDefinition) -> Property:
    row.label, row.description = definition.label, definition.description
    row.personal = definition.personal or definition.identifier
    row.normalise, row.on_merge = definition.normalise, definition.on_merge
    return row


def _refuse_fixed(there: PropertyDefinition, asked: PropertyDefinition) -> None:
    for name in ("type", "list", "identifier"):
        before, after = getattr(there, name), getattr(asked, name)
        if before != after:
            raise PropertyError(
                f"Property {there.key!r} has {name}: {before} and can't become {after}: its "
                f"values are stored that way. Make a new property with another key."
            )


def _add(definition: PropertyDefinition) -> None:
    if Property.objects.count() >= MOST_PROPERTIES:
        raise PropertyLimitReached(
            f"Property {definition.key!r} would be one too many: a store holds at most "
            f"{MOST_PROPERTIES} properties, because a profile has to fit one database row."
        )
    with transaction.atomic():
        _fill(
            Property(
                key=definition.key,
                type=definition.type,
                list=definition.list,
                identifier=definition.identifier,
            ),
            definition,
        ).save()
        add_column(definition)


def add_column(definition: PropertyDefinition) -> None:
    """Add the property's column in the open transaction.

    The table is locked for an instant only. Waiting for that lock would make every reader wait
    behind us, so we give up at once and try again.
    """
    statement = sql.SQL("ALTER TABLE store.profile ADD COLUMN IF NOT EXISTS {} {}").format(
        sql.Identifier(definition.column), column_type(definition)
    )
    for attempt in range(_LOCK_TRIES):
        if _altered(statement):
            return
        time.sleep(_LOCK_PAUSE_SECONDS * min(attempt + 1, 5))
    raise StoreBusy(
        f"Property {definition.key!r} was not added: the profile table stayed in use. "
        f"Try again when the run or query that holds it has ended."
    )


def _altered(statement: sql.Composed) -> bool:
    connection: Any = connections["default"]
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    try:
        with transaction.atomic():
            raw.execute("SET LOCAL lock_timeout = '200ms'")
            raw.execute(statement)
            raw.execute("SET LOCAL lock_timeout = 0")
    except psycopg.errors.LockNotAvailable:
        return False
    return True
