"""What may happen between two pages of an answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from integration.localorg.query.in_process import BASE, Client
from localorg.control.faults import Fault
from localorg.query import Cursors
from localorg.store import OWNER_IDS
from unit.localorg.soql.sample_org import SampleOrg

QUERY = "SELECT Id FROM Case WHERE Subject = 'paged' ORDER BY Id"
SMALL = {"sforce_query_options": "batchSize=200"}
IDS = [f"500zz3{number:09d}AAA" for number in range(500)]


@pytest.fixture(autouse=True)
def cases(sample: SampleOrg) -> Iterator[None]:
    sample.store.load("Case", ("Id", "Subject"), [(case_id, "paged") for case_id in IDS])
    yield
    with sample.store.write() as connection:
        connection.execute("DELETE FROM \"Case\" WHERE Subject IN ('paged', 'late')")


def _ids(answer: Any) -> list[str]:
    return [record["Id"] for record in answer["records"]]


def _all_ids(client: Client) -> list[str]:
    answer = client.query(QUERY, **SMALL).json
    ids = _ids(answer)
    while not answer["done"]:
        answer = client.get(answer["nextRecordsUrl"]).json
        ids += _ids(answer)
    return ids


def test_a_row_number_that_is_given_again_brings_no_stranger_into_an_answer(
    client: Client, sample: SampleOrg
) -> None:
    first = client.query(QUERY, **SMALL).json
    with sample.store.write() as connection:
        connection.execute('DELETE FROM "Case" WHERE Id = ?', (IDS[-1],))
    sample.store.load("Case", ("Id", "Subject"), [("500zz9000000000AAA", "late")])
    second = client.get(first["nextRecordsUrl"]).json
    third = client.get(second["nextRecordsUrl"]).json
    assert _ids(third) == IDS[400:-1]


def test_a_locator_is_of_no_use_to_another_user(client: Client) -> None:
    path = client.query(QUERY, **SMALL).json["nextRecordsUrl"]
    stranger = client.org.sessions.open(OWNER_IDS[0])
    answer = client.get(path, authorization=f"Bearer {stranger}")
    assert answer.error[1] == "INVALID_QUERY_LOCATOR"
    assert client.get(path).status == 200


def test_cursors_are_closed_when_the_org_goes_back_in_time(client: Client) -> None:
    path = client.query(QUERY, **SMALL).json["nextRecordsUrl"]
    client.org.cursors.clear()
    assert client.get(path).error[1] == "INVALID_QUERY_LOCATOR"


def test_the_oldest_cursors_are_closed_where_all_hold_too_many_records(client: Client) -> None:
    usual = client.org.cursors
    client.org.cursors = Cursors(most_places=2 * len(IDS))
    try:
        paths = [client.query(QUERY, **SMALL).json["nextRecordsUrl"] for _ in range(3)]
        assert [client.get(path).status for path in paths] == [400, 200, 200]
    finally:
        client.org.cursors = usual


def test_a_dropped_page_is_missing_from_the_answer(client: Client) -> None:
    client.org.faults.plan(Fault(kind="page_dropped", path="/query/01g"))
    assert _all_ids(client) == IDS[:200] + IDS[400:]
    assert _all_ids(client) == IDS


def test_a_repeated_page_comes_twice(client: Client) -> None:
    client.org.faults.plan(Fault(kind="page_repeated", path="paged"))
    assert _all_ids(client) == IDS[:200] + IDS
    assert _all_ids(client) == IDS


def test_answers_are_whole_while_others_write(client: Client, sample: SampleOrg) -> None:
    def write(number: int) -> None:
        sample.store.load("Case", ("Id", "Subject"), [(f"500zz8{number:09d}AAA", "late")])

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(_all_ids, client) for _ in range(12)]
        writes = [pool.submit(write, number) for number in range(100)]
        assert all(answer.result() == IDS for answer in answers)
        assert all(written.result() is None for written in writes)


def test_more_than_2000_groups_are_refused(client: Client, sample: SampleOrg) -> None:
    rows = [(f"500zz7{number:09d}AAA", f"late {number}") for number in range(2_001)]
    sample.store.load("Case", ("Id", "Subject"), rows)
    query = "SELECT Subject FROM Case WHERE Subject LIKE 'late %' GROUP BY Subject"
    message = (
        "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
        "single batch"
    )
    assert client.query(query).error == (400, "EXCEEDED_ID_LIMIT", message)
    assert client.query(f"{query} LIMIT 2000").json["totalSize"] == 2_000
    with sample.store.write() as connection:
        connection.execute("DELETE FROM \"Case\" WHERE Subject LIKE 'late %'")


def test_days_begin_and_end_in_the_users_time_zone(client: Client, sample: SampleOrg) -> None:
    rows = [("500zz6000000000AAA", "late", "2026-03-17T23:30:00.000Z")]
    sample.store.load("Case", ("Id", "Subject", "CreatedDate"), rows)
    query = "SELECT COUNT() FROM Case WHERE Subject = 'late' AND CreatedDate = TODAY"
    hour = (
        "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)) h, HOUR_IN_DAY(CreatedDate) utc "
        "FROM Case WHERE Subject = 'late' "
        "GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate)), HOUR_IN_DAY(CreatedDate)"
    )
    assert client.query(query).json["totalSize"] == 0
    with _living_in(sample, "Europe/Oslo"):
        assert client.query(query).json["totalSize"] == 1
        [record] = client.records(hour)
        assert (record["h"], record["utc"]) == (0, 23)


class _living_in:  # noqa: N801 - reads as a word in the tests
    """Lets the users of the org live in a time zone."""

    def __init__(self, sample: SampleOrg, zone: str) -> None:
        self._sample = sample
        self._zone = zone

    def __enter__(self) -> None:
        self._set(self._zone)

    def __exit__(self, *_: object) -> None:
        self._set("GMT")

    def _set(self, zone: str) -> None:
        with self._sample.store.write() as connection:
            connection.execute("UPDATE User SET TimeZoneSidKey = ?", (zone,))


def test_explain_tells_how_a_query_would_be_run(client: Client) -> None:
    answer = client.get(f"{BASE}/query?explain=SELECT+Id+FROM+Case+WHERE+CaseNumber='00001000'")
    plan, *others = answer.json["plans"]
    assert (plan["leadingOperationType"], plan["fields"]) == ("Index", ["CaseNumber"])
    assert (plan["cardinality"], plan["sobjectType"]) == (1, "Case")
    assert plan["sobjectCardinality"] > len(IDS)
    assert [other["leadingOperationType"] for other in others] == ["TableScan"]
    assert plan["relativeCost"] < others[0]["relativeCost"]


def test_explain_refuses_what_is_no_query(client: Client) -> None:
    assert client.get(f"{BASE}/query?explain=SELECT").error[1] == "MALFORMED_QUERY"
