"""`isthmus config`: the whole set-up as one document."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.options import AsJson
from isthmus.cli.output import json_bytes, note, print_json, show
from isthmus.cli.registration import command, group
from isthmus.cli.status import Status
from isthmus.cli.streams import write_bytes

if TYPE_CHECKING:
    from isthmus.blueprint import Document, Plan

app = group("config", "The whole set-up as one YAML document.")

STANDARD_INPUT = "-"

File = Annotated[
    str, typer.Argument(metavar="FILE", help="The YAML document; - reads standard input.")
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead."),
]


Offline = Annotated[
    bool, typer.Option("--offline", help="Don't ask Salesforce what it has against the goals.")
]


@command(app, "export", "isthmus config export --output store.yaml")
def export(*, output: Output = None, as_json: AsJson = False) -> None:
    """Write the set-up as a YAML document.

    It goes to standard output, or to a file. docs/blueprint.md says what stands in it. Secrets are
    left out: the document names the environment variables that bring them when it is applied. With
    --json the same document is written as JSON, which plan and apply take as well.
    """
    from isthmus import blueprint
    from isthmus.cli import session

    with session.database():
        content = blueprint.export().encode()
    if as_json:
        content = json_bytes(_plain(content))
    if output is None:
        write_bytes(content)
    else:
        _write(output, content)


def _plain(content: bytes) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).load(content) or {}


def _write(output: Path, content: bytes) -> None:
    try:
        output.write_bytes(content)
    except OSError as error:
        raise Misuse(
            f"{str(output)!r} can't be written ({error.strerror}). Name a file in a folder that "
            f"exists and that this account may write to."
        ) from error
    note(f"The set-up was written to {output}.")


@command(app, "plan", "isthmus config plan store.yaml")
def plan(file: File, *, offline: Offline = False, as_json: AsJson = False) -> None:
    """Say what applying a document would change, and write nothing.

    Ends with status 0 when nothing would change, and with 2 when something would. A document that
    can't be applied ends with 2 too; each problem is said with its line and column. Goals that are
    new or changed are checked against Salesforce too, where somebody has signed in before.
    """
    from isthmus import blueprint
    from isthmus.cli import session

    document = _read(file)
    with session.database():
        found = blueprint.plan(document, offline=offline)
    if as_json:
        print_json(found.plain())
    else:
        _print(found)
        note(_summary(found, "would change") if found.pending else "Nothing would change.")
    raise typer.Exit(Status.PENDING if found.pending else Status.DONE)


@command(app, "apply", "isthmus config apply store.yaml")
def apply(file: File, *, offline: Offline = False, as_json: AsJson = False) -> None:
    """Make the set-up what a document says.

    All of it is done or, if anything is wrong, nothing. Prints the changes that were made. Applying
    the same document again changes nothing. What the document does not name stays; the goals of a
    connection that it names follow it. Goals are checked against Salesforce as plan does it.
    """
    from isthmus import blueprint
    from isthmus.cli import session

    document = _read(file)
    with session.database():
        done = blueprint.apply(document, offline=offline)
    if as_json:
        print_json(done.plain())
    else:
        _print(done)
        note(_summary(done, "changed") if done.pending else "Nothing had to change.")


def _read(file: str) -> "Document":
    from isthmus import blueprint

    name = "standard input" if file == STANDARD_INPUT else file
    try:
        text = _bytes(file).decode("utf-8-sig")
    except OSError as error:
        raise Misuse(
            f"{name!r} can't be read ({error.strerror}). Give the path of a YAML document, or - to "
            f"read standard input."
        ) from error
    except UnicodeDecodeError as error:
        raise Misuse(
            f"{name!r} is not UTF-8 (byte {error.start + 1} is {error.object[error.start]:#04x}). "
            f"Save it as UTF-8 and give it again."
        ) from error
    return blueprint.read(text, name=name, environment=os.environ)


def _bytes(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()


def _print(plan: "Plan") -> None:
    for change in (*plan.changes, *plan.untouched):
        show(str(change))
    for line in plan.notes:
        note(line)


def _summary(plan: "Plan", verb: str) -> str:
    from isthmus.cli.formatting import plural

    return f"{plural(len(plan.changes), 'thing')} {verb}."
