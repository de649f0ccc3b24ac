"""Named SQL blocks of a room's `queries.sql`."""

import re
from importlib.resources import files
from typing import LiteralString

from psycopg import sql

_NAME = re.compile(r"^-- ([a-z_]+) --$", re.MULTILINE)


def load(package: str, file: str = "queries.sql") -> dict[str, sql.SQL]:
    """The blocks of `file` in `package` by name; the text before the first name is left out.

    A block starts with a line `-- its_name --`. Names stand once.
    """
    # The text ships with the program and no value is ever put into it, so it counts as literal.
    text: LiteralString = files(package).joinpath(file).read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    names, bodies = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{package}/{file} names a block twice: {sorted(names)}")
    return {name: sql.SQL(body) for name, body in zip(names, bodies, strict=True)}
