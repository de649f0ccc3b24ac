"""Runs that are worked off: what becomes of them, and who may write for them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from integration import set_up
from isthmus.connections import executing, fences, guards, queueing, watch
from isthmus.connections.errors import RunAlreadyGoing, RunTakenOver
from isthmus.connections.executing import Worker, work_off
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Letter, Run, RunGoal, RunState
from isthmus.connections.patience import Patience
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.profiles import database
from isthmus.profiles.database import DatabaseGone
from isthmus.salesforce import DailyLimitReached, HostUnreachable, SignInRefused, WaitCancelled

Engine = Callable[[GoalRun], None]


class NoOrg:
    """Stands where the client would: the engines of these tests ask Salesforce nothing."""

    calls = 3


@pytest.fixture
def acme(store: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> ConnectionRow:
    @contextmanager
    def signed_in(_: ConnectionRow, **_more: object) -> Iterator[NoOrg]:
        yield NoOrg()

    monkeypatch.setattr(executing, "signed_in", signed_in)
    monkeypatch.setattr(watch, "SECONDS", 0)
    row = set_up.new_connection()
    for key in ("first", "second"):
        set_up.new_goal(row, _goal(key))
    return row


def _goal(key: str) -> ImportGoal:
    match = (MatchRow(field="Id", identifier="ids"),)
    return ImportGoal(key=key, name=key, object=LEAD, match=match)


def _worker(engine: Engine, **given: Any) -> Worker:
    quick = Patience(pauses=(0, 0), limit_seconds=3600)
    return Worker(**{"engines": {"import": engine}, "patience": quick, **given})


def _well(goal_run: GoalRun) -> None:
    goal_run.counts.received = goal_run.counts.created = 1


def _work_off(acme: ConnectionRow, engine: Engine, **given: Any) -> list[Run]:
    return work_off(acme, _worker(engine, **given))


def _states() -> list[tuple[str, str]]:
    return list(RunGoal.objects.order_by("id").values_list("key", "state"))


def test_a_queued_run_is_worked_off(acme: ConnectionRow) -> None:
    queueing.ask(acme)
    [run] = _work_off(acme, _well)
    assert (run.state, run.api_calls, run.message) == ("finished", 3, "")
    assert run.started_at is not None
    assert run.finished_at is not None
    assert _states() == [("first", "finished"), ("second", "finished")]
    assert _work_off(acme, _well) == []


def test_a_goal_that_fails_stops_no_other(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        if goal_run.goal.key == "first":
            raise SignInRefused("no right to read")
        _well(goal_run)

    queueing.ask(acme)
    [run] = _work_off(acme, engine)
    assert run.state == "problems"
    assert _states() == [("first", "failed"), ("second", "finished")]
    assert RunGoal.objects.get(key="first").message == "no right to read"


def test_a_run_of_which_no_goal_finished_has_failed(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        raise SignInRefused("no")

    queueing.ask(acme)
    assert _work_off(acme, engine)[0].state == "failed"


def test_counts_that_do_not_add_up_fail_the_goal(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        goal_run.counts.received = 2

    queueing.ask(acme, goals=["first"])
    assert _work_off(acme, engine)[0].state == "failed"
    assert "2 records were received and 0" in RunGoal.objects.get().message


def test_what_may_pass_is_tried_again_in_the_same_run(acme: ConnectionRow) -> None:
    tries: list[bool] = []

    def engine(goal_run: GoalRun) -> None:
        tries.append(goal_run.resumed)
        if len(tries) < 3:
            raise HostUnreachable("not now")
        _well(goal_run)

    queueing.ask(acme, goals=["first"])
    assert _work_off(acme, engine)[0].state == "finished"
    assert tries == [False, True, True]
    assert RunGoal.objects.get().message == ""


def test_what_does_not_pass_fails_in_the_end(acme: ConnectionRow) -> None:
    def engine(_: GoalRun) -> None:
        raise HostUnreachable("still not")

    queueing.ask(acme, goals=["first"])
    assert _work_off(acme, engine)[0].state == "failed"
    assert (RunGoal.objects.get().tries, RunGoal.objects.get().message) == (3, "still not")


def test_an_error_that_nobody_foresaw_fails_the_goal_and_no_process(
    acme: ConnectionRow, caplog: pytest.LogCaptureFixture
) -> None:
    def engine(_: GoalRun) -> None:
        raise ZeroDivisionError("secret value")

    queueing.ask(acme, goals=["first"])
    assert _work_off(acme, engine)[0].state == "failed"
    message = RunGoal.objects.get().message
    assert "ZeroDivisionError" in message
    assert "secret value" not in message
    assert "not foreseen" in caplog.text


def test_a_run_without_api_calls_waits_and_goes_on_later(acme: ConnectionRow) -> None:
    calls: list[str] = []

    def engine(goal_run: GoalRun) -> None:
        calls.append(goal_run.goal.key)
        if len(calls) == 2:
            raise DailyLimitReached("none left")
        _well(goal_run)

    queueing.ask(acme)
    [run] = _work_off(acme, engine)
    assert (run.state, run.message) == ("waiting", "none left")
    assert _states() == [("first", "finished"), ("second", "waiting")]
    queueing.ask(acme)
    assert _work_off(acme, engine) == []
    Run.objects.filter(id=run.id).update(wait_until=run.started_at)
    first, second = _work_off(acme, engine)
    assert (first.state, first.message, second.state) == ("finished", "", "finished")
    assert calls == ["first", "second", "second", "first", "second"]


def test_a_run_that_was_left_behind_goes_on_with_the_goal_where_it_was(
    acme: ConnectionRow,
) -> None:
    seen: list[tuple[str, bool]] = []

    def dies(goal_run: GoalRun) -> None:
        if goal_run.goal.key == "second":
            raise KeyboardInterrupt
        _well(goal_run)

    def engine(goal_run: GoalRun) -> None:
        seen.append((goal_run.goal.key, goal_run.resumed))
        _well(goal_run)

    queueing.ask(acme)
    with pytest.raises(KeyboardInterrupt):
        _work_off(acme, dies)
    assert Run.objects.get().state == "running"
    queueing.ask(acme, goals=["first"])
    first, second = _work_off(acme, engine)
    assert (first.number, first.state, first.fence) == (1, "finished", 2)
    assert (second.number, second.state, second.fence) == (2, "finished", 1)
    assert seen == [("second", True), ("first", False)]


def test_a_database_that_goes_away_leaves_the_run_open(acme: ConnectionRow) -> None:
    def engine(_: GoalRun) -> None:
        with database.connected() as session:
            session.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    queueing.ask(acme)
    with pytest.raises(DatabaseGone):
        _work_off(acme, engine)
    assert Run.objects.get().state == "running"
    assert _work_off(acme, _well)[0].state == "finished"


def test_two_processes_do_not_work_on_one_connection(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        with pytest.raises(RunAlreadyGoing, match="has a run going on"):
            _work_off(acme, _well)
        _well(goal_run)

    queueing.ask(acme, goals=["first"])
    assert _work_off(acme, engine)[0].state == "finished"


def test_connections_do_not_wait_for_each_other(acme: ConnectionRow) -> None:
    other = set_up.new_connection("other")
    set_up.new_goal(other, _goal("first"))
    queueing.ask(other)

    def engine(goal_run: GoalRun) -> None:
        if goal_run.connection.key == "acme":
            assert _work_off(other, _well)[0].state == "finished"
        _well(goal_run)

    queueing.ask(acme, goals=["first"])
    assert _work_off(acme, engine)[0].state == "finished"


def test_who_lost_the_lock_without_noticing_writes_nothing_more(
    acme: ConnectionRow, store: Connection[Any]
) -> None:
    """The session with the lock is cut; another process takes the run over meanwhile."""
    after: list[str] = []

    def other(goal_run: GoalRun) -> None:
        goal_run.counts.received = goal_run.counts.updated = 7

    def engine(goal_run: GoalRun) -> None:
        store.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'isthmus run'"
        )
        assert _work_off(acme, other)[0].state == "finished"
        with database.connected() as session, pytest.raises(RunTakenOver):
            goal_run.fence.check(session)
        after.append("tried")
        _well(goal_run)

    queueing.ask(acme, goals=["first"])
    with pytest.raises((RunTakenOver, DatabaseGone)):
        _work_off(acme, engine)
    assert after == ["tried"]
    assert RunGoal.objects.get().counts["updated"] == 7
    assert Run.objects.get().fence == 2


def test_who_lost_the_lock_while_waiting_for_salesforce_does_not_take_it_for_a_stop(
    acme: ConnectionRow, store: Connection[Any]
) -> None:
    def engine(goal_run: GoalRun) -> None:
        store.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'isthmus run'"
        )
        # What waits for an answer asks from another thread, and is broken off.
        assert goal_run.cancelled.from_elsewhere()  # type: ignore[attr-defined]
        raise WaitCancelled("broken off")

    queueing.ask(acme, goals=["first"])
    with pytest.raises(DatabaseGone):
        _work_off(acme, engine)
    assert Run.objects.get().state == "running"
    assert RunGoal.objects.get().state == "running"


def test_a_take_over_waits_for_the_chunk_that_its_owner_writes(
    acme: ConnectionRow, store: Connection[Any]
) -> None:
    run = queueing.ask(acme)
    fence = fences.Fence(run=run.id, number=run.fence)
    with store.transaction():
        fence.check(store)
        with (
            psycopg.connect(store.info.dsn, password=store.info.password) as other,
            pytest.raises(psycopg.errors.LockNotAvailable),
        ):
            other.execute("SELECT FROM connections_run WHERE id = %s FOR UPDATE NOWAIT", [run.id])
        # Its progress, and asking for its end, wait for nobody.
        with psycopg.connect(store.info.dsn, password=store.info.password) as other:
            other.execute("SET lock_timeout = '1s'")
            other.execute("UPDATE connections_run SET state = 'stopped' WHERE id = %s", [run.id])


def test_a_person_stops_the_run_from_elsewhere(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        queueing.stop(Run.objects.get())
        goal_run.check_stop()

    queueing.ask(acme)
    assert _work_off(acme, engine)[0].state == "stopped"
    assert _states() == [("first", "stopped"), ("second", "stopped")]


def test_a_process_that_leaves_leaves_the_run_open(acme: ConnectionRow) -> None:
    asked: list[bool] = []

    def engine(goal_run: GoalRun) -> None:
        asked.append(True)
        goal_run.check_stop()

    queueing.ask(acme)
    [run] = _work_off(acme, engine, leaving=lambda: bool(asked))
    assert run.state == "running"
    assert _states() == [("first", "running"), ("second", "queued")]
    assert _work_off(acme, _well)[0].state == "finished"


def test_stopping_wins_over_leaving(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        queueing.stop(Run.objects.get())
        goal_run.check_stop()

    def leaving() -> bool:
        return Run.objects.filter(state=RunState.STOPPING).exists()

    queueing.ask(acme)
    assert _work_off(acme, engine, leaving=leaving)[0].state == "stopped"


def test_a_run_that_was_stopping_when_its_process_died_is_stopped(acme: ConnectionRow) -> None:
    queueing.ask(acme)
    Run.objects.update(state=RunState.STOPPING)
    assert _work_off(acme, _well)[0].state == "stopped"
    assert not RunGoal.objects.exclude(state="stopped").exists()


def test_a_run_that_waits_for_confirmation_is_not_touched(acme: ConnectionRow) -> None:
    run = queueing.ask(acme)
    Run.objects.update(state=RunState.CONFIRMING)
    queueing.ask(acme)
    assert _work_off(acme, _well) == []
    guards.confirm(run, by="alice")
    assert [each.state for each in _work_off(acme, _well)] == ["finished", "finished"]


def test_a_connection_that_was_switched_off_meanwhile_does_not_run(acme: ConnectionRow) -> None:
    ConnectionRow.objects.update(notify_to=["ops@example.com"])
    queueing.ask(acme)
    ConnectionRow.objects.update(active=False)
    [run] = _work_off(acme, _well)
    assert run.state == "stopped"
    assert "switched off" in run.message
    assert not Letter.objects.exists(), "whoever switched it off need not be told that it failed"


def test_a_goal_that_was_deleted_meanwhile_fails_and_the_others_go_on(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        goal_run.connection.goals.filter(key="second").delete()
        _well(goal_run)

    queueing.ask(acme)
    [run] = _work_off(acme, engine)
    assert run.state == "problems"
    assert "was deleted" in RunGoal.objects.get(key="second").message


def test_a_goal_that_ends_its_process_every_time_is_given_up(acme: ConnectionRow) -> None:
    def dies(_: GoalRun) -> None:
        raise KeyboardInterrupt

    worker = replace(_worker(dies), patience=Patience(most_tries=2))
    queueing.ask(acme, goals=["first"])
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            work_off(acme, worker)
    assert work_off(acme, worker)[0].state == "failed"
    assert "begun 2 times" in RunGoal.objects.get().message


def test_signing_in_is_tried_again_too(acme: ConnectionRow, monkeypatch: Any) -> None:
    tries = []

    @contextmanager
    def flaky(_: ConnectionRow, **_more: object) -> Iterator[NoOrg]:
        tries.append(1)
        if len(tries) < 3:
            raise HostUnreachable("not now")
        yield NoOrg()

    monkeypatch.setattr(executing, "signed_in", flaky)
    queueing.ask(acme)
    assert _work_off(acme, _well)[0].state == "finished"


def test_a_refused_sign_in_fails_the_run_in_words(acme: ConnectionRow, monkeypatch: Any) -> None:
    def refused(_: ConnectionRow, **_more: object) -> None:
        raise SignInRefused("the secret is wrong")

    monkeypatch.setattr(executing, "signed_in", refused)
    queueing.ask(acme)
    [run] = _work_off(acme, _well)
    assert (run.state, run.message) == ("failed", "the secret is wrong")
    assert {state for _, state in _states()} == {"failed"}
