"""Runs that would change too much, and wait for a yes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection

from integration import set_up
from isthmus.connections import executing, few_records, guarding, guards, queueing, watch
from isthmus.connections.errors import FewRefused, RunAlreadyGoing, StateRefused
from isthmus.connections.executing import Worker, work_off
from isthmus.connections.guards import Size
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Goal, Run, RunGoal
from isthmus.connections.patience import Patience
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.worker import presence


class NoOrg:
    """Stands where the client would: the engines of these tests ask Salesforce nothing."""

    calls = 0


@pytest.fixture
def acme(store: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> ConnectionRow:
    @contextmanager
    def signed_in(_: ConnectionRow, **_more: object) -> Iterator[NoOrg]:
        yield NoOrg()

    monkeypatch.setattr(executing, "signed_in", signed_in)
    monkeypatch.setattr(watch, "SECONDS", 0)
    row = set_up.new_connection(confirm_above=30)
    for key in ("first", "second"):
        match = (MatchRow(field="Id", identifier="ids"),)
        set_up.new_goal(row, ImportGoal(key=key, name=key, object=LEAD, match=match))
    Goal.objects.update(read_until=timezone.now())
    return row


class Changing:
    """An engine whose goals change as much as they are told, and say which of them ran."""

    def __init__(self, **changes: int) -> None:
        self.changes, self.done = changes, list[str]()

    def __call__(self, goal_run: GoalRun) -> None:
        changes = self.changes.get(goal_run.goal.key, 0)
        guards.check(goal_run, Size(updated=changes, of=100))
        self.done.append(goal_run.goal.key)


def _work_off(acme: ConnectionRow, engine: Any) -> list[Run]:
    patience = Patience(pauses=(0,))
    return work_off(acme, Worker(engines={"import": engine}, patience=patience))


def _asked(acme: ConnectionRow, engine: Any, **given: Any) -> Run:
    run = queueing.ask(acme, **given)
    _work_off(acme, engine)
    run.refresh_from_db()
    return run


def _states() -> list[str]:
    return list(RunGoal.objects.order_by("id").values_list("state", flat=True))


@pytest.mark.parametrize(
    ("changes", "of", "asks"),
    [
        (31, 100, True),
        (30, 100, False),
        (9, 10, False),
        (10, 10, True),
        (10, 0, True),
        (0, 0, False),
    ],
)
def test_more_than_the_share_and_not_a_few(changes: int, of: int, *, asks: bool) -> None:
    assert guards.exceeds(30, Size(updated=changes, of=of)) is asks


def test_a_goal_that_would_change_too_much_waits_and_goes_on_after_a_yes(
    acme: ConnectionRow,
) -> None:
    engine = Changing(second=71)
    before = timezone.now()
    run = _asked(acme, engine)
    assert (run.state, engine.done, _states()) == (
        "confirming",
        ["first"],
        ["finished", "confirming"],
    )
    assert run.message == (
        "Goal second would update 71 records: 71 % of the 100 that it knows so far."
    )
    assert run.confirm_until is not None
    assert timedelta(hours=24) <= run.confirm_until - before < timedelta(hours=25)
    guards.confirm(run, by="ada@example.com")
    assert (run.state, run.confirmed_by, run.message) == ("running", "ada@example.com", "")
    assert [each.state for each in _work_off(acme, engine)] == ["finished"]
    assert engine.done == ["first", "second"]
    asked = guards.Asked.of(RunGoal.objects.get(key="second"))
    assert asked is not None
    assert (asked.by, asked.size.changes) == ("ada@example.com", 71)


@pytest.mark.parametrize(
    "given", [{"confirm_above": None}, {"confirm_above": 71}], ids=["no limit", "a higher one"]
)
def test_below_the_limit_nobody_is_asked(acme: ConnectionRow, given: dict[str, Any]) -> None:
    ConnectionRow.objects.update(**given)
    assert _asked(acme, Changing(second=71)).state == "finished"


def test_a_goal_that_never_finished_does_not_wait(acme: ConnectionRow) -> None:
    Goal.objects.update(read_until=None)
    assert _asked(acme, Changing(first=100, second=100)).state == "finished"


@pytest.mark.parametrize("few", [{"first": 50}, {"only": "00Q000000000001AAA"}])
def test_a_run_of_a_few_records_does_not_wait(acme: ConnectionRow, few: dict[str, Any]) -> None:
    queueing.ask_few(acme, few_records.Few(goals=("first",), **few))
    assert [each.state for each in _work_off(acme, Changing(first=50))] == ["finished"]


def test_each_goal_asks_by_itself(acme: ConnectionRow) -> None:
    engine = Changing(first=50, second=60)
    run = _asked(acme, engine)
    question = guards.question(run)
    assert question is not None
    guards.confirm(run, by="ada", token=question.token)
    _work_off(acme, engine)
    run.refresh_from_db()
    assert (run.state, engine.done) == ("confirming", ["first"])
    with pytest.raises(StateRefused, match="asks something else by now"):
        guards.confirm(run, by="ada", token=question.token)
    guards.confirm(run, by="bob")
    assert [each.state for each in _work_off(acme, engine)] == ["finished"]
    assert engine.done == ["first", "second"]


@pytest.mark.parametrize(
    ("then", "state"), [(54, "finished"), (60, "finished"), (61, "confirming")]
)
def test_much_more_than_was_agreed_to_is_asked_again(
    acme: ConnectionRow, then: int, state: str
) -> None:
    engine = Changing(first=50)
    run = _asked(acme, engine)
    guards.confirm(run, by="ada")
    engine.changes["first"] = then
    assert _work_off(acme, engine)[0].state == state


def test_a_goal_that_was_changed_meanwhile_asks_again(acme: ConnectionRow) -> None:
    engine = Changing(first=50)
    run = _asked(acme, engine)
    Goal.objects.filter(key="first").update(version=2)
    guards.confirm(run, by="ada")
    assert _work_off(acme, engine)[0].state == "confirming"


def test_a_goal_that_was_deleted_meanwhile_fails_and_the_others_go_on(acme: ConnectionRow) -> None:
    engine = Changing(first=50)
    run = _asked(acme, engine)
    Goal.objects.filter(key="first").delete()
    guards.confirm(run, by="ada")
    assert _work_off(acme, engine)[0].state == "problems"
    assert _states() == ["failed", "finished"]


def test_who_refuses_ends_the_run_and_is_named(acme: ConnectionRow) -> None:
    run = _asked(acme, Changing(first=50))
    guards.refuse(run, by="ada")
    assert (run.state, run.confirm_until) == ("stopped", None)
    assert run.finished_at is not None
    assert run.message.startswith("ada did not agree to it. Goal first would update 50")
    assert _states() == ["stopped", "stopped"]
    with pytest.raises(StateRefused, match="does not wait for confirmation: it is stopped"):
        guards.confirm(run, by="bob")
    with pytest.raises(StateRefused):
        guards.refuse(run, by="bob")


def test_stopping_a_run_that_waits_is_refusing(acme: ConnectionRow) -> None:
    run = queueing.stop(_asked(acme, Changing(first=50)), by="ada")
    assert run.state == "stopped"
    assert run.message.startswith("ada did not agree")


def test_a_run_that_nobody_agreed_to_in_time_ends_and_the_next_one_begins(
    acme: ConnectionRow, store: Connection[Any]
) -> None:
    engine = Changing(first=50)
    run = _asked(acme, engine)
    following = queueing.ask(acme)
    assert _work_off(acme, engine) == []
    assert presence.due(store) == []
    Run.objects.filter(id=run.id).update(confirm_until=timezone.now())
    assert [each.run for each in presence.due(store)] == [run.number]
    engine.changes.clear()
    assert [each.number for each in _work_off(acme, engine)] == [following.number]
    run.refresh_from_db()
    assert run.state == "stopped"
    assert run.message.startswith("Nobody agreed to it in time. Goal first")


def test_a_yes_that_comes_too_late_is_none(acme: ConnectionRow) -> None:
    run = _asked(acme, Changing(first=50))
    Run.objects.update(confirm_until=timezone.now())
    with pytest.raises(StateRefused, match="Nobody agreed to it in time"):
        guards.confirm(run, by="ada")


def test_a_run_that_is_stopped_while_it_counts_does_not_wait(acme: ConnectionRow) -> None:
    def engine(goal_run: GoalRun) -> None:
        queueing.stop(Run.objects.get())
        guards.check(goal_run, Size(updated=50, of=100))

    assert _asked(acme, engine).state == "stopped"


def test_two_workers_that_hear_of_a_yes_do_not_both_go_on(acme: ConnectionRow) -> None:
    run = _asked(acme, Changing(first=50), goals=["first"])
    guards.confirm(run, by="ada")

    def engine(goal_run: GoalRun) -> None:
        guards.check(goal_run, Size(updated=50, of=100))
        with pytest.raises(RunAlreadyGoing):
            _work_off(acme, Changing(first=50))

    assert _work_off(acme, engine)[0].state == "finished"
    assert _work_off(acme, engine) == []


def test_a_process_that_dies_after_a_yes_is_no_reason_to_ask_again(acme: ConnectionRow) -> None:
    run = _asked(acme, Changing(first=50))
    guards.confirm(run, by="ada")

    def dies(goal_run: GoalRun) -> None:
        guards.check(goal_run, Size(updated=50, of=100))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _work_off(acme, dies)
    assert _work_off(acme, Changing(first=50))[0].state == "finished"


def test_a_process_that_dies_before_it_lets_go_leaves_a_run_that_asks(
    acme: ConnectionRow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    queueing.ask(acme)
    with monkeypatch.context() as patch:
        patch.setattr(guards, "wait", dies)
        with pytest.raises(KeyboardInterrupt):
            _work_off(acme, Changing(first=50))
    assert (Run.objects.get().state, RunGoal.objects.get(key="first").asked) == ("running", None)
    assert _work_off(acme, Changing(first=50))[0].state == "confirming"


@pytest.mark.parametrize(
    ("few", "said"),
    [
        ({"first": 0}, "from 1 to 1,000,000"),
        ({"first": 5, "only": "x"}, "not both"),
        ({"only": "00Q000000000001AAA"}, "Name the goal"),
        ({"goals": ("first", "second"), "only": "00Q000000000001AAA"}, "only one"),
        ({"goals": ("first",), "only": "' OR Id != '"}, "no id of a Salesforce record"),
    ],
)
def test_a_run_of_a_few_records_that_makes_no_sense_is_refused(
    acme: ConnectionRow, few: dict[str, Any], said: str
) -> None:
    with pytest.raises(FewRefused, match=said):
        queueing.ask_few(acme, few_records.Few(**few))
    assert not Run.objects.exists()


def test_a_run_of_a_few_records_becomes_no_other_and_no_other_becomes_one(
    acme: ConnectionRow,
) -> None:
    few = few_records.Few(goals=("first",), first=5)
    run = queueing.ask_few(acme, few)
    assert queueing.ask_few(acme, few).id == run.id
    with pytest.raises(StateRefused, match="takes other records"):
        queueing.ask_few(acme, few_records.Few(goals=("first",), first=6))
    with pytest.raises(StateRefused, match="first 5 only"):
        queueing.ask(acme)
    queueing.stop(run)
    queueing.ask(acme)
    with pytest.raises(StateRefused, match="takes other records"):
        queueing.ask_few(acme, few)


@pytest.mark.parametrize(
    ("above", "hours", "fits"),
    [
        (1, 1, True),
        (100, 720, True),
        (None, 24, True),
        (0, 24, False),
        (101, 24, False),
        (5, 0, False),
        (5, 721, False),
    ],
)
def test_what_a_connection_can_be_set_to(above: int | None, hours: int, *, fits: bool) -> None:
    assert (list(guarding.troubles(above, hours)) == []) is fits
