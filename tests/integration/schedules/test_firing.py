"""Runs that start by themselves: queued once each, whoever looks and whatever happened before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection

from integration import set_up
from isthmus.connections import due, firing, orgs, queueing, setting_up
from isthmus.connections.few_records import Few
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Run, RunState
from isthmus.domain import schedules
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD

SUNDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""The clock of these tests begins here."""

AT_SIX = {"days": ["mon", "tue", "wed", "thu", "fri"], "at": ["06:00"]}


@pytest.fixture
def acme(store: Connection[Any]) -> ConnectionRow:
    """A connection at six on weekdays that has run before."""
    return connection("acme")


def connection(key: str, *, ran: bool = True, schedule: dict[str, Any] = AT_SIX) -> ConnectionRow:
    row = set_up.new_connection(key, schedule=schedule)
    goal = ImportGoal(
        key="leads", name="Leads", object=LEAD, match=(MatchRow(field="Id", identifier="ids"),)
    )
    set_up.new_goal(row, goal)
    if ran:
        long_ago = SUNDAY - timedelta(days=7)
        Run.objects.create(connection=row, number=1, state=RunState.FINISHED, queued_at=long_ago)
    due.renew(row, SUNDAY)
    return row


def day(number: int, hour: int = 6, minute: int = 0) -> datetime:
    """A moment in March 2026, in UTC; the second is a Monday."""
    return datetime(2026, 3, number, hour, minute, tzinfo=UTC)


def queued(row: ConnectionRow) -> list[tuple[int, datetime | None]]:
    runs = Run.objects.filter(connection=row, asked_by=firing.SCHEDULE).order_by("number")
    return [(run.number, run.due_at) for run in runs]


def end(row: ConnectionRow) -> None:
    Run.objects.filter(connection=row).update(state=RunState.FINISHED)


def due_at(row: ConnectionRow) -> datetime | None:
    row.refresh_from_db()
    return row.due_at


def test_a_run_is_queued_when_its_time_comes_and_not_before(acme: ConnectionRow) -> None:
    assert due_at(acme) == day(2)
    assert firing.fire(day(2, 5, 59)) == 0
    assert firing.fire(day(2)) == 1
    assert queued(acme) == [(2, day(2))]
    run = Run.objects.get(number=2)
    assert (run.state, run.goal_keys, run.full, run.preview) == ("queued", [], False, False)
    assert due_at(acme) == day(3)
    assert firing.fire(day(2)) == 0


def test_times_that_were_missed_run_once(acme: ConnectionRow) -> None:
    """The machine was off from Monday to Thursday."""
    assert firing.fire(day(5, 9)) == 1
    assert queued(acme) == [(2, day(2))]
    assert due_at(acme) == day(6)
    end(acme)
    assert firing.fire(day(5, 10)) == 0


def test_behind_a_run_that_goes_on_one_is_queued_and_not_two(acme: ConnectionRow) -> None:
    Run.objects.filter(connection=acme).update(state=RunState.RUNNING)
    assert firing.fire(day(2)) == 1
    assert firing.fire(day(3)) == 1
    assert firing.fire(day(4)) == 1
    assert queued(acme) == [(2, day(2))]
    assert due_at(acme) == day(5)


def test_a_run_that_somebody_asked_for_is_not_doubled_but_takes_all(acme: ConnectionRow) -> None:
    queueing.ask(acme, goals=["leads"], by="alice")
    assert firing.fire(day(2)) == 1
    run = Run.objects.get(state=RunState.QUEUED)
    assert (run.goal_keys, run.asked_by, run.due_at) == ([], "alice", day(2))


def test_a_time_waits_behind_a_queued_run_of_a_few_records(acme: ConnectionRow) -> None:
    few = queueing.ask_few(acme, Few(first=10))
    assert firing.fire(day(2)) == 0
    assert due_at(acme) == day(2)
    Run.objects.filter(id=few.id).update(state=RunState.RUNNING)
    assert firing.fire(day(2, 6, 1)) == 1
    assert queued(acme) == [(3, day(2))]


def test_previews_are_no_runs(store: Connection[Any]) -> None:
    row = connection("acme", ran=False)
    queueing.ask_preview(row, goals=["leads"])
    assert firing.fire(SUNDAY) == 1
    assert queued(row) == [(1, SUNDAY)]


def test_the_first_run_comes_as_soon_as_the_connection_can_run(store: Connection[Any]) -> None:
    row = connection("acme", ran=False)
    assert due_at(row) == SUNDAY
    assert firing.fire(SUNDAY) == 1
    assert queued(row) == [(1, SUNDAY)]
    assert due_at(row) == day(2)


@pytest.mark.parametrize("hours_behind", [0, 3])
def test_the_first_run_is_not_doubled_where_somebody_asked_for_it(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch, hours_behind: int
) -> None:
    """Whatever the clock of that machine shows."""
    row = connection("acme", ran=False)
    behind = timezone.now() - timedelta(hours=hours_behind)
    with monkeypatch.context() as odd:
        odd.setattr(timezone, "now", lambda: behind)
        due.renew(row)
        queueing.ask(row, by="alice")
    Run.objects.update(state=RunState.RUNNING)
    assert firing.fire() == 0
    assert queued(row) == []
    following = due_at(row)
    assert following is not None
    assert following > due.clock()


def test_a_first_run_of_one_goal_or_a_few_records_does_not_stand_for_the_first_run(
    store: Connection[Any],
) -> None:
    one, few = connection("one", ran=False), connection("few", ran=False)
    for row in (one, few):
        due.renew(row)
    queueing.ask(one, goals=["leads"])
    queueing.ask_few(few, Few(first=10))
    Run.objects.update(state=RunState.RUNNING)
    assert firing.fire() == 2
    assert [number for row in (one, few) for number, _ in queued(row)] == [2, 2]


def test_what_was_missed_runs_though_no_older_run_is_kept(acme: ConnectionRow) -> None:
    """A run by hand while the sign-in was lost met nothing."""
    Run.objects.all().delete()
    _lose(acme)
    queueing.ask(acme)
    end(acme)
    _find(acme)
    assert firing.fire() == 1
    assert queued(acme) == [(2, day(2))]


def test_a_connection_by_hand_never_runs_by_itself(store: Connection[Any]) -> None:
    row = connection("acme", ran=False, schedule={"by_hand": True})
    assert due_at(row) is None
    assert firing.fire(day(20)) == 0
    assert Run.objects.count() == 0


def test_while_it_is_off_nothing_is_due_and_nothing_is_made_up_for(acme: ConnectionRow) -> None:
    switch(acme, on=False, now=day(2, 5))
    assert due_at(acme) is None
    assert firing.fire(day(4)) == 0
    switch(acme, on=True, now=day(4, 12))
    assert firing.fire(day(4, 12)) == 0
    assert due_at(acme) == day(5)


def test_a_switch_between_two_looks_still_forgets_what_was_missed(acme: ConnectionRow) -> None:
    """Nobody looked while it was off."""
    switch(acme, on=False, now=day(2, 5))
    switch(acme, on=True, now=day(4, 12))
    assert firing.fire(day(4, 12)) == 0


def test_a_connection_that_was_made_and_never_on_runs_when_it_is_switched_on(
    store: Connection[Any],
) -> None:
    row = connection("acme", ran=False)
    switch(row, on=False, now=SUNDAY)
    assert firing.fire(day(3)) == 0
    switch(row, on=True, now=day(4, 12))
    assert firing.fire(day(4, 12)) == 1


def switch(row: ConnectionRow, *, on: bool, now: datetime) -> None:
    setting_up.switch(row.key, on=on, now=now)


def _lose(row: ConnectionRow) -> None:
    row.authorization.lost_at = timezone.now()  # type: ignore[union-attr]
    row.authorization.save()  # type: ignore[union-attr]


def _find(row: ConnectionRow) -> None:
    row.authorization.lost_at = None  # type: ignore[union-attr]
    row.authorization.save()  # type: ignore[union-attr]


def _to_browser(row: ConnectionRow) -> None:
    row.authorization.flow = "browser"  # type: ignore[union-attr]
    row.authorization.save()  # type: ignore[union-attr]


def _grant(row: ConnectionRow) -> None:
    row.authorization.sealed_refresh_token = b"x"  # type: ignore[union-attr]
    row.authorization.save()  # type: ignore[union-attr]


def _to_other_org(row: ConnectionRow) -> None:
    row.authorization.org_id = "00D000000000002AAA"  # type: ignore[union-attr]
    row.authorization.save()  # type: ignore[union-attr]


def _accept(row: ConnectionRow) -> None:
    orgs.accept_new_org(row, by="alice")


def _goals(active: bool) -> Callable[[ConnectionRow], None]:  # noqa: FBT001
    def change(row: ConnectionRow) -> None:
        for goal in row.goals.all():
            goal.document = {**goal.document, "active": active}
            goal.save()

    return change


def _without(row: ConnectionRow) -> None:
    ConnectionRow.objects.filter(id=row.id).update(authorization=None)


def _with(row: ConnectionRow) -> None:
    ConnectionRow.objects.filter(id=row.id).update(authorization=row.authorization_id)


Act = Callable[[ConnectionRow], None]


@pytest.mark.parametrize(
    ("hinder", "repair", "hindrance"),
    [
        pytest.param(_lose, _find, due.Hindrance.SIGN_IN_LOST, id="sign-in lost"),
        pytest.param(_to_browser, _grant, due.Hindrance.NO_SIGN_IN, id="not connected yet"),
        pytest.param(_without, _with, due.Hindrance.NO_SIGN_IN, id="no sign-in"),
        pytest.param(_to_other_org, _accept, due.Hindrance.OTHER_ORG, id="other org"),
        pytest.param(_goals(False), _goals(True), due.Hindrance.NO_GOAL, id="no active goal"),  # noqa: FBT003
    ],
)
def test_it_pauses_while_it_can_not_run_and_what_was_missed_runs_once_it_can(
    acme: ConnectionRow, hinder: Act, repair: Act, hindrance: due.Hindrance
) -> None:
    hinder(acme)
    for number in (2, 3, 4):
        assert firing.fire(day(number)) == 0
    assert Run.objects.count() == 1
    said = due.next_run(acme, day(4))
    assert (said.hindrance, said.word, said.is_paused) == (hindrance, "Paused", True)
    assert "as soon as" in said.sentence
    repair(acme)
    assert due.next_run(acme, day(4)).hindrance is None
    assert firing.fire(day(4, 12)) == 1
    assert queued(acme) == [(2, day(2))]
    assert due_at(acme) == day(5)


def test_one_without_a_time_gets_one(acme: ConnectionRow) -> None:
    """Made by something that did not work it out."""
    other = connection("other", ran=False)
    ConnectionRow.objects.update(due_at=None)
    assert firing.fire(SUNDAY) == 1
    assert (due_at(acme), due_at(other)) == (day(2), day(2))
    assert (queued(acme), queued(other)) == ([], [(1, SUNDAY)])


@pytest.mark.parametrize(
    ("column", "value", "following"),
    [
        ("schedule", {"day": 31, "at": ["09:00"]}, day(31, 9)),
        ("timezone", "Asia/Tokyo", day(1, 21)),
        ("active", False, None),
        ("name", "Another", day(2)),
    ],
)
def test_whoever_changes_a_row_without_a_word_changes_when_it_is_due(
    acme: ConnectionRow, column: str, value: Any, following: datetime | None
) -> None:
    """By a statement, or by saving the whole row."""
    ConnectionRow.objects.filter(id=acme.id).update(**{column: value})
    firing.mend(SUNDAY)
    assert due_at(acme) == following
    other = connection("other")
    setattr(other, column, value)
    other.save()
    firing.mend(SUNDAY)
    assert due_at(other) == following


def test_a_clock_that_was_ahead_and_is_set_back_keeps_nothing_from_running(
    acme: ConnectionRow,
) -> None:
    monthly = connection("monthly", schedule={"day": 31, "at": ["06:00"]})
    new = connection("new", ran=False)
    ConnectionRow.objects.filter(key__in=["acme", "new"]).update(due_at=day(2).replace(year=2027))
    assert firing.fire(day(2, 7)) == 0
    assert firing.bring_nearer(day(2, 7)) == 2
    assert (due_at(acme), due_at(new), due_at(monthly)) == (day(3), day(2, 7), day(31))
    assert firing.bring_nearer(day(2, 8)) == 0


def test_a_schedule_that_this_version_does_not_know_keeps_no_other_back(
    acme: ConnectionRow,
) -> None:
    other = connection("other")
    ConnectionRow.objects.filter(id=acme.id).update(schedule={"moon": "full"})
    firing.fire(day(2))
    assert (queued(other), queued(acme)) == ([(2, day(2))], [])
    assert due_at(acme) is None
    said = due.next_run(acme, day(2))
    assert (said.word, said.at) == ("Paused", None)
    assert "can\u2019t be read" in said.sentence
    firing.fire(day(3))


def test_another_schedule_counts_from_now(acme: ConnectionRow) -> None:
    with setting_up.changing("acme") as row:
        due.change(row, schedules.read({"day": 31, "at": ["09:00"]}), day(5))
    assert due_at(acme) == day(31, 9)


def test_the_time_zone_of_the_schedule_goes_before_that_of_the_connection(
    acme: ConnectionRow,
) -> None:
    ConnectionRow.objects.update(timezone="Asia/Tokyo")
    acme.refresh_from_db()
    due.renew(acme, SUNDAY)
    assert due_at(acme) == day(1, 21)
    with setting_up.changing("acme") as row:
        due.change(row, schedules.read({**AT_SIX, "timezone": "Europe/Amsterdam"}), SUNDAY)
    assert due_at(acme) == day(2, 5)


def test_what_is_not_committed_is_due_still(acme: ConnectionRow) -> None:
    """As where the process ends there."""

    def ends() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        firing.fire(day(2), before_commit=ends)
    assert (queued(acme), due_at(acme)) == ([], day(2))
    assert firing.fire(day(2)) == 1


def test_one_that_somebody_holds_is_left_to_the_next_look(acme: ConnectionRow) -> None:
    other = connection("other")
    import threading

    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            ConnectionRow.objects.select_for_update(no_key=True).get(id=acme.id)
            held.set()
            go_on.wait(10)
        database.close()

    holding = threading.Thread(target=hold)
    holding.start()
    held.wait(10)
    assert firing.fire(day(2)) == 1
    go_on.set()
    holding.join()
    assert (queued(acme), len(queued(other))) == ([], 1)
    assert firing.fire(day(2)) == 1


def test_many_are_fired_by_a_few_statements_and_tell_the_workers(store: Connection[Any]) -> None:
    for number in range(30):
        connection(f"c{number}")
    with CaptureQueriesContext(database) as few:
        assert firing.fire(day(2)) == 30
    beside = [each for each in few.captured_queries if "procrastinate" not in each["sql"]]
    beside = [each for each in beside if "SAVEPOINT" not in each["sql"]]
    assert len(beside) <= 16
    told = store.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    assert told == (30,)


def test_the_next_run_is_told_for_many_with_one_statement(acme: ConnectionRow) -> None:
    others = [connection(f"c{number}") for number in range(5)]
    Run.objects.filter(connection=others[0]).update(state=RunState.RUNNING)
    firing.fire(day(2))
    end(others[1])
    switch(others[2], on=False, now=day(2))
    with CaptureQueriesContext(database) as asked:
        said = due.next_runs([row.id for row in (acme, *others)], day(2))
    assert len(asked) == 1
    words = [said[row.id].word for row in (acme, *others)]
    assert words == ["Queued", "After this run", "", "Off", "Queued", "Queued"]
    assert said[acme.id].at == day(3)
    assert said[others[2].id].at is None
