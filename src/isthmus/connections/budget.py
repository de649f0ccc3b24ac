"""API calls of an org in 24 hours: used, left, what we may use, and what the next run needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection as database_of_django
from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone

from isthmus.connections import news
from isthmus.connections.calls import QUERIES, org_key
from isthmus.connections.errors import BudgetReached, NoSuchThing, ShareRefused
from isthmus.connections.models import (
    IMPORT,
    Connection,
    Goal,
    Org,
    OrgCalls,
    Run,
    RunGoal,
    RunState,
)
from isthmus.domain import call_shares
from isthmus.domain.call_shares import Figures, oldest

__all__ = ["BudgetReached", "BudgetState", "forecast", "later", "set_share", "state"]

_COMPARED: Final = 3
"""So many of the last runs that are like the next one say how many calls it needs."""

LONGEST_WAIT: Final = timedelta(hours=26)
"""A run that has waited so long for room begins whatever it may need: others always go before."""

_LOOKED_AT: Final = 20
_ENDED_WELL: Final = (RunState.FINISHED, RunState.PROBLEMS)


@dataclass(frozen=True, kw_only=True)
class Later:
    """When a run had better begin, and why."""

    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class BudgetState:
    """An org's API calls of 24 hours, as far as is known."""

    org: Org
    figures: Figures

    @property
    def limit(self) -> int | None:
        """So many may be made by everybody together; None: the org has not said it yet."""
        return self.figures.limit

    @property
    def used(self) -> int:
        """By everybody: what others had made when the org said it last, and ours."""
        return self.others + self.ours

    @property
    def ours(self) -> int:
        """Made by Isthmus, or set aside for what is under way."""
        return self.figures.ours

    @property
    def others(self) -> int:
        """Made by others, as the org said last; none where that was longer ago than they count."""
        measured_at = self.figures.measured_at
        if measured_at is None or self.figures.now - measured_at > timedelta(hours=24):
            return 0
        return self.figures.others

    @property
    def left(self) -> int | None:
        """Of the limit, for everybody; None: nobody knows."""
        return None if self.limit is None else max(self.limit - self.used, 0)

    @property
    def share(self) -> int:
        """So many may be made by Isthmus."""
        return self.figures.share

    @property
    def share_percent(self) -> int:
        """The same in percent of the limit."""
        return self.figures.share_percent

    @property
    def left_of_share(self) -> int:
        """So many more may be made by Isthmus."""
        return self.figures.left_of_share

    @property
    def free_at(self) -> datetime | None:
        """Where none is left of the share: when more are free."""
        return self.figures.free_at(1) if self.left_of_share < 1 else None

    @property
    def measured_at(self) -> datetime | None:
        """When the org said last how many were made."""
        return self.figures.measured_at


def orgs() -> list[Org]:
    """The orgs that are known, those with connections and those that were asked before."""
    return list(Org.objects.all())


def find(org_id: str) -> Org:
    """The org of that id, of 15 or 18 characters. Raises `NoSuchThing`."""
    # What is no id can't be asked for, and is found nowhere.
    found = Org.objects.filter(org_id=org_key(org_id)).first() if org_id.isalnum() else None
    if found is None:
        raise NoSuchThing("org", [org_id], [each.org_id for each in orgs()])
    return found


def state(org_id: str) -> BudgetState | None:
    """What is known of the org's calls; None: nothing yet."""
    row = Org.objects.filter(org_id=org_key(org_id)).first() if org_id else None
    return None if row is None else state_of(row)


def state_of(row: Org) -> BudgetState:
    """What is known of the calls of an org that is kept."""
    now = timezone.now()
    counted = OrgCalls.objects.filter(org=row, hour__gt=oldest(now), calls__gt=0)
    hours: dict[datetime, int] = {}
    for hour, calls in counted.values_list("hour", "calls"):
        hours[hour] = hours.get(hour, 0) + calls
    figures = Figures(
        now=now,
        share_percent=row.share_percent,
        limit=row.calls_limit,
        others=row.others_used,
        measured_at=row.measured_at,
        hours=hours,
    )
    return BudgetState(org=row, figures=figures)


def of_connection(connection: Connection) -> BudgetState | None:
    """The same for the org that a connection belongs to."""
    return state(connection.org_id)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Calls that one connection made in one hour."""

    connection: int  # row id; 0: none
    key: str  # empty: it was deleted
    name: str
    hour: datetime
    calls: int


def counted(row: Org) -> list[Counted]:
    """Our calls of 24 hours, by hour, the newest first, and connection."""
    names: dict[str, Any] = {"id": row.id, "after": oldest(timezone.now())}
    with database_of_django.cursor() as cursor:
        cursor.execute(QUERIES["by_connection"].as_string(), names)
        found = cursor.fetchall()
    return [
        Counted(connection=each, key=key or "", name=name or "", hour=hour, calls=calls)
        for each, key, name, hour, calls in found
    ]


def set_share(org_id: str, percent: int | None) -> Org:
    """Let Isthmus use that share of the org's calls; runs that wait look at once.

    The org need not be known yet. Raises `ShareRefused`.
    """
    for why in call_shares.troubles(percent):
        raise ShareRefused(why)
    with transaction.atomic():
        Org.objects.get_or_create(org_id=org_key(org_id))
        row = held(org_id)
        raised = (percent or 0) > row.share_percent
        row.share_percent = percent or 0
        row.save(update_fields=["share_percent"])
        if raised:
            _wake(row)
    return row


def held(org_id: str) -> Org:
    """The org's row, held until the transaction ends. Raises `NoSuchThing`."""
    found = find(org_id)
    return Org.objects.select_for_update(no_key=True).get(id=found.id)


def _wake(row: Org) -> None:
    with database_of_django.cursor() as cursor:
        cursor.execute(QUERIES["wake"].as_string(), {"org": row.org_id})
        woken = {connection for (connection,) in cursor.fetchall()}
    for connection in sorted(woken):
        news.tell(connection)


def forecast(
    connection: Connection, *, goals: Sequence[str] = (), full: bool = False
) -> int | None:
    """About how many calls the next such run needs; None where nothing says so.

    The most that one of the last runs of its kind needed: one that takes everything is compared
    with such runs, one that takes what changed with those. Where there was none, what the last
    preview of each of its goals said.
    """
    chosen = _chosen(connection, goals)
    takes_all = full or any(_is_new(goal) for goal in chosen)
    found = connection.runs.filter(
        state__in=_ENDED_WELL, first__isnull=True, only="", goal_keys=sorted(goals)
    )
    # A page asks for this: what goals found out, which may be much, is not read.
    parts = Prefetch("goals", RunGoal.objects.only("run_id", "direction", "window_from"))
    runs = list(found.prefetch_related(parts)[:_LOOKED_AT])
    # Exports keep no window; the first of all such runs took everything whatever its goals are.
    first = runs[-1].id if runs and len(runs) < _LOOKED_AT else None
    like = [
        run.api_calls
        for run in runs
        if run.api_calls and (_took_all(run) or run.id == first) == takes_all
    ]
    return max(like[:_COMPARED], default=None) or _foreseen(chosen)


def later(run: Run) -> Later | None:
    """Whether a run that has made no call yet had better wait, because it would not get through.

    One that needs more than the whole share begins all the same, and waits on its way, and so does
    one that has waited for a day.
    """
    is_few = run.first is not None or run.only
    if run.preview or is_few or run.api_calls or timezone.now() - run.queued_at > LONGEST_WAIT:
        return None
    found = of_connection(run.connection)
    needed = forecast(run.connection, goals=run.goal_keys, full=run.full)
    if found is None or needed is None or needed <= found.left_of_share:
        return None
    until = found.figures.free_at(needed)
    if until is None:
        return None
    of = f"{found.share_percent} % of the org's {found.limit or 0:,}"
    return Later(
        until=until,
        reason=(
            f"The run needs about {needed:,} API calls. Isthmus has {found.left_of_share:,} left "
            f"of the {found.share:,} that it may make in 24 hours ({of}). An administrator may "
            f"raise that share, on the page of the org's API calls or by `isthmus org share`."
        ),
    )


def _chosen(connection: Connection, keys: Sequence[str]) -> list[Goal]:
    goals = list(connection.goals.all())
    return [goal for goal in goals if (goal.key in keys if keys else goal.definition.active)]


def _is_new(goal: Goal) -> bool:
    """Whether the goal takes everything the next time."""
    return goal.read_until is None or goal.read_version != goal.version


def _took_all(run: Run) -> bool:
    parts = [part for part in run.goals.all() if part.direction == IMPORT]
    return run.full or any(part.window_from is None for part in parts)


def _foreseen(goals: Sequence[Goal]) -> int | None:
    """What the newest preview of each goal said, together; None where one has none."""
    parts = RunGoal.objects.filter(
        goal__in=[goal.id for goal in goals], run__preview=True, state__in=_ENDED_WELL
    )
    said: dict[int | None, Any] = {}
    for part in parts.order_by("goal_id", "-id").distinct("goal_id"):
        said[part.goal_id] = (part.foreseen or {}).get("api_calls")
    if not said or len(said) < len(goals) or None in said.values():
        return None
    return sum(int(calls) for calls in said.values())
