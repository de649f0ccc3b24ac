"""Commands that tell a running org what to do."""

import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer

from localorg.cli.calling import DEFAULT_URL, Endpoints, Url, show

control = typer.Typer(
    help="Tell a running org what to do: begin anew, go back, move its clock, let users work.",
    no_args_is_help=True,
)
Name = Annotated[str, typer.Argument(help="The name of the snapshot.")]
Count = Annotated[int, typer.Option(min=0, help="How many.")]
Number = Annotated[int, typer.Argument(help="The id of the transaction.")]


class Action(StrEnum):
    """What users do to records."""

    CHANGE = "change"
    DELETE = "delete"
    INSERT = "insert"


@control.command()
def reset(  # noqa: PLR0913 - every option of the command is a parameter
    *,
    url: Url = DEFAULT_URL,
    seed: Annotated[int, typer.Option(help="What made-up records depend on.")] = 1,
    leads: Count = 0,
    contacts: Count = 0,
    persons: Count = 0,
    cases: Count = 0,
    now: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="The org's birth, such as 2026-01-31T12:00:00Z."),
    ] = None,
    freeze: Annotated[bool, typer.Option("--freeze", help="Let the clock stand there.")] = False,
) -> None:
    """Begin anew: an empty org, or one with so many made-up records. Ids begin again."""
    order = {"leads": leads, "contacts": contacts, "persons": persons, "cases": cases}
    show(Endpoints(url).post("/reset", seed=seed, now=now, freeze=freeze, **order))


@control.command("seed")
def seed_org(
    *,
    url: Url = DEFAULT_URL,
    seed: Annotated[int, typer.Option(help="What made-up records depend on.")] = 1,
    leads: Count = 1000,
    contacts: Count = 500,
    persons: Count = 200,
    cases: Count = 300,
) -> None:
    """Fill an empty org with made-up records."""
    order = {"leads": leads, "contacts": contacts, "persons": persons, "cases": cases}
    show(Endpoints(url).post("/seed", seed=seed, **order))


@control.command()
def snapshot(name: Name, url: Url = DEFAULT_URL) -> None:
    """Copy the org as it is now under a name."""
    show(Endpoints(url).post(f"/snapshots/{quote(name, safe='')}"))


@control.command()
def snapshots(url: Url = DEFAULT_URL) -> None:
    """Show the snapshots."""
    show(Endpoints(url).get("/snapshots")["snapshots"])


@control.command()
def restore(name: Name, url: Url = DEFAULT_URL) -> None:
    """Put a snapshot's records, ids and clock back."""
    show(Endpoints(url).post(f"/snapshots/{quote(name, safe='')}/restore"))


@control.command()
def forget(name: Name, url: Url = DEFAULT_URL) -> None:
    """Delete a snapshot."""
    Endpoints(url).delete(f"/snapshots/{quote(name, safe='')}")


@control.command()
def clock(
    *,
    url: Url = DEFAULT_URL,
    advance: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Move it ahead; a negative number moves it back."),
    ] = None,
    moment: Annotated[
        str | None, typer.Option("--set", metavar="MOMENT", help="Set it: 2026-01-31T12:00:00Z.")
    ] = None,
    freeze: Annotated[
        bool | None, typer.Option("--freeze/--unfreeze", help="Let it stand still, or go on.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Show the machine's time again.")] = False,
) -> None:
    """Show the org's clock, or move it."""
    order: dict[str, Any] = {"advance_seconds": advance, "set": moment, "freeze": freeze}
    order = {name: value for name, value in order.items() if value is not None}
    if reset:
        order["reset"] = True
    endpoints = Endpoints(url)
    show(endpoints.post("/clock", **order) if order else endpoints.get("/clock"))


@control.command()
def activity(  # noqa: PLR0913 - every option of the command is a parameter
    object_name: Annotated[str, typer.Argument(metavar="OBJECT", help="Such as Lead.")],
    *,
    url: Url = DEFAULT_URL,
    action: Annotated[Action, typer.Option(help="What they do.")] = Action.CHANGE,
    count: Count = 100,
    seed: Annotated[int, typer.Option(help="What the choice depends on.")] = 1,
    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE]",
            help="A field to write, with a value or a random one; can be repeated.",
        ),
    ] = None,
    record_id: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="A record, instead of random ones; repeatable."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="Who: a username or an id.")] = None,
    commit_after: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Show it so much later than its stamp says."),
    ] = None,
) -> None:
    """Let the org's users change, delete or insert records in one transaction."""
    order: dict[str, Any] = {
        "object": object_name,
        "action": action.value,
        "count": count,
        "seed": seed,
        "fields": _fields(field),
        "ids": record_id,
        "user": user,
        "commit_after_seconds": commit_after,
    }
    show(Endpoints(url).post("/activity", **order))


@control.command()
def transactions(url: Url = DEFAULT_URL) -> None:
    """Show the transactions that are to be committed late."""
    show(Endpoints(url).get("/transactions")["transactions"])


@control.command()
def commit(number: Number, url: Url = DEFAULT_URL) -> None:
    """Commit an open transaction now."""
    Endpoints(url).post(f"/transactions/{number}/commit")


@control.command()
def rollback(number: Number, url: Url = DEFAULT_URL) -> None:
    """Roll an open transaction back."""
    Endpoints(url).delete(f"/transactions/{number}")


@control.command()
def requests(  # noqa: PLR0913 - every option of the command is a parameter
    *,
    url: Url = DEFAULT_URL,
    method: Annotated[str | None, typer.Option(help="Only of this method.")] = None,
    path: Annotated[str | None, typer.Option(help="Only with this in the path.")] = None,
    status: Annotated[int | None, typer.Option(help="Only with this status.")] = None,
    client: Annotated[str | None, typer.Option(help="Only of this client.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Only from this moment of the org's on.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Forget all instead.")] = False,
) -> None:
    """Show the requests that the org answered."""
    if clear:
        Endpoints(url).delete("/requests")
        return
    asked = {"method": method, "path": path, "status": status, "client": client, "since": since}
    show(Endpoints(url).get("/requests", **asked))


@control.command("end-sessions")
def end_sessions(url: Url = DEFAULT_URL) -> None:
    """End all access tokens."""
    show(Endpoints(url).delete("/sessions"))


@control.command()
def call(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, POST, PATCH or DELETE.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="After /_localorg: /convert.")],
    body: Annotated[str | None, typer.Argument(metavar="JSON", help="The order.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Ask any control endpoint, such as /convert, /merge, /users or /rights."""
    if not path.startswith("/"):
        message = f"{path!r} has to begin with a slash, such as /convert."
        raise typer.BadParameter(message, param_hint="PATH")
    content = None if body is None else body.encode()
    show(Endpoints(url).call(method.upper(), path, content))


def _fields(given: list[str] | None) -> dict[str, Any] | list[str] | None:
    """Fields with values (read as JSON where they are such), or the names of fields alone."""
    if not given:
        return None
    pairs = [text.partition("=") for text in given]
    if not any(equals for _, equals, _ in pairs):
        return given
    if not all(equals for _, equals, _ in pairs):
        message = "Give all fields a value, or none: --field Title=Dr --field City=Ulm."
        raise typer.BadParameter(message, param_hint="--field")
    return {name: _value(text) for name, _, text in pairs}


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, bool | int | float | None) else text
