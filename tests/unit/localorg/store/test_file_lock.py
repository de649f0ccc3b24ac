from pathlib import Path

import pytest

from localorg.store.file_lock import FileLock


def test_a_lock_has_one_holder_at_a_time(tmp_path: Path) -> None:
    first = FileLock(tmp_path / "lock")
    with pytest.raises(BlockingIOError):
        FileLock(tmp_path / "lock")
    first.release()
    second = FileLock(tmp_path / "lock")
    first.release()
    with pytest.raises(BlockingIOError):
        FileLock(tmp_path / "lock")
    second.release()
    assert not (tmp_path / "lock").exists()


def test_a_lock_whose_holder_was_killed_is_free(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    FileLock(tmp_path / "lock").release()


def test_a_lock_whose_file_is_gone_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"

    def taken_while_removed(_file: int, _how: int) -> None:
        path.unlink()
        path.touch()

    monkeypatch.setattr("localorg.store.file_lock.fcntl.flock", taken_while_removed)
    with pytest.raises(BlockingIOError):
        FileLock(path)
