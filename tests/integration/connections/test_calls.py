"""API calls that are set aside in the database: never more than the share, whoever asks at once."""

import os
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from isthmus.connections import budget, calls
from isthmus.connections.calls import OrgAllowance
from isthmus.connections.errors import BudgetReached
from isthmus.connections.models import Org, OrgCalls
from isthmus.domain.call_shares import falls_out, hour_of
from isthmus.salesforce import Usage

ORG = "00D000000000001EAA"
NOON = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


@pytest.fixture
def org(store: Connection[Any]) -> Org:
    """An org of 200 calls, of which we may use half."""
    del store
    calls.measure(ORG, Usage(used=0, maximum=200))
    return Org.objects.get()


def ours() -> int:
    found = budget.state(ORG)
    return found.ours if found else 0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_client_takes_blocks_and_gives_back_what_it_did_not_use(org: Org) -> None:
    allowance = OrgAllowance(7)
    for _ in range(6):
        allowance.take(ORG)
    assert ours() > 6
    allowance.close()
    assert ours() == 6
    assert [each.connection for each in OrgCalls.objects.filter(org=org)] == [7]


def test_an_org_is_kept_by_its_18_characters_however_its_id_comes(org: Org) -> None:
    for org_id in (ORG, ORG[:15]):
        allowance = OrgAllowance(7)
        allowance.take(org_id)
        allowance.close()
    assert ours() == 2
    assert Org.objects.get() == org


def test_many_threads_and_clients_never_take_more_than_the_share_and_can_use_all(
    org: Org,
) -> None:
    del org
    taken: list[int] = []
    start = threading.Barrier(8)

    def work(allowance: OrgAllowance, most: int) -> None:
        start.wait()
        for _ in range(most):
            try:
                allowance.take(ORG)
            except BudgetReached:
                return
            taken.append(1)

    shared = OrgAllowance(1)
    clients = [shared, shared, shared, *(OrgAllowance(each) for each in range(2, 7))]
    threads = [
        threading.Thread(target=work, args=(each, 60 if place < 6 else 5))
        for place, each in enumerate(clients)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(taken) <= 100
    for client in clients:
        client.close()
    assert ours() == len(taken)
    rest = OrgAllowance(9)
    for _ in range(100 - len(taken)):
        rest.take(ORG)
    with pytest.raises(BudgetReached):
        rest.take(ORG)


def test_what_a_killed_process_had_stays_counted_until_its_time_is_over(org: Org) -> None:
    OrgAllowance(7).take(ORG)  # and it is never closed
    left_behind = ours()
    assert left_behind == 4
    counted = OrgCalls.objects.get(org=org)
    OrgCalls.objects.update(hour=hour_of(counted.hour) - timedelta(hours=24))
    assert ours() == 4
    OrgCalls.objects.update(hour=hour_of(counted.hour) - timedelta(hours=26))
    assert ours() == 0


def test_a_block_is_good_for_its_hour_only(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, wall = Clock(), Clock()
    moments = iter([NOON, NOON + timedelta(minutes=31)])
    real = calls.set_aside

    def set_aside(org_id: str, connection: int, wanted: int, **more: Any) -> calls.Block:
        return real(org_id, connection, wanted, next(moments), **more)

    monkeypatch.setattr(calls, "set_aside", set_aside)
    allowance = OrgAllowance(7, clocks=(clock, wall))
    allowance.take(ORG)
    wall.now = 29 * 60
    allowance.take(ORG)
    # Either clock ends it: the other one may have stood still while the machine slept.
    wall.now = 30 * 60
    allowance.take(ORG)
    by_hour = dict(OrgCalls.objects.filter(org=org).values_list("hour", "calls"))
    assert by_hour[hour_of(NOON)] == 2
    assert by_hour[hour_of(NOON) + timedelta(hours=1)] > 1
    allowance.close()
    by_hour = dict(OrgCalls.objects.filter(org=org).values_list("hour", "calls"))
    assert list(by_hour.values()) == [2, 1]


def test_a_call_that_was_not_sent_is_given_back_unless_its_block_has_ended(org: Org) -> None:
    del org
    allowance = OrgAllowance(7)
    first = allowance.take(ORG)
    allowance.put_back(first)
    for _ in range(5):
        last = allowance.take(ORG)
    assert last != first
    allowance.put_back(first)
    allowance.close()
    assert ours() == 5


def test_others_are_what_the_org_says_without_ours(org: Org) -> None:
    allowance = OrgAllowance(7)
    allowance.take(ORG)
    allowance.told(ORG, Usage(used=61, maximum=200))
    allowance.close()
    found = budget.state(ORG)
    assert found is not None
    assert (found.ours, found.others, found.used, found.left) == (1, 60, 61, 139)
    org.refresh_from_db()
    assert (org.calls_used, org.calls_limit) == (61, 200)


def test_what_an_org_says_is_noted_every_few_seconds_at_most(org: Org) -> None:
    clock = Clock()
    allowance = OrgAllowance(7, clocks=(clock, clock))
    said = []
    for used in range(10, 20):
        allowance.take(ORG)
        allowance.told(ORG, Usage(used=used, maximum=200))
        org.refresh_from_db()
        said.append(org.calls_used)
        clock.now += 1
    assert said == [10] * 5 + [15] * 5
    allowance.close()
    org.refresh_from_db()
    assert org.calls_used == 19


def test_the_end_of_an_org_is_left_to_others_and_asked_about_later(org: Org) -> None:
    calls.measure(ORG, Usage(used=198, maximum=200))
    with pytest.raises(BudgetReached, match="leaves to others") as refused:
        OrgAllowance(7).take(ORG)
    assert refused.value.go_on_at is None
    Org.objects.update(measured_at=datetime.now(UTC) - timedelta(minutes=11))
    allowance = OrgAllowance(7)
    allowance.take(ORG)
    assert ours() == 1
    allowance.told(ORG, Usage(used=100, maximum=200))
    allowance.take(ORG)
    assert ours() > 2
    org.refresh_from_db()
    assert org.others_used == 99


def test_an_org_that_has_not_said_its_limit_is_asked_call_by_call(
    store: Connection[Any],
) -> None:
    del store
    allowance = OrgAllowance(7)
    allowance.take(ORG)
    assert ours() == 1
    allowance.told(ORG, Usage(used=1, maximum=200))
    allowance.take(ORG)
    assert ours() == 1 + 8


def test_a_refusal_says_what_is_used_and_when_more_is_free(org: Org) -> None:
    budget.set_share(ORG, 1)
    allowance = OrgAllowance(7)
    allowance.take(ORG)
    allowance.take(ORG)
    with pytest.raises(BudgetReached) as refused:
        allowance.take(ORG)
    words = str(refused.value)
    assert "Isthmus has used the 2 API calls that it may make in 24 hours" in words
    assert "1 % of the org's 200" in words
    assert "An administrator may raise that share" in words
    hour = OrgCalls.objects.get(org=org).hour
    assert f"More are free at {falls_out(hour):%H:%M} UTC." in words
    assert "More are free" not in refused.value.reason


def test_a_client_opens_one_session_and_another_one_where_that_was_ended(
    org: Org, store: Connection[Any]
) -> None:
    del org
    of_calls = "FROM pg_stat_activity WHERE application_name = 'isthmus calls'"
    before = store.execute(f"SELECT count(*) {of_calls}").fetchone()
    with closing(OrgAllowance(7)) as allowance:
        sessions = set()
        for _ in range(20):
            allowance.take(ORG)
            sessions |= set(store.execute(f"SELECT pid {of_calls}"))
        assert len(sessions) == 1
        store.execute(f"SELECT pg_terminate_backend(pid, 5000) {of_calls}")
        for _ in range(20):
            allowance.take(ORG)
    assert ours() == 40
    wait = time.monotonic() + 5
    while store.execute(f"SELECT count(*) {of_calls}").fetchone() != before:
        assert time.monotonic() < wait, "the session is left open"
        time.sleep(0.02)


def test_closing_raises_nothing_where_the_database_is_gone(
    org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    del org
    allowance = OrgAllowance(7)
    allowance.take(ORG)
    allowance.told(ORG, Usage(used=1, maximum=200))
    monkeypatch.setenv("ISTHMUS_CONNINFO", "host=127.0.0.1 port=9 connect_timeout=1")
    allowance.close()


def test_nobody_who_holds_a_connections_row_keeps_calls_back(
    org: Org,
) -> None:
    del org
    with psycopg.connect(os.environ["ISTHMUS_CONNINFO"]) as other:
        other.execute("SELECT * FROM connections_connection FOR UPDATE")
        OrgAllowance(7).take(ORG)


def test_hours_that_count_no_longer_are_forgotten(org: Org) -> None:
    OrgAllowance(7).take(ORG)
    OrgAllowance(8).take(ORG)
    OrgCalls.objects.filter(connection=7).update(hour=datetime.now(UTC) - timedelta(hours=49))
    calls.forget()
    assert [each.connection for each in OrgCalls.objects.filter(org=org)] == [8]


def test_whoever_waits_for_another_sees_what_that_one_has_taken(org: Org) -> None:
    refused: list[BudgetReached] = []

    def take() -> None:
        try:
            OrgAllowance(7).take(ORG)
        except BudgetReached as error:
            refused.append(error)

    waiting = threading.Thread(target=take)
    with psycopg.connect(os.environ["ISTHMUS_CONNINFO"]) as other:
        other.execute("SELECT FROM connections_org FOR UPDATE")
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive()
        other.execute(
            "INSERT INTO connections_orgcalls (org_id, connection, hour, calls) "
            "VALUES (%s, 1, date_trunc('hour', now(), 'UTC'), 100)",
            [org.id],
        )
    waiting.join()
    assert len(refused) == 1
