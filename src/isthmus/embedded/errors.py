"""What can go wrong with the bundled PostgreSQL.

EmbeddedError
├── PlatformUnsupported   Final      no PostgreSQL 18 for this machine in the installed packages
├── FolderUnusable        Final      the data folder can't be written, locked or belongs to others
├── DiskFull              Final      no space is left on the data folder's disk
├── WrongMajorVersion     Final      the data folder was made by another PostgreSQL
├── AccountMissing        Final      no account that the server could run as
├── PasswordUnusable      Final      the stored password is gone, or the server refuses it
├── CreateFailed          Final      the database could not be created
├── StartFailed           Final      the server ended while it started
├── StartTimedOut         Retryable  the server gave no sign of life for too long
└── StopFailed            Retryable  the server did not end
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import Final, IsthmusError, Retryable

USE_OWN_SERVER = (
    "or set DATABASE_URL to a PostgreSQL 18 server of your own, "
    "for example postgresql://isthmus:PASSWORD@localhost/isthmus"
)
FULL_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT})
NO_SPACE_TEXTS = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))


class EmbeddedError(IsthmusError):
    """The bundled PostgreSQL has a problem."""


class PlatformUnsupported(EmbeddedError, Final):
    """There is no bundled PostgreSQL 18 for this machine."""


class FolderUnusable(EmbeddedError, Final):
    """The data folder can't be used."""


class DiskFull(EmbeddedError, Final):
    """No space is left for the data folder."""


class WrongMajorVersion(EmbeddedError, Final):
    """The data folder was made by another major version of PostgreSQL."""


class AccountMissing(EmbeddedError, Final):
    """There is no account that the server could run as."""


class PasswordUnusable(EmbeddedError, Final):
    """The stored password can't be used."""


class CreateFailed(EmbeddedError, Final):
    """The database could not be created."""


class StartFailed(EmbeddedError, Final):
    """PostgreSQL ended while it started."""


class StartTimedOut(EmbeddedError, Retryable):
    """PostgreSQL did not start in time."""


class StopFailed(EmbeddedError, Retryable):
    """PostgreSQL did not stop in time."""


def disk_full(folder: Path, detail: str) -> DiskFull:
    """Return the error for a disk without space, with what was tried."""
    return DiskFull(
        f"No space is left on the disk of {folder} ({detail}). Nothing that was committed is lost. "
        f"Free some space and start again, move the folder to a larger disk "
        f"and set ISTHMUS_HOME to it, {USE_OWN_SERVER}."
    )


@contextmanager
def file_errors_explained(folder: Path) -> Iterator[None]:
    """Turn a file system's refusal into an error that says what to do about `folder`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK_ERRORS:
            raise disk_full(folder, str(error)) from error
        raise FolderUnusable(
            f"The data folder {folder} can't be used: {error}. It has to be on a local disk, in a "
            f"folder that the user id {os.geteuid()}, which runs this, may write. Correct that, "
            f"set ISTHMUS_HOME to another folder, {USE_OWN_SERVER}."
        ) from error
