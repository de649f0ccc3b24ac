import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from isthmus.cli import doctor
from isthmus.cli.checking import Finding, show_findings
from isthmus.connections import secrets


class Disk(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ISTHMUS_HOME", str(tmp_path))
    monkeypatch.delenv(secrets.SETTING, raising=False)
    return tmp_path


def findings() -> dict[str, Finding]:
    return {each.what: each for each in doctor._folder_findings()}  # noqa: SLF001


def test_a_key_that_is_not_there_yet_is_not_made_by_looking(home: Path) -> None:
    assert findings()["secret key"].ok
    assert list(home.iterdir()) == []


def test_a_key_that_others_can_read_is_a_problem(home: Path) -> None:
    file = home / secrets.FILE
    file.write_text(secrets.new_key())
    file.chmod(0o600)
    assert findings()["secret key"].ok

    file.chmod(0o640)

    found = findings()["secret key"]
    assert not found.ok
    assert "chmod 600" in found.detail


@pytest.mark.parametrize("place", ["file", "environment"])
def test_a_key_that_is_none_is_a_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place == "file":
        (home / secrets.FILE).write_text("not a key")
    else:
        monkeypatch.setenv(secrets.SETTING, "not a key")

    found = findings()["secret key"]

    assert not found.ok
    assert "44 characters" in found.detail


def test_little_room_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**12, 10**12, 5 * 1024**2))

    found = findings()["disk"]

    assert not found.ok
    assert found.detail == "Only 5.0 MiB are free. Make room: 2.0 GiB should be free."


def test_a_folder_that_cannot_be_made_is_a_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").touch()
    monkeypatch.setenv("ISTHMUS_HOME", str(home / "file" / "home"))

    found = findings()["data folder"]

    assert not found.ok
    assert "ISTHMUS_HOME" in found.detail


def test_findings_are_a_line_each_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    show_findings([Finding(what="disk", ok=True, detail="1 GiB")], as_json=False, title={})

    assert capsys.readouterr().out == "ok  disk  1 GiB\n"
