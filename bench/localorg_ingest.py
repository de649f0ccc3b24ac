"""Bulk ingest of leads with 20 columns and all checks: an insert, then an upsert by a key.

From the job's creation to its end, uploads included; making the CSV is the client's work.
"""

import csv
import io
import random
from collections.abc import Iterator
from typing import Any

from bench.org_client import API, FIELDS, OrgClient, signed_in
from bench.surroundings import new_folder, org_process, timed

KEY = "Isthmus_Id__c"
# Below the 100 MB that one job takes.
_MOST_IN_JOB = 200_000


def measure(size: int) -> dict[str, float]:
    """Figures of writing `size` leads: all new, then half of them new and half there already."""
    none = {"leads": 0, "contacts": 0, "persons": 0, "cases": 0}
    with new_folder("ingest") as folder, org_process(folder / "org.db", **none) as process:
        client = signed_in(process.address)
        inserting = _write(client, "insert", 0, size)
        upserting = _write(client, "upsert", size // 2, size)
        return {
            "records": float(size),
            "records_per_s": size / inserting,
            "upsert_records_per_s": size / upserting,
            "insert_s": inserting,
            "upsert_s": upserting,
            "org_own_mb": process.own_mb,
            "org_peak_rss_mb": process.peak_rss_mb,
        }


def _write(client: OrgClient, operation: str, first: int, count: int) -> float:
    """Seconds for `count` records in as many jobs as they need."""
    seconds = 0.0
    for start in range(first, first + count, _MOST_IN_JOB):
        numbers = range(start, min(start + _MOST_IN_JOB, first + count))
        upload = _csv(numbers)
        with timed() as working:
            done = _run(client, operation, upload)
        if done["numberRecordsFailed"] or done["numberRecordsProcessed"] != len(numbers):
            raise SystemExit(f"The job ended as {done}")
        seconds += working[0]
    return seconds


def _run(client: OrgClient, operation: str, upload: bytes) -> Any:
    content = {"object": "Lead", "operation": operation, "lineEnding": "LF"}
    if operation == "upsert":
        content["externalIdFieldName"] = KEY
    job = client.call("POST", f"{API}/jobs/ingest", content)
    path = f"{API}/jobs/ingest/{job['id']}"
    client.send("PUT", f"{path}/batches", upload, "text/csv")
    client.call("PATCH", path, {"state": "UploadComplete"})
    return client.finished(path)


def _csv(numbers: range) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows(_rows(numbers))
    return text.getvalue().encode()


def _rows(numbers: range) -> Iterator[list[str]]:
    chance = random.Random(numbers.start)
    sources, ratings = (
        ("Web", "Phone Inquiry", "Partner Referral", "Other"),
        ("Hot", "Warm", "Cold"),
    )
    for number in numbers:
        yield [
            *(f"Person {number}", f"First {number}", "Ms.", "Head of Purchasing"),
            *(f"Company {number % 5000}", f"person{number}@example.com"),
            *(f"+44 20 {number:08}", f"+44 77 {number:08}", f"{number} High Street", "London"),
            *(
                "",
                f"N{number % 20} 1AB",
                "United Kingdom",
                f"https://company{number % 5000}.example",
            ),
            *(chance.choice(sources), "Banking", chance.choice(ratings)),
            *(str(chance.randrange(10**8)), str(chance.randrange(10**4)), f"key-{number:09}"),
        ]
