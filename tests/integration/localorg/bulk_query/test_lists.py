from collections.abc import Iterator

import pytest

from integration.localorg.bulk_query.jobs import JOBS, BulkClient
from localorg.bulk import listing
from unit.localorg.soql.sample_org import build, load

SELECT = "SELECT Id FROM Lead"


@pytest.fixture
def client() -> Iterator[BulkClient]:
    sample = build(load("data.yaml"))
    client = BulkClient(sample.store, sample.now)
    yield client
    client.org.close()


def pages(client: BulkClient, parameters: str = "") -> Iterator[list[str]]:
    path = JOBS + parameters
    while path:
        answer = client.get(path).json
        yield [job["id"] for job in answer["records"]]
        assert answer["done"] is (answer["nextRecordsUrl"] is None)
        path = answer["nextRecordsUrl"]


def test_a_long_list_comes_in_pages(client: BulkClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "JOBS_PER_PAGE", 2)
    ids = [client.run(SELECT) for _ in range(5)]
    found = list(pages(client))
    assert [len(page) for page in found] == [2, 2, 1]
    assert [job_id for page in found for job_id in page] == ids


def test_later_pages_have_the_jobs_that_were_asked_for(
    client: BulkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "JOBS_PER_PAGE", 1)
    limited = [client.run(f"{SELECT} LIMIT 1") for _ in range(2)]
    chunked = [client.run(SELECT) for _ in range(2)]
    for flag, ids in (("false", limited), ("true", chunked)):
        found = list(pages(client, f"?isPkChunkingEnabled={flag}&jobType=V2Query"))
        assert [job_id for page in found for job_id in page] == ids


def test_a_job_deleted_meanwhile_moves_no_other(
    client: BulkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "JOBS_PER_PAGE", 2)
    ids = [client.run(SELECT) for _ in range(4)]
    walk = pages(client)
    assert next(walk) == ids[:2]
    client.send("DELETE", f"{JOBS}/{ids[1]}")
    assert next(walk) == ids[2:]


def test_listed_jobs_look_like_their_answers(client: BulkClient) -> None:
    job_id = client.run(SELECT)
    [listed] = client.get(JOBS).json["records"]
    assert listed.items() <= client.job(job_id).items()
    assert listed["jobType"] == "V2Query"


@pytest.mark.parametrize("locator", ["xyz", "null", "YWZ0ZXI", "%C3%A9"])
def test_a_locator_that_was_never_given_out_is_refused(client: BulkClient, locator: str) -> None:
    answer = client.get(f"{JOBS}?queryLocator={locator}")
    assert answer.error == (400, "INVALID_QUERY_LOCATOR", "invalid query locator")
