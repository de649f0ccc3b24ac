"""How a function becomes a command: its help, its examples, its failures."""

from collections.abc import Callable
from typing import Any, TypeVar

import typer

from isthmus.cli.arguments import Command
from isthmus.cli.failures import reported

F = TypeVar("F", bound=Callable[..., None])


def group(name: str, summary: str) -> typer.Typer:
    """An empty group of commands."""
    # Plain help is drawn in a tenth of the time, and reads the same in a pipe.
    return typer.Typer(name=name, help=summary, **LOOKS)


LOOKS: dict[str, Any] = {
    "rich_markup_mode": None,
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
}


def command(
    within: typer.Typer, name: str, *examples: str, summary: str | None = None
) -> Callable[[F], F]:
    """Add the function to a group as the command `name`; the examples, if any, end its help.

    `summary` stands in lists of commands, where the first sentence of the docstring is too long.
    """

    def add(function: F) -> F:
        made = within.command(name, cls=Command, epilog=_shown(examples), short_help=summary)
        made(reported(function))
        return function

    return add


def _shown(examples: tuple[str, ...]) -> str | None:
    if not examples:
        return None
    title = "Example:" if len(examples) == 1 else "Examples:"
    # The backspace keeps the lines below it as they are.
    return "\n\n".join((title, "\b\n" + "\n".join(f"  {each}" for each in examples)))
