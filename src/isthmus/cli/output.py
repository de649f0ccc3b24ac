"""What commands print: tables and sentences for people, one JSON document for programs."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from isthmus.cli import streams

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table


def results() -> "Console":
    """Standard output, for what was asked for."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def messages() -> "Console":
    """Standard error, for everything else."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def show(shown: "RenderableType", style: str | None = None) -> None:
    """Print a sentence or a table to standard output.

    What is not a terminal gets sentences on one line, and no blanks at the ends of lines.
    """
    console = results()
    if console.is_terminal:
        console.print(shown, style=style)
        return
    with console.capture() as captured:
        console.print(shown, soft_wrap=isinstance(shown, str))
    console.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


class _Notes:
    """Where sentences on standard error go: to somebody who reads them, or to a log."""

    logged = False


def log_notes() -> None:
    """Make all that this process says on standard error lines of a log, as JSON."""
    from isthmus import logs

    logs.configure(as_json=True)
    _Notes.logged = True


def note(message: str) -> None:
    """A sentence on standard error, or in the log."""
    if _Notes.logged:
        from isthmus import logs

        logs.note(message)
        return
    console = messages()
    console.print(message, soft_wrap=not console.is_terminal)


def as_line(message: str) -> bytes:
    """The same sentence as the bytes of a line, for whoever has to write it by itself."""
    if not _Notes.logged:
        return f"{message}\n".encode()
    from isthmus import logs

    return f"{logs.note_line(message)}\n".encode()


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


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: str = "", gap: int = 2
) -> "Table":
    """Columns without lines, `gap` blanks apart; those that `right` names (by words) are numbers.

    Cells that don't fit are folded, never cut.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
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
