"""`isthmus backup` and `restore`: one file, whole or not at all, and nothing half restored."""

import dataclasses
import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from isthmus import embedded
from isthmus.backups import archive
from isthmus.connections import secrets
from isthmus.errors import Final
from journeys.processes import Isthmus

OURS, THEIRS = secrets.new_key(), secrets.new_key()
SECRET = "the secret of the app"


@pytest.fixture
def filled(isthmus: Isthmus) -> Isthmus:
    """A store with an account and a sealed secret."""
    command = isthmus.set(ISTHMUS_SECRET_KEY=OURS)
    words = ("user", "add", "ann@example.com", "--name", "Ann", "--role", "administrator")
    ended = command.run(*words, "--password-stdin", stdin="a quiet harbour\n")
    assert ended.status == 0, ended
    app = ("app", "save", "Integration", "--client-id", "3MVG9", "--secret-stdin")
    assert command.run(*app, stdin=f"{SECRET}\n").status == 0
    return command


@pytest.fixture
def file(filled: Isthmus, place: Path) -> Path:
    path = place / "a.isthmus-backup"
    filled.expect("backup", str(path))
    return path


@contextmanager
def another_database(isthmus: Isthmus, name: str) -> Iterator[Isthmus]:
    """The command with an empty database of its own, named by DATABASE_URL."""
    with embedded.running(isthmus.home) as server:
        with psycopg.connect(server.conninfo, autocommit=True) as session:
            session.execute(f"CREATE DATABASE {name}".encode())
        host, password = quote(server.host, safe=""), quote(server.password, safe="")
        url = f"postgresql://{server.user}:{password}@/{name}?host={host}&port={server.port}"
        yield isthmus.set(DATABASE_URL=url)


def databases(isthmus: Isthmus) -> set[str]:
    with embedded.running(isthmus.home) as server, psycopg.connect(server.conninfo) as session:
        return {name for (name,) in session.execute("SELECT datname FROM pg_database")}


def test_a_backup_is_one_private_file_without_the_key(filled: Isthmus, file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.glob(".*")) == []
    content = file.read_bytes()
    assert OURS.encode() not in content
    assert SECRET.encode() not in content
    again = filled.expect("backup", str(file), status=1)
    assert "is there already" in again.err
    assert file.read_bytes() == content
    with zipfile.ZipFile(file) as archive:
        said = json.loads(archive.read("manifest.json"))
        assert archive.namelist() == ["database.dump", "manifest.json"]
    assert said["tables"]["public.people_user"] == 1
    assert "public.django_session" not in said["tables"]

    ended = filled.expect("backup", str(file.with_name("b")), "--with-key")
    assert "keep it as you keep passwords" in ended.err
    with zipfile.ZipFile(file.with_name("b")) as archive:
        assert archive.read("secret.key").decode().split() == [OURS]


def test_the_last_few_backups_of_a_folder_are_kept(filled: Isthmus, place: Path) -> None:
    folder = place / "backups"
    folder.mkdir()
    old = [folder / f"isthmus-2025010{day}T000000Z.isthmus-backup" for day in range(1, 4)]
    others = [folder / "mine.isthmus-backup", folder / "isthmus-notes.txt"]
    for path in (*old, *others):
        path.touch()
    made = filled.json("backup", "--to", str(folder), "--keep", "2")
    assert made["removed"] == [str(path) for path in old[:2]]
    assert set(folder.iterdir()) == {old[2], *others, Path(made["file"])}
    for words in (("--keep", "2", "x"), (), ("--to", str(folder), "x"), ("--to", "/nowhere")):
        assert filled.run("backup", *words).status == 2


def test_a_backup_is_restored_to_a_server_of_ones_own_and_waits_there(
    filled: Isthmus, file: Path
) -> None:
    with another_database(filled, "elsewhere") as other:
        before = databases(filled)
        logged = filled.json("audit")["entries"]
        assert logged
        done = other.json("restore", str(file))
        # The audit log refuses every change but new entries, and comes over all the same.
        assert other.json("audit")["entries"] == logged
        assert (done["accounts"], done["held"], done["unreadable_secrets"]) == (1, True, 0)
        assert databases(filled) == before
        assert [each["email"] for each in other.json("user", "list")["users"]] == [
            "ann@example.com"
        ]
        found = {each["what"]: each for each in other.json("doctor", status=3)["findings"]}
        assert "isthmus resume" in found["restore"]["detail"]
        assert found["stored secrets"]["ok"]
        assert "Runs go on now" in other.expect("resume").err
        assert "Nothing was held" in other.expect("resume").err

        refused = other.expect("restore", str(file), status=1)
        assert "holds a store already" in refused.err
        assert other.expect("restore", str(file), "--replace", status=2).err.endswith(
            "Add --yes where nobody can answer.\n"
        )
        other.expect("user", "change", "ann@example.com", "--name", "Anna")
        entries = other.json("audit")["entries"]
        assert [each["what"] for each in entries[: -len(logged)]] == [
            "changed the name of the account Anna",
            "let the restored store go on",
        ]
        assert entries[-len(logged) :] == logged
        other.expect("restore", str(file), "--replace", "--yes")
        assert other.json("user", "list")["users"][0]["name"] == "Ann"
        assert databases(filled) == before


def spoilt(file: Path, how: str) -> Path:
    """A copy of a backup that can't be restored."""
    copy = file.with_name(how.replace(" ", "-"))
    content = bytearray(file.read_bytes())
    if how == "truncated":
        copy.write_bytes(content[: len(content) // 2])
    elif how == "a bit flipped":
        content[len(content) // 3] ^= 1
        copy.write_bytes(content)
    elif how == "something else":
        copy.write_text("a letter")
    elif how == "another zip":
        with zipfile.ZipFile(copy, "w") as archive:
            archive.writestr("a", "b")
    else:
        rewritten(file, copy, **_MANIFESTS[how])
    return copy


_MANIFESTS: dict[str, dict[str, Any]] = {
    "a later version": {"version": "99.0.0"},
    "a later table": {"migrations": ["connections.9999_later"]},
    "another format": {"format": 2},
    "other rows": {"tables": {"public.people_user": 7}},
}
SAYS_AT_ONCE = {
    "a bit flipped": "is not whole",
    "something else": "no backup at all",
    "another zip": "does not say what is in it",
    "a later version": "was made by Isthmus 99.0.0",
    "another format": "of another kind",
}
"""Of these the command has nothing else to look at."""
SAYS = {
    "truncated": "is not whole",
    "a later table": "does not know all of its tables",
    "other rows": "is not what went in",
}


def rewritten(file: Path, copy: Path, **manifest: Any) -> None:
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(copy, "w") as target:
        said = json.loads(archive.read("manifest.json"))
        target.writestr("database.dump", archive.read("database.dump"))
        target.writestr("manifest.json", json.dumps({**said, **manifest}))


def test_what_cannot_be_restored_is_said_and_leaves_everything_as_it_was(
    filled: Isthmus, file: Path
) -> None:
    for how, words in SAYS_AT_ONCE.items():
        copy = spoilt(file, how)
        with pytest.raises(Final, match=words), archive.opened(copy) as opened:
            archive.check(copy, opened)
    before = databases(filled)
    for how, words in SAYS.items():
        ended = filled.expect("restore", str(spoilt(file, how)), "--replace", "--yes", status=1)
        assert words in ended.err, (how, ended.err)
        assert "unexpected" not in ended.err, ended.err
    assert databases(filled) == before
    assert filled.json("user", "list")["users"][0]["email"] == "ann@example.com"
    missing = filled.expect("restore", "/nowhere/x", status=2)
    assert "can't be read" in missing.err


def test_a_key_that_is_not_here_is_asked_for_before_anything_is_done(
    filled: Isthmus, file: Path, place: Path
) -> None:
    mark = secrets.mark(OURS)
    with another_database(filled, "keyless") as other:
        other = other.set(ISTHMUS_SECRET_KEY=THEIRS)  # noqa: PLW2901
        ended = other.expect("restore", str(file), status=1)
        assert mark in ended.err
        assert "--without-key" in ended.err
        done = other.json("restore", str(file), "--without-key")
        assert done["unreadable_secrets"] == 1

        with_key = place / "with-key"
        filled.expect("backup", str(with_key), "--with-key")
        home = place / "fresh"
        environment = dict(other.environment)
        del environment["ISTHMUS_SECRET_KEY"]
        fresh = dataclasses.replace(other, home=home, environment=environment)
        done = fresh.json("restore", str(with_key), "--replace", "--yes", "--resume")
        assert (done["unreadable_secrets"], done["held"]) == (0, False)
        key = home / "secret.key"
        assert key.read_text().split() == [OURS]
        assert key.stat().st_mode & 0o777 == 0o600

        # A place that was started before has a key, which goes on opening what it sealed.
        key.write_text(THEIRS)
        done = fresh.json("restore", str(with_key), "--replace", "--yes")
        assert done["unreadable_secrets"] == 0
        assert key.read_text().split() == [OURS, THEIRS]
        assert key.stat().st_mode & 0o777 == 0o600


def test_a_store_that_is_in_use_is_not_replaced(filled: Isthmus, file: Path) -> None:
    with (
        embedded.running(filled.home) as server,
        psycopg.connect(server.conninfo, application_name="isthmus worker"),
    ):
        ended = filled.expect("restore", str(file), "--replace", "--yes", status=1)
    assert "is in use (isthmus worker)" in ended.err
    shutil.rmtree(file.parent / "nothing", ignore_errors=True)
    assert os.access(file, os.R_OK)
