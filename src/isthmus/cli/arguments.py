"""What is said of arguments and options that are missing or can't be: in our words, not pydantic's.

Each sentence shows what was typed, says what is allowed, and what the argument is for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import typer
from typer.core import TyperCommand

_SHOWN: Final = 60


class Command(TyperCommand):
    """A command whose arguments are refused with a sentence that helps."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments. Raises `typer.BadParameter`."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = _message(error)
            raise


def _message(error: typer.BadParameter) -> str:
    about: Any = error.param
    found = getattr(error.__cause__, "errors", None)
    if about is None:
        return error.message
    if found is not None:
        return _refusal(found()[0], about)
    # What is missing has no words yet, and is followed by what may be chosen, if anything.
    return error.message or _purpose(about)


def _refusal(found: Mapping[str, Any], about: Any) -> str:
    """What is wrong with a value that was typed."""
    given, kind = _shown(found["input"]), str(found["type"])
    formats: Sequence[str] = about.type_descriptor.parameter_info.formats or ()
    if kind.startswith(("int", "greater_than", "less_than")):
        return f"{given} is no whole number{_range(about)}."
    if formats:
        return f"{given} is no day. Write it as 2026-11-30."
    return str(found["msg"]).removeprefix("Value error, ")


def _range(about: Any) -> str:
    limits = about.type_descriptor.parameter_info
    if limits.min is None:
        return ""
    return f" from {limits.min} {'on' if limits.max is None else f'to {limits.max}'}"


def _purpose(about: Any) -> str:
    """What the argument is for, as its help says; a choice says what may be chosen itself."""
    help_text: str = about.help or ""
    return help_text.removesuffix(".") if about.type_descriptor.is_choice else help_text


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
