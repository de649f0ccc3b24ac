"""A worker works alerts out, round after round."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import IMPORT
from integration.set_up import new_connection, new_goal
from isthmus.connections import alerts
from isthmus.connections.models import Alert
from isthmus.worker.alerting import Alerting
from isthmus.worker.rounds import CHORES

NOW = timezone.now()
MINUTE = timedelta(minutes=1)


def test_what_did_not_start_before_a_worker_is_told_from_its_second_round_on(
    store: Session[Any],
) -> None:
    new_goal(new_connection("acme", due_at=NOW - timedelta(hours=1)), IMPORT)
    alerting = Alerting(clock=lambda: NOW)
    alerting.evaluate()
    assert Alert.objects.count() == 0
    alerting.evaluate()
    assert [each.kind for each in alerts.open_alerts()] == ["did_not_start"]


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
