"""What people write into free text, read from `phrases.toml` and `oddities.toml`."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any


@cache
def phrases(kind: str) -> tuple[str, ...]:
    """The phrases of one kind, such as `remarks` or `departments`."""
    return tuple(_file("phrases.toml")[kind])


@cache
def oddities() -> Sequence[Mapping[str, Any]]:
    """Values that break careless programs: by API name of Contact, or Company."""
    return tuple(entry["values"] for entry in _file("oddities.toml")["oddity"])


@cache
def _file(name: str) -> dict[str, Any]:
    file = resources.files("localorg.seed") / name
    return tomllib.loads(file.read_text("utf-8"))
