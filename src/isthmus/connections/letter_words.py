"""What a letter says: words and numbers, without any value, id or name of a record.

Letters go over foreign servers, and to people who may not see personal data, so they say what
somebody without that right sees on the pages, and less.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from isthmus.connections import alert_words, causes, guards, masking, page_address
from isthmus.connections.models import (
    EXPORT,
    Alert,
    Authorization,
    Connection,
    Letter,
    Run,
    RunGoal,
    RunState,
)
from isthmus.connections.reading import counts
from isthmus.domain import wall_clock
from isthmus.domain.counts import GoalCounts
from isthmus.errors import Retryable

CAUSES: Final = 3
GOALS: Final = 20
NAME_LENGTH: Final = 80
_SAID_LENGTH: Final = 300
_TITLE_LENGTH: Final = 160

GOOD, WARN, BAD, CALM = "good", "warn", "bad", "calm"

_TONES: Final = {
    RunState.FINISHED: GOOD,
    RunState.PROBLEMS: WARN,
    RunState.FAILED: BAD,
    RunState.STOPPED: CALM,
}
_IDS: Final = re.compile(
    r"\b(?=[A-Za-z]*\d)[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\b"
    r"|\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
)
_CODE: Final = re.compile(r"[A-Za-z0-9_.]{1,100}")
_JOINERS: Final = frozenset("\u200c\u200d")
"""Seen by nobody, and part of how some scripts are written."""


@dataclass(frozen=True, kw_only=True)
class GoalWords:
    """A goal of the run that a letter is about."""

    name: str
    direction: str
    state: str
    tone: str
    counted: str
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class CauseWords:
    """What problems of the run come from."""

    problems: str
    goal: str
    code: str
    field: str
    meaning: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Link:
    """Where the letter leads."""

    words: str
    path: str
    url: str = ""  # empty: nobody knows where the pages are


@dataclass(frozen=True, kw_only=True)
class Words:
    """A letter, before it is drawn."""

    subject: str
    connection: str  # its name; empty where it is about none
    title: str
    head: str = ""  # the title where the state stands below it; empty: the same
    state: str
    tone: str
    sentences: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    goals: Sequence[GoalWords] = ()
    more_goals: int = 0
    causes: Sequence[CauseWords] = ()
    more_causes: int = 0
    next_step: str = ""
    links: Sequence[Link] = ()
    place: str = ""  # what is said of where the pages are
    foot: str = ""


def plain(text: str, most: int = NAME_LENGTH) -> str:
    """A name as one line of visible characters that keeps its direction to itself."""
    line = " ".join("".join(map(_seen, text)).split())
    return line if len(line) <= most else f"{line[: most - 1]}\u2026"


def _seen(each: str) -> str:
    """The character; a blank for one that ends a line, nothing for one that turns others around."""
    if each.isprintable() or each in _JOINERS:
        return each
    return " " if each.isspace() or unicodedata.category(each) == "Cc" else ""


def of(letter: Letter) -> Words:
    """What the letter says, as things stand now."""
    if letter.asks is not None:
        return _of_question(letter.asks)
    if letter.run is not None:
        return of_run(letter.run)
    assert letter.alert is not None  # noqa: S101 - a letter is about one of the three
    return _of_alert(letter.alert)


def is_over(letter: Letter) -> bool:
    """Whether what it tells of is settled already, so that nobody needs to hear of it."""
    if letter.asks is not None:
        part = letter.asks
        return part.run.state != RunState.CONFIRMING or part.state != RunState.CONFIRMING
    return letter.alert is not None and letter.alert.closed_at is not None


def of_run(run: Run) -> Words:
    """What is said of a run that has ended."""
    connection, state = run.connection, RunState(run.state)
    name, is_lost = plain(connection.name), sign_in_is_lost(connection)
    ended = f"run #{run.number} {_ended(run)}"
    lost = "; the sign-in to Salesforce is lost" if is_lost else ""
    parts = list(run.goals.select_related("goal"))
    found, more = _causes(run, parts)
    return Words(
        subject=f"{name}: {ended}{lost}",
        connection=name,
        title=f"Run #{run.number} {_ended(run)}",
        head=f"Run #{run.number}",
        state=_ended(run).removeprefix("was ").capitalize(),
        tone=_TONES[state],
        sentences=_sentences(run, parts, is_lost=is_lost),
        facts=_facts(run),
        goals=[_goal(part) for part in parts[:GOALS]],
        more_goals=max(len(parts) - GOALS, 0),
        causes=found,
        more_causes=more,
        next_step=_next_step(run, is_lost=is_lost),
        links=_links(run, has_problems=bool(found), is_lost=is_lost),
        place=_place(),
        foot=_foot(connection),
    )


def _ended(run: Run) -> str:
    if run.state == RunState.STOPPED:
        return "ended without a yes" if was_unanswered(run) else "was stopped"
    return str(RunState(run.state).label)


def was_unanswered(run: Run) -> bool:
    """Whether it waited for a yes, and nobody said anything."""
    return run.state == RunState.STOPPED and run.message.startswith("Nobody agreed to it in time.")


def sign_in_is_lost(connection: Connection) -> bool:
    """Whether Salesforce has refused the connection's sign-in for good."""
    rows = Authorization.objects.filter(connections=connection.id, lost_at__isnull=False)
    return rows.exists()


_LOST: Final = (
    "Salesforce does not take the stored sign-in any more, and it is not asked again. No run can "
    "read or write anything until somebody connects again."
)


def _sentences(run: Run, parts: Sequence[RunGoal], *, is_lost: bool) -> list[str]:
    if is_lost:
        return [_LOST]
    if was_unanswered(run):
        return ["It waited for somebody to agree to what it would change, and nobody did in time."]
    if run.state == RunState.FAILED and run.message and not any(each.message for each in parts):
        return [safe(run.message)]
    if run.state == RunState.STOPPED:
        return ["Somebody ended it. What was applied stays."]
    return []


def safe(message: str) -> str:
    """What is said of a run or a goal, without values and ids."""
    masked = _IDS.sub(masking.DOTS, masking.masked_message(message))
    return plain(masked, _SAID_LENGTH)


def _facts(run: Run) -> list[tuple[str, str]]:
    zone = run.connection.timezone
    begun = run.started_at or run.queued_at
    found = [("Started", wall_clock.words(begun, zone))]
    if run.finished_at and run.started_at:
        found.append(("Took", span(run.finished_at - run.started_at)))
    if run.due_at is not None:
        found.append(("For", f"the scheduled time {wall_clock.words(run.due_at, zone)}"))
    return found


def span(took: timedelta) -> str:
    """How long something took."""
    seconds = int(took.total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _goal(part: RunGoal) -> GoalWords:
    state = RunState(part.state)
    name = part.goal.definition.name if part.goal else part.key
    return GoalWords(
        name=plain(name),
        direction="export" if part.direction == EXPORT else "import",
        state="With problems" if state == RunState.PROBLEMS else state.label.capitalize(),
        tone=_TONES.get(state, CALM),
        counted=_counted(counts(part)) if part.counts else "",
        said=safe(part.message) if state == RunState.FAILED and part.message else "",
    )


def _counted(found: GoalCounts) -> str:
    kinds = (
        (found.created, "created"),
        (found.updated, "updated"),
        (found.unchanged, "unchanged"),
        (found.removed, "removed"),
        (found.skipped.total(), "skipped"),
        (found.failed.total(), "failed"),
    )
    said = [f"{number:,} {word}" for number, word in kinds if number]
    if found.problems:
        noun = "problem" if found.problems == 1 else "problems"
        said.append(f"{found.problems:,} {noun} of single fields")
    whole = f"{found.received:,} received"
    return f"{whole}: {', '.join(said)}" if said else whole


def _causes(run: Run, parts: Sequence[RunGoal]) -> tuple[list[CauseWords], int]:
    """The biggest causes, and how many others there are."""
    try:
        found = causes.causes(run, parts)
    except Retryable:
        return [], 0  # The page of the run groups them, with more time.
    return [_cause(each) for each in found.rows[:CAUSES]], max(found.causes - CAUSES, 0)


def _cause(found: causes.Cause) -> CauseWords:
    explained = found.explanation
    noun = "problem" if found.problems == 1 else "problems"
    goal = found.part.goal
    return CauseWords(
        problems=f"{found.problems:,} {noun}",
        goal=plain(goal.definition.name if goal else found.part.key),
        code=found.code if _CODE.fullmatch(found.code) else "",
        field=found.field if _CODE.fullmatch(found.field) else "",
        meaning=explained.meaning,
        next_step=explained.next_step,
    )


def _next_step(run: Run, *, is_lost: bool) -> str:
    if is_lost:
        return "Connect to Salesforce again on the page of the connection."
    if was_unanswered(run):
        return "Where its changes are wanted, run the connection again and agree to them."
    return {
        RunState.FINISHED: "Nothing needs to be done.",
        RunState.PROBLEMS: "Look at the problems by cause: each says what to do.",
        RunState.FAILED: "Open the run: it says of each goal why it ended, and what to do.",
        RunState.STOPPED: "The next run does the rest.",
    }[RunState(run.state)]


def _links(run: Run, *, has_problems: bool, is_lost: bool) -> list[Link]:
    key = run.connection.key
    found = [link("Open the run", page_address.run(key, run.number))]
    if has_problems:
        found.append(link("Problems by cause", page_address.problems(key, run.number)))
    if is_lost:
        return [link("Open the connection", page_address.connection(key)), *found]
    name = plain(run.connection.name)
    return [*found, link(f"Connection {name}", page_address.connection(key))]


def link(words: str, path: str) -> Link:
    """A link to a page of ours, as far as it is known where these are."""
    base = page_address.base()
    return Link(words=words, path=path, url=f"{base}{path}" if base else "")


def _place() -> str:
    base = page_address.base()
    if not base:
        return (
            "Where the pages of Isthmus are is not known here, so the paths above have no host. "
            f"Whoever looks after it can set {page_address.SETTING}."
        )
    if page_address.is_only_here(base):
        return (
            "The links work on the machine that serves the pages. Whoever looks after it can set "
            f"{page_address.SETTING} to the address that everybody uses."
        )
    return ""


_ANY_FOOT: Final = "Who hears of the runs of a connection is set on its page, at the top."


def _foot(connection: Connection) -> str:
    told = {
        "every": "every run",
        "problems": "problems and failures",
        "failures": "failures",
    }[connection.notify_when]
    return (
        f"You get this e-mail because your address hears of {told} of this connection. Who hears "
        f"of what is set on its page, at the top."
    )


def _of_question(part: RunGoal) -> Words:
    """What is said of a run that waits for a yes."""
    run, connection = part.run, part.run.connection
    name, asked = plain(connection.name), guards.Asked.of(part)
    until = (
        f" Without an answer it ends at "
        f"{wall_clock.words(run.confirm_until, connection.timezone)}, and nothing is changed."
        if run.confirm_until
        else ""
    )
    return Words(
        subject=f"{name}: run #{run.number} waits for confirmation",
        connection=name,
        title=f"Run #{run.number} waits for confirmation",
        head=f"Run #{run.number}",
        state="Waiting for confirmation",
        tone=WARN,
        sentences=[f"{guards.words(part, asked.size) if asked else ''}{until}".strip()],
        facts=_facts(run),
        next_step="Look at what it would change, and let it run or end it.",
        links=_links(run, has_problems=False, is_lost=False),
        place=_place(),
        foot=_foot(connection),
    )


def _of_alert(alert: Alert) -> Words:
    """What is said of an alert."""
    said = alert_words.words(alert)
    connection = alert.connection
    others = (
        [link(f"Connection {plain(connection.name)}", page_address.connection(connection.key))]
        if connection
        else []
    )
    title = plain(said.title, _TITLE_LENGTH)
    return Words(
        subject=title,
        connection=plain(connection.name) if connection else "",
        title=title,
        state="Needs a look",
        tone=WARN,
        sentences=[plain(said.sentence, _SAID_LENGTH)],
        facts=[("Since", alert_words.moment(alert, alert.opened_at))],
        next_step=plain(said.next_step, _SAID_LENGTH),
        links=[link(plain(said.act), said.address), *others],
        place=_place(),
        foot=_foot(connection) if connection else _ANY_FOOT,
    )


def of_test(to: str) -> Words:
    """A letter that only shows that letters arrive."""
    sentence = (
        f"This e-mail was sent to {plain(to, 254)} because somebody tested the mail server on the "
        f"settings page of Isthmus, or by a command."
    )
    return Words(
        subject="Isthmus: test e-mail",
        connection="",
        title="E-mails arrive",
        state="Test",
        tone=GOOD,
        sentences=[sentence],
        next_step="Nothing needs to be done.",
        links=[link("Open Isthmus", "/")],
        place=_place(),
        foot=_ANY_FOOT,
    )
