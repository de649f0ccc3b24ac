"""The command `demo`."""

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from typing import Annotated, Any

import typer

DEFAULT_SIZE = 20_000

_OF_REAL_STORES = ("DATABASE_URL", "ISTHMUS_URL")
"""Settings that the demo does without: it never touches a real store, and has its own address."""

Once = Annotated[
    bool, typer.Option("--once", help="End by itself instead of staying up until Ctrl-C.")
]
Size = Annotated[
    int,
    typer.Option(
        min=20,
        help="Leads and contacts of a new demo org; a quarter as many person accounts and cases.",
    ),
]
GivenPort = Annotated[
    int | None,
    typer.Option(
        "--port",
        metavar="N",
        min=1,
        max=65535,
        help="The port of the web pages: by default 8000, or another where that is taken.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document with every goal's counts, and end."),
]


def demo(
    *,
    once: Once = False,
    size: Size = DEFAULT_SIZE,
    port: GivenPort = None,
    as_json: AsJson = False,
) -> None:
    """Play the main job: an org's records into profiles, and segments back to the org.

    Makes a Salesforce-compatible org with made-up people on this machine, imports them, lets the
    org's users change some, imports only those, and exports two segments. Then the web pages stay
    up, with a worker, to look around and to run more. All of it is kept in the folder `demo` of
    the data folder and used again the next time.

    Example: isthmus demo --once
    """
    from isthmus.cli import session
    from isthmus.cli.demo import serving
    from isthmus.cli.demo.display import Display
    from isthmus.cli.demo.org import running_org
    from isthmus.home import home

    folder = home() / "demo"
    os.environ["ISTHMUS_HOME"] = str(folder)
    for name in _OF_REAL_STORES:
        os.environ.pop(name, None)
    stays = not (once or as_json)
    chosen = serving.port_for(port) if stays else 0
    stopped = _stop_on_signals()
    display = Display(quiet=as_json)
    started = time.monotonic()
    with ExitStack() as stack:
        display.preparing(folder, size, first_time=not (folder / "org.db").exists())
        org = stack.enter_context(running_org(folder / "org.db", size))
        stack.enter_context(session.database())
        ready = time.monotonic() - started
        set_up = _set_up(org)
        display.ready(ready, set_up)
        pages = stack.enter_context(serving.serving(folder, chosen)) if stays else None
        document = _play(org, display, ready, set_up)
        display.ending(document, org, folder, pages)
        if as_json:
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
        elif pages:
            # Ctrl-C is how this ends, and no failure.
            with suppress(KeyboardInterrupt):
                pages.stay(stopped.is_set)
        display.leaving()
    _check_states(document)


def _set_up(org: Any) -> Any:
    from isthmus.cli.demo import story

    return story.set_up(org)


def _play(org: Any, display: Any, ready: float, set_up: Any) -> dict[str, Any]:
    from isthmus.cli.demo import story

    chapters = story.play(org, display, display.chapter)
    return {
        "seconds": {"start": round(ready, 1)}
        | {chapter.key: round(chapter.seconds, 1) for chapter in (set_up, *chapters)},
        "goals": [
            {"chapter": chapter.key, **goal} for chapter in chapters for goal in chapter.goals
        ],
        "changed": next(chapter.facts for chapter in chapters if chapter.key == "changes"),
        "profiles": _profiles(),
    }


def _profiles() -> int:
    from isthmus.profiles import database
    from isthmus.profiles.schema import QUERIES

    with database.connected() as connection:
        row = connection.execute(QUERIES["count_profiles"]).fetchone()
    return int(row[0]) if row else 0


def _stop_on_signals() -> threading.Event:
    """An event that Ctrl-C or a request to end sets; before that point they interrupt."""
    stopped = threading.Event()

    def interrupt(number: int, _: object) -> None:
        stopped.set()
        raise KeyboardInterrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, interrupt)
    return stopped


def _check_states(document: dict[str, Any]) -> None:
    failed = [goal["goal"] for goal in document["goals"] if goal["state"] == "failed"]
    if failed:
        raise typer.Exit(1)
