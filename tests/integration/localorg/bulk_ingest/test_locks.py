from typing import Any

from integration.localorg.bulk_ingest.ingest import failed, run, successful, unprocessed
from integration.localorg.org_client import OrgClient
from localorg.control.fault_kinds import ROW_LOCKS
from localorg.control.faults import Fault
from localorg.org import Org

HEAD = "Isthmus_Id__c,LastName,Company\n"


def rows(count: int) -> str:
    return HEAD + "".join(f"k{number},L,C\n" for number in range(count))


def keys(found: list[dict[str, str]]) -> set[str]:
    return {row["Isthmus_Id__c"] for row in found}


def locked(org: Org, **parameters: Any) -> None:
    org.faults.plan(Fault(kind=ROW_LOCKS, **parameters))


def test_a_row_that_somebody_else_writes_fails_alone(client: OrgClient, org: Org) -> None:
    locked(org, rows=2, path="Lead")
    job = run(client, rows(5))
    assert (job["state"], job["numberRecordsFailed"], job["retries"]) == ("JobComplete", 2, 0)
    assert {row["sf__Error"] for row in failed(client, job)} == {
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"
    }
    assert keys(failed(client, job)) == {"k0", "k1"}
    assert keys(successful(client, job)) == {"k2", "k3", "k4"}


def test_locks_of_another_object_do_not_matter(client: OrgClient, org: Org) -> None:
    locked(org, rows=2, path="Contact")
    assert run(client, rows(5))["numberRecordsFailed"] == 0


def test_the_rest_of_a_batch_with_many_locks_comes_later(client: OrgClient, org: Org) -> None:
    locked(org, rows=150)
    job = run(client, rows(10_500))
    assert (job["state"], job["retries"]) == ("JobComplete", 1)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (10_500, 150)
    assert keys(failed(client, job)) == {f"k{number}" for number in range(150)}
    assert keys(successful(client, job)) == {f"k{number}" for number in range(150, 10_500)}
    assert unprocessed(client, job) == []


def test_a_job_with_locks_again_and_again_gives_up(client: OrgClient, org: Org) -> None:
    locked(org, rows=150, count=None)
    job = run(client, rows(5_000))
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith("TooManyLockFailure : Too many lock failures")
    assert job["retries"] == 11
    sent = len(failed(client, job)) + len(successful(client, job)) + len(unprocessed(client, job))
    assert sent == 5_000
    assert job["numberRecordsFailed"] == 11 * 150
    assert len(unprocessed(client, job)) == 5_000 - 11 * 200
