"""What a backup leaves where it can't be made, and what a restored store does not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from psycopg import Connection as Database

from integration.set_up import new_connection
from isthmus.backups import programs, writing
from isthmus.backups.errors import BackupFailed, ProgramMissing
from isthmus.connections import executing, queueing
from isthmus.connections.errors import ConnectionOff, StoreHeld
from isthmus.connections.models import Run
from isthmus.profiles import upkeep
from isthmus.worker import presence
from isthmus.worker.chores import Chore
from isthmus.worker.rounds import unless_held


def conninfo(store: Database[Any]) -> str:
    return f"{store.info.dsn} password={store.info.password}"


def test_a_full_disk_leaves_no_file(
    store: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def full(_: Path) -> Iterator[IO[bytes]]:
        with Path("/dev/full").open("wb", buffering=0) as file:
            yield file

    monkeypatch.setattr(writing, "_draft", full)
    with pytest.raises(BackupFailed, match="is full, so no backup was made"):
        writing.to_file(conninfo(store), tmp_path / "a", with_key=False)


def test_a_disk_with_too_little_room_is_not_tried(
    store: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SMALLER", 0.000_000_1)
    with pytest.raises(BackupFailed, match="MiB free, and the backup will take"):
        writing.to_file(conninfo(store), tmp_path / "a", with_key=False)
    assert list(tmp_path.iterdir()) == []


def test_a_dump_that_breaks_off_leaves_no_file(
    store: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "pg_dump"
    broken.write_text("#!/bin/sh\necho half\necho 'server closed the connection' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(programs, "find", lambda *_: broken)
    with pytest.raises(BackupFailed, match="server closed the connection"):
        writing.to_file(conninfo(store), tmp_path / "a", with_key=False)
    assert list(tmp_path.iterdir()) == [broken]


def test_the_password_is_given_in_the_environment_and_our_secrets_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", "k")
    monkeypatch.setenv("DATABASE_URL", "postgresql://x")
    found = programs.environment(
        "postgresql://ann:pass%20word@db.example:5433/store?sslmode=require"
    )
    expected = {"PGPASSWORD": "pass word", "PGUSER": "ann", "PGHOST": "db.example"}
    expected |= {"PGPORT": "5433", "PGDATABASE": "store", "PGSSLMODE": "require"}
    assert expected.items() <= found.items()
    assert not {"ISTHMUS_SECRET_KEY", "DATABASE_URL"} & found.keys()


def test_a_program_that_is_too_old_is_said_with_what_to_install() -> None:
    with pytest.raises(ProgramMissing, match="postgresql-client-99"):
        programs.find("pg_dump", 99)


def test_in_a_held_store_nothing_runs_and_everybody_is_told_why(store: Database[Any]) -> None:
    connection = new_connection()
    Run.objects.create(connection=connection, number=1)
    assert executing.next_due(connection) is not None
    assert [each.key for each in presence.due(store)] == ["acme"]

    upkeep.note(store, upkeep.HELD, made_at="2026-01-02T03:04:05+00:00")

    assert executing.next_due(connection) is None
    assert presence.due(store) == []
    for ask in (queueing.check, queueing.check_preview):
        with pytest.raises(StoreHeld, match="isthmus resume"):
            ask(connection)
    # Whoever shows that a connection is off shows this too.
    assert issubclass(StoreHeld, ConnectionOff)


def test_in_a_held_store_chores_rest(store: Database[Any]) -> None:
    done: list[int] = []
    chore = unless_held(Chore(name="letters", every_seconds=1.0, do=lambda: done.append(1)))
    chore.do()
    upkeep.note(store, upkeep.HELD)
    chore.do()
    assert done == [1]
    upkeep.forget(store, upkeep.HELD)
    chore.do()
    assert done == [1, 1]
