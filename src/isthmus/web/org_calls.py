"""API calls of an org, as pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from isthmus.connections import budget
from isthmus.connections.budget import BudgetState, Counted
from isthmus.connections.models import Authorization, Connection, Org, Run, RunState
from isthmus.connections.orgs import same_org

_OLD: Final = timedelta(minutes=30)
"""What Salesforce said longer ago is shown with when it said it."""

MOST_ROWS: Final = 500
_MARK: Final = 0.6


@dataclass(frozen=True, kw_only=True)
class Bar:
    """The pieces of the bar, in percent of the limit."""

    others: str
    ours: str
    share_at: str  # where our share ends, beside what others have used
    mark: str
    said: str


@dataclass(frozen=True, kw_only=True)
class Calls:
    """What is shown of an org's calls, on its page and on those of its connections."""

    org: Org
    state: BudgetState
    bar: Bar | None  # None: the limit is not known
    is_old: bool
    forecast: int | None = None  # of the next run of the connection that is shown


@dataclass(frozen=True, kw_only=True)
class OfConnection:
    """One connection to the org."""

    name: str
    key: str  # empty: it was deleted, or is not there yet
    calls: int
    waiting: Sequence[Run]


def of_connection(connection: Connection) -> Calls | None:
    """What the card of a connection shows; None before its org has been asked anything."""
    found = budget.state(connection.org_id)
    return None if found is None else _calls(found, budget.forecast(connection))


def of_org(row: Org) -> Calls:
    """What the page of the org shows."""
    return _calls(budget.state_of(row), None)


def _calls(found: BudgetState, forecast: int | None) -> Calls:
    measured_at = found.measured_at
    return Calls(
        org=found.org,
        state=found,
        bar=_bar(found),
        is_old=measured_at is not None and found.figures.now - measured_at > _OLD,
        forecast=forecast,
    )


def _bar(found: BudgetState) -> Bar | None:
    if not found.limit:
        return None
    others = min(found.others / found.limit, 1.0) * 100
    ours = min(found.ours / found.limit * 100, 100 - others)
    mark = min(others + found.share / found.limit * 100, 100 - _MARK)
    return Bar(
        others=f"{others:.1f}",
        ours=f"{ours:.1f}",
        share_at=f"{mark:.1f}",
        mark=f"{_MARK}",
        said=(
            f"{found.used:,} of {found.limit:,} calls used: {found.others:,} by others, "
            f"{found.ours:,} of at most {found.share:,} by Isthmus"
        ),
    )


def name_of(row: Org) -> str:
    """The org's name, as somebody who signed in there was told; empty where nobody was."""
    named = Authorization.objects.filter(org_id__startswith=row.org_id[:15]).exclude(org_name="")
    return named.order_by("-id").values_list("org_name", flat=True).first() or ""


def by_connection(row: Org, counted: Sequence[Counted]) -> list[OfConnection]:
    """All connections to the org, and what has made calls to it without one."""
    waiting = list(
        Run.every.filter(
            state=RunState.WAITING, connection__org_id__startswith=row.org_id[:15]
        ).select_related("connection")
    )
    totals: dict[int, int] = {}
    for each in counted:
        totals[each.connection] = totals.get(each.connection, 0) + each.calls
    found = []
    for connection in Connection.objects.order_by("name", "id"):
        calls = totals.pop(connection.id, 0)
        if calls or same_org(connection.org_id, row.org_id):
            found.append(
                OfConnection(
                    name=connection.name,
                    key=connection.key,
                    calls=calls,
                    waiting=[run for run in waiting if run.connection_id == connection.id],
                )
            )
    if totals:
        gone = sum(totals.values())
        found.append(OfConnection(name="Deleted connections", key="", calls=gone, waiting=()))
    return found
