"""How connections, their goals and their runs read on pages, and where their numbers lead."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils.http import urlencode

from isthmus.connections.models import OPEN, RunState
from isthmus.connections.overview import STRIP, Health, Overview, PastRun
from isthmus.connections.sizes import Size
from isthmus.domain.counts import GoalCounts
from isthmus.web import run_words
from isthmus.web.figures import PARTS, Mark
from isthmus.web.words import State, moment, plural

_HEALTH: Final[Mapping[Health, tuple[str, str, str]]] = {
    Health.IN: ("ok", "ok", "In"),
    Health.OUT: ("ok", "ok", "Out"),
    Health.BOTH: ("ok", "ok", "In and out"),
    Health.NEVER_SAVED: ("idle", "dash", "Never saved"),
    Health.INCOMPLETE: ("idle", "half", "Incomplete"),
    Health.SIGN_IN_LOST: ("bad", "bad", "Sign-in lost"),
    Health.ERROR_IN: ("bad", "bad", "Error in"),
    Health.ERROR_OUT: ("bad", "bad", "Error out"),
    Health.ERROR_BOTH: ("bad", "bad", "Error in and out"),
    Health.OTHER_ORG: ("bad", "warn", "Other org"),
}

ABOUT_SIGN_IN: Final = (Health.SIGN_IN_LOST, Health.OTHER_ORG)
"""Where nothing helps but to connect again, or to accept the org."""

_MARKS: Final[Mapping[RunState, str]] = {
    RunState.FINISHED: "ok",
    RunState.PROBLEMS: "warn",
    RunState.FAILED: "bad",
    RunState.STOPPED: "none",
}


def health_word(health: Health) -> str:
    """What the health is called."""
    return _HEALTH[health][2]


def health(of: Overview) -> State:
    """How a connection in the list stands, in a word or two."""
    is_going = of.open_state not in (None, RunState.QUEUED)
    return health_state(of.health, active=of.active, is_going=is_going)


def health_state(health: Health, *, active: bool, is_going: bool) -> State:
    """How a connection stands that is on or off, and has a run going on or not."""
    kind, icon, word = _HEALTH[health]
    if is_going:
        return State(kind="run", icon="load", word=f"{word}, running")
    if not active and health not in (Health.NEVER_SAVED, Health.INCOMPLETE, *ABOUT_SIGN_IN):
        return State(kind="idle", icon="pause", word=word)
    return State(kind=kind, icon=icon, word=word)


def host(login_url: str) -> str:
    """The host of an address that somebody typed; the address itself where it has none."""
    try:
        return urlsplit(login_url).hostname or login_url
    except ValueError:
        return login_url


def address(name: str, key: str, number: int | None = None, **query: str) -> str:
    """The address of a page about a connection, or about one of its runs."""
    places = {"connection_key": key} | ({} if number is None else {"number": number})
    found = reverse(name, kwargs=places)
    asked = {word: value for word, value in query.items() if value}
    return f"{found}?{urlencode(asked)}" if asked else found


def marks(key: str, runs: Sequence[PastRun], now: Any) -> list[Mark]:
    """The latest runs as a strip draws them, the newest at its end."""
    missing = Mark(kind="none", records=0, title="No run yet")
    # Looking an address up takes longer than the rest of a mark, and a page has hundreds.
    base = address("runs", key)
    return [missing] * (STRIP - len(runs)) + [_mark(base, run, now) for run in runs]


def _mark(base: str, run: PastRun, now: Any) -> Mark:
    word = run_words.state(run.state).word.lower()
    return Mark(
        kind="run" if run.state in OPEN else _MARKS[run.state],
        records=records(run),
        title=f"Run #{run.number}, {moment(run.at, now)}: {word}, {plural(records(run), 'record')}",
        address=f"{base}/{run.number}",
    )


def records(run: PastRun) -> int:
    """How many records it received, or is through so far."""
    return run.received or (run.done if run.state in OPEN else 0)


def about(size: Size) -> str:
    """The number, or about how many."""
    return f"{size.number:,}" if size.is_exact else f"about {_rounded(size.number):,}"


def _rounded(number: int) -> int:
    """An estimate with no more figures than it is worth."""
    size = max(len(str(number)) - 2, 0)
    return round(number, -size)


def outcomes(counts: GoalCounts) -> dict[str, int]:
    """The counts by outcome, as the bar of them takes them."""
    return {
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "removed": counts.removed,
        "skipped": counts.skipped.total(),
        "failed": counts.failed.total(),
    }


def rows_behind(key: str, number: int, goal: str = "") -> dict[str, str]:
    """Where the numbers of a run lead, by outcome; also what was received, and problems."""
    base = address("run-rows", key, number)
    asked = {"received": {}, "problems": {"code": "*", "fields": "1"}} | {
        name: {"outcome": name} for name in PARTS
    }
    whose = {"goal": goal} if goal else {}
    return {
        name: f"{base}?{urlencode(whose | query)}" if whose | query else base
        for name, query in asked.items()
    }
