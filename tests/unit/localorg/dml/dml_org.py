"""A small org to save records in, without HTTP."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localorg.clock import Clock
from localorg.dml import (
    Change,
    JsonRecords,
    Operation,
    RecordReader,
    SaveOptions,
    Target,
    delete_chunk,
    save_chunk,
    writing,
)
from localorg.schema import Schema, standard_schema
from localorg.store import INTEGRATION_USER_ID, Store, quoted

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
START_STORED = "2026-01-31T12:00:00.000Z"


class DmlOrg:
    """Saves JSON objects and shows the rows that came of it."""

    def __init__(self, schema: Schema | None = None) -> None:
        self.clock = Clock(lambda: START)
        self.store = Store(":memory:", schema or standard_schema(), START)
        self.store.now = self.clock.now
        # What the next calls are made with.
        self.options = SaveOptions()

    def insert(self, name: str, *records: Mapping[str, Any]) -> list[Change]:
        return self._save(name, Operation.INSERT, None, records)

    def update(self, name: str, *records: Mapping[str, Any]) -> list[Change]:
        return self._save(name, Operation.UPDATE, "Id", records)

    def upsert(self, name: str, key: str, *records: Mapping[str, Any]) -> list[Change]:
        return self._save(name, Operation.UPSERT, key, records)

    def delete(self, name: str, *ids: str | None) -> list[Change]:
        changes = [Change(key=record_id) for record_id in ids]
        with writing(self.store, self.clock, INTEGRATION_USER_ID) as writer:
            delete_chunk(writer, self.target(name, Operation.DELETE, None), changes)
        return changes

    def update_rows(self, name: str, header: list[str], *rows: list[str]) -> list[Change]:
        """Update records by rows of CSV."""
        return self._save_rows(self.target(name, Operation.UPDATE, "Id"), header, rows)

    def upsert_rows(self, name: str, key: str, header: list[str], *rows: list[str]) -> list[Change]:
        """Upsert records by rows of CSV."""
        return self._save_rows(self.target(name, Operation.UPSERT, key), header, rows)

    def inserted(self, name: str, **values: Any) -> str:
        """The id of a new record that has to succeed."""
        [change] = self.insert(name, values)
        assert change.errors == []
        assert change.id is not None
        return change.id

    def row(self, name: str, record_id: str | None) -> dict[str, Any]:
        """A record's row, deleted or not."""
        with self.store.read() as connection:
            found = connection.execute(
                "".join(("SELECT * FROM ", quoted(name), " WHERE Id = ?")), (record_id,)
            )
            names = [column[0] for column in found.description]
            return dict(zip(names, found.fetchone(), strict=True))

    def _save(
        self, name: str, operation: Operation, key: str | None, records: tuple[Any, ...]
    ) -> list[Change]:
        target = self.target(name, operation, key)
        reader = JsonRecords(target)
        changes = [reader.read(record) for record in records]
        with writing(self.store, self.clock, INTEGRATION_USER_ID) as writer:
            save_chunk(writer, target, changes, self.options)
        return changes

    def _save_rows(
        self, target: Target, header: list[str], rows: tuple[list[str], ...]
    ) -> list[Change]:
        changes = RecordReader(target, header).read_csv_rows(rows)
        with writing(self.store, self.clock, INTEGRATION_USER_ID) as writer:
            save_chunk(writer, target, changes, self.options)
        return changes

    def target(self, name: str, operation: Operation, key: str | None) -> Target:
        object_type = self.store.schema.object(name)
        return Target(
            schema=self.store.schema,
            object_type=object_type,
            operation=operation,
            key_field=object_type.field(key) if key else None,
        )


def codes(changes: list[Change]) -> list[str | None]:
    """Each change's error code, None where it was saved."""
    return [change.errors[0].code if change.errors else None for change in changes]


def messages(changes: list[Change]) -> list[str | None]:
    """Each change's error message, None where it was saved."""
    return [change.errors[0].message if change.errors else None for change in changes]
