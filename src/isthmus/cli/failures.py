"""How a command that fails says so: a message and a status, never a traceback."""

import os
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import typer

from isthmus.cli import streams
from isthmus.cli.errors import Misuse
from isthmus.cli.status import Status
from isthmus.errors import IsthmusError

P = ParamSpec("P")

DEBUG = "ISTHMUS_DEBUG"


def reported(command: Callable[P, None]) -> Callable[P, None]:
    """The command with its failures said on standard error, and the status that they have."""

    @wraps(command)
    def run(*arguments: P.args, **options: P.kwargs) -> None:
        streams.prepare()
        try:
            command(*arguments, **options)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except BrokenPipeError:
            streams.forget_reader()
            raise SystemExit(Status.READER_GONE) from None
        except KeyboardInterrupt:
            _say("Stopped", "nothing more is done.")
            raise SystemExit(Status.STOPPED) from None
        except Exception as error:  # noqa: BLE001 - the outermost boundary: people get a sentence
            raise SystemExit(report(error)) from None

    return run


def report(error: Exception) -> Status:
    """Say what went wrong on standard error, and give the status to end with."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    message, status = explain(error)
    _say("Error", message)
    return status


def explain(error: Exception) -> tuple[str, Status]:
    """What to say of an error, and the status to end with."""
    if isinstance(error, IsthmusError):
        return _explain_own(error)
    if message := _explain_database(error):
        return message, Status.FAILED
    if isinstance(error, OSError):
        return f"The system refused: {error}.", Status.FAILED
    message = (
        f"Something unexpected went wrong ({type(error).__name__}: {error}). This should not "
        f"happen: please report it, with what {DEBUG}=1 shows when it stands before the command."
    )
    return message, Status.FAILED


def _explain_own(error: IsthmusError) -> tuple[str, Status]:
    from isthmus.blueprint.errors import BlueprintInvalid
    from isthmus.connections.errors import NoSuchThing
    from isthmus.profiles.errors import NotComparable, NotThere

    if isinstance(error, BlueprintInvalid):
        number = len(error.problems)
        things = "a problem" if number == 1 else f"{number} problems"
        return f"The document has {things}; nothing was changed.\n{error}", Status.MISUSE
    misused = isinstance(error, Misuse | NoSuchThing | NotThere | NotComparable)
    return str(error), Status.MISUSE if misused or error.is_of_input else Status.FAILED


def _explain_database(error: Exception) -> str:
    """A message for what PostgreSQL or the way to it broke; empty for other errors."""
    import psycopg
    from django.db import Error as DjangoError

    cause = error.__cause__ if isinstance(error, DjangoError) else error
    if isinstance(cause, psycopg.errors.DiskFull):
        return f"The database's disk is full ({_line(cause)}). Make room, and run it again."
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return (
            f"The database went away or can't be reached ({_line(cause)}). What was committed is "
            f"kept; start it again and run the command again."
        )
    return ""


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _say(word: str, message: str) -> None:
    from rich.text import Text

    from isthmus.cli.output import messages

    console = messages()
    text = Text.assemble((word, "bold red"), ": ", message)
    # Only a terminal is as wide as it says; in a log a message is one line.
    console.print(text, soft_wrap=not console.is_terminal)
