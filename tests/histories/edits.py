"""What people do to profiles by hand, the same in the store and in the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from isthmus.domain.properties import PropertyType
from isthmus.profiles import merging, properties
from model.store import ProfileNumber, elements
from model.two_way import TwoWay


@dataclass(frozen=True, kw_only=True)
class Edits:
    """Changes of both stores."""

    connection: Connection[Any]
    model: TwoWay
    ids: dict[ProfileNumber, UUID]

    def add(self, values: Mapping[str, Any]) -> None:
        """A new profile with those of the values that are free."""
        number = self.model.store.new_profile()
        row = self.connection.execute(
            "INSERT INTO store.profile (profile_id) VALUES (uuidv7()) RETURNING profile_id"
        ).fetchone()
        assert row is not None
        self.ids[number] = row[0]
        self.model.names[number] = str(row[0])
        self.change(number, values)

    def change(self, number: ProfileNumber, values: Mapping[str, Any]) -> None:
        """Change properties; None empties. An identifier that another profile holds is left."""
        for key, plain in values.items():
            value = self._typed(key, plain)
            if not self._is_taken(key, value, number):
                self._write(number, key, value)

    def merge(self, survivor: ProfileNumber, loser: ProfileNumber) -> None:
        """Make one profile of two."""
        merging.merge(self.connection, self.ids[survivor], self.ids[loser])
        self.model.store.merge(survivor, loser)

    def _typed(self, key: str, plain: Any) -> Any:
        definition = self.model.store.properties[key]
        if plain is None or definition.list:
            return plain
        kinds: dict[PropertyType, Any] = {
            PropertyType.DECIMAL: Decimal,
            PropertyType.DATE: date.fromisoformat,
            PropertyType.DATETIME: datetime.fromisoformat,
        }
        if isinstance(plain, str):
            # PostgreSQL keeps no NUL.
            return kinds.get(definition.type, str)(plain.replace("\0", ""))
        return plain

    def _is_taken(self, key: str, value: Any, number: ProfileNumber) -> bool:
        if not self.model.store.properties[key].identifier:
            return False
        holders = {self.model.store.holder(key, each) for each in elements(value)}
        return bool(holders - {None, number})

    def _write(self, number: ProfileNumber, key: str, value: Any) -> None:
        profile_id = self.ids[number]
        self.connection.execute(
            sql.SQL(
                "UPDATE store.profile SET {} = %s, updated_at = now() WHERE profile_id = %s"
            ).format(sql.Identifier(f"p_{key}")),
            [value, profile_id],
        )
        if self.model.store.properties[key].identifier:
            self._hold(profile_id, properties.numbers()[key], value)
        self.model.store.profiles[number].pop(key, None)
        if value is not None:
            self.model.store.profiles[number][key] = value

    def _hold(self, profile_id: UUID, number: int, value: Any) -> None:
        self.connection.execute(
            "DELETE FROM store.identifier WHERE profile_id = %s AND property = %s",
            [profile_id, number],
        )
        for each in elements(value):
            self.connection.execute(
                "INSERT INTO store.identifier (profile_id, property, value) VALUES (%s, %s, %s)",
                [profile_id, number, str(each)],
            )
