"""The jobs of an org in its file, so that they outlive the process."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from localorg.store import Store, quoted


@dataclass(frozen=True, kw_only=True)
class KeptJob:
    """A job as the file has it."""

    id: str
    # What it is, and the state that a client was told.
    facts: dict[str, Any]
    # How far its work is; empty before the work begins.
    progress: dict[str, Any]


class JobTable:
    """One kind of jobs; an org that lives in memory keeps none. Safe to use from several threads.

    Facts change in transactions of their own. Progress changes in the transaction of the work that
    it counts, so that no work is done twice and none is forgotten.
    """

    def __init__(self, store: Store, name: str) -> None:
        """Use the table `name`, which is made where the file has none."""
        self._store = store
        columns = " (id TEXT PRIMARY KEY, facts BLOB NOT NULL, progress BLOB)"
        self._create = "".join(("CREATE TABLE IF NOT EXISTS ", quoted(name), columns))
        values = " (id, facts) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET facts = excluded.facts"
        self._put = "".join(("INSERT INTO ", quoted(name), values))
        self._note = "".join(("UPDATE ", quoted(name), " SET progress = ? WHERE id = ?"))
        self._remove = "".join(("DELETE FROM ", quoted(name), " WHERE id = ?"))
        self._all = "".join(("SELECT id, facts, progress FROM ", quoted(name), " ORDER BY id"))
        self._clear = "".join(("DELETE FROM ", quoted(name)))

    def load(self) -> list[KeptJob]:
        """All jobs that the file has, oldest first."""
        if not self._store.kept:
            return []
        with self._store.write() as connection:
            connection.execute(self._create)
            rows = connection.execute(self._all).fetchall()
        return [
            KeptJob(
                id=job_id,
                facts=orjson.loads(facts),
                progress=orjson.loads(progress) if progress else {},
            )
            for job_id, facts, progress in rows
        ]

    def put(
        self, job_id: str, facts: Mapping[str, Any], progress: Mapping[str, Any] | None = None
    ) -> None:
        """Keep what a client is about to be told, and the progress if it is given."""
        if self._store.kept:
            with self._store.write() as connection:
                connection.execute(self._put, (job_id, orjson.dumps(facts)))
                if progress is not None:
                    self.note(connection, job_id, progress)

    def note(
        self, connection: sqlite3.Connection, job_id: str, progress: Mapping[str, Any]
    ) -> None:
        """Keep how far a job is, in the transaction that `connection` is in."""
        if self._store.kept:
            connection.execute(self._note, (orjson.dumps(progress), job_id))

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        if self._store.kept:
            with self._store.write() as connection:
                connection.execute(self._remove, (job_id,))

    def clear(self) -> None:
        """Forget all jobs."""
        if self._store.kept:
            with self._store.write() as connection:
                connection.execute(self._clear)
