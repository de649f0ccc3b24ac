"""What monitoring is told, and whom."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from integration.set_up import new_connection
from isthmus.connections.models import Alert, Letter, Org, Run, RunGoal, RunState
from isthmus.domain.counts import GoalCounts
from isthmus.monitoring.figures import ALL
from isthmus.profiles import database, upkeep

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"
LOCAL, ELSEWHERE = "127.0.0.1", "10.1.2.3"


def asked(address: str = LOCAL, **headers: str) -> Any:
    return Client(REMOTE_ADDR=address).get("/metrics", headers=headers)


def families() -> dict[str, Metric]:
    answer = asked()
    assert answer.status_code == 200
    found = list(text_string_to_metric_families(answer.content.decode()))
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


def values(name: str, *labels: str) -> dict[Any, float]:
    """The values of a metric by its labels' values."""
    family = families()[name]
    return {tuple(each.labels[label] for label in labels): each.value for each in family.samples}


def run(state: str = "finished", *, connection: Any, number: int = 1, minutes: float = 5) -> Run:
    now = timezone.now()
    ended = None if state in ("queued", "running") else now
    began = None if state == "queued" else now - timedelta(minutes=minutes)
    return Run.objects.create(
        connection=connection,
        number=number,
        state=state,
        queued_at=now - timedelta(minutes=minutes),
        started_at=began,
        finished_at=ended,
        api_calls=7,
    )


def test_an_empty_store_has_every_figure_that_needs_nothing() -> None:
    found = families()
    assert found["isthmus_database_up"].samples[0].value == 1
    assert values("isthmus_runs", "state") == {
        ("finished",): 0,
        ("problems",): 0,
        ("failed",): 0,
        ("stopped",): 0,
    }
    assert found["isthmus_database_size_bytes"].samples[0].value > 1_000_000
    assert found["isthmus_workers"].samples[0].value == 0
    assert found["isthmus_last_backup_timestamp_seconds"].samples == []


def test_each_figure_says_what_there_is() -> None:
    acme = new_connection()
    new_connection("off", active=False)
    new_connection("out", authorization=None)
    run("failed", connection=acme, number=1)
    done = run("problems", connection=acme, number=2)
    run("running", connection=acme, number=3, minutes=2)
    counts = GoalCounts(received=9, created=2, updated=3, unchanged=1, problems=4)
    counts.note("skipped", "no_key", 2)
    counts.note("failed", "refused", 1)
    RunGoal.objects.create(
        run=done, key="leads", direction="import", state=RunState.PROBLEMS, counts=counts.plain()
    )
    Org.objects.create(
        org_id="00D000000000001AAA", calls_limit=1000, calls_used=40, measured_at=timezone.now()
    )
    waits = timezone.now() - timedelta(minutes=10)
    Letter.objects.create(channel="email", key="run 1", written_at=waits)
    Letter.objects.create(channel="email", key="run 2", sent_at=waits)
    Alert.objects.create(kind="not_started", about="connection 1")
    Alert.objects.create(kind="not_started", about="connection 2", closed_at=timezone.now())
    with database.connected() as session:
        upkeep.note(session, upkeep.BACKUP)

    assert values("isthmus_connections", "state") == {("on",): 1, ("off",): 1, ("signed_out",): 1}
    assert values("isthmus_runs", "state")["failed",] == 1
    assert values("isthmus_open_runs", "state")["running",] == 1
    assert values("isthmus_oldest_open_run_age_seconds", "state")["running",] == pytest.approx(
        120, abs=20
    )
    assert values("isthmus_last_run_state", "connection", "state") == {("acme", "problems"): 1}
    assert values("isthmus_last_run_duration_seconds", "connection")["acme",] == pytest.approx(
        300, abs=1
    )
    assert values("isthmus_last_run_api_calls", "connection") == {("acme",): 7}
    assert values("isthmus_last_run_records", "connection", "goal", "outcome") == {
        ("acme", "leads", "received"): 9,
        ("acme", "leads", "written"): 5,
        ("acme", "leads", "skipped"): 2,
        ("acme", "leads", "failed"): 1,
    }
    assert values("isthmus_org_api_calls_used", "org") == {("00D000000000001AAA",): 40}
    assert values("isthmus_letters_waiting", "channel") == {("email",): 1, ("webhook",): 0}
    assert values("isthmus_oldest_waiting_letter_age_seconds", "channel")["email",] == (
        pytest.approx(600, abs=20)
    )
    assert values("isthmus_open_alerts", "kind") == {("not_started",): 1}
    assert values("isthmus_last_backup_timestamp_seconds")[()] == pytest.approx(time.time(), abs=60)


def test_the_document_names_what_is_served_and_nothing_else() -> None:
    documented = set(re.findall(r"^\| `(isthmus_\w+)` \|", DOCUMENT.read_text(), re.MULTILINE))
    served = {name for each in families().values() for name in _names(each)}
    assert documented == served
    assert len(ALL) == len(served)


def test_the_alert_rules_of_the_document_name_figures_that_there_are() -> None:
    rules = DOCUMENT.read_text().partition("## Alert rules")[2]
    served = {name for each in families().values() for name in _names(each)}
    assert set(re.findall(r"isthmus_\w+", rules)) <= served


def _names(family: Metric) -> Iterator[str]:
    yield f"{family.name}_total" if family.type == "counter" else family.name


def test_names_follow_the_conventions_of_prometheus() -> None:
    for name, each in families().items():
        assert re.fullmatch(r"isthmus_[a-z_]+", name)
        assert each.documentation.endswith("."), name
        if any(word in name for word in ("age", "duration", "timestamp")):
            assert name.endswith("_seconds"), name
        if "size" in name:
            assert name.endswith("_bytes"), name


def test_from_elsewhere_a_token_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(ELSEWHERE).status_code == 401
    assert "ISTHMUS_METRICS_TOKEN" in asked(ELSEWHERE).content.decode()
    assert asked("::1").status_code == 200
    assert asked("").status_code == 401
    monkeypatch.setenv("ISTHMUS_METRICS_TOKEN", "s3cret")
    assert asked().status_code == 401
    assert asked(ELSEWHERE, Authorization="Bearer wrong").status_code == 401
    assert asked(ELSEWHERE, Authorization="Bearer s3cre").status_code == 401
    assert asked(ELSEWHERE, Authorization="Bearer \xff").status_code == 401
    assert b"isthmus_" not in asked(ELSEWHERE).content
    assert asked(ELSEWHERE, Authorization="Bearer s3cret").status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_on_this_machine_is_not_of_this_machine(header: str) -> None:
    assert asked(**{header: LOCAL}).status_code == 401


def test_behind_a_proxy_that_says_nothing_a_token_is_needed_too() -> None:
    with override_settings(PUBLIC_URL="https://isthmus.example.com"):
        assert asked().status_code == 401


def test_without_a_database_that_is_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_CONNINFO", "host=127.0.0.1 port=9 dbname=x connect_timeout=2")
    found = families()
    assert set(found) == {"isthmus_build_info", "isthmus_database_up"}
    assert found["isthmus_database_up"].samples[0].value == 0


def test_many_connections_and_goals_stay_few_series(monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.monitoring import figures

    monkeypatch.setattr(figures, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(figures, "MOST_GOALS", 2)
    for number in range(5):
        done = run(connection=new_connection(f"c{number}"))
        RunGoal.objects.create(run=done, key="leads", direction="import", counts={"received": 1})

    assert set(values("isthmus_last_run_state", "connection")) == {("c0",), ("c1",), ("c2",)}
    assert set(values("isthmus_last_run_records", "connection")) == {("c0",), ("c1",)}
    assert values("isthmus_goals_left_out") == {(): 1}
    assert values("isthmus_connections", "state")["on",] == 5
