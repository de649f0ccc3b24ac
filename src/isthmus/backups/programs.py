"""The programs of PostgreSQL that write and read dumps: those that come with us, or on the PATH."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from isthmus.backups.errors import ProgramMissing
from isthmus.embedded import EmbeddedError, binaries

_OURS = ("ISTHMUS_", "DATABASE_URL")


def find(name: str, major: int) -> Path:
    """The program of that name that can deal with this major version of PostgreSQL."""
    found = []
    for path in _candidates(name):
        version = major_of(path)
        if version >= major:
            return path
        found.append(f"{path} is of PostgreSQL {version or '?'}")
    there = f" ({'; '.join(found)})" if found else ""
    raise ProgramMissing(
        f"{name} of PostgreSQL {major} or later is needed, and there is none{there}. Install the "
        f"client programs of PostgreSQL {major} (on Debian postgresql-client-{major}), and put "
        f"their folder on the PATH."
    )


def _candidates(name: str) -> Iterator[Path]:
    # Where none comes with us for this machine, one that the system has will do.
    with suppress(EmbeddedError):
        yield binaries.find().folder / "bin" / name
    on_path = shutil.which(name)
    if on_path:
        yield Path(on_path)


def major_of(program: Path) -> int:
    """Of which major version it is; 0 where it does not say."""
    try:
        said = subprocess.run(  # noqa: S603 - a program of PostgreSQL
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r"(\d+)(?:\.\d+)*", said)
    return int(number[1]) if number else 0


def environment(conninfo: str) -> dict[str, str]:
    """The environment in which such a program reaches the database.

    Others on the machine see what is on a command line: a password must not be there.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    names = {
        option.keyword.decode(): option.envvar.decode()
        for option in pq.Conninfo.get_defaults()
        if option.envvar
    }
    given = conninfo_to_dict(conninfo)
    known = {names[key]: str(value) for key, value in given.items() if key in names}
    return {**kept, "LC_ALL": "C", **known}
