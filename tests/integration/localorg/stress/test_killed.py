"""An org that is killed keeps what it acknowledged; LOCALORG_KILL_ROUNDS=50 kills it more often."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import urllib3

from integration.localorg.org_client import OrgClient, V

ROUNDS = int(os.environ.get("LOCALORG_KILL_ROUNDS", "3"))
CLIENTS = 6
COMMAND = (sys.executable, "-m", "localorg", "serve", "--port", "0", "--exit-with-stdin")
EMPTY = ("--leads", "0", "--contacts", "0", "--persons", "0", "--cases", "0")


@dataclass
class Promises:
    """What the org said that it had done."""

    titles: dict[str, str] = field(default_factory=dict)
    # What was asked for last, where no answer came: it may have been done or not.
    unanswered: dict[str, str] = field(default_factory=dict)
    jobs: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)


@contextmanager
def served(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that serves the org, and its address."""
    with subprocess.Popen(
        [*COMMAND, "--data", str(data), *EMPTY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("localorg ready "), line
            yield process, line.split()[-1]
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
def test_every_acknowledged_write_is_there_after_a_kill(tmp_path: Path, number: int) -> None:
    data = tmp_path / "org.db"
    promises = [Promises() for _ in range(CLIENTS)]
    with served(data) as (process, base), ThreadPoolExecutor(CLIENTS) as pool:
        runs = [pool.submit(write, base, each, place) for place, each in enumerate(promises)]
        nothing = threading.Event()
        while not all(each.titles for each in promises) and not any(run.done() for run in runs):
            nothing.wait(0.01)
        nothing.wait(Random(number).uniform(0, 1.5))
        process.kill()
        for run in runs:
            run.result()
    assert all(each.titles for each in promises)
    with served(data) as (_, base):
        client = OrgClient(base)
        client.token = promises[0].tokens[0]
        found = titles(client)
        for each in promises:
            for record_id, title in each.titles.items():
                allowed = {title, each.unanswered.get(record_id)}
                assert found.get(record_id) in allowed
            for job in each.jobs:
                assert client.call("GET", f"{V}/jobs/query/{job}").status == 200
        client.close()


def write(base: str, promises: Promises, place: int) -> None:
    """Write until the org is gone."""
    client = OrgClient(base)
    with suppress(urllib3.exceptions.HTTPError):
        client.sign_in()
        promises.tokens.append(client.token)
        number = 0
        while True:
            number += 1
            write_once(client, promises, f"client {place} round {number}")
    client.close()


def write_once(client: OrgClient, promises: Promises, title: str) -> None:
    """A record, a collection and a change, by turns with a Bulk job."""
    lead: dict[str, Any] = {"LastName": "L", "Company": "C", "Title": title}
    record_id = client.insert("Lead", **lead)
    promises.titles[record_id] = title
    records = [{"attributes": {"type": "Lead"}, **lead} for _ in range(10)]
    body = {"records": records, "allOrNone": True}
    results = client.call("POST", V + "/composite/sobjects", body).json
    promises.titles |= {result["id"]: title for result in results}
    promises.unanswered[record_id] = title + " again"
    answer = client.call("PATCH", f"{V}/sobjects/Lead/{record_id}", {"Title": title + " again"})
    assert answer.status == 204
    promises.titles[record_id] = title + " again"
    job = {"operation": "query", "query": "SELECT Id FROM Lead"}
    if title.endswith("5"):
        promises.jobs.add(client.call("POST", V + "/jobs/query", job).json["id"])


def titles(client: OrgClient) -> dict[str, str]:
    """All titles by id."""
    answer = client.call("GET", V + "/query?q=SELECT+Id,Title+FROM+Lead").json
    rows = answer["records"]
    while not answer["done"]:
        answer = client.call("GET", answer["nextRecordsUrl"]).json
        rows += answer["records"]
    return {row["Id"]: row["Title"] for row in rows}
