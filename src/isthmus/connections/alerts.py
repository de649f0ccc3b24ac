"""Alerts: what somebody should look at beyond single runs, from when it began to its end.

They are worked out anew every minute, by one process at a time. Each opens once, is told in the
transaction that opens it, and closes by itself when it is no longer so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection as database
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from isthmus.connections import alert_signs, letters
from isthmus.connections.alert_signs import (
    COMPARED,
    FAILURES,
    OF_AMOUNTS,
    STAYS_STRANGE,
    Kind,
    Known,
    Sign,
)
from isthmus.connections.errors import NoSuchThing, StateRefused
from isthmus.connections.models import Alert, Connection

_LOCK: Final = 7301893
"""Advisory lock of whoever works them out."""

_IS_NEWS_AGAIN: Final = timedelta(days=1)
"""What comes again sooner is the same alert and is told no second time, unless nothing runs at
all: where amounts go up and down nobody wants to hear of each of them."""

_LOOKS_BACK: Final = timedelta(days=3)
"""How old a goal's result may be that is looked at by somebody who has not looked before."""


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What came of working the alerts out."""

    opened: Sequence[Alert]
    closed: int


def evaluate(
    now: datetime, *, since: datetime | None = None, settling: bool = False
) -> Evaluation | None:
    """Open what is so and close what is no longer so; None where another process does it now.

    Results of goals are looked at that came `since` then. While a worker is `settling` it has only
    just begun: it is about to start what did not start before, so that is not told.
    """
    with transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off")
            cursor.execute(alert_signs.QUERIES["one_at_a_time"], {"lock": _LOCK})
            if not cursor.fetchone()[0]:
                return None
        known = list(Alert.objects.filter(closed_at=None))
        amounts = alert_signs.amounts(now, since or now - _LOOKS_BACK, _known(known, now))
        signs = [*_all_but_amounts(now), *amounts]
        return _reconcile(known, signs, now=now, settling=settling)


def _all_but_amounts(now: datetime) -> Iterable[Sign]:
    yield from alert_signs.sign_ins(now)
    yield from alert_signs.late(now)
    yield from alert_signs.unsteady()
    yield from alert_signs.crowded()
    yield from alert_signs.held()
    yield from alert_signs.long_runs(now)
    yield from alert_signs.waiting(now)
    yield from alert_signs.waiting_letters(now)


def _known(alerts: Iterable[Alert], now: datetime) -> Known:
    told = {
        each.goal_id: each.facts["since_part"]
        for each in alerts
        if each.kind in OF_AMOUNTS and each.goal_id and now - each.opened_at < STAYS_STRANGE
    }
    taken = Alert.objects.filter(
        kind__in=OF_AMOUNTS, closed_at__gt=now - COMPARED, facts__has_key="taken_by"
    )
    usual = {
        each.goal_id: each.facts["since_part"] for each in taken.order_by("id") if each.goal_id
    }
    return Known(usual_from=usual, strange_from=told)


def _reconcile(
    known: Sequence[Alert],
    signs: Sequence[Sign],
    *,
    now: datetime,
    settling: bool,
) -> Evaluation:
    before = {(each.kind, each.about): each for each in known}
    is_so = {(str(each.kind), each.about): each for each in signs}
    over = [each.id for place, each in before.items() if place not in is_so]
    closed = Alert.objects.filter(id__in=over, closed_at=None).update(closed_at=now)
    _refresh(before, is_so)
    new = {
        place: each
        for place, each in is_so.items()
        if place not in before and not (settling and each.kind is Kind.DID_NOT_START)
    }
    again = _open_again(new, now)
    _refresh(again, is_so)
    _tell([(alert, is_so[place]) for place, alert in again.items()])
    first = [each for place, each in new.items() if place not in again]
    return Evaluation(opened=_open(first, now), closed=closed)


def _open_again(new: Mapping[tuple[str, str], Sign], now: datetime) -> dict[tuple[str, str], Alert]:
    """Those that were closed a short while ago, open again."""
    abouts = [about for (_, about), sign in new.items() if sign.kind not in FAILURES]
    if not abouts:
        return {}
    rows = Alert.objects.filter(about__in=abouts, closed_at__gt=now - _IS_NEWS_AGAIN)
    rows = rows.exclude(facts__has_key="taken_by").exclude(kind__in=FAILURES).order_by("id")
    again = {(each.kind, each.about): each for each in rows if (each.kind, each.about) in new}
    Alert.objects.filter(id__in=[each.id for each in again.values()]).update(closed_at=None)
    return again


def _refresh(
    before: Mapping[tuple[str, str], Alert], is_so: Mapping[tuple[str, str], Sign]
) -> None:
    """Write down the numbers of now, where they are others."""
    changed = []
    for place, alert in before.items():
        sign = is_so.get(place)
        if sign is None:
            continue
        then = (alert.facts, alert.run_id, alert.connection_id)
        alert.facts, alert.run_id, alert.connection_id = _facts(sign), sign.run, _first(sign)
        if then != (alert.facts, alert.run_id, alert.connection_id):
            changed.append(alert)
    Alert.objects.bulk_update(changed, ["facts", "run", "connection"], batch_size=500)


def _open(signs: Sequence[Sign], now: datetime) -> list[Alert]:
    rows = _connections(signs)
    opened = Alert.objects.bulk_create(
        Alert(
            kind=str(sign.kind),
            about=sign.about,
            connection=rows[sign.connections[0]] if sign.connections else None,
            goal_id=sign.goal,
            run_id=sign.run,
            facts=_facts(sign),
            opened_at=now,
        )
        for sign in signs
    )
    _tell(list(zip(opened, signs, strict=True)))
    return opened


def _tell(alerts: Sequence[tuple[Alert, Sign]]) -> None:
    """Have people told, but for those alerts of which they were or are about to be.

    One that comes again was told, unless it was over before its letter could be sent.
    """
    rows = _connections([sign for _, sign in alerts])
    for alert, sign in alerts:
        concerns = [rows[each] for each in _unheard(sign)]
        letters.post_alert(alert, is_failure=sign.kind in FAILURES, concerns=concerns)


def _connections(signs: Iterable[Sign]) -> dict[int, Connection]:
    return Connection.objects.in_bulk({each for sign in signs for each in sign.connections})


def _unheard(sign: Sign) -> list[int]:
    """The connections whose people are to hear of it; of a lost sign-in a run may tell them."""
    if sign.kind is not Kind.SIGN_IN_LOST:
        return list(sign.connections)
    since = datetime.fromisoformat(sign.facts["since"])
    told = letters.told_by_runs(sign.connections, since)
    return [each for each in sign.connections if each not in told]


def _first(sign: Sign) -> int | None:
    return sign.connections[0] if sign.connections else None


def _facts(sign: Sign) -> dict[str, Any]:
    """What is kept of it; which connections share it, where there are several."""
    shared = {"connections": list(sign.connections)} if len(sign.connections) > 1 else {}
    return {**sign.facts, **shared}


def open_alerts(of: Connection | None = None) -> list[Alert]:
    """The alerts that are open, oldest first: all, or those that concern a connection."""
    rows = Alert.objects.filter(closed_at=None).select_related("connection", "goal", "run")
    if of is not None:
        # Several connections may share a sign-in.
        rows = rows.filter(Q(connection=of) | Q(facts__connections__contains=of.id))
    return list(rows.order_by("opened_at", "id"))


def live(now: datetime, of: Connection | None = None) -> list[Alert]:
    """The alerts that are open, with what did not start as it is at this moment.

    Where no worker runs nobody works alerts out; whoever looks has to see at least that.
    """
    known = open_alerts(of)
    opened = {each.about: each for each in known if each.kind == Kind.DID_NOT_START}
    signs = alert_signs.late(now)
    if of is not None:
        signs = [each for each in signs if of.id in each.connections]
    rows = Connection.objects.in_bulk(
        [each.connections[0] for each in signs if each.about not in opened]
    )
    late = [
        opened.get(sign.about)
        or Alert(
            kind=str(sign.kind),
            about=sign.about,
            connection=rows[sign.connections[0]],
            facts=_facts(sign),
            opened_at=now,
        )
        for sign in signs
        if sign.about in opened or sign.connections[0] in rows
    ]
    return [each for each in known if each.kind != Kind.DID_NOT_START] + late


def take_as_usual(number: int, *, by: str) -> Alert:
    """Close an alert of far fewer or more records: from its first run on, that is usual.

    Raises `NoSuchThing`, and `StateRefused` for an alert of another kind or one that is closed.
    """
    with transaction.atomic():
        row = Alert.objects.select_for_update().filter(id=number).first()
        if row is None:
            raise NoSuchThing("alert", [str(number)], None)
        if row.kind not in OF_AMOUNTS:
            raise StateRefused(
                f"Alert {number} can't be taken as usual: that can only be said of far fewer or "
                f"more records. It closes by itself when it is no longer so."
            )
        if row.closed_at is not None:
            raise StateRefused(f"Alert {number} is closed already, so there is nothing to do.")
        row.closed_at = timezone.now()
        row.facts = {**row.facts, "taken_by": by}
        row.save(update_fields=["closed_at", "facts"])
    return row
