"""Arguments and options that several commands have."""

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
