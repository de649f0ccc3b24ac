"""An org from a file and what its set-up says."""

import sqlite3
from pathlib import Path

from localorg.clock import Clock
from localorg.org import Org
from localorg.settings import Settings
from localorg.setup_file import SetupFile, SetupFileError, org_schema, read
from localorg.store import IN_MEMORY, Store
from localorg.store.file_lock import FileLock
from localorg.store.upgrade import SchemaConflict


class OpeningError(Exception):
    """An org can't be opened; the message says why and what to do."""

    def __init__(self, message: str, option: str) -> None:
        """Keep the option of the command that is to be changed."""
        super().__init__(message)
        self.option = option


def open_org(data: str, setup_path: Path | None, settings: Settings) -> Org:
    """The org in the file `data`, made there if it is new; `:memory:` keeps nothing.

    Raises OpeningError.
    """
    try:
        return _open(data, None if setup_path is None else read(setup_path), settings)
    except (SetupFileError, SchemaConflict) as error:
        raise OpeningError(str(error), "--setup") from error
    except sqlite3.Error as error:
        message = f"'{data}' can't be opened as an org: {error}. Give a new path or ':memory:'."
        raise OpeningError(message, "--data") from error


def _open(data: str, setup: SetupFile | None, settings: Settings) -> Org:
    schema = org_schema(setup)
    clock = Clock()
    if setup is not None:
        setup.raise_problems()
    lock = None if data == IN_MEMORY else _alone(data)
    try:
        return Org(Store(data, schema, clock.now(), lock), clock, settings, setup)
    except BaseException:
        if lock is not None:
            lock.release()
        raise


def _alone(data: str) -> FileLock:
    """A lock on the file: two processes would give the same ids to different records."""
    try:
        return FileLock(Path(f"{data}-lock"))
    except BlockingIOError as error:
        message = (
            f"'{data}' is open in another process of localorg. Stop that one, or give another path."
        )
        raise OpeningError(message, "--data") from error
    except OSError as error:
        message = (
            f"'{data}' can't be opened as an org: {error.strerror}. Give a new path or ':memory:'."
        )
        raise OpeningError(message, "--data") from error
