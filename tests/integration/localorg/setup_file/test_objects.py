"""What a set-up file adds to an org, as a client meets it."""

import time
from typing import Any
from urllib.parse import quote

import pytest

from integration.localorg.org_client import OrgClient, V

TRIP = {"Name": "Rome in spring", "Destination__c": "Rome", "Starts__c": "2026-03-01"}


def query(client: OrgClient, soql: str) -> list[dict[str, Any]]:
    """The records of a query, without their attributes."""
    answer = client.call("GET", f"{V}/query?q={quote(soql)}")
    assert answer.status == 200, answer.text
    records: list[dict[str, Any]] = answer.json["records"]
    for record in records:
        record.pop("attributes")
    return records


def test_a_custom_object_is_listed_and_described(client: OrgClient) -> None:
    listed = {entry["name"] for entry in client.call("GET", f"{V}/sobjects").json["sobjects"]}
    assert {"Trip__c", "Booking__c", "Lead"} <= listed
    described = client.call("GET", f"{V}/sobjects/trip__c/describe").json
    assert (described["keyPrefix"], described["custom"]) == ("a01", True)
    names = {entry["name"] for entry in described["fields"]}
    assert {"Destination__c", "Net_Price__c", "OwnerId", "SystemModstamp"} <= names


def test_a_record_of_a_custom_object_gets_its_defaults(client: OrgClient) -> None:
    trip = client.record("Trip__c", client.insert("Trip__c", **TRIP))
    assert trip["Id"].startswith("a01")
    assert trip["Kind__c"] == "Mountains"
    assert trip["Leaves_At__c"] == "09:00:00.000Z"
    assert trip["Booked_On__c"] == "2026-01-31"
    assert trip["Discount__c"] == 0


def test_formulas_are_read_with_their_record(client: OrgClient) -> None:
    trip = client.insert("Trip__c", **TRIP, Price__c=200, Discount__c=25)
    assert client.record("Trip__c", trip)["Net_Price__c"] == 150
    booking = client.insert("Booking__c", Trip__c=trip, Seats__c=3)
    record = client.record("Booking__c", booking)
    assert (record["Name"], record["Total__c"]) == ("B-00001", 450)


def test_formulas_can_be_selected_searched_by_and_sorted_by(client: OrgClient) -> None:
    for price in (300, 100, 200):
        client.insert("Trip__c", **(TRIP | {"Name": f"For {price}"}), Price__c=price)
    found = query(
        client,
        "SELECT Name, Net_Price__c FROM Trip__c WHERE Net_Price__c > 100 ORDER BY Net_Price__c",
    )
    assert found == [
        {"Name": "For 200", "Net_Price__c": 200.0},
        {"Name": "For 300", "Net_Price__c": 300.0},
    ]


def test_formulas_of_parents_can_be_selected(client: OrgClient) -> None:
    trip = client.insert("Trip__c", **TRIP, Price__c=10)
    client.insert("Booking__c", Trip__c=trip, Seats__c=1)
    [found] = query(client, "SELECT Trip__r.Net_Price__c, Trip__r.Name FROM Booking__c")
    assert found["Trip__r"]["Net_Price__c"] == 10


def test_a_formula_changes_without_a_stamp(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="Ada")
    before = client.record("Lead", lead)
    client.call("POST", "/_localorg/clock", {"advance_seconds": 3 * 86_400})
    client.sign_in()
    after = client.record("Lead", lead)
    assert (before["Days_Open__c"], after["Days_Open__c"]) == (0, 3)
    assert before["SystemModstamp"] == after["SystemModstamp"]


def test_a_formula_takes_no_value(client: OrgClient) -> None:
    answer = client.call("POST", f"{V}/sobjects/Trip__c", TRIP | {"Net_Price__c": 5})
    assert (answer.status, answer.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Starts__c": "2026-01-30"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ({"Kind__c": "Moon"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Destination__c": None}, "REQUIRED_FIELD_MISSING"),
        ({"Destination__c": "x" * 81}, "STRING_TOO_LONG"),
    ],
)
def test_a_record_has_to_be_as_the_file_says(
    client: OrgClient, changes: dict[str, str | None], code: str
) -> None:
    answer = client.call("POST", f"{V}/sobjects/Trip__c", TRIP | changes)
    assert (answer.status, answer.code) == (400, code)


def test_a_validation_rule_speaks_with_its_field(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="Ada", Score__c=5)
    answer = client.call("PATCH", f"{V}/sobjects/Lead/{lead}", {"Score__c": 4})
    assert answer.json == [
        {
            "message": "A score never falls.",
            "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "fields": [],
        }
    ]
    assert client.call("PATCH", f"{V}/sobjects/Lead/{lead}", {"Score__c": 6}).status == 204
    closed = {"Status": "Closed - Not Converted"}
    answer = client.call("PATCH", f"{V}/sobjects/Lead/{lead}", closed)
    assert answer.json[0]["fields"] == ["LeadSource"]


def test_details_go_with_their_master(client: OrgClient) -> None:
    trip = client.insert("Trip__c", **TRIP)
    booking = client.insert("Booking__c", Trip__c=trip, Seats__c=1)
    assert client.call("DELETE", f"{V}/sobjects/Trip__c/{trip}").status == 204
    assert client.call("GET", f"{V}/sobjects/Booking__c/{booking}").status == 404


def test_a_custom_external_id_finds_its_record(client: OrgClient) -> None:
    path = f"{V}/sobjects/Trip__c/Shop_Id__c/S-1"
    assert client.call("PATCH", path, TRIP).status == 201
    assert client.call("PATCH", path, {"Destination__c": "Paris"}).status == 200
    assert client.call("GET", path).json["Destination__c"] == "Paris"


def test_a_persons_contact_brings_its_custom_fields(client: OrgClient) -> None:
    [person] = query(client, "SELECT Id FROM RecordType WHERE IsPersonType = true")
    trip = client.insert("Trip__c", **TRIP)
    account = client.insert(
        "Account",
        RecordTypeId=person["Id"],
        LastName="Lovelace",
        PersonBirthdate="1990-02-01",
        Favourite_Trip__pc=trip,
    )
    record = client.record("Account", account)
    assert (record["Favourite_Trip__pc"], record["Age__pc"]) == (trip, 35)
    contact = client.record("Contact", record["PersonContactId"])
    assert (contact["Favourite_Trip__c"], contact["Age__c"]) == (trip, 35)


def test_record_types_are_described_and_used(client: OrgClient) -> None:
    described = client.call("GET", f"{V}/sobjects/Lead/describe").json["recordTypeInfos"]
    found = {entry["developerName"]: entry["defaultRecordTypeMapping"] for entry in described}
    assert found == {"Consumer": True, "Partner": False, "Master": False}
    lead = client.record("Lead", client.insert("Lead", LastName="Ada"))
    [consumer] = query(
        client, "SELECT Id FROM RecordType WHERE SobjectType = 'Lead' AND Name = 'Consumer'"
    )
    assert lead["RecordTypeId"] == consumer["Id"]


def test_the_bulk_api_reads_formulas(client: OrgClient) -> None:
    client.insert("Trip__c", **TRIP, Price__c=80, Discount__c=50)
    job = client.call(
        "POST",
        f"{V}/jobs/query",
        {"operation": "query", "query": "SELECT Net_Price__c, Leaves_At__c FROM Trip__c"},
    ).json
    deadline = time.monotonic() + 20
    path = f"{V}/jobs/query/{job['id']}"
    while client.call("GET", path).json["state"] not in {"JobComplete", "Failed"}:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    lines = client.call("GET", f"{path}/results").text.splitlines()
    assert lines == ['"Net_Price__c","Leaves_At__c"', '"40.0","09:00:00.000Z"']


def test_a_record_without_a_name_is_called_by_its_id(client: OrgClient) -> None:
    trip = client.insert("Trip__c", Destination__c="Rome", Starts__c="2026-03-01")
    assert client.record("Trip__c", trip)["Name"] == trip


def test_numbers_go_on(client: OrgClient) -> None:
    trip = client.insert("Trip__c", **TRIP)
    names = [
        client.record("Booking__c", client.insert("Booking__c", Trip__c=trip, Seats__c=1))["Name"]
        for _ in range(3)
    ]
    assert names == ["B-00001", "B-00002", "B-00003"]
    answer = client.call(
        "POST", f"{V}/sobjects/Booking__c", {"Trip__c": trip, "Seats__c": 1, "Name": "mine"}
    )
    assert answer.code == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_values_of_every_type_come_back_as_they_were_sent(client: OrgClient) -> None:
    values = {
        "Leaves_At__c": "23:59:58.123Z",
        "Price__c": 12.34,
        "Discount__c": 12.5,
        "Kind__c": "City",
        "Extras__c": "Breakfast;Guide",
        "Brochure__c": "<p>Come!</p>",
        "Booked_On__c": "2025-12-24",
    }
    record = client.record("Trip__c", client.insert("Trip__c", **TRIP, **values))
    assert {name: record[name] for name in values} == values
    assert record["Net_Price__c"] == 10.8


def test_a_master_can_not_be_changed(client: OrgClient) -> None:
    trips = [client.insert("Trip__c", **TRIP) for _ in range(2)]
    booking = client.insert("Booking__c", Trip__c=trips[0], Seats__c=1)
    answer = client.call("PATCH", f"{V}/sobjects/Booking__c/{booking}", {"Trip__c": trips[1]})
    assert (answer.status, answer.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_a_lookup_can_keep_its_parent(client: OrgClient) -> None:
    trip = client.insert("Trip__c", **TRIP)
    contact = client.insert("Contact", LastName="Ada", Favourite_Trip__c=trip)
    client.insert("Booking__c", Trip__c=trip, Seats__c=1, Traveller__c=contact)
    answer = client.call("DELETE", f"{V}/sobjects/Contact/{contact}")
    assert (answer.status, answer.code) == (400, "DELETE_FAILED")
    assert client.call("DELETE", f"{V}/sobjects/Trip__c/{trip}").status == 204
    assert client.call("POST", "/_localorg/empty-recycle-bin", {}).status == 200
    assert client.record("Contact", contact)["Favourite_Trip__c"] is None


def test_the_children_of_a_custom_object_can_be_selected(client: OrgClient) -> None:
    trip = client.insert("Trip__c", **TRIP, Price__c=5)
    client.insert("Booking__c", Trip__c=trip, Seats__c=2)
    [found] = query(client, "SELECT Name, (SELECT Name, Total__c FROM Bookings__r) FROM Trip__c")
    [booking] = found["Bookings__r"]["records"]
    assert (booking["Name"], booking["Total__c"]) == ("B-00001", 10.0)


def test_formulas_can_be_grouped_and_counted(client: OrgClient) -> None:
    for score in (10, 50, 90, 95):
        client.insert("Lead", LastName="Ada", Score__c=score)
    found = query(client, "SELECT Heat__c, COUNT(Id) n FROM Lead GROUP BY Heat__c ORDER BY Heat__c")
    assert found == [
        {"Heat__c": "cold", "n": 1},
        {"Heat__c": "hot", "n": 2},
        {"Heat__c": "warm", "n": 1},
    ]


def test_what_a_standard_opportunity_is_can_be_searched_by(client: OrgClient) -> None:
    for stage in ("Prospecting", "Closed Won", "Closed Lost"):
        client.insert("Opportunity", Name=stage, StageName=stage, CloseDate="2026-02-01")
    found = query(client, "SELECT Name, FiscalQuarter FROM Opportunity WHERE IsWon = true")
    assert found == [{"Name": "Closed Won", "FiscalQuarter": 1}]
    open_ones = query(client, "SELECT Name, IsClosed FROM Opportunity WHERE IsClosed = false")
    assert open_ones == [{"Name": "Prospecting", "IsClosed": False}]
