"""Arguments and options that several commands have."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON document on standard output, and nothing else there."
    ),
]
ConnectionKey = Annotated[
    str, typer.Argument(metavar="KEY", help="The connection's key, as `connection list` shows it.")
]


class LogFormat(StrEnum):
    """How a process that works off runs logs to standard error."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"

    @property
    def is_json(self) -> bool:
        """Whether lines are JSON: `auto` makes them so where nobody watches."""
        return self is LogFormat.JSON or (self is LogFormat.AUTO and not sys.stderr.isatty())


Log = Annotated[
    LogFormat,
    typer.Option(
        "--log",
        help="Log as text, or as a JSON object a line; auto: as text on a terminal, else as JSON.",
    ),
]
Concurrency = Annotated[
    int,
    typer.Option(
        "--concurrency",
        metavar="N",
        min=1,
        max=64,
        help="Work on so many connections at the same time; of one connection, on one run.",
    ),
]
ExitWithStdin = Annotated[bool, typer.Option("--exit-with-stdin", hidden=True)]
