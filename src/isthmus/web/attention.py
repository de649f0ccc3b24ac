"""What needs attention, most urgent first: a badge, a sentence in bold, one in grey, one way on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from isthmus.connections import alert_words, alerts, attention, explanations, holding, masking
from isthmus.connections.alert_signs import FAILURES, OF_AMOUNTS, Kind
from isthmus.connections.alert_words import AlertWords
from isthmus.connections.attention import Failure, Loss, Problem
from isthmus.connections.guards import Question
from isthmus.connections.models import EXPORT, Alert, Connection
from isthmus.connections.overview import Health, Overview
from isthmus.domain import wall_clock
from isthmus.domain.roles import Right
from isthmus.web.access import who
from isthmus.web.connection_words import address, rows_behind
from isthmus.web.masking import sees_personal_data
from isthmus.web.words import State, moment, plural

MOST: Final = 12
"""So many are shown; the rest is a number."""

_LONGEST: Final = 300
"""Characters of what was said of a failure or of a row."""

_NAME: Final = 120

_STATES: Final[Mapping[Kind, State]] = {
    Kind.SIGN_IN_LOST: State(kind="bad", icon="bad", word="Sign-in lost"),
    Kind.DID_NOT_START: State(kind="bad", icon="clock", word="Did not start"),
    Kind.UNSTEADY_SIGN_IN: State(kind="bad", icon="link", word="Can\u2019t sign in"),
    Kind.NO_API: State(kind="warn", icon="lock", word="No API right"),
    Kind.CERTIFICATE_ENDS: State(kind="warn", icon="clock", word="Certificate"),
    Kind.TOO_MANY_SIGN_INS: State(kind="warn", icon="link", word="Sign-ins"),
    Kind.FEWER_RECORDS: State(kind="warn", icon="down", word="Few records"),
    Kind.ROWS_HELD: State(kind="warn", icon="hand", word="Held back"),
    Kind.LONG_RUN: State(kind="warn", icon="clock", word="Runs long"),
    Kind.MORE_RECORDS: State(kind="warn", icon="warn", word="Many records"),
    Kind.WAITS_FOR_CALLS: State(kind="warn", icon="clock", word="Waits for calls"),
    Kind.LETTERS_WAIT: State(kind="warn", icon="mail", word="Not sent"),
}
_HELD: Final = State(kind="bad", icon="pause", word="Held")
_NO_WORKER: Final = State(kind="bad", icon="stop", word="No worker")
_OTHER_ORG: Final = State(kind="bad", icon="warn", word="Other org")
_FAILED: Final = State(kind="bad", icon="bad", word="Failed")
_TO_CONFIRM: Final = State(kind="run", icon="hand", word="To confirm")
_INCOMPLETE: Final = State(kind="idle", icon="half", word="Incomplete")
_PROBLEMS: Final = State(kind="warn", icon="warn", word="Problems")

_ERRORS: Final = (Health.ERROR_IN, Health.ERROR_OUT, Health.ERROR_BOTH)
_OF_EDITORS: Final = (Kind.SIGN_IN_LOST, Kind.CERTIFICATE_ENDS)
"""What is mended on a page that only those see who may edit."""


_LATER: Final = (Kind.LONG_RUN, Kind.MORE_RECORDS, Kind.WAITS_FOR_CALLS, Kind.LETTERS_WAIT)
"""What is only unusual, or passes."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something that needs attention."""

    state: State
    subject: str  # what somebody has named
    rest: str  # of the sentence in bold, behind that
    sentence: str
    address: str
    act: str  # what the button says; empty: there is none for who looks, and no address
    icon: str = ""
    connection: int = 0  # row id of the one that it is about; 0: of the store, or of several
    usual: int = 0  # row id of an alert that may be taken as usual


@dataclass(frozen=True, kw_only=True)
class Attention:
    """What needs attention."""

    items: Sequence[Item]
    whole: int  # so many things there are

    @property
    def more(self) -> int:
        """So many are not shown."""
        return self.whole - len(self.items)

    @property
    def connections(self) -> set[int]:
        """Row ids of those that something is shown of."""
        return {item.connection for item in self.items}


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Who looks."""

    may_edit: bool
    may_administer: bool
    sees_personal_data: bool


def gather(every: Sequence[Overview], looks: Looks, *, works: bool) -> Attention:
    """What needs attention of these connections; `works` says whether a worker runs."""
    on = [each for each in every if each.active]
    lost = [each for each in on if each.health is Health.SIGN_IN_LOST]
    elsewhere = [each for each in on if each.health is Health.OTHER_ORG]
    failed = [each for each in on if each.health in _ERRORS]
    unready = [each for each in on if each.health is Health.INCOMPLETE]
    known, late = _alerts()
    idle = [] if works else list(_no_worker(len(late)))
    urgent = [*([] if idle else late), *(each for each in known if each.kind in FAILURES)]
    others = [each for each in known if each.kind not in FAILURES]
    problems = attention.problems(MOST)
    held = list(_held(looks))
    items = [
        *held,
        *_lost(lost[:MOST], looks),
        *(_elsewhere(each) for each in elsewhere[:MOST]),
        *idle,
        *(_alert(each, looks) for each in urgent[:MOST]),
        *_failed(failed[:MOST], looks),
        *(_question(each) for each in attention.questions(MOST)),
        *(_incomplete(each) for each in unready[:MOST]),
        *_merged(others, problems.shown, looks),
    ]
    whole = (
        len(held)
        + len(lost)
        + len(elsewhere)
        + len(idle)
        + len(urgent)
        + len(failed)
        + len(unready)
    )
    whole += attention.how_many_wait() + len(others) + problems.whole
    return Attention(items=items[:MOST], whole=whole)


def of_rows(rows: Sequence[Overview], looks: Looks) -> dict[int, Item]:
    """Why connections of a list are not well, by their row ids; of those that are on."""
    on = [each for each in rows if each.active]
    items = [
        *_lost([each for each in on if each.health is Health.SIGN_IN_LOST], looks),
        *(_elsewhere(each) for each in on if each.health is Health.OTHER_ORG),
        *_failed([each for each in on if each.health in _ERRORS], looks),
        *(_incomplete(each) for each in on if each.health is Health.INCOMPLETE),
    ]
    return {item.connection: item for item in items}


def of_connection(connection: Connection, looks: Looks) -> list[Item]:
    """What the page of a connection says of alerts, and of a store that is held.

    A lost sign-in has a place of its own there.
    """
    found = alerts.live(timezone.now(), connection)
    shown = [each for each in found if each.kind != Kind.SIGN_IN_LOST]
    ordered = sorted(shown, key=lambda each: alert_words.URGENCY[Kind(each.kind)])
    return [*_held(looks), *(_alert(each, looks) for each in ordered[:MOST])]


def looks_of(request: HttpRequest) -> Looks:
    """Who asks."""
    user = who(request)
    return Looks(
        may_edit=user is not None and user.may(Right.EDIT),
        may_administer=user is not None and user.may(Right.ADMINISTER),
        sees_personal_data=sees_personal_data(request),
    )


def _alerts() -> tuple[list[Alert], list[Alert]]:
    """Alerts beside lost sign-ins, most urgent first, and apart from them all that is late."""
    found = alerts.live(timezone.now())
    late = [each for each in found if each.kind == Kind.DID_NOT_START]
    known = [each for each in found if each.kind not in (Kind.SIGN_IN_LOST, Kind.DID_NOT_START)]
    return sorted(known, key=lambda each: alert_words.URGENCY[Kind(each.kind)]), late


def _merged(others: Sequence[Alert], problems: Sequence[Problem], looks: Looks) -> Iterator[Item]:
    """Rows held back and problems before what is only unusual."""
    first = [each for each in others if each.kind not in _LATER]
    later = [each for each in others if each.kind in _LATER]
    yield from (_alert(each, looks) for each in first[:MOST])
    yield from (_problem(each, looks) for each in problems)
    yield from (_alert(each, looks) for each in later[:MOST])


def _alert(alert: Alert, looks: Looks) -> Item:
    words = alert_words.words(alert)
    way, act = _way(alert, words, looks)
    return Item(
        state=_STATES[Kind(alert.kind)],
        subject=words.subject,
        rest=words.title.removeprefix(words.subject),
        sentence=f"{words.sentence} {words.next_step}",
        address=way,
        act=act,
        connection=alert.connection_id or 0,
        usual=alert.id if alert.kind in OF_AMOUNTS and looks.may_edit else 0,
    )


def _way(alert: Alert, words: AlertWords, looks: Looks) -> tuple[str, str]:
    """Where an alert leads those who look, and what says so; empty where there is nothing."""
    if alert.kind == Kind.LETTERS_WAIT and not looks.may_administer:
        return "", ""
    if alert.kind in _OF_EDITORS and not looks.may_edit and alert.connection is not None:
        page = address("connection", alert.connection.key)
        return f"{page}#authorization", "See the sign-in"
    return words.address, words.act


def _held(looks: Looks) -> Iterator[Item]:
    found = holding.held()
    if found is not None:
        yield Item(
            state=_HELD,
            subject="",
            rest="Restored and held: nothing runs until it is let go on",
            sentence=holding.sentence(found),
            address=reverse("resume") if looks.may_administer else "",
            act="Let it go on" if looks.may_administer else "",
            icon="play",
        )


def _no_worker(late: int) -> Iterator[Item]:
    queued = attention.how_many_go_on()
    if not late and not queued:
        return
    parts = [plural(late, "connection is", "connections are") + " late"] if late else []
    parts += [plural(queued, "run waits", "runs wait")] if queued else []
    yield Item(
        state=_NO_WORKER,
        subject="",
        rest="No worker is running, so nothing starts",
        sentence=f"{' and '.join(parts)}. Start one with `isthmus up` or `isthmus worker`.",
        address=f"{reverse('connections')}?state=on",
        act="See the connections",
    )


def _lost(found: Sequence[Overview], looks: Looks) -> Iterator[Item]:
    losses = attention.losses([each.id for each in found])
    for each in found:
        loss = losses.get(each.id)
        name = _shortened(each.name)
        yield Item(
            state=_STATES[Kind.SIGN_IN_LOST],
            subject=name,
            rest=" can\u2019t sign in",
            sentence=_lost_sentence(loss),
            address=address("connection-sign-in", each.key)
            if looks.may_edit
            else address("connection", each.key) + "#authorization",
            act="Connect again" if looks.may_edit else "See the sign-in",
            icon="link" if looks.may_edit else "",
            connection=each.id,
        )


def _lost_sentence(loss: Loss | None) -> str:
    if loss is None:
        return ""
    whose = f" of {loss.user_name}" if loss.user_name else ""
    runs = f" {plural(loss.runs, 'run')} failed since." if loss.runs else ""
    at = wall_clock.words(loss.at, loss.timezone)
    return (
        f"Salesforce has refused the sign-in{whose} for good since {at}.{runs} Nothing is lost: "
        f"the next run goes on from there."
    )


def _elsewhere(each: Overview) -> Item:
    return Item(
        state=_OTHER_ORG,
        subject=_shortened(each.name),
        rest=" leads to another org",
        sentence="Its sign-in belongs to another Salesforce org than the connection, so no run "
        "starts. Connect it to its own org, or accept the new one.",
        address=address("connection", each.key) + "#authorization",
        act="See the sign-in",
        connection=each.id,
    )


def _incomplete(each: Overview) -> Item:
    return Item(
        state=_INCOMPLETE,
        subject=_shortened(each.name),
        rest=" is on, and can\u2019t run yet",
        sentence="It has no sign-in, or no active goal. Its page says what is missing.",
        address=address("connection", each.key),
        act="See what is missing",
        connection=each.id,
    )


def _failed(found: Sequence[Overview], looks: Looks) -> Iterator[Item]:
    failures = attention.failures([each.id for each in found])
    for each in found:
        failure = failures.get(each.id)
        if failure is not None:
            yield _failure(each, failure, looks)


def _failure(of: Overview, failure: Failure, looks: Looks) -> Item:
    said = failure.message
    if not looks.sees_personal_data:
        said = masking.masked_message(said)
    often = f" {failure.runs} times in a row" if failure.runs > 1 else ""
    more = f", and {plural(failure.goals - 1, 'other goal')}" if failure.goals > 1 else ""
    begins = f"{_shortened(failure.goal)}{more}, run #{failure.number}"
    return Item(
        state=_FAILED,
        subject=_shortened(of.name),
        rest=f" failed{often}",
        sentence=_shortened(f"{begins}: {said}" if said else f"{begins}.", _LONGEST),
        address=address("run", of.key, failure.number),
        act="See the run",
        connection=of.id,
    )


def _question(question: Question) -> Item:
    run = question.run
    until = run.confirm_until
    waits = f" until {moment(until, timezone.now())}" if until else ""
    return Item(
        state=_TO_CONFIRM,
        subject=_shortened(run.connection.name),
        rest=" waits for a yes",
        sentence=f"{question.sentence} Run #{run.number} waits{waits}.",
        address=address("run", run.connection.key, run.number),
        act="Review the run",
        connection=run.connection_id,
    )


def _problem(problem: Problem, looks: Looks) -> Item:
    key, number = problem.run.connection.key, problem.run.number
    behind = rows_behind(key, number, problem.part.key)
    counts = problem.counts
    failed, fields, several = counts.failed.total(), counts.problems, counts.skipped["ambiguous"]
    if failed:
        rest, where = plural(failed, "record") + " failed", behind["failed"]
    elif fields:
        rest, where = plural(fields, "value") + " did not fit", behind["problems"]
    else:
        query = {"goal": problem.part.key, "outcome": "skipped", "reason": "ambiguous"}
        where = address("run-rows", key, number, **query)
        rest = plural(several, "record matches", "records match") + " more than one profile"
        if problem.part.direction == EXPORT:
            rest = plural(several, "profile fits", "profiles fit") + " no single record"
    return Item(
        state=_PROBLEMS,
        subject=_shortened(problem.run.connection.name),
        rest=f": {rest}",
        sentence=_problem_sentence(problem, looks),
        address=where,
        act="See the rows",
        connection=problem.run.connection_id,
    )


def _problem_sentence(problem: Problem, looks: Looks) -> str:
    begins = f"{_shortened(problem.goal)}, run #{problem.run.number}."
    if not problem.code:
        return f"{begins} All else went on."
    said = f"\u201c{_shortened(problem.example, _LONGEST)}\u201d" if problem.example else ""
    if not looks.sees_personal_data:
        said = ""
    most = problem.counts.failed[problem.code]
    of_all = f"Most of them, {most:,}: " if len(problem.counts.failed) > 1 else ""
    meaning = explanations.explain(problem.code).meaning
    return " ".join(filter(None, [begins, f"{of_all}{meaning}", said]))


def _shortened(text: str, most: int = _NAME) -> str:
    return text if len(text) <= most else f"{text[:most]}\u2026"
