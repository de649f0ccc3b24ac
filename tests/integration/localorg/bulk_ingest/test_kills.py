"""An org whose process is killed while jobs are on their way, and opened again.

LOCALORG_KILL_ROUNDS says how many jobs are killed; defaults to 2.
"""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from integration.localorg.bulk_ingest.ingest import (
    JOBS,
    close,
    create,
    failed,
    successful,
    unprocessed,
    upload,
    wait,
)
from integration.localorg.org_client import OrgClient, V

COMMAND = [sys.executable, "-c", "from localorg.cli import main; main()", "serve", "--port", "0"]
EMPTY = ["--leads", "0", "--contacts", "0", "--persons", "0", "--cases", "0"]
ROUNDS = int(os.environ.get("LOCALORG_KILL_ROUNDS", "2"))
ROWS = 15_000
KILLS_PER_ROUND = 3
BAD_EVERY = 7
QUERIES = V + "/jobs/query"


@contextmanager
def served(data: Path) -> Iterator[tuple[subprocess.Popen[str], OrgClient]]:
    """A running org in a process that is killed at the end."""
    process = subprocess.Popen(
        [*COMMAND, *EMPTY, "--data", str(data)], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            ready = re.match(r"localorg ready (http://127\.0\.0\.1:\d+)", process.stdout.readline())
            assert ready is not None
            client = OrgClient(ready[1])
            client.sign_in()
            yield process, client
            client.close()
        finally:
            process.kill()


def rows(prefix: str) -> str:
    """Rows of which each seventh fails for want of a company."""
    lines = (
        f"{prefix}{number},L{number},{'' if number % BAD_EVERY == 0 else 'C'}\n"
        for number in range(ROWS)
    )
    return "Isthmus_Id__c,LastName,Company\n" + "".join(lines)


def leads(client: OrgClient, prefix: str) -> int:
    text = f"SELECT+COUNT()+FROM+Lead+WHERE+Isthmus_Id__c+LIKE+'{prefix}%25'"
    count: int = client.call("GET", f"{V}/query?q={text}").json["totalSize"]
    return count


@pytest.mark.parametrize("number", range(ROUNDS))
def test_an_interrupted_job_goes_on_and_does_every_row_once(tmp_path: Path, number: int) -> None:
    chance = random.Random(number)
    data, prefix = tmp_path / "org.db", f"round{number}-"
    with served(data) as (process, client):
        job = create(client)
        upload(client, job, rows(prefix))
        process.kill()
    with served(data) as (process, client):
        assert client.call("GET", f"{JOBS}/{job['id']}").json["state"] == "Open"
        close(client, job)
        time.sleep(chance.uniform(0, 0.4))
        process.kill()
    for _ in range(KILLS_PER_ROUND - 1):
        with served(data) as (process, client):
            time.sleep(chance.uniform(0, 0.3))
            process.kill()
    with served(data) as (_, client):
        done = wait(client, job)
        good, bad = successful(client, job), failed(client, job)
        assert (done["state"], done["numberRecordsProcessed"]) == ("JobComplete", ROWS)
        assert done["numberRecordsFailed"] == len(bad) == -(-ROWS // BAD_EVERY)
        keys = sorted(row["Isthmus_Id__c"] for row in good + bad)
        assert keys == sorted(f"{prefix}{n}" for n in range(ROWS))
        assert {row["sf__Error"].partition(":")[0] for row in bad} == {"REQUIRED_FIELD_MISSING"}
        assert unprocessed(client, job) == []
        assert leads(client, prefix) == len(good)
        assert len({row["sf__Id"] for row in good}) == len(good)


def test_an_acknowledged_abortion_holds_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "org.db"
    with served(data) as (process, client):
        job = create(client)
        upload(client, job, rows("a"))
        close(client, job)
        answer = client.call("PATCH", f"{JOBS}/{job['id']}", {"state": "Aborted"})
        process.kill()
    assert answer.json["state"] == "Aborted"
    with served(data) as (_, client):
        assert client.call("GET", f"{JOBS}/{job['id']}").json["state"] == "Aborted"
        tried = len(successful(client, job)) + len(failed(client, job))
        assert tried + len(unprocessed(client, job)) == ROWS
        assert leads(client, "a") == len(successful(client, job))


def test_half_an_upload_is_no_upload_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "org.db"
    with served(data) as (process, client):
        job = create(client)
        process.kill()
    [folder] = data.with_name("org.db-files").glob(f"ingest/{job['id']}*")
    (folder / "upload.part").write_text("Isthmus_Id__c,Last", encoding="ascii")
    stray = folder.with_name("750000000000001AAA")
    stray.mkdir()
    with served(data) as (_, client):
        upload(client, job, rows("a"))
        close(client, job)
        assert wait(client, job)["numberRecordsProcessed"] == ROWS
    assert not stray.exists()


def test_query_results_are_the_same_after_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "org.db"
    body = {"operation": "query", "query": "SELECT Id, Isthmus_Id__c FROM Lead"}
    with served(data) as (process, client):
        job = create(client)
        upload(client, job, rows("a"))
        close(client, job)
        wait(client, job)
        first = client.call("POST", QUERIES, body).json
        path = f"{QUERIES}/{first['id']}"
        deadline = time.monotonic() + 20
        while client.call("GET", path).json["state"] != "JobComplete":
            assert time.monotonic() < deadline
        page = client.call("GET", path + "/results?maxRecords=3000")
        locator = page.headers["sforce-locator"]
        following = client.call("GET", f"{path}/results?maxRecords=3000&locator={locator}")
        waiting = client.call("POST", QUERIES, body).json
        process.kill()
    with served(data) as (process, client):
        again = client.call("GET", path + "/results?maxRecords=3000")
        assert again.content == page.content
        assert again.headers["sforce-locator"] == locator
        later = client.call("GET", f"{path}/results?maxRecords=3000&locator={locator}")
        assert later.content == following.content
        deadline = time.monotonic() + 20
        second = f"{QUERIES}/{waiting['id']}"
        while client.call("GET", second).json["state"] != "JobComplete":
            assert time.monotonic() < deadline
        assert client.call("DELETE", path).status == 204
        process.kill()
    with served(data) as (_, client):
        assert client.call("GET", path).status == 404
        assert client.call("GET", second).json["state"] == "JobComplete"
    assert not list(data.with_name("org.db-files").rglob(f"{first['id']}*"))
