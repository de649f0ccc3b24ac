"""What commands print: tables and sentences for people, one JSON document for programs."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from isthmus.cli import streams

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def results() -> "Console":
    """Standard output, for what was asked for."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def messages() -> "Console":
    """Standard error, for everything else."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def note(message: str) -> None:
    """A sentence on standard error."""
    console = messages()
    console.print(message, soft_wrap=not console.is_terminal)


def json_bytes(document: object) -> bytes:
    """The document as JSON: UTF-8, indented, moments in UTC, decimals with all their digits."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(document, default=_plain, option=options)


def print_json(document: object) -> None:
    """The one document that `--json` promises."""
    streams.write_bytes(json_bytes(document))


def _plain(value: object) -> Any:
    import orjson

    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f").encode())
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "") -> "Table":
    """Columns without lines; those that `right` names (by words) are numbers."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), collapse_padding=True)
    for name in columns:
        justify: Any = "right" if name in right.split() else "left"
        made.add_column(name, justify=justify, overflow="fold", header_style="bold")
    for row in rows:
        made.add_row(*row)
    return made


def facts(rows: Iterable[tuple[str, str]]) -> "Table":
    """Names and values below each other."""
    from rich.table import Table

    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for row in rows:
        made.add_row(*row)
    return made
