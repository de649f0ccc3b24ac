"""Profiles for the tests of those who look at them and edit them."""

from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType
from isthmus.profiles import properties

TYPE = PropertyType


def define(key: str, **given: Any) -> PropertyDefinition:
    """A property that is there."""
    definition = PropertyDefinition(key=key, label=key.replace("_", " ").capitalize(), **given)
    properties.save_property(definition)
    return definition


def define_all() -> None:
    """A property of each kind."""
    define("email", type=TYPE.EMAIL, identifier=True, personal=True, normalise=Normalise.LOWERCASE)
    define("number", type=TYPE.INTEGER, identifier=True, personal=True)
    define("phones", list=True, identifier=True, personal=True, normalise=Normalise.LOWERCASE)
    define("full_name", personal=True)
    define("country", normalise=Normalise.TRIM)
    define("events", type=TYPE.INTEGER)
    define("contract", type=TYPE.DECIMAL)
    define("vip", type=TYPE.BOOLEAN)
    define("birthday", type=TYPE.DATE)
    define("last_seen", type=TYPE.DATETIME)
    define("interests", list=True)


def add(store: Connection[Any], **values: Any) -> UUID:
    """A profile with its identifiers; its id."""
    row = store.execute("INSERT INTO store.profile DEFAULT VALUES RETURNING profile_id").fetchone()
    assert row is not None
    profile_id: UUID = row[0]
    known, numbers = properties.definitions(), properties.numbers()
    for key, value in values.items():
        statement = sql.SQL("UPDATE store.profile SET {} = %s WHERE profile_id = %s")
        store.execute(statement.format(sql.Identifier(f"p_{key}")), [value, profile_id])
        if known[key].identifier:
            for each in value if known[key].list else [value]:
                store.execute(
                    "INSERT INTO store.identifier VALUES (%s, %s, %s)",
                    [profile_id, numbers[key], str(each)],
                )
    return profile_id


def held(store: Connection[Any], profile_id: UUID, key: str) -> Any:
    """What the profile holds."""
    statement = sql.SQL("SELECT {} FROM store.profile WHERE profile_id = %s")
    row = store.execute(statement.format(sql.Identifier(f"p_{key}")), [profile_id]).fetchone()
    return row[0] if row else None
