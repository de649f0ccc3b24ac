"""The PostgreSQL that comes with Isthmus: nothing to install, one data folder, no TCP."""

from isthmus.embedded.errors import (
    AccountMissing,
    CreateFailed,
    DiskFull,
    EmbeddedError,
    FolderUnusable,
    PasswordUnusable,
    PlatformUnsupported,
    StartFailed,
    StartTimedOut,
    StopFailed,
    WrongMajorVersion,
)
from isthmus.embedded.server import Server, Status, running, status, stop

__all__ = [
    "AccountMissing",
    "CreateFailed",
    "DiskFull",
    "EmbeddedError",
    "FolderUnusable",
    "PasswordUnusable",
    "PlatformUnsupported",
    "Server",
    "StartFailed",
    "StartTimedOut",
    "Status",
    "StopFailed",
    "WrongMajorVersion",
    "running",
    "status",
    "stop",
]
