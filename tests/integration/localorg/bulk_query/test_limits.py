from collections.abc import Iterator

import pytest

from integration.localorg.bulk_query.jobs import JOBS, SELECT_USERS, BulkClient
from localorg.bulk_query import BulkQuerySettings, QueryJobs
from localorg.bulk_query.pages import PageSizes
from unit.localorg.soql.sample_org import build, load

SELECT = "SELECT Id FROM Lead"
DAY = 24 * 3600


@pytest.fixture
def client() -> Iterator[BulkClient]:
    sample = build(load("data.yaml"))
    client = BulkClient(sample.store, sample.now)
    yield client
    client.org.close()


def test_the_jobs_of_a_day_are_limited(client: BulkClient) -> None:
    client.org.usage.limit("DailyBulkV2QueryJobs", 2)
    client.run(SELECT)
    client.wait(DAY / 2)
    client.run(SELECT)
    message = "Max bulk v2 query jobs (2) per 24 hrs has been reached"
    assert client.create(SELECT).error == (400, "LIMIT_EXCEEDED", message)
    client.wait(DAY / 2 + 60)
    assert client.create(SELECT).status == 200


def test_the_results_of_a_day_are_limited(client: BulkClient) -> None:
    usage = client.org.usage
    usage.add("DailyBulkV2QueryFileStorageMB", usage.most("DailyBulkV2QueryFileStorageMB"))
    message = "Max bulk v2 query result size stored (1000000000) kb per 24 hrs has been exceeded"
    assert client.create(SELECT).error == (400, "LIMIT_EXCEEDED", message)
    client.wait(DAY + 60)
    assert client.create(SELECT).status == 200


def test_results_use_the_days_storage(client: BulkClient) -> None:
    columns = [field.name for field in client.org.schema.object("User").columns]
    rows = [(f"005zz0{number:09d}AAA", "Many") for number in range(20_000)]
    client.org.store.load("User", ("Id", "LastName"), rows)
    query = " ".join(("SELECT", ", ".join(columns), "FROM User WHERE LastName = 'Many'"))
    job_id = client.run(query)
    body = client.results(job_id, "?maxRecords=20000").body
    limits = client.get(JOBS.replace("jobs/query", "limits")).json
    storage = limits["DailyBulkV2QueryFileStorageMB"]
    assert storage["Max"] - storage["Remaining"] == len(body) >> 20 > 0


def test_a_page_is_cut_where_it_grows_too_large(client: BulkClient) -> None:
    ids = [f"005zz0{number:09d}AAA" for number in range(200)]
    client.org.store.load("User", ("Id", "LastName"), [(user_id, "Many") for user_id in ids])
    settings = BulkQuerySettings(pages=PageSizes(most_bytes=1_500), segment_rows=30)
    client.jobs = client.org.query_jobs = QueryJobs(client.org, settings)
    pages = client.all_pages(client.run(SELECT_USERS))
    assert sorted(row[0] for page in pages for row in page) == ids
    assert [len(page) for page in pages] == [60, 60, 60, 20]


def test_result_pages_came_with_version_58(client: BulkClient) -> None:
    path = JOBS.replace("66.0", "57.0")
    job_id = client.post(path, {"operation": "query", "query": SELECT}).json["id"]
    client.wait_for_workers()
    assert client.get(f"{path}/{job_id}/results").status == 200
    assert client.get(f"{path}/{job_id}/resultPages").error[:2] == (404, "NOT_FOUND")
