"""Commands that make things go wrong in a running org."""

from textwrap import fill
from typing import Annotated, Any

import typer

from localorg.cli.calling import DEFAULT_URL, Endpoints, Url, show

fault = typer.Typer(
    help="Let things go wrong in a running org, and see how often they did.",
    no_args_is_help=True,
)
_COLUMNS = 80
_INDENT = "    "
# Parameters whose option has another name.
_OPTIONS = {"headers": "header"}
_WHAT = "What it happens to"
_HOW_OFTEN = "How often"
_HOW = "How exactly (`localorg fault kinds` shows which a kind takes)"

Kind = Annotated[str, typer.Argument(help="A name that `localorg fault kinds` shows.")]
Method = Annotated[str | None, typer.Option(rich_help_panel=_WHAT, help="The HTTP method.")]
PathPart = Annotated[
    str | None,
    typer.Option(rich_help_panel=_WHAT, help="A part of the path with its query string."),
]
Match = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=_WHAT, help="How --path is read: substring, exact, glob or regex."
    ),
]
ObjectName = Annotated[
    str | None,
    typer.Option("--object", rich_help_panel=_WHAT, help="The object, for faults of objects."),
]
Skip = Annotated[
    int | None, typer.Option(rich_help_panel=_HOW_OFTEN, help="Spare the first so many.")
]
Count = Annotated[
    int | None,
    typer.Option(
        rich_help_panel=_HOW_OFTEN,
        help="Happen so many times; 0 is until it is removed. Defaults to 1.",
    ),
]
Probability = Annotated[
    float | None,
    typer.Option(rich_help_panel=_HOW_OFTEN, help="The share it happens to, above 0 up to 1."),
]
Seed = Annotated[
    int | None,
    typer.Option(rich_help_panel=_HOW_OFTEN, help="What the share is drawn by. Defaults to 1."),
]
Status = Annotated[int | None, typer.Option(rich_help_panel=_HOW, help="The status answered.")]
Body = Annotated[str | None, typer.Option(rich_help_panel=_HOW, help="The body answered.")]
ContentType = Annotated[
    str | None, typer.Option(rich_help_panel=_HOW, help="The type of that body.")
]
Header = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME:VALUE", rich_help_panel=_HOW, help="A header; can be repeated."),
]
Seconds = Annotated[float | None, typer.Option(rich_help_panel=_HOW, help="How long it takes.")]
AfterBytes = Annotated[
    int | None, typer.Option(rich_help_panel=_HOW, help="Where the body is cut.")
]
Framing = Annotated[
    str | None, typer.Option(rich_help_panel=_HOW, help="content_length, chunked or close.")
]
ErrorMessage = Annotated[
    str | None, typer.Option(rich_help_panel=_HOW, help="The errorMessage of the Bulk job.")
]
AfterRows = Annotated[
    int | None,
    typer.Option(rich_help_panel=_HOW, help="Rows the Bulk job handles before it fails."),
]
Rows = Annotated[int | None, typer.Option(rich_help_panel=_HOW, help="Rows of a chunk that fail.")]


@fault.command()
def kinds() -> None:
    """Show what can go wrong, and with which options."""
    from localorg.control.fault_kinds import KINDS

    for name, kind in KINDS.items():
        typer.echo(name)
        typer.echo(fill(kind.summary, _COLUMNS, initial_indent=_INDENT, subsequent_indent=_INDENT))
        if kind.parameters:
            options = [
                "--" + _OPTIONS.get(part, part.replace("_", "-")) for part in kind.parameters
            ]
            typer.echo(_INDENT + " ".join(options))


@fault.command("list")
def list_faults(url: Url = DEFAULT_URL) -> None:
    """Show the planned faults and how often each happened."""
    show(Endpoints(url).get("/faults")["faults"])


@fault.command()
def add(  # noqa: PLR0913 - every option of the command is a parameter
    kind: Kind,
    *,
    url: Url = DEFAULT_URL,
    method: Method = None,
    path: PathPart = None,
    match: Match = None,
    object_name: ObjectName = None,
    skip: Skip = None,
    count: Count = None,
    probability: Probability = None,
    seed: Seed = None,
    status: Status = None,
    body: Body = None,
    content_type: ContentType = None,
    header: Header = None,
    seconds: Seconds = None,
    after_bytes: AfterBytes = None,
    framing: Framing = None,
    error_message: ErrorMessage = None,
    after_rows: AfterRows = None,
    rows: Rows = None,
) -> None:
    """Plan a fault: it happens once, unless you say how often."""
    where = {"method": method, "path": path, "match": match, "object": object_name}
    often = {"skip": skip, "count": count, "probability": probability, "seed": seed}
    how: dict[str, Any] = {
        "status": status,
        "body": body,
        "content_type": content_type,
        "headers": _headers(header),
        "seconds": seconds,
        "after_bytes": after_bytes,
        "framing": framing,
        "error_message": error_message,
        "after_rows": after_rows,
        "rows": rows,
    }
    show(Endpoints(url).post("/faults", kind=kind, **where, **often, **how))


@fault.command()
def remove(
    number: Annotated[int, typer.Argument(help="The id that `list` shows.")],
    url: Url = DEFAULT_URL,
) -> None:
    """Take one planned fault back."""
    Endpoints(url).delete(f"/faults/{number}")


@fault.command()
def clear(url: Url = DEFAULT_URL) -> None:
    """Take all planned faults back."""
    Endpoints(url).delete("/faults")


def _headers(given: list[str] | None) -> dict[str, str] | None:
    if not given:
        return None
    pairs = [text.partition(":") for text in given]
    for name, colon, _ in pairs:
        if not (name and colon):
            message = f"{name!r} is no header. Write it like 'Retry-After: 5'."
            raise typer.BadParameter(message, param_hint="--header")
    return {name.strip(): value.strip() for name, _, value in pairs}
