"""Backups in a folder, one after the other, of which the last few are kept."""

import re
from datetime import datetime
from pathlib import Path

SUFFIX = ".isthmus-backup"
_NAME = re.compile(r"^isthmus-\d{8}T\d{6}Z\.isthmus-backup$")


def name_of(at: datetime) -> str:
    """What a backup of that moment (UTC) is called: names in order are moments in order."""
    return f"isthmus-{at:%Y%m%dT%H%M%SZ}{SUFFIX}"


def drop_old(folder: Path, keep: int) -> list[Path]:
    """Remove all backups of such names but the last so many; those that were removed."""
    found = sorted(path for path in folder.iterdir() if _NAME.match(path.name) and path.is_file())
    gone = found[:-keep]
    for path in gone:
        path.unlink()
    return gone
