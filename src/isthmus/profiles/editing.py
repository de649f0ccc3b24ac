"""Changing one value of one profile by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, sql
from psycopg.sql import Composed

from isthmus.domain.properties import Normalise, PropertyDefinition
from isthmus.domain.values import Value, plain
from isthmus.profiles import database, merging, properties, statements
from isthmus.profiles.errors import (
    ChangedMeanwhile,
    NotThere,
    ProfileFull,
    ValueHeld,
    WriterBusy,
)
from isthmus.profiles.properties import column_type

QUERIES = statements.load("isthmus.profiles", "editing.sql")

LONGEST_WAIT = "10s"
"""For whoever writes many profiles at a time. A chunk of an import takes about two seconds."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What somebody wants one value to be."""

    profile_id: UUID
    property: str  # key
    value: Value  # as `isthmus.domain.values.read` gives it
    seen: Any  # the value that was shown, as `isthmus.domain.values.plain` gives it
    by: str  # e-mail of the account


def change(edit: Edit) -> bool:
    """Write the value, with the journal of the one before; whether it was another one.

    Identifiers go with it. An export finds the profile by its new moment of change. Raises
    `NotThere`, `ChangedMeanwhile`, `ValueHeld`, `ProfileFull` and `WriterBusy`; then nothing is
    changed.
    """
    definition = properties.definitions().get(edit.property)
    if definition is None:
        raise NotThere(f"There is no property {edit.property!r} any more.")
    settings = f"-c lock_timeout={LONGEST_WAIT}"
    with database.connected(application="isthmus edit", settings=settings) as session:
        try:
            with session.transaction():
                # As chunks of imports do: see `merging.merge`.
                session.execute(merging.QUERIES["wait_for_writer"])
                return _change(session, definition, edit)
        except psycopg.errors.LockNotAvailable as error:
            raise WriterBusy from error
        except psycopg.errors.ProgramLimitExceeded as error:
            raise ProfileFull from error


def _change(session: Connection[Any], definition: PropertyDefinition, edit: Edit) -> bool:
    now = _locked(session, definition, edit.profile_id)
    value = _normalised(session, definition, edit.value)
    if plain(now) == plain(value):
        return False
    if plain(now) != edit.seen:
        raise ChangedMeanwhile(now)
    if definition.identifier:
        _identify(session, definition, edit.profile_id, value)
    names = {"profile_id": edit.profile_id, "value": value, "by": edit.by}
    session.execute(change_statement(definition), names)
    return True


def _locked(session: Connection[Any], definition: PropertyDefinition, profile_id: UUID) -> Value:
    statement = sql.SQL("SELECT {} FROM store.profile WHERE profile_id = %s FOR UPDATE").format(
        sql.Identifier(definition.column)
    )
    row = session.execute(statement, [profile_id]).fetchone()
    if row is None:
        raise NotThere(f"The profile {profile_id} is gone.")
    value: Value = row[0]
    return value


def _normalised(session: Connection[Any], definition: PropertyDefinition, value: Value) -> Value:
    if definition.normalise is not Normalise.LOWERCASE or value is None:
        return value
    typed = value if isinstance(value, list) else [value]
    row = session.execute(QUERIES["lower"], {"values": typed}).fetchone()
    lower: list[Any] = list(dict.fromkeys(row[0])) if row else []
    return lower if definition.list else lower[0]


def _identify(
    session: Connection[Any], definition: PropertyDefinition, profile_id: UUID, value: Value
) -> None:
    """Give the profile exactly these values of the identifier."""
    names = {
        "profile_id": profile_id,
        "property": properties.numbers()[definition.key],
        "values": _texts(value),
    }
    held = session.execute(QUERIES["held_by_another"], names).fetchone()
    if held is not None:
        raise ValueHeld(*held)
    for name in ("drop_identifiers", "add_identifiers"):
        session.execute(QUERIES[name], names)


def _texts(value: Value) -> Sequence[str]:
    if value is None:
        return []
    return [str(each) for each in (value if isinstance(value, list) else [value])]


def change_statement(definition: PropertyDefinition) -> Composed:
    """The new value with the journal of the one before, both at the moment of writing.

    The transaction began before it waited for its turn: an export that looked in between would
    miss a change of that moment.
    """
    return sql.SQL(
        """WITH changed AS (
            UPDATE store.profile
            SET updated_at = clock_timestamp(), {column} = %(value)s::{type}
            WHERE profile_id = %(profile_id)s
            RETURNING new.updated_at AS at, new.profile_id,
                jsonb_build_object({key}, old.{column}) AS old
        )
        INSERT INTO store.change (at, profile_id, by, old)
        SELECT at, profile_id, %(by)s, old FROM changed"""
    ).format(
        column=sql.Identifier(definition.column),
        type=column_type(definition),
        key=sql.Literal(definition.key),
    )
