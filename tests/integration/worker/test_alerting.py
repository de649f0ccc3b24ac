"""A worker works alerts out, round after round."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import IMPORT
from integration.set_up import new_connection, new_goal
from isthmus.connections import alerts
from isthmus.connections.models import Alert, Authorization, Connection, Run
from isthmus.salesforce import API_ENABLED
from isthmus.worker import Errands, WorkerSettings, work_once
from isthmus.worker.alerting import Alerting
from isthmus.worker.rounds import CHORES

NOW = timezone.now()
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_what_did_not_start_before_a_worker_is_told_from_its_second_round_on(
    store: Session[Any],
) -> None:
    new_goal(new_connection("acme", due_at=NOW - timedelta(hours=1)), IMPORT)
    alerting = Alerting(clock=lambda: NOW)
    alerting.evaluate()
    assert Alert.objects.count() == 0
    alerting.evaluate()
    assert [each.kind for each in alerts.open_alerts()] == ["did_not_start"]


def test_after_a_sleep_of_the_machine_what_is_late_is_about_to_start(store: Session[Any]) -> None:
    new_goal(new_connection("acme"), IMPORT)
    moments = iter([NOW, NOW + MINUTE, NOW + 8 * HOUR, NOW + 8 * HOUR + MINUTE])
    alerting = Alerting(clock=lambda: next(moments))
    alerting.evaluate()
    alerting.evaluate()
    Connection.objects.update(due_at=NOW + HOUR)
    alerting.evaluate()
    assert alerts.open_alerts() == []
    alerting.evaluate()
    assert [each.kind for each in alerts.open_alerts()] == ["did_not_start"]


def test_a_worker_that_ends_by_itself_starts_what_is_due_and_works_alerts_out(
    store: Session[Any],
) -> None:
    connection = new_connection("acme", schedule={"times_a_day": 1}, due_at=NOW - HOUR)
    new_goal(connection, IMPORT)
    Authorization.objects.update(permissions={API_ENABLED: False})
    work_once(Errands(leaving=Run.objects.exists), WorkerSettings(concurrency=1))
    (run,) = Run.objects.all()
    assert run.asked_by == "Schedule"
    assert alerts.open_alerts() == [], "it was asked to leave before"
    Run.objects.all().delete()
    work_once(Errands(leaving=bool), WorkerSettings(concurrency=1))
    assert [each.kind for each in alerts.open_alerts()] == ["no_api"]


def test_a_round_looks_at_results_since_the_last_one_that_was_done(
    store: Session[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []
    answers = [None, alerts.Evaluation(opened=[], closed=0), None]

    def evaluate(_: Any, *, since: Any, settling: bool) -> Any:
        looked.append((since, settling))
        return answers.pop(0)

    monkeypatch.setattr(alerts, "evaluate", evaluate)
    moments = iter([NOW, NOW + MINUTE, NOW + 2 * MINUTE])
    alerting = Alerting(clock=lambda: next(moments))
    for _ in range(3):
        alerting.evaluate()
    # The first round found another process at it, so the second still looks at everything.
    assert looked == [(None, True), (None, False), (NOW - 4 * MINUTE, False)]


def test_it_is_a_chore_of_every_worker(store: Session[Any]) -> None:
    (chore,) = (each for each in CHORES if each.name == "alerts")
    assert chore.every_seconds == 60
    chore.do()
