"""What is past keeping goes, a few rows at a time: one big statement would keep others waiting."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet
from psycopg import Connection

from isthmus.connections import letters
from isthmus.connections.alert_signs import COMPARED
from isthmus.connections.models import Alert, SignInAttempt
from isthmus.connections.news import QUEUE
from isthmus.profiles import statements
from isthmus.profiles.keeping import Keeping

BATCH = 1_000
"""Rows that go at once."""

QUERIES = statements.load("isthmus.worker")


def forget(now: datetime, keeping: Keeping) -> None:
    """Remove what is past keeping of the rows that Django has."""
    for rows in _past(now, keeping):
        _delete(rows)


def _past(now: datetime, keeping: Keeping) -> Iterator[QuerySet[Any]]:
    outcomes = now - timedelta(days=keeping.outcomes_days)
    log = now - timedelta(days=keeping.log_days)
    yield letters.past(outcomes)
    # What was taken as usual is what later runs are compared with.
    taken = Q(facts__has_key="taken_by", closed_at__gte=now - COMPARED)
    yield Alert.objects.filter(closed_at__lt=log).exclude(taken)
    yield SignInAttempt.objects.filter(begun_at__lt=log)
    yield Session.objects.filter(expire_date__lt=now)


def _delete(rows: QuerySet[Any]) -> None:
    model: type[Model] = rows.model
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        model._default_manager.filter(pk__in=keys).delete()  # noqa: SLF001 - Django's name


def forget_news(session: Connection[Any]) -> None:
    """Remove news that no worker took for a day: workers look for runs by themselves."""
    while session.execute(QUERIES["forget_news"], {"queue": QUEUE, "most": BATCH}).rowcount:
        pass
