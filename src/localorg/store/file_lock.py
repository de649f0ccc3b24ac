"""A lock that a process holds as long as it lives, or until it lets go."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """Held from the beginning; one holder at a time, among all processes."""

    def __init__(self, path: Path) -> None:
        """Take it, in a file that is made for it. Raises BlockingIOError where somebody has it."""
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            self._take()
        except BaseException:
            os.close(self._file)
            raise

    def _take(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(self._file), self._path.stat()):
            message = "The one who had the lock removed its file meanwhile."
            raise BlockingIOError(message)

    def release(self) -> None:
        """Let go, and remove the file."""
        if self._file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1
