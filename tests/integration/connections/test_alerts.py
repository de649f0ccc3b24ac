"""Each kind of alert opens once, tells what is so, and closes when it is no longer so."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import django.db
import pytest
from django.db import connection as database
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT, ended, new_run
from integration.set_up import new_connection, new_goal
from isthmus.connections import alert_words, alerts, certificates, letters, lost_letters
from isthmus.connections.alert_signs import Kind
from isthmus.connections.errors import NoSuchThing, StateRefused
from isthmus.connections.models import (
    Alert,
    Authorization,
    Connection,
    Goal,
    Letter,
    Run,
    RunGoal,
    RunState,
)
from isthmus.salesforce import API_ENABLED

NOW = timezone.now()
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


def evaluate(now: datetime = NOW, **given: Any) -> alerts.Evaluation:
    found = alerts.evaluate(now, **given)
    assert found is not None
    return found


def kinds() -> list[str]:
    return [each.kind for each in alerts.open_alerts()]


def said() -> alert_words.AlertWords:
    (alert,) = alerts.open_alerts()
    return alert_words.words(alert)


@contextmanager
def opens_once(kind: Kind) -> Iterator[None]:
    """In the block it stops being so: the alert is open before and closed after it."""
    assert [each.kind for each in evaluate().opened] == [kind]
    assert evaluate().opened == []
    assert kinds() == [kind]
    yield
    assert evaluate(NOW + MINUTE).closed == 1
    assert kinds() == []


def past_run(
    goal: Goal,
    received: int,
    *,
    ago: timedelta,
    took: timedelta = MINUTE,
    whole: bool = False,
    **given: Any,
) -> Run:
    """A run that has ended, of one goal, which took what had changed in an hour."""
    run = new_run(goal.connection, RunState.FINISHED, {goal: RunState.FINISHED}, received)
    began = NOW - ago
    Run.objects.filter(id=run.id).update(started_at=began, finished_at=began + took, **given)
    is_import = goal.direction == "import"
    RunGoal.objects.filter(run=run).update(
        started_at=began,
        finished_at=began + took,
        window_from=began - HOUR if is_import and not whole else None,
        window_to=began if is_import else None,
    )
    run.refresh_from_db()
    return run


def taken_before(goal: Goal) -> Goal:
    Goal.objects.filter(id=goal.id).update(read_until=NOW, read_version=goal.version)
    goal.refresh_from_db()
    return goal


def usual_runs(goal: Goal, received: int = 1000, runs: int = 10) -> Goal:
    for number in range(runs, 0, -1):
        past_run(goal, received, ago=number * 2 * DAY)
    return taken_before(goal)


def under_way(goal: Goal, *, since: timedelta, **given: Any) -> Run:
    run = new_run(goal.connection, RunState.RUNNING, {goal: RunState.RUNNING})
    Run.objects.filter(id=run.id).update(started_at=NOW - since, **given)
    return run


@pytest.fixture
def connection(store: Session[Any]) -> Connection:
    return new_connection("acme", name="Acme production")


@pytest.fixture
def leads(connection: Connection) -> Goal:
    return new_goal(connection, IMPORT)


def late_connection(key: str = "late", **given: Any) -> Connection:
    """One that should have started an hour ago."""
    connection = new_connection(key, **{"due_at": NOW - HOUR, **given})
    new_goal(connection, IMPORT)
    return connection


def test_a_store_without_anything_has_no_alerts(store: Session[Any]) -> None:
    assert evaluate() == alerts.Evaluation(opened=[], closed=0)


def test_a_new_connection_raises_no_alert_whatever_its_first_run_does(
    connection: Connection, leads: Goal
) -> None:
    evaluate()
    under_way(leads, since=DAY)
    evaluate()
    Run.objects.update(state=RunState.FINISHED, finished_at=NOW)
    past_run(leads, 1_000_000, ago=HOUR, whole=True)
    past_run(leads, 0, ago=MINUTE)
    evaluate()
    assert kinds() == []


def test_a_connection_that_is_due_and_does_not_start_is_told_after_a_quarter_of_an_hour(
    connection: Connection, leads: Goal
) -> None:
    Connection.objects.update(due_at=NOW - 14 * MINUTE)
    evaluate()
    assert kinds() == []
    Connection.objects.update(due_at=NOW - 16 * MINUTE)
    with opens_once(Kind.DID_NOT_START):
        assert said().title == "Acme production did not start"
        assert "no run began" in said().sentence
        assert said().address == "/connections/acme"
        new_run(connection, RunState.QUEUED, {})


def test_a_queued_run_that_nobody_takes_did_not_start(connection: Connection) -> None:
    run = new_run(connection, RunState.QUEUED, {})
    Run.objects.update(queued_at=NOW - 16 * MINUTE)
    with opens_once(Kind.DID_NOT_START):
        assert said().sentence.startswith(f"Run {run.number} has been queued since ")
        Run.objects.update(state=RunState.RUNNING, started_at=NOW)


def test_a_run_behind_one_that_goes_on_waits_for_that(connection: Connection) -> None:
    new_goal(connection, IMPORT)
    going = new_run(connection, RunState.RUNNING, {})
    new_run(connection, RunState.QUEUED, {})
    Run.objects.update(queued_at=NOW - HOUR)
    Connection.objects.update(due_at=NOW - HOUR)
    for state in (RunState.RUNNING, RunState.CONFIRMING, RunState.WAITING, RunState.STOPPING):
        Run.objects.filter(id=going.id).update(state=state)
        evaluate()
        assert kinds() == [], state


def test_a_run_whose_turn_is_to_come_is_told_only_where_others_overtake_it(
    connection: Connection,
) -> None:
    waits = new_run(connection, RunState.QUEUED, {})
    taken = new_run(new_connection("beta"), RunState.RUNNING, {})
    Run.objects.filter(id=waits.id).update(queued_at=NOW - HOUR)
    Run.objects.filter(id=taken.id).update(queued_at=NOW - HOUR, started_at=NOW - MINUTE)
    evaluate()
    assert kinds() == [], "workers are at those that were queued with it"
    Run.objects.filter(id=taken.id).update(queued_at=NOW - HOUR / 2)
    evaluate()
    assert kinds() == [Kind.DID_NOT_START], "a later one was taken"
    assert "start another beside it" in said().next_step


def test_a_connection_that_is_off_or_paused_is_not_late(connection: Connection) -> None:
    Connection.objects.update(due_at=NOW - DAY)
    evaluate()
    assert kinds() == [], "it has no goal"
    goal = new_goal(connection, IMPORT)
    evaluate()
    assert kinds() == [Kind.DID_NOT_START]
    hindrances: tuple[tuple[Any, dict[str, Any], list[Kind]], ...] = (
        (connection, {"active": False}, []),
        (connection, {"authorization": None}, []),
        (connection.authorization, {"lost_at": NOW}, [Kind.SIGN_IN_LOST]),
        (connection.authorization, {"flow": "browser"}, []),
        (connection.authorization, {"org_id": "00D999999999999AAA"}, []),
        (goal, {"document": replace(IMPORT, active=False).plain()}, []),
    )
    for row, hindrance, told in hindrances:
        rows = type(row).objects.filter(id=row.id)
        when = {"due_at"} if row == connection else set()
        before = rows.values(*when, *hindrance).get()
        rows.update(**hindrance)
        evaluate()
        assert kinds() == told, hindrance
        rows.update(**before)
        evaluate()
        assert kinds() == [Kind.DID_NOT_START], hindrance


def test_a_worker_that_has_just_begun_starts_what_is_late_and_tells_nobody(
    store: Session[Any],
) -> None:
    late_connection()
    assert evaluate(settling=True).opened == []
    assert len(evaluate().opened) == 1
    assert evaluate(settling=True).closed == 0


def test_what_is_late_is_seen_at_once_where_nobody_works_alerts_out(
    store: Session[Any],
) -> None:
    connection = late_connection()
    (seen,) = alerts.live(NOW)
    assert (seen.kind, seen.connection) == (Kind.DID_NOT_START, connection)
    assert not Alert.objects.exists()
    evaluate()
    Connection.objects.update(due_at=None)
    assert alerts.live(NOW) == []


def test_a_run_that_goes_on_for_much_longer_than_those_before_is_told(leads: Goal) -> None:
    usual_runs(leads)
    run = under_way(leads, since=12 * MINUTE)
    with opens_once(Kind.LONG_RUN):
        assert "1 min is usual, by the 10 runs before" in said().sentence
        assert said().address == f"/connections/acme/runs/{run.number}"
        Run.objects.filter(id=run.id).update(state=RunState.FINISHED, finished_at=NOW)


def test_a_run_of_another_kind_is_not_compared(leads: Goal) -> None:
    usual_runs(leads)
    run = under_way(leads, since=DAY)
    kind = Run.objects.filter(id=run.id)
    before = kind.values("full", "first", "only", "confirmed_by", "waits_since").get()
    others = {"full": True, "first": 10, "only": "x", "confirmed_by": "Alice", "waits_since": NOW}
    for name, value in others.items():
        kind.update(**{name: value})
        evaluate()
        assert kinds() == [], name
        kind.update(**before)
    evaluate()
    assert kinds() == [Kind.LONG_RUN]


def test_after_a_month_without_a_run_one_may_take_longer(leads: Goal) -> None:
    usual_runs(leads)
    Run.objects.update(started_at=F("started_at") - 30 * DAY)
    Run.objects.update(finished_at=F("started_at") + MINUTE)
    run = under_way(leads, since=HOUR)
    evaluate()
    assert kinds() == []
    Run.objects.filter(id=run.id).update(started_at=NOW - 9 * HOUR)
    evaluate()
    assert kinds() == [Kind.LONG_RUN]


def test_a_run_under_a_changed_set_up_is_not_compared(leads: Goal) -> None:
    usual_runs(leads)
    under_way(leads, since=DAY)
    Goal.objects.update(version=2)
    evaluate()
    assert kinds() == []
    Goal.objects.update(version=1)
    evaluate()
    assert kinds() == [Kind.LONG_RUN]


def test_a_first_run_says_nothing_of_how_long_later_ones_take(leads: Goal) -> None:
    for number in range(9, 4, -1):
        past_run(leads, 9, ago=number * DAY, took=8 * HOUR, whole=True)
    for number in range(1, 5):
        past_run(leads, 9, ago=number * HOUR)
    taken_before(leads)
    under_way(leads, since=DAY)
    evaluate()
    assert kinds() == [], "four are too few to compare with"
    past_run(leads, 9, ago=MINUTE)
    Run.objects.filter(state=RunState.RUNNING).update(number=99)
    evaluate()
    assert kinds() == [Kind.LONG_RUN]


def test_a_run_that_gets_nothing_where_much_is_usual_is_told_until_one_is_usual(
    leads: Goal,
) -> None:
    usual_runs(leads)
    run = past_run(leads, 0, ago=MINUTE)
    with opens_once(Kind.FEWER_RECORDS):
        assert said().sentence == (
            f"Run {run.number} got no records for Import leads; 1,000 are usual, by the 10 runs "
            f"before."
        )
        past_run(leads, 900, ago=timedelta())


def test_the_same_lack_again_and_again_does_not_become_usual_within_a_week(leads: Goal) -> None:
    usual_runs(leads)
    for number in range(9):
        past_run(leads, 0, ago=timedelta(minutes=50 - number))
        evaluate()
        assert kinds() == [Kind.FEWER_RECORDS]
    assert Alert.objects.count() == 1
    assert evaluate(NOW + timedelta(days=8)).closed == 1


def test_far_more_than_usual_is_told(leads: Goal) -> None:
    usual_runs(leads, received=50)
    past_run(leads, 40_000, ago=MINUTE)
    with opens_once(Kind.MORE_RECORDS):
        assert "got 40,000 records for Import leads; 50 are usual" in said().sentence
        past_run(leads, 60, ago=timedelta())


def test_a_run_of_a_few_records_closes_and_opens_nothing(leads: Goal) -> None:
    usual_runs(leads)
    few: tuple[dict[str, Any], ...] = ({"first": 10}, {"only": "x"})
    for given in few:
        past_run(leads, 1, ago=3 * MINUTE, **given)
        evaluate()
        assert kinds() == []
    past_run(leads, 0, ago=2 * MINUTE)
    for given in few:
        evaluate()
        past_run(leads, 1000, ago=MINUTE, **given)
        evaluate()
        assert kinds() == [Kind.FEWER_RECORDS]


def test_runs_of_every_few_minutes_are_asked_back_to_the_last_weeks(leads: Goal) -> None:
    """The last 400 know no flood; those before do."""
    for received in (40_000, 40_000, *[0] * 5):
        past_run(leads, received, ago=20 * DAY)
    first = Run.objects.earliest("id")
    part = RunGoal.objects.latest("id")
    runs = Run.objects.bulk_create(
        Run(
            connection=leads.connection,
            number=1000 + number,
            state=RunState.FINISHED,
            started_at=NOW - DAY,
            finished_at=NOW - DAY,
        )
        for number in range(400)
    )
    RunGoal.objects.bulk_create(
        RunGoal(
            run=run,
            goal=leads,
            key=leads.key,
            direction="import",
            state=RunState.FINISHED,
            counts={"received": 0},
            window_from=part.window_from,
            window_to=part.window_to,
            finished_at=NOW - DAY,
        )
        for run in runs
    )
    last = new_run(leads.connection, RunState.FINISHED, {leads: RunState.FINISHED}, 50_000)
    RunGoal.objects.filter(run=last).update(
        window_from=part.window_from, window_to=part.window_to, finished_at=NOW
    )
    evaluate()
    assert kinds() == []
    Run.objects.filter(id=first.id).update(first=1)
    evaluate()
    assert kinds() == [Kind.MORE_RECORDS], "one flood is no habit"


def test_a_run_that_takes_everything_is_not_compared_with_those_that_take_changes(
    leads: Goal,
) -> None:
    usual_runs(leads)
    past_run(leads, 900_000, ago=2 * MINUTE, whole=True, full=True)
    evaluate()
    assert kinds() == []
    past_run(leads, 0, ago=MINUTE)
    evaluate()
    assert kinds() == [Kind.FEWER_RECORDS], "those before it still say what is usual"


def test_after_a_change_of_the_set_up_only_what_came_since_is_compared(leads: Goal) -> None:
    usual_runs(leads)
    past_run(leads, 900_000, ago=2 * MINUTE, whole=True)
    past_run(leads, 0, ago=MINUTE)
    evaluate()
    assert kinds() == []


def test_members_of_an_export_are_compared_under_one_set_up(connection: Connection) -> None:
    goal = new_goal(connection, EXPORT)
    usual_runs(goal)
    RunGoal.objects.update(begun={"version": 1})
    past_run(goal, 0, ago=2 * MINUTE)
    evaluate()
    assert kinds() == [], "it went under another version"
    RunGoal.objects.update(begun={"version": 1})
    evaluate()
    assert kinds() == [Kind.FEWER_RECORDS]


def test_what_somebody_takes_as_usual_is_not_told_again(leads: Goal) -> None:
    usual_runs(leads)
    past_run(leads, 0, ago=9 * MINUTE)
    evaluate()
    (alert,) = alerts.open_alerts()
    alerts.take_as_usual(alert.id, by="Alice")
    for number in range(1, 9):
        past_run(leads, 0, ago=-number * 2 * DAY)
        evaluate(NOW + number * 2 * DAY)
    assert kinds() == []
    past_run(leads, 40_000, ago=-17 * DAY)
    evaluate(NOW + 17 * DAY)
    assert kinds() == [Kind.MORE_RECORDS], "compared with what was taken as usual"


def test_amounts_that_go_up_and_down_are_told_once(connection: Connection) -> None:
    Connection.objects.update(notify_to=["alice@example.com"], notify_when="problems")
    leads = usual_runs(new_goal(Connection.objects.get(), IMPORT))
    told = []
    for hour in range(4):
        past_run(leads, 0 if hour % 3 == 0 else 900, ago=-hour * HOUR)
        told.append(len(evaluate(NOW + hour * HOUR).opened))
        assert kinds() == ([Kind.FEWER_RECORDS] if hour % 3 == 0 else [])
    assert sum(told) == 1
    assert Letter.objects.count() == 1
    assert Alert.objects.count() == 1
    assert evaluate(NOW + 2 * DAY, since=NOW).opened == []


def test_an_alert_that_was_over_before_anybody_heard_of_it_is_told_when_it_comes_again(
    connection: Connection,
) -> None:
    Connection.objects.update(notify_to=["alice@example.com"], notify_when="problems")
    leads = usual_runs(new_goal(Connection.objects.get(), IMPORT))
    past_run(leads, 0, ago=timedelta())
    evaluate()
    past_run(leads, 900, ago=-HOUR)
    evaluate(NOW + HOUR)
    Letter.objects.get().delete()  # as whoever sends it does once there is nothing to tell
    past_run(leads, 0, ago=-2 * HOUR)
    evaluate(NOW + 2 * HOUR)
    assert Letter.objects.get().alert == Alert.objects.get()


def test_only_amounts_are_taken_as_usual_and_only_once(leads: Goal) -> None:
    usual_runs(leads)
    past_run(leads, 0, ago=MINUTE)
    Authorization.objects.update(lost_at=NOW)
    evaluate()
    lost, fewer = sorted(alerts.open_alerts(), key=lambda each: each.kind, reverse=True)
    with pytest.raises(StateRefused, match="closes by itself"):
        alerts.take_as_usual(lost.id, by="Alice")
    alerts.take_as_usual(fewer.id, by="Alice")
    with pytest.raises(StateRefused, match="closed already"):
        alerts.take_as_usual(fewer.id, by="Alice")
    with pytest.raises(NoSuchThing):
        alerts.take_as_usual(99, by="Alice")


def test_a_result_that_was_looked_at_is_not_read_again_but_where_it_is_told(leads: Goal) -> None:
    usual_runs(leads)
    past_run(leads, 0, ago=MINUTE)
    assert evaluate(since=NOW + HOUR).opened == []
    evaluate()
    assert evaluate(NOW + MINUTE, since=NOW + HOUR).closed == 0
    assert kinds() == [Kind.FEWER_RECORDS]


def test_amounts_of_a_goal_that_is_off_are_nobodys_concern(leads: Goal) -> None:
    usual_runs(leads)
    past_run(leads, 0, ago=MINUTE)
    with opens_once(Kind.FEWER_RECORDS):
        Goal.objects.update(document=replace(IMPORT, active=False).plain())


def test_rows_that_are_held_back_are_told_with_their_number_and_lead_to_them(
    connection: Connection, store: Session[Any]
) -> None:
    goal = new_goal(connection, EXPORT)
    run = ended(connection, {goal: RunState.PROBLEMS})
    store.execute(
        "INSERT INTO store.export_skip (profile_id, goal, run_goal, reason)"
        " SELECT uuidv7(), %s, %s, reason"
        " FROM unnest(ARRAY['held', 'held', 'held', 'no_identifier']) AS reason",
        [goal.id, run.goals.get().id],
    )
    store.execute(
        "INSERT INTO store.export_hold (profile_id, goal, code, failures, next_at)"
        " SELECT profile_id, goal, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', 4, now() + '1 day'"
        " FROM store.export_skip WHERE reason = 'held'"
    )
    with opens_once(Kind.ROWS_HELD):
        assert said().title == "Acme production holds 3 rows back"
        assert "up to 4 times, mostly with FIELD_CUSTOM_VALIDATION_EXCEPTION" in said().sentence
        assert said().address == (
            "/connections/acme/runs/1/rows?goal=contacts_out&outcome=skipped&reason=held"
        )
        store.execute("DELETE FROM store.export_skip WHERE reason = 'held'")


def test_the_numbers_of_an_open_alert_are_those_of_now(
    connection: Connection, store: Session[Any]
) -> None:
    goal = new_goal(connection, EXPORT)
    part = ended(connection, {goal: RunState.PROBLEMS}).goals.get()
    hold = (
        "INSERT INTO store.export_skip (profile_id, goal, run_goal, reason)"
        " VALUES (uuidv7(), %s, %s, 'held')"
    )
    store.execute(hold, [goal.id, part.id])
    evaluate()
    assert said().title.endswith("holds 1 row back")
    store.execute(hold, [goal.id, part.id])
    evaluate()
    assert said().title.endswith("holds 2 rows back")


def test_a_sign_in_that_several_share_is_told_once_and_concerns_them_all(
    connection: Connection,
) -> None:
    new_connection("beta", authorization=connection.authorization)
    off = new_connection("gamma", authorization=connection.authorization, active=False)
    Authorization.objects.update(lost_at=NOW)
    with opens_once(Kind.SIGN_IN_LOST):
        assert said().title == "Acme production can't sign in"
        assert "1 other connection shares the sign-in." in said().sentence
        found = [each for each in Connection.objects.all() if alerts.open_alerts(each)]
        assert off not in found
        assert len(found) == 2
        Authorization.objects.update(lost_at=None)


def test_a_lost_sign_in_that_a_run_tells_of_is_not_told_a_second_time(
    connection: Connection,
) -> None:
    new_connection("beta", authorization=connection.authorization, notify_to=["b@example.com"])
    new_connection("gamma", authorization=connection.authorization, notify_to=["g@example.com"])
    Connection.objects.filter(id=connection.id).update(notify_to=["a@example.com"])
    connection.refresh_from_db()
    Authorization.objects.update(lost_at=NOW)
    failed = Run.objects.create(connection=connection, number=1, state=RunState.FAILED)
    letters.post_run(failed)
    beta = Connection.objects.get(key="beta")
    Run.objects.create(connection=beta, number=1, state=RunState.RUNNING)
    evaluate()
    told = [(each.key, each.to) for each in Letter.objects.order_by("id")]
    (alert,) = Alert.objects.all()
    assert told == [
        (f"run {failed.id}", ["a@example.com"]),
        (f"alert {alert.id}", ["g@example.com"]),
    ]


def test_a_lost_sign_in_is_told_though_runs_before_it_were(connection: Connection) -> None:
    Connection.objects.update(notify_to=["a@example.com"])
    connection.refresh_from_db()
    letters.post_run(Run.objects.create(connection=connection, number=1, state=RunState.FAILED))
    Authorization.objects.update(lost_at=timezone.now())
    evaluate()
    assert Letter.objects.count() == 2


def test_a_certificate_is_told_thirty_fourteen_and_three_days_before_its_end_and_after(
    connection: Connection,
) -> None:
    pair = certificates.make("acme")
    ends = certificates.ends_at(pair.certificate)
    Authorization.objects.update(flow="jwt", certificate=pair.certificate)
    opened = []
    for days in (40, 31, 29, 20, 13, 4, 2, 1, -1, -5):
        opened += [(days, each.kind) for each in evaluate(ends - timedelta(days=days)).opened]
        assert len(kinds()) <= 1
    assert opened == [(days, Kind.CERTIFICATE_ENDS) for days in (29, 13, 2, -1)]
    assert "has ended" in said().title


def test_a_user_without_api_enabled_is_told(connection: Connection) -> None:
    Authorization.objects.update(permissions={API_ENABLED: False})
    with opens_once(Kind.NO_API):
        Authorization.objects.update(permissions={API_ENABLED: True})


def test_more_sign_ins_of_one_user_than_salesforce_keeps_are_told(connection: Connection) -> None:
    same = {
        "flow": "browser",
        "sealed_refresh_token": b"x",
        "org_id": "00D1",
        "user_id": "0051",
        "client_id": "x",
    }
    Authorization.objects.update(**same)
    for number in range(4):
        new_connection(f"more{number}")
        Authorization.objects.update(**same)
        evaluate()
        assert kinds() == ([Kind.TOO_MANY_SIGN_INS] if number == 3 else [])
    Authorization.objects.filter(connections=connection).update(user_id="0052")
    evaluate()
    assert kinds() == []


def test_three_runs_in_a_row_that_got_no_further_than_the_sign_in_are_told(leads: Goal) -> None:
    for _ in range(3):
        evaluate()
        assert kinds() == []
        run = new_run(leads.connection, RunState.FAILED, {leads: RunState.FAILED})
    with opens_once(Kind.UNSTEADY_SIGN_IN):
        assert said().address == f"/connections/acme/runs/{run.number}"
        RunGoal.objects.filter(run=run).update(tries=1)


def test_a_run_that_has_waited_for_calls_for_hours_is_told(leads: Goal) -> None:
    run = new_run(leads.connection, RunState.WAITING, {leads: RunState.WAITING})
    Run.objects.update(started_at=NOW - 5 * HOUR)
    evaluate()
    assert kinds() == []
    Run.objects.update(started_at=NOW - 7 * HOUR, waits_since=NOW - 5 * HOUR)
    evaluate()
    assert kinds() == [], "it began long before it had to wait"
    Run.objects.update(waits_since=NOW - 6 * HOUR - MINUTE)
    with opens_once(Kind.WAITS_FOR_CALLS):
        Run.objects.filter(id=run.id).update(state=RunState.RUNNING)


def test_letters_that_can_not_be_sent_for_an_hour_are_told(store: Session[Any]) -> None:
    letter = Letter.objects.create(
        channel=Letter.EMAIL, key="x", trouble="Connection refused", written_at=NOW - 30 * MINUTE
    )
    evaluate()
    assert kinds() == []
    Letter.objects.update(written_at=NOW - 2 * HOUR)
    with opens_once(Kind.LETTERS_WAIT):
        assert said().title == "E-mail can't be sent"
        Letter.objects.filter(id=letter.id).update(sent_at=NOW)


def given_up(connection: Connection | None, *to: str, **given: Any) -> Letter:
    ends = {"written_at": NOW - 4 * DAY, "given_up_at": NOW - DAY, "missed": list(to)}
    return Letter.objects.create(
        key=f"x{Letter.objects.count()}",
        connection=connection,
        **{"channel": Letter.EMAIL, **ends, **given},
    )


def test_a_letter_that_was_given_up_is_told_until_something_reached_each_whom_it_was_for(
    store: Session[Any],
) -> None:
    acme = new_connection("acme", notify_to=["ann@example.com", "bob@example.com"])
    given_up(acme, "ann@example.com", "bob@example.com")
    Letter.objects.create(channel=Letter.EMAIL, key="y", sent_at=NOW, heard=1)
    with opens_once(Kind.LETTERS_WAIT):
        assert said().title == "E-mail did not arrive"
        assert said().sentence.startswith(
            "1 e-mail was given up, and 2 addresses have got none since. The oldest of all is of"
        )
        lost_letters.reached(Letter.EMAIL, "ann@example.com")
        lost_letters.reached(Letter.EMAIL, "eve@example.com")
        lost_letters.reached(Letter.WEBHOOK, "bob@example.com")
        evaluate()
        assert "1 address has got none since" in said().sentence
        lost_letters.reached(Letter.EMAIL, "bob@example.com")


def test_whoever_hears_of_nothing_there_any_more_misses_nothing(store: Session[Any]) -> None:
    acme = new_connection("acme", notify_to=["ann@example.com"])
    given_up(acme, "ann@example.com")
    ends: tuple[dict[str, Any], ...] = ({"active": False}, {"notify_to": ["bob@example.com"]})
    for end in ends:
        evaluate()
        assert kinds() == [Kind.LETTERS_WAIT]
        Connection.objects.filter(id=acme.id).update(**end)
        evaluate()
        assert kinds() == [], end
        Connection.objects.filter(id=acme.id).update(active=True, notify_to=acme.notify_to)


def test_a_letter_of_several_connections_is_for_who_hears_of_any(store: Session[Any]) -> None:
    new_connection("acme", notify_to=["ann@example.com"])
    beta = new_connection("beta", notify_to=["bob@example.com"])
    given_up(None, "ann@example.com", "bob@example.com", "eve@example.com")
    found = lost_letters.lost(Letter.EMAIL)
    assert (found.letters, found.addresses) == (1, 2)
    assert [(each.address, each.connection) for each in found.missed] == [
        ("ann@example.com", "acme"),
        ("bob@example.com", "beta"),
    ]
    beta.delete()
    assert lost_letters.lost(Letter.EMAIL).addresses == 1


def test_a_webhook_that_leads_elsewhere_now_misses_nothing(store: Session[Any]) -> None:
    acme = new_connection("acme", webhook_url="https://one.example/hook")
    given_up(acme, "https://one.example/hook", channel=Letter.WEBHOOK)
    with opens_once(Kind.LETTERS_WAIT):
        assert said().title == "Webhooks did not arrive"
        Connection.objects.update(webhook_url="https://two.example/hook")


def test_an_alert_is_told_once_to_those_who_hear_of_such(store: Session[Any]) -> None:
    late_connection(notify_to=["alice@example.com"], notify_when="failures")
    Authorization.objects.update(permissions={API_ENABLED: False})
    evaluate()
    evaluate()
    assert len(kinds()) == 2
    (letter,) = Letter.objects.all()
    assert letter.alert is not None
    assert letter.alert.kind == Kind.DID_NOT_START, "the other is no failure"


def test_an_alert_that_comes_again_is_another_one(connection: Connection) -> None:
    Authorization.objects.update(lost_at=NOW)
    evaluate()
    Authorization.objects.update(lost_at=None)
    evaluate()
    Authorization.objects.update(lost_at=NOW)
    evaluate()
    assert Alert.objects.filter(closed_at=None).count() == 1
    assert Alert.objects.count() == 2


def test_two_workers_that_evaluate_at_once_open_each_alert_once(store: Session[Any]) -> None:
    for number in range(60):
        late_connection(f"c{number}")
    together = Barrier(2)

    def work(_: int) -> int:
        together.wait()
        try:
            found = alerts.evaluate(NOW)
            return len(found.opened) if found else 0
        finally:
            django.db.connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        opened = list(pool.map(work, range(2)))
    assert sum(opened) == 60
    assert Alert.objects.count() == 60


def test_while_one_process_works_them_out_another_does_not(store: Session[Any]) -> None:
    with store.transaction():
        store.execute("SELECT pg_advisory_xact_lock(7301893)")
        assert alerts.evaluate(NOW) is None
    assert alerts.evaluate(NOW) is not None


def test_it_takes_as_many_statements_for_many_connections_as_for_few(store: Session[Any]) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            evaluate()
        return len(asked)

    usual_runs(new_goal(new_connection("first"), IMPORT))
    evaluate()
    few = statements()
    for number in range(5):
        usual_runs(new_goal(new_connection(f"c{number}"), IMPORT), runs=6)
    evaluate()
    assert statements() == few


def test_names_that_are_hostile_are_only_shortened(store: Session[Any]) -> None:
    name = "<script>alert(1)</script>\u202e'\"" + "x" * 10_000
    late_connection("a&b", name=name, timezone="No/where")
    evaluate()
    assert said().title.startswith(said().subject)
    assert said().subject == name[:120] + "\u2026"
    assert said().address == "/connections/a%26b"
