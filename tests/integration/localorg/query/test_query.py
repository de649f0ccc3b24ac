from datetime import timedelta
from typing import Any

import pytest

from integration.localorg.query.in_process import BASE, Client
from unit.localorg.soql.sample_org import SampleOrg

ID = "00QgL00000000G9UAI"


def _only(client: Client, text: str) -> dict[str, Any]:
    [record] = client.records(text)
    return record


def test_a_record_carries_its_type_its_path_and_its_fields_in_order(
    client: Client, sample: SampleOrg
) -> None:
    answer = client.query("SELECT Name, Id, tier__C FROM Lead WHERE LastName = 'Archer'")
    record_id = sample.with_ids("@ann")
    assert (answer.status, answer.headers["content-type"]) == (
        200,
        "application/json;charset=UTF-8",
    )
    assert answer.json == {
        "totalSize": 1,
        "done": True,
        "records": [
            {
                "attributes": {"type": "Lead", "url": f"{BASE}/sobjects/Lead/{record_id}"},
                "Name": "Ann Archer",
                "Id": record_id,
                "Tier__c": "Gold",
            }
        ],
    }
    assert list(answer.json["records"][0]) == ["attributes", "Name", "Id", "Tier__c"]


def test_values_have_the_form_of_json(client: Client) -> None:
    query = (
        "SELECT SystemModstamp, Last_Purchase__c, Newsletter__c, DoNotCall, NumberOfEmployees, "
        "AnnualRevenue, Loyalty_Points__c, Annual_Spend__c, Title, Interests__c "
        "FROM Lead WHERE LastName = 'Archer'"
    )
    record = _only(client, query)
    del record["attributes"]
    assert record == {
        "SystemModstamp": "2026-03-18T09:00:00.000+0000",
        "Last_Purchase__c": "2026-03-17",
        "Newsletter__c": True,
        "DoNotCall": False,
        "NumberOfEmployees": 10,
        "AnnualRevenue": 1000000.0,
        "Loyalty_Points__c": 100.0,
        "Annual_Spend__c": 19.99,
        "Title": None,
        "Interests__c": "Analytics;Events",
    }
    assert isinstance(record["Loyalty_Points__c"], float)
    assert isinstance(record["NumberOfEmployees"], int)


def test_an_address_is_an_object_of_its_parts_or_null(client: Client) -> None:
    query = "SELECT Address FROM Lead WHERE LastName IN ('Archer', 'Dove') ORDER BY LastName"
    archer, dove = client.records(query)
    assert archer["Address"] == {
        "city": "Oslo",
        "country": "Norway",
        "countryCode": None,
        "geocodeAccuracy": None,
        "latitude": None,
        "longitude": None,
        "postalCode": None,
        "state": None,
        "stateCode": None,
        "street": "1 Main St",
    }
    assert dove["Address"] is None


def test_parents_are_objects_inside_the_record_and_null_where_there_are_none(
    client: Client, sample: SampleOrg
) -> None:
    query = (
        "SELECT CaseNumber, Contact.Email, Contact.Account.Name, Contact.Account.BillingAddress, "
        "Owner.Name FROM Case WHERE CaseNumber IN ('00001000', '00001002', '00001003') "
        "ORDER BY CaseNumber"
    )
    broken, stray, private = client.records(query)
    contact = broken["Contact"]
    url = f"{BASE}/sobjects/Contact/{sample.with_ids('@carl')}"
    assert contact["attributes"] == {"type": "Contact", "url": url}
    assert contact["Email"] == "carl@example.com"
    assert contact["Account"]["attributes"]["type"] == "Account"
    assert contact["Account"]["Name"] == "Acme Corporation"
    assert contact["Account"]["BillingAddress"]["city"] == "London"
    assert broken["Owner"]["Name"] == "Integration User"
    assert stray["Contact"] is None
    assert private["Contact"]["Account"] is None
    assert list(broken) == ["attributes", "CaseNumber", "Contact", "Owner"]


def test_a_field_of_a_missing_parent_is_null_even_a_boolean(client: Client) -> None:
    record = _only(
        client, "SELECT Account.IsPersonAccount, Id FROM Contact WHERE LastName = 'Private'"
    )
    assert record["Account"] is None


def test_query_all_answers_deleted_records_too(client: Client) -> None:
    query = "SELECT Id, IsDeleted FROM Lead WHERE Company = 'Acme'"
    assert [record["IsDeleted"] for record in client.records(query)] == [False, False]
    everything = client.records(query, "queryAll")
    assert sorted(record["IsDeleted"] for record in everything) == [False, False, True, True]


def test_count_answers_a_size_and_no_records(client: Client) -> None:
    answer = client.query("SELECT COUNT() FROM Lead").json
    assert answer == {"totalSize": 5, "done": True, "records": []}


def test_a_wrong_query_answers_an_array_of_one_error(client: Client) -> None:
    answer = client.query("SELECT Foo FROM Lead")
    assert answer.status == 400
    [error] = answer.json
    assert error["errorCode"] == "INVALID_FIELD"
    assert error["message"].startswith(
        "\nSELECT Foo FROM Lead\n       ^\nERROR at Row:1:Column:8\nNo such column 'Foo'"
    )


def test_a_request_without_a_query_says_so(client: Client) -> None:
    expected = (400, "MALFORMED_QUERY", "A query string has to be specified")
    assert client.get(f"{BASE}/query").error == expected


def test_paths_ignore_case_and_a_slash_at_the_end(client: Client) -> None:
    answer = client.get(f"{BASE}/QUERYALL/?q=SELECT+COUNT()+FROM+Lead")
    assert answer.json["totalSize"] == 7


@pytest.fixture(scope="module")
def many(sample: SampleOrg) -> int:
    """So many Users that a query for them has several pages."""
    ids = [f"005zz0{number:09d}AAA" for number in range(4_321)]
    rows = [(user_id, f"user{user_id}", "Many") for user_id in ids]
    sample.store.load("User", ("Id", "Username", "LastName"), rows)
    return len(rows)


QUERY = "SELECT Id FROM User WHERE LastName = 'Many' ORDER BY Id DESC"


def _pages(client: Client, answer: Any, **headers: str) -> list[list[str]]:
    pages = [[record["Id"] for record in answer["records"]]]
    while not answer["done"]:
        answer = client.get(answer["nextRecordsUrl"], **headers).json
        pages.append([record["Id"] for record in answer["records"]])
    assert "nextRecordsUrl" not in answer
    return pages


def test_pages_hold_two_thousand_records_and_follow_one_another(client: Client, many: int) -> None:
    first = client.query(QUERY).json
    assert first["totalSize"] == many
    assert first["nextRecordsUrl"].endswith("-2000")
    assert first["nextRecordsUrl"].startswith(f"{BASE}/query/01g")
    pages = _pages(client, first)
    assert [len(page) for page in pages] == [2000, 2000, 321]
    found = [record_id for page in pages for record_id in page]
    assert found == sorted(set(found), reverse=True)


@pytest.mark.parametrize(
    ("options", "size"),
    [("batchSize=500", 500), ("batchSize=1", 200), ("batchSize=9999", 2000), ("nonsense", 2000)],
)
def test_the_batch_size_asked_for_is_kept_between_200_and_2000(
    client: Client, many: int, options: str, size: int
) -> None:
    answer = client.query(QUERY, sforce_query_options=options).json
    assert len(answer["records"]) == size
    assert answer["nextRecordsUrl"].endswith(f"-{size}")
    following = client.get(answer["nextRecordsUrl"]).json
    assert len(following["records"]) == size


def test_a_page_can_be_fetched_again(client: Client, many: int) -> None:
    path = client.query(QUERY).json["nextRecordsUrl"]
    assert client.get(path).body == client.get(path).body


def test_the_answer_is_a_snapshot_of_ids_whose_rows_are_read_page_by_page(
    client: Client, sample: SampleOrg, many: int
) -> None:
    query = "SELECT Id, Alias FROM User WHERE LastName = 'Many' AND Alias = null ORDER BY Id"
    first = client.query(query).json
    later = f"005zz0{many - 1:09d}AAA"
    with sample.store.write() as connection:
        connection.execute("UPDATE User SET Alias = 'changed' WHERE Id = ?", (later,))
    second = client.get(first["nextRecordsUrl"]).json
    last = client.get(second["nextRecordsUrl"]).json["records"][-1]
    assert (last["Id"], last["Alias"]) == (later, "changed")


def test_a_record_deleted_between_two_pages_is_missing_from_query_but_not_from_query_all(
    client: Client, sample: SampleOrg
) -> None:
    ids = [f"500zz0{number:09d}AAA" for number in range(201)]
    sample.store.load("Case", ("Id", "Subject"), [(case_id, "many") for case_id in ids])
    query = "SELECT Id FROM Case WHERE Subject = 'many' ORDER BY Id"
    options = {"sforce_query_options": "batchSize=200"}
    plain = client.query(query, **options).json
    everything = client.query(query, "queryAll", **options).json
    with sample.store.write() as connection:
        connection.execute("UPDATE \"Case\" SET IsDeleted = 1 WHERE Subject = 'many'")
    assert client.get(plain["nextRecordsUrl"]).json["records"] == []
    [record] = client.get(everything["nextRecordsUrl"]).json["records"]
    assert record["Id"] == ids[-1]
    with sample.store.write() as connection:
        connection.execute("DELETE FROM \"Case\" WHERE Subject = 'many'")


@pytest.mark.parametrize(
    "locator", ["nonsense", "01gxx0000000001AAA-2000", "01gxx0000000001AAA", "-2000"]
)
def test_an_unknown_locator_is_refused(client: Client, locator: str) -> None:
    expected = (400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    assert client.get(f"{BASE}/query/{locator}").error == expected


def test_a_locator_beyond_the_end_is_refused(client: Client, many: int) -> None:
    path = client.query(QUERY).json["nextRecordsUrl"]
    beyond = path.rpartition("-")[0] + f"-{many}"
    assert client.get(beyond).error[1] == "INVALID_QUERY_LOCATOR"


def test_a_cursor_lives_for_two_days(client: Client, many: int) -> None:
    path = client.query(QUERY).json["nextRecordsUrl"]
    client.wait(timedelta(days=2).total_seconds() - 1)
    assert client.get(path).status == 200
    client.wait(1)
    assert client.get(path).error[1] == "INVALID_QUERY_LOCATOR"
