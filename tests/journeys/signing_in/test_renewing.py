"""Twenty processes that share one rotating sign-in, with faults and kills, for two minutes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from isthmus import embedded
from isthmus.connections.tokens import TOKEN_LOCK
from journeys.processes import Isthmus
from localorg.testing import LocalOrg, LocalOrgSettings, running

PROCESSES = 20
SECONDS = float(os.environ.get("ISTHMUS_TEST_RENEWING_SECONDS", "120"))
PROGRAM = Path(__file__).parent / "renewing.py"
TESTS = Path(__file__).parents[2]
# The org writes down when it had answered, and how long that took.
TOLERANCE_SECONDS = 0.003


class Crowd:
    """The processes, of which each that is killed is followed by another."""

    def __init__(self, isthmus: Isthmus, folder: Path) -> None:
        self._isthmus, self.folder = isthmus, folder
        folder.mkdir()
        self.killed = 0
        self.all = [self._start() for _ in range(PROCESSES)]
        while len(list(folder.glob("began-*"))) < PROCESSES:
            assert all(each.poll() is None for each in self.all)
            time.sleep(0.2)
        self.until = time.monotonic() + SECONDS

    def _start(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, PROGRAM, "use", self.folder],
            env={**self._isthmus.variables(), "PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self, place: int) -> None:
        self.all[place].send_signal(signal.SIGKILL)
        self.all[place].communicate()
        self.killed += 1
        self.all[place] = self._start()

    def kill_holder(self) -> bool:
        """Kill whoever renews just now."""
        pid = int((self.folder / "holder").read_text() or 0)
        for place, process in enumerate(self.all):
            if process.pid == pid:
                self.kill(place)
                return True
        return False

    def results(self) -> list[dict[str, int]]:
        # Whoever is there at the end is served: what all share still works.
        for process in self.all:
            until = time.monotonic() + 90
            while not (self.folder / f"began-{process.pid}").exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < until
                time.sleep(0.1)
        found = []
        (self.folder / "stop").touch()
        for process in self.all:
            out, err = process.communicate(timeout=90)
            assert process.returncode == 0, err
            found.append(json.loads(out))
        return found


@contextmanager
def nobody_renews(conninfo: str, authorization: int) -> Iterator[None]:
    """Inside, no process is between the question for a token and the moment it is stored."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        names = [TOKEN_LOCK, authorization]
        connection.execute("SELECT pg_advisory_lock(%s, %s)", names)
        yield
        connection.execute("SELECT pg_advisory_unlock(%s, %s)", names)


def trouble(org: LocalOrg, crowd: Crowd, conninfo: str, authorization: int) -> None:
    """End sessions, fail requests and kill processes until the time is over."""
    chance = random.Random(7)
    rounds = 0
    while time.monotonic() < crowd.until:
        rounds += 1
        org.control("DELETE", "sessions")
        time.sleep(0.4)
        if rounds % 5 == 0:
            kind = chance.choice(["server_unavailable", "too_many_requests", "bad_gateway_html"])
            org.control("POST", "faults", {"kind": kind, "path": "/oauth2/token", "count": 1})
        if rounds % 7 == 0:
            # Those that wait for the renewal, or are anywhere else, but for the one place where
            # what Salesforce has given would be lost with the process.
            with nobody_renews(conninfo, authorization):
                org.control("DELETE", "sessions")
                time.sleep(0.2)
                for place in chance.sample(range(PROCESSES), 2):
                    crowd.kill(place)
        if rounds % 11 == 0:
            # One that has asked, of an org that has not heard.
            fault = {"kind": "never_answer", "path": "/oauth2/token", "count": 1, "seconds": 30}
            planned = org.control("POST", "faults", fault)["id"]
            org.control("DELETE", "sessions")
            if happens(org, planned):
                crowd.kill_holder()


def happens(org: LocalOrg, number: int) -> bool:
    for _ in range(100):
        [found] = [f for f in org.control("GET", "faults")["faults"] if f["id"] == number]
        if found["happened"]:
            return True
        time.sleep(0.02)
    return False


def token_requests(org: LocalOrg) -> list[dict[str, Any]]:
    found = org.control("GET", "requests?path=/oauth2/token&method=POST")["requests"]
    # One that was never answered stays open in the org long after its client has gone.
    return [each for each in found if each["fault"] != "never_answer"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_processes_share_a_rotating_sign_in_and_never_renew_twice_at_once(
    home_template: Path, folder: Path
) -> None:
    home = folder / "renewing"
    shutil.copytree(home_template, home, symlinks=True)
    isthmus = Isthmus(home=home)
    with running(LocalOrgSettings()) as org, embedded.running(home) as server:
        isthmus = isthmus.set(
            ISTHMUS_SALESFORCE_HOSTS="127.0.0.1:*",
            ISTHMUS_WEBHOOK_HOSTS="localhost:*",
            PYTHONPATH=str(TESTS),
        )
        org.control("PATCH", "apps/localorg", {"rotate_refresh_tokens": True})
        subprocess.run(
            [sys.executable, PROGRAM, "connect", org.url], env=isthmus.variables(), check=True
        )
        with psycopg.connect(server.conninfo, autocommit=True) as looking:
            [(authorization,)] = looking.execute("SELECT id FROM connections_authorization")
            fault = {"kind": "latency", "path": "/oauth2/token", "seconds": 0.05, "count": None}
            org.control("POST", "faults", fault)
            org.control("DELETE", "requests")
            crowd = Crowd(isthmus, home / "crowd")
            trouble(org, crowd, server.conninfo, authorization)
            results = crowd.results()
            [(lost, renewals)] = looking.execute(
                "SELECT lost_at, renewals FROM connections_authorization"
            )
        requests = token_requests(org)
        [grant] = org.control("GET", "grants")["grants"]
    assert lost is None
    assert renewals > SECONDS / 4
    assert crowd.killed > SECONDS / 20
    assert all(each["calls"] for each in results)
    assert grant["use_count"] > SECONDS / 4
    assert overlapping(requests) == []
    good = [each for each in requests if each["status"] == 200]
    # The connecting itself is counted too, and nothing was asked for and not stored.
    assert renewals == len(good) + 1


def overlapping(requests: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Pairs of which the second began before the first had ended."""
    ends = [(each["ended"], each["milliseconds"] / 1000) for each in requests]
    spans = sorted((end - seconds, end) for end, seconds in ends)
    met = [(one[1], two[0]) for one, two in pairwise(spans)]
    return [(end, begin) for end, begin in met if begin < end - TOLERANCE_SECONDS]
