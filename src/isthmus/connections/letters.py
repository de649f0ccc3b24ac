"""What is to be told of runs and alerts: rows that are written where the thing happens.

A row is written in the transaction that ends a run, or opens an alert, so that whatever happened is
told, and what did not happen is not. It is one for each thing and channel, by a unique key, however
often a run is taken up again. Sending is another matter, done by a worker at intervals: see
`sending`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, Min, Q, QuerySet

from isthmus.connections import lost_letters
from isthmus.connections.models import (
    Alert,
    Authorization,
    Connection,
    Letter,
    Run,
    RunGoal,
    RunState,
    When,
)

TOLD: Final = {
    RunState.FAILED: frozenset(When),
    RunState.PROBLEMS: frozenset({When.EVERY, When.PROBLEMS}),
    RunState.FINISHED: frozenset({When.EVERY}),
    RunState.STOPPED: frozenset({When.EVERY}),
}
"""Who hears of a run that ended so."""

TROUBLE: Final = frozenset({When.EVERY, When.PROBLEMS})
"""Who hears of what is no failure and yet needs somebody."""


def post_run(run: Run, *, unanswered: bool = False) -> None:
    """Write down, in the open transaction, that people are to hear of a run's end.

    `unanswered`: it waited for a yes, and nobody said anything.
    """
    state = RunState(run.state)
    if run.preview or state not in TOLD:
        return
    told = TROUBLE if unanswered else TOLD[state]
    connection = run.connection
    if connection.notify_when in told or _is_sign_in_lost(connection):
        _post(f"run {run.id}", [connection], run=run)


def post_question(part: RunGoal) -> None:
    """The same of a goal that waits for somebody to agree; once in each run."""
    run = part.run
    if not run.preview and run.connection.notify_when in TROUBLE:
        _post(f"run {run.id} asks {part.id}", [run.connection], run=run, asks=part)


def post_alert(
    alert: Alert, *, is_failure: bool = False, concerns: Iterable[Connection] | None = None
) -> None:
    """The same of an alert that is opened.

    Those hear of it who hear of problems of its connection, or of those that it `concerns`; where
    it `is_failure`, also those who hear of failures only.
    """
    told = frozenset(When) if is_failure else TROUBLE
    found = [alert.connection] if concerns is None else concerns
    hear = [each for each in found if each is not None and each.notify_when in told]
    _post(f"alert {alert.id}", hear, alert=alert)


def told_by_runs(connections: Collection[int], since: datetime) -> set[int]:
    """Of these connections, by row id, those whose people hear of a lost sign-in by a run.

    Its letter was written since the sign-in was lost; or it is at work, and ends with one.
    """
    letters = Letter.objects.filter(asks=None, alert=None, written_at__gte=since)
    told = letters.filter(run__connection__in=connections)
    at_work = Run.objects.filter(
        connection__in=connections, state__in=(RunState.RUNNING, RunState.STOPPING)
    )
    return {
        *told.values_list("run__connection_id", flat=True),
        *at_work.values_list("connection_id", flat=True),
    }


def _post(key: str, connections: Sequence[Connection], **about: Run | RunGoal | Alert) -> None:
    """A letter to all addresses of these connections, and one to the webhook of each."""
    to = list({each.lower(): each for row in connections for each in row.notify_to}.values())
    rows = [
        Letter(
            channel=Letter.WEBHOOK,
            key=key if len(connections) == 1 else f"{key} for connection {row.id}",
            connection=row,
            to=[row.webhook_url],
            **about,
        )
        for row in connections
        if row.webhook_url
    ]
    if to:
        only = connections[0] if len(connections) == 1 else None
        rows.append(Letter(channel=Letter.EMAIL, key=key, connection=only, to=to, **about))
    Letter.objects.bulk_create(rows, ignore_conflicts=True)


def _is_sign_in_lost(connection: Connection) -> bool:
    rows = Authorization.objects.filter(connections=connection.id, lost_at__isnull=False)
    return rows.exists()


def waiting() -> QuerySet[Letter]:
    """Letters that are neither sent nor given up."""
    return Letter.objects.filter(sent_at__isnull=True, given_up_at__isnull=True)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How it goes with telling people by one channel."""

    channel: str
    waiting: int
    oldest: datetime | None  # when the oldest of those that wait was written
    trouble: str  # what the last try of one that waits met; empty: none has met any
    given_up: int  # of those that are kept
    lost: lost_letters.Lost  # of the given up ones, those for whom nothing has arrived since
    refused: int  # letters that somebody on their list never gets


def standing() -> list[Standing]:
    """How it goes with each channel, for whoever looks after the machine."""
    return [_standing(channel) for channel in (Letter.EMAIL, Letter.WEBHOOK)]


def _standing(channel: str) -> Standing:
    rows = waiting().filter(channel=channel)
    found = rows.aggregate(waiting=Count("id"), oldest=Min("written_at"))
    troubled = rows.exclude(trouble="").order_by("-due_at").values_list("trouble", flat=True)
    ended = Letter.objects.filter(channel=channel).aggregate(
        given_up=Count("id", filter=Q(given_up_at__isnull=False)),
        refused=Count("id", filter=~Q(refused={})),
    )
    return Standing(
        channel=channel,
        trouble=troubled.first() or "",
        lost=lost_letters.lost(channel),
        **found,
        **ended,
    )


def past(before: datetime) -> QuerySet[Letter]:
    """Letters that were written before then and wait no longer: they hold addresses."""
    return Letter.objects.filter(written_at__lt=before).exclude(id__in=waiting().values("id"))
