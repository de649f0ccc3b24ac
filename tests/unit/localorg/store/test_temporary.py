import os
import tempfile
import time
from pathlib import Path

import pytest

from localorg.store.temporary import TemporaryFolder, remove_left_over


@pytest.fixture(autouse=True)
def system_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the system keeps temporary files, for this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def aged(folder: Path) -> Path:
    moment = time.time() - 3600
    os.utime(folder, (moment, moment))
    return folder


def left_over(place: Path, name: str) -> Path:
    """The folder of an org whose process was killed: its lock is there and nobody holds it."""
    folder = place / name
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "org.db").write_bytes(b"x")
    return folder


def test_a_folder_goes_when_it_is_closed() -> None:
    folder = TemporaryFolder()
    (folder.path / "org.db").write_bytes(b"x")
    folder.close()
    folder.close()
    assert not folder.path.exists()


def test_folders_of_killed_processes_are_removed(system_folder: Path) -> None:
    killed = aged(left_over(system_folder, "localorg-killed"))
    remove_left_over()
    assert not killed.exists()


def test_the_folder_of_an_org_that_runs_stays() -> None:
    folder = TemporaryFolder()
    aged(folder.path)
    remove_left_over()
    assert folder.path.exists()
    folder.close()


def test_a_folder_that_is_being_made_stays(system_folder: Path) -> None:
    young = left_over(system_folder, "localorg-young")
    remove_left_over()
    assert young.exists()


def test_what_is_no_folder_of_an_org_stays(system_folder: Path) -> None:
    other = left_over(system_folder, "other-killed")
    (unlocked := system_folder / "localorg-notes").mkdir()
    (text := system_folder / "localorg-notes.md").write_text("x")
    for path in (other, unlocked, text):
        aged(path)
    remove_left_over()
    assert other.exists()
    assert unlocked.exists()
    assert text.exists()
