"""Calls and pauses that end because somebody asked for an end."""

import threading
import time

import pytest

from integration.salesforce.little_org import (
    LittleOrg,
    answer,
    connect,
    no_answer,
    silence,
)
from isthmus.salesforce import ClientSettings, Clock, WaitCancelled
from unit.salesforce.scripted import DATA

LIMITS = f"GET {DATA}/limits"
OK = answer({"DailyApiRequests": {"Max": 15000, "Remaining": 1}})
PATIENCE_SECONDS = 20
"""Far below the minutes that each call would wait by itself."""


def test_a_server_that_never_answers_holds_nobody_up_who_asks_for_an_end(
    little_org: LittleOrg,
) -> None:
    little_org.plays(LIMITS, silence(little_org.over))
    started = time.monotonic()
    with connect(little_org, ClientSettings(read_seconds=150)) as client:
        assert client.org_id
        with client.interruptible(lambda: True), pytest.raises(WaitCancelled, match="broken off"):
            client.limits()
    assert time.monotonic() - started < PATIENCE_SECONDS


def test_calls_of_other_threads_end_too(little_org: LittleOrg) -> None:
    little_org.plays(LIMITS, silence(little_org.over))
    ended: list[type[BaseException]] = []

    def call() -> None:
        try:
            client.limits()
        except WaitCancelled as error:
            ended.append(type(error))

    with connect(little_org, ClientSettings(read_seconds=150)) as client:
        assert client.org_id
        threads = [threading.Thread(target=call) for _ in range(3)]
        with client.interruptible(lambda: little_org.count(LIMITS) == len(threads)):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(PATIENCE_SECONDS)
    assert ended == [WaitCancelled] * 3


def test_a_pause_between_tries_ends_early(little_org: LittleOrg) -> None:
    little_org.plays(LIMITS, answer(b"", 503))
    settings = ClientSettings(first_pause_seconds=300, longest_pause_seconds=300)
    started = time.monotonic()
    with connect(little_org, settings, Clock(random=lambda: 1.0)) as client:
        assert client.org_id
        with (
            client.interruptible(lambda: little_org.count(LIMITS) > 0),
            pytest.raises(WaitCancelled),
        ):
            client.limits()
    assert time.monotonic() - started < PATIENCE_SECONDS


def test_the_client_works_again_afterwards(little_org: LittleOrg) -> None:
    little_org.plays(LIMITS, silence(little_org.over), OK)
    with connect(little_org) as client:
        with client.interruptible(lambda: little_org.count(LIMITS) > 0):
            with pytest.raises(WaitCancelled):
                client.limits()
            with pytest.raises(WaitCancelled):
                client.limits()
        assert client.limits()["DailyApiRequests"]["Remaining"] == 1
    assert little_org.count(LIMITS) == 2


def test_while_nobody_asks_for_an_end_faults_are_met_as_ever(little_org: LittleOrg) -> None:
    little_org.plays(LIMITS, no_answer, OK)
    with connect(little_org) as client, client.interruptible(lambda: False):
        assert client.limits()
