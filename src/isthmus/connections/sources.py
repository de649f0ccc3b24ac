"""What stands behind a row of the store: the run that wrote it, the goal that linked a record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Q

from isthmus.connections.models import IMPORT, Authorization, Goal, RunGoal

_SHARED_HOSTS = ("login.salesforce.com", "test.salesforce.com")
"""Where people of every org sign in: an address there leads to no record."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A goal's part in a run."""

    connection_key: str
    connection: str  # name
    number: int  # of the run
    goal: str  # name, or key of one that is gone
    direction: str


@dataclass(frozen=True, kw_only=True)
class Linking:
    """A goal that links records to profiles."""

    connection_key: str
    connection: str  # name
    goal: str  # name
    direction: str
    org: str  # where the org's records are shown, such as https://acme.my.salesforce.com; or empty


def parts(run_goals: Iterable[int]) -> dict[int, Part]:
    """The parts of runs by row id, where they are still there."""
    rows = RunGoal.objects.filter(id__in=set(run_goals)).order_by()
    return {number: _part(row) for number, *row in rows.values_list("id", *_COLUMNS)}


def making(goals: Iterable[int], at: datetime) -> Part | None:
    """The only import of these goals that was under way at a moment; None where it isn't certain.

    A profile without changes does not say which run made it: its records' goals and the moment do.
    """
    under_way = Q(finished_at__gte=at) | Q(finished_at=None)
    rows = RunGoal.objects.filter(
        under_way,
        goal_id__in=set(goals),
        direction=IMPORT,
        started_at__lte=at,
        run__preview=False,
    )
    found = list(rows.order_by("-id").values_list(*_COLUMNS)[:2])
    return _part(found[0]) if len(found) == 1 else None


_COLUMNS = (
    *("run__connection__key", "run__connection__name", "run__number"),
    *("goal__document__name", "key", "direction"),
)


def _part(row: Sequence[Any]) -> Part:
    connection_key, connection, number, name, key, direction = row
    return Part(
        connection_key=connection_key,
        connection=connection,
        number=number,
        goal=name or key,
        direction=direction,
    )


def linking(goals: Iterable[int]) -> dict[int, Linking]:
    """The goals by row id, where they are still there."""
    rows = Goal.objects.filter(id__in=set(goals)).select_related("connection__authorization")
    return {
        goal.id: Linking(
            connection_key=goal.connection.key,
            connection=goal.connection.name,
            goal=_name(goal),
            direction=goal.direction,
            org=_org(goal.connection.authorization),
        )
        for goal in rows
    }


def _name(goal: Goal) -> str:
    document: Mapping[str, Any] = goal.document
    return str(document.get("name") or goal.key)


def _org(authorization: Authorization | None) -> str:
    if authorization is None:
        return ""
    address = urlsplit(authorization.login_url)
    if address.scheme not in ("https", "http") or address.hostname in (None, *_SHARED_HOSTS):
        return ""
    return f"{address.scheme}://{address.netloc}"
