"""Which runs are told, and that each is told once."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integration import set_up
from integration.letters.conftest import TEAM, ended
from isthmus.connections import executing, guards, letters, queueing, watch
from isthmus.connections.errors import PageIncomplete
from isthmus.connections.executing import Worker, work_off
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
from isthmus.connections.patience import Patience
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.profiles import database

S = RunState


def test_runs_are_told_to_those_who_hear_of_such_ends(acme: Connection) -> None:
    for when, told in (
        (When.EVERY, {S.FINISHED, S.PROBLEMS, S.FAILED, S.STOPPED}),
        (When.PROBLEMS, {S.PROBLEMS, S.FAILED}),
        (When.FAILURES, {S.FAILED}),
    ):
        _now_hear_of(acme, when)
        for state in (S.FINISHED, S.PROBLEMS, S.FAILED, S.STOPPED):
            letters.post_run(ended(acme, state))
        assert {RunState(each.run.state) for each in Letter.objects.all() if each.run} == told, when


def test_a_lost_sign_in_is_told_whatever_they_hear_of(acme: Connection) -> None:
    Authorization.objects.update(lost_at=timezone.now())
    for when in When:
        _now_hear_of(acme, when)
        letters.post_run(ended(acme, S.PROBLEMS))
        assert Letter.objects.count() == 1, when


def _now_hear_of(connection: Connection, when: When) -> None:
    Letter.objects.all().delete()
    Connection.objects.update(notify_when=when)
    connection.refresh_from_db()


def test_a_run_is_told_once_by_each_channel_however_often_it_ends(acme: Connection) -> None:
    Connection.objects.update(webhook_url="https://example.com/hook")
    acme.refresh_from_db()
    run = ended(acme, S.FAILED)
    for _ in range(3):
        letters.post_run(run)
    found = Letter.objects.order_by("channel").values_list("channel", "key", "to")
    assert list(found) == [
        ("email", f"run {run.id}", TEAM),
        ("webhook", f"run {run.id}", ["https://example.com/hook"]),
    ]


def test_a_preview_is_never_told(acme: Connection) -> None:
    letters.post_run(ended(acme, S.FAILED, preview=True))
    assert not Letter.objects.exists()


def test_a_run_that_was_not_written_down_is_not_told(acme: Connection) -> None:
    run = ended(acme, S.FAILED)
    with transaction.atomic():
        letters.post_run(run)
        transaction.set_rollback(True)
    assert not Letter.objects.exists()


def test_nobody_is_told_where_nobody_wants_to_hear(store: Any) -> None:
    letters.post_run(ended(set_up.new_connection(), S.FAILED))
    assert not Letter.objects.exists()


def test_a_run_that_is_stopped_by_hand_is_told_to_those_who_hear_of_every_run(
    acme: Connection,
) -> None:
    queueing.stop(Run.objects.create(connection=acme, number=1))
    assert not Letter.objects.exists()
    Connection.objects.update(notify_when=When.EVERY)
    queueing.stop(Run.objects.create(connection=acme, number=2))
    assert Letter.objects.count() == 1


def _waiting(acme: Connection) -> RunGoal:
    run = Run.objects.create(connection=acme, number=1, state=S.RUNNING)
    part = RunGoal.objects.create(run=run, key="leads_in", direction="import")
    guards.ask(part, guards.Size(updated=40, of=100), 1)
    guards.wait(run, part)
    return part


def test_a_run_that_waits_for_a_yes_is_told_once(acme: Connection) -> None:
    part = _waiting(acme)
    part.run.state = S.RUNNING
    guards.wait(part.run, part)
    assert [each.asks_id for each in Letter.objects.all()] == [part.id]


def test_a_run_that_waits_is_no_failure(acme: Connection) -> None:
    Connection.objects.update(notify_when=When.FAILURES)
    acme.refresh_from_db()
    _waiting(acme)
    assert not Letter.objects.exists()


def test_a_run_that_nobody_agreed_to_in_time_is_told_as_a_problem(acme: Connection) -> None:
    run = _waiting(acme).run
    Run.objects.update(confirm_until=timezone.now())
    assert guards.expire() == 1
    assert Letter.objects.filter(key=f"run {run.id}").count() == 1


def test_a_run_that_somebody_refused_is_told_to_those_who_hear_of_every_run(
    acme: Connection,
) -> None:
    run = _waiting(acme).run
    guards.refuse(run, by="Bob")
    assert not Letter.objects.filter(key=f"run {run.id}").exists()


def test_an_alert_of_several_connections_is_one_letter_to_all_their_people(
    acme: Connection,
) -> None:
    other = set_up.new_connection(
        "other", notify_to=["bi@example.com", TEAM[0].upper()], webhook_url="https://x.example"
    )
    silent = set_up.new_connection("silent", notify_to=["no@example.com"], notify_when="failures")
    alert = Alert.objects.create(kind="sign_in_lost", about="authorization 1")
    letters.post_alert(alert, concerns=[acme, other, silent])
    (mail,) = Letter.objects.filter(channel="email")
    (hook,) = Letter.objects.filter(channel="webhook")
    assert [each.lower() for each in mail.to] == [*TEAM, "bi@example.com"]
    assert (hook.connection, hook.to) == (other, ["https://x.example"])
    letters.post_alert(alert, concerns=[acme, other, silent])
    assert Letter.objects.count() == 2


def test_an_alert_that_is_a_failure_is_told_to_those_who_hear_of_failures(
    acme: Connection,
) -> None:
    Connection.objects.update(notify_when=When.FAILURES)
    acme.refresh_from_db()
    letters.post_alert(Alert.objects.create(kind="long_run", about="run 1", connection=acme))
    assert not Letter.objects.exists()
    failure = Alert.objects.create(kind="did_not_start", about="connection 1", connection=acme)
    letters.post_alert(failure, is_failure=True)
    assert Letter.objects.count() == 1


def test_letters_that_are_done_with_are_forgotten_and_those_that_wait_are_not(
    acme: Connection,
) -> None:
    for _ in range(3):
        letters.post_run(ended(acme, S.FAILED))
    done, given_up, waits = Letter.objects.order_by("id")
    Letter.objects.filter(id=done.id).update(sent_at=timezone.now())
    Letter.objects.filter(id=given_up.id).update(given_up_at=timezone.now())
    letters.past(timezone.now()).delete()
    assert list(Letter.objects.all()) == [waits]


def _work_off(acme: Connection, engine: Any, **given: Any) -> list[Run]:
    patience = Patience(pauses=(0,))
    return work_off(acme, Worker(engines={"import": engine}, patience=patience, **given))


def test_a_run_that_is_left_and_taken_up_again_is_told_once(
    acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def signed_in(_: Connection, **_more: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(calls=0)

    monkeypatch.setattr(executing, "signed_in", signed_in)
    monkeypatch.setattr(watch, "SECONDS", 0)
    match = (MatchRow(field="Id", identifier="ids"),)
    set_up.new_goal(acme, ImportGoal(key="first", name="first", object=LEAD, match=match))
    leaving = False
    tries = []

    def engine(goal_run: GoalRun) -> None:
        nonlocal leaving
        tries.append(goal_run.goal.key)
        if len(tries) == 1:
            leaving = True
            goal_run.check_stop()
        if len(tries) == 2:
            raise database.DatabaseGone
        raise PageIncomplete

    queueing.ask(acme)
    _work_off(acme, engine, leaving=lambda: leaving)
    assert not Letter.objects.exists()
    with pytest.raises(database.DatabaseGone):
        _work_off(acme, engine)
    assert not Letter.objects.exists()
    (run,) = _work_off(acme, engine)
    assert (run.state, len(tries)) == (S.FAILED, 4)
    assert [each.key for each in Letter.objects.all()] == [f"run {run.id}"]
