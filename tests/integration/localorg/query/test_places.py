"""A query without conditions finds its records without reading them; they are the same ones."""

import pytest

from integration.localorg.query.in_process import Client
from localorg.query.places import without
from unit.localorg.soql.sample_org import SampleOrg

IDS = [f"001zz0{number:09d}AAA" for number in range(9)]


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ([], [1, 2, 3, 4]),
        ([1], [2, 3, 4]),
        ([4], [1, 2, 3]),
        ([2, 3], [1, 4]),
        ([1, 3], [2, 4]),
        ([1, 2, 3, 4], []),
    ],
)
def test_numbers_are_left_out(left_out: list[int], expected: list[int]) -> None:
    found = without(range(1, 5), left_out)
    assert list(found) == expected
    assert list(found[1:3]) == expected[1:3]


def _both(client: Client, resource: str) -> list[str]:
    """The ids of all accounts by a query without conditions, compared with one that has one."""
    found = [each["Id"] for each in client.records("SELECT Id FROM Account", resource)]
    searched = client.records("SELECT Id FROM Account WHERE Id != null", resource)
    assert sorted(found) == sorted(each["Id"] for each in searched)
    return [each for each in found if each in IDS]


@pytest.mark.parametrize("resource", ["query", "queryAll"])
def test_deleted_records_and_gaps_are_left_out(
    client: Client, sample: SampleOrg, resource: str
) -> None:
    sample.store.load("Account", ("Id", "Name"), [(each, each) for each in IDS])
    with sample.store.write() as connection:
        connection.execute("UPDATE Account SET IsDeleted = 1 WHERE Id IN (?, ?)", IDS[:2])
    before = _both(client, resource)
    with sample.store.write() as connection:
        connection.execute("DELETE FROM Account WHERE Id = ?", IDS[5:6])
    after = _both(client, resource)
    with sample.store.write() as connection:
        connection.execute("DELETE FROM Account WHERE Id >= ? AND Id <= ?", (IDS[0], IDS[-1]))
    assert before == (IDS if resource == "queryAll" else IDS[2:])
    assert after == [each for each in before if each != IDS[5]]


def test_an_object_without_records_answers_none(client: Client) -> None:
    assert client.query("SELECT Id FROM Task").json == {
        "totalSize": 0,
        "done": True,
        "records": [],
    }
