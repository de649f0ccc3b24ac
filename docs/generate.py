"""Write the reference pages that come from the program itself: `python docs/generate.py`."""  # noqa: INP001

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from isthmus.cli.program import app
from localorg import coverage

DOCS = Path(__file__).parent
COLUMNS = 80

HEAD = """\
# The command line

This page is made from the commands' own help by `python docs/generate.py`.

Results go to standard output; progress and messages go to standard error. Every command that reads,
and `connection run`, takes `--json` and then prints one JSON document on standard output and
nothing else there.
"""


def page() -> str:
    """The whole page of commands."""
    top: Any = typer.main.get_command(app)
    return "\n".join([HEAD, *_sections(top, "isthmus")])


def _sections(command: Any, words: str) -> Iterator[str]:
    context = command.make_context(words, [], resilient_parsing=True, terminal_width=COLUMNS)
    yield f"## {words}\n\n```text\n{_help(command, context)}\n```\n"
    for name, each in getattr(command, "commands", {}).items():
        yield from _sections(each, f"{words} {name}")


def _help(command: Any, context: Any) -> str:
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines).rstrip()


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    (folder / "cli.md").write_text(page(), encoding="utf-8")
    (folder / "localorg-coverage.md").write_text(coverage.page(), encoding="utf-8")
