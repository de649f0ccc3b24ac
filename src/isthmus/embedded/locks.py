"""Kernel locks on files: they vanish with their holder, however it ends.

A lock belongs to the open file, not to the process: threads that open the file themselves
are told apart, and a child that inherits the open file holds the same lock until it ends too.
"""

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

    _KINDS = {True: fcntl.LOCK_SH, False: fcntl.LOCK_EX}


def open_lock(path: Path) -> int:
    """Return a descriptor of the lock file `path`, made when it is missing; not yet locked."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Lock at once and tell whether it worked. A refused change of kind loses the lock held."""
    try:
        fcntl.flock(descriptor, _KINDS[shared] | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Give the lock back, for every process that holds this same open file."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def claim(path: Path) -> int | None:
    """Return a descriptor that holds `path` exclusively, or None while others hold it."""
    descriptor = open_lock(path)
    if try_lock(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def is_held(path: Path) -> bool:
    """Tell whether any process holds the lock file `path`, which may be missing."""
    if not path.exists():
        return False
    descriptor = open_lock(path)
    try:
        return not try_lock(descriptor, shared=True)
    finally:
        os.close(descriptor)


def is_in_use(path: Path) -> bool:
    """Tell whether any process holds the lock file `path` even as one of several sharers."""
    if not path.exists():
        return False
    descriptor = open_lock(path)
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)
