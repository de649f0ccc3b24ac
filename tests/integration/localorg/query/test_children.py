"""Sub-queries whose children do not fit into one page."""

from collections.abc import Iterator
from typing import Any

import pytest

from integration.localorg.query.in_process import Client
from unit.localorg.soql.sample_org import SampleOrg

QUERY = (
    "SELECT Name, (SELECT Subject FROM Cases WHERE Subject LIKE 'many%' ORDER BY Subject) "
    "FROM Account WHERE Name = 'Holding'"
)
COUNT = 2_345
# Deleted lately: what has been in the recycle bin for 15 days is gone for good.
DELETE_CARL = """
    UPDATE Contact SET IsDeleted = 1, SystemModstamp = '2026-03-18T11:00:00.000Z'
    WHERE FirstName = 'Carl'
"""


@pytest.fixture(scope="module")
def cases(sample: SampleOrg) -> Iterator[None]:
    account = sample.with_ids("@holding")
    rows = [(f"500zz1{number:09d}AAA", account, f"many {number:05d}") for number in range(COUNT)]
    sample.store.load("Case", ("Id", "AccountId", "Subject"), rows)
    yield
    with sample.store.write() as connection:
        connection.execute("DELETE FROM \"Case\" WHERE Subject LIKE 'many%'")


def _children(client: Client, query: str = QUERY) -> dict[str, Any]:
    [record] = client.records(query)
    children: dict[str, Any] = record["Cases"]
    return children


def test_children_beyond_a_page_are_fetched_by_a_locator_of_their_own(
    client: Client, cases: None
) -> None:
    children = _children(client)
    assert (children["totalSize"], children["done"]) == (COUNT, False)
    following = client.get(children["nextRecordsUrl"]).json
    assert (following["totalSize"], following["done"]) == (COUNT, True)
    subjects = [record["Subject"] for record in children["records"] + following["records"]]
    assert subjects == [f"many {number:05d}" for number in range(COUNT)]
    assert following["records"][0]["attributes"]["type"] == "Case"


def test_a_limit_of_a_sub_query_counts_for_each_parent(client: Client, cases: None) -> None:
    children = _children(client, QUERY.replace("ORDER BY Subject", "ORDER BY Subject LIMIT 2"))
    assert children["totalSize"] == 2
    assert children["done"] is True
    assert [record["Subject"] for record in children["records"]] == ["many 00000", "many 00001"]


@pytest.fixture(scope="module")
def families(sample: SampleOrg) -> Iterator[int]:
    """Accounts of 30 contacts each, so many that their contacts fill more than one page."""
    accounts = [f"001zz2{number:09d}AAA" for number in range(400)]
    sample.store.load("Account", ("Id", "Name"), [(account, "Family") for account in accounts])
    rows = [
        (f"003zz2{number:04d}{child:05d}AAA", account, "Child")
        for number, account in enumerate(accounts)
        for child in range(30)
    ]
    sample.store.load("Contact", ("Id", "AccountId", "LastName"), rows)
    yield len(accounts)
    with sample.store.write() as connection:
        connection.execute("DELETE FROM Contact WHERE LastName = 'Child'")
        connection.execute("DELETE FROM Account WHERE Name = 'Family'")


def test_a_page_ends_early_where_its_records_have_very_many_children(
    client: Client, families: int
) -> None:
    query = "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Family' ORDER BY Id"
    page = client.query(query).json
    records = page["records"]
    assert page["totalSize"] == families
    assert len(records) < families
    while not page["done"]:
        page = client.get(page["nextRecordsUrl"]).json
        records += page["records"]
    ids = [record["Id"] for record in records]
    assert ids == sorted(set(ids))
    assert len(ids) == families
    assert {record["Contacts"]["totalSize"] for record in records} == {30}
    assert {len(record["Contacts"]["records"]) for record in records} == {30}


def test_deleted_children_show_in_query_all_alone(client: Client, sample: SampleOrg) -> None:
    query = "SELECT (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Acme Corporation'"
    with sample.store.write() as connection:
        connection.execute(DELETE_CARL)
    try:
        assert client.records(query)[0]["Contacts"] is None
        assert client.records(query, "queryAll")[0]["Contacts"]["totalSize"] == 1
    finally:
        with sample.store.write() as connection:
            connection.execute("UPDATE Contact SET IsDeleted = 0 WHERE FirstName = 'Carl'")
