from collections.abc import Iterator
from itertools import pairwise

import pytest

from integration.localorg.bulk_query.jobs import PAGE_RECORDS, SELECT_USERS, BulkClient, rows_of
from localorg.control.fault_kinds import PAGE_DROPPED, PAGE_REPEATED, SHUFFLED_RESULTS
from localorg.control.faults import Fault
from unit.localorg.soql.sample_org import build, load

MANY = 250
IDS = [f"005zz0{number:09d}AAA" for number in range(MANY)]


@pytest.fixture(scope="module")
def client() -> Iterator[BulkClient]:
    """A client of an org in which the query has three pages."""
    sample = build(load("data.yaml"))
    sample.store.load("User", ("Id", "LastName"), [(user_id, "Many") for user_id in IDS])
    client = BulkClient(sample.store, sample.now)
    yield client
    client.org.close()


def found(client: BulkClient, job_id: str) -> list[str]:
    return [row[0] for page in client.all_pages(job_id) for row in page]


def test_a_dropped_page_lacks_though_the_headers_agree(client: BulkClient) -> None:
    job_id = client.run(SELECT_USERS)
    whole = found(client, job_id)
    client.org.faults.plan(Fault(kind=PAGE_DROPPED, skip=1, path="/results"))
    assert found(client, job_id) == whole[:PAGE_RECORDS] + whole[2 * PAGE_RECORDS :]
    assert found(client, job_id) == whole


def test_a_dropped_last_page_is_empty(client: BulkClient) -> None:
    job_id = client.run(SELECT_USERS)
    client.org.faults.plan(Fault(kind=PAGE_DROPPED, skip=2))
    assert len(found(client, job_id)) == 2 * PAGE_RECORDS


def test_a_repeated_page_comes_twice(client: BulkClient) -> None:
    job_id = client.run(SELECT_USERS)
    whole = found(client, job_id)
    client.org.faults.plan(Fault(kind=PAGE_REPEATED, skip=1))
    page = whole[PAGE_RECORDS : 2 * PAGE_RECORDS]
    assert found(client, job_id) == whole[:PAGE_RECORDS] + page + whole[PAGE_RECORDS:]


def test_results_are_shuffled_even_where_an_order_is_asked_for(client: BulkClient) -> None:
    client.org.faults.plan(Fault(kind=SHUFFLED_RESULTS, path="User", seed=5))
    shuffled = found(client, client.run(f"{SELECT_USERS} ORDER BY Id"))
    assert shuffled != IDS
    assert sorted(shuffled) == IDS
    neighbours = sum(
        IDS.index(after) == IDS.index(before) + 1 for before, after in pairwise(shuffled)
    )
    assert neighbours < MANY / 10
    assert found(client, client.run(f"{SELECT_USERS} ORDER BY Id")) == IDS


def test_shuffled_pages_have_any_size(client: BulkClient) -> None:
    client.org.faults.plan(Fault(kind=SHUFFLED_RESULTS))
    job_id = client.run(SELECT_USERS)
    assert sorted(row[0] for page in client.all_pages(job_id, 7) for row in page) == IDS
    assert len(rows_of(client.results(job_id, "?maxRecords=1"))) == 2
