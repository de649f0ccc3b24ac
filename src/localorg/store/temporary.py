"""Temporary folders of orgs, which go with their process or, where it was killed, later."""

import os
import shutil
import tempfile
import time
from pathlib import Path

from localorg.store.file_lock import FileLock

_PREFIX = "localorg-"
_LOCK = "lock"
# A folder that is younger may not have its lock yet.
_SETTLED_SECONDS = 10


class TemporaryFolder:
    """A folder that is locked as long as its process lives."""

    def __init__(self) -> None:
        """Make it where the system keeps temporary files."""
        self._folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        self.path = Path(self._folder.name)
        self._lock = FileLock(self.path / _LOCK)

    def close(self) -> None:
        """Remove it with everything in it."""
        self._lock.release()
        self._folder.cleanup()


def remove_left_over() -> None:
    """Remove the temporary folders of orgs whose processes were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if _is_settled(folder) and _is_free(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_settled(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and time.time() - found.st_mtime > _SETTLED_SECONDS


def _is_free(folder: Path) -> bool:
    """Whether it has a lock that no process holds."""
    path = folder / _LOCK
    try:
        if path.exists():
            FileLock(path).release()
            return True
    except OSError:
        return False
    return False
