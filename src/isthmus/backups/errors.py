"""What can go wrong with backups.

Final
├── BackupFailed      no file was made
├── BackupUnreadable  the file is none of ours, or not whole
│   └── BackupMissing  there is no such file, or this account can't read it
├── BackupTooNew      the file was made by a later version
├── KeyMissing        the secrets in the file can't be opened here
├── NotEmpty          there is something already where it is to be restored to
├── ProgramMissing    PostgreSQL's own programs for it are not there, or too old
└── RestoreFailed     it could not be restored; what was there stays as it was
"""

from isthmus.errors import Final


class BackupFailed(Final):
    """No backup was made."""


class BackupUnreadable(Final):
    """The file can't be read."""


class BackupMissing(BackupUnreadable):
    """There is no file to read."""

    is_of_input = True


class BackupTooNew(Final):
    """The file was made by a later version."""


class KeyMissing(Final):
    """The secrets can't be opened with the keys that are here."""


class NotEmpty(Final):
    """There is something already."""


class ProgramMissing(Final):
    """A program of PostgreSQL is missing."""


class RestoreFailed(Final):
    """Nothing was restored. What was there before is as it was."""
