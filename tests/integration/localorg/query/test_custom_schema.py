"""Queries over objects and fields of a set-up file."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from integration.localorg.query.in_process import Client
from integration.localorg.query.test_cases import plain
from localorg.ids import make_id
from localorg.setup_file import org_schema, parse
from localorg.store import IN_MEMORY, Store

SETUP = """
objects:
  Trip__c:
    label: Trip
    plural: Trips
    name_field: {label: Trip}
    fields:
      - {name: Price__c, type: currency, precision: 10, scale: 2}
      - {name: Seats__c, type: double, precision: 4, scale: 0}
      - {name: Per_Seat__c, type: currency, precision: 10, scale: 2, formula: Price__c / Seats__c}
      - {name: Starts__c, type: time}
      - {name: Code__c, type: string, length: 9, unique: true, case_sensitive: true}
      - {name: Guide__c, type: reference, to: Contact, children: Trips}
"""
NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)
GUIDE = make_id("003", 1)
QUERY = "SELECT Name FROM Trip__c WHERE"


@pytest.fixture(scope="module")
def travel() -> Iterator[Client]:
    store = Store(IN_MEMORY, org_schema(parse(SETUP, "setup.yaml")), NOW)
    store.load("Contact", ("Id", "LastName"), [(GUIDE, "Guide")])
    prefix = store.schema.object("Trip__c").key_prefix
    columns = ("Id", "Name", "Price__c", "Seats__c", "Starts__c", "Guide__c", "Code__c")
    rows = [
        (make_id(prefix, 1), "Sea", 100.0, 4, "08:30:00.000Z", GUIDE, "sea"),
        (make_id(prefix, 2), "Alps", 90.0, 2, "21:00:00.000Z", GUIDE, "SEA"),
        (make_id(prefix, 3), "Moon", 999.99, None, None, None, "Séa"),
    ]
    store.load("Trip__c", columns, rows)
    client = Client(store, NOW)
    yield client
    client.org.close()


def test_a_formula_is_selected_filtered_and_sorted_by(travel: Client) -> None:
    query = "SELECT Name, Per_Seat__c FROM Trip__c WHERE Per_Seat__c > 1 ORDER BY Per_Seat__c DESC"
    assert plain(travel.records(query)) == [
        {"Name": "Alps", "Per_Seat__c": 45.0},
        {"Name": "Sea", "Per_Seat__c": 25.0},
    ]


def test_formulas_are_aggregated(travel: Client) -> None:
    query = "SELECT SUM(Per_Seat__c) total, MAX(Per_Seat__c) most FROM Trip__c"
    assert plain(travel.records(query)) == [{"total": 70.0, "most": 45.0}]


def test_children_of_a_custom_lookup_have_its_name(travel: Client) -> None:
    query = "SELECT LastName, (SELECT Name, Guide__r.LastName FROM Trips__r) FROM Contact"
    [record] = travel.records(query)
    assert plain(record["Trips__r"]["records"]) == [
        {"Name": "Sea", "Guide__r": {"LastName": "Guide"}},
        {"Name": "Alps", "Guide__r": {"LastName": "Guide"}},
    ]


def test_times_of_the_day_are_compared(travel: Client) -> None:
    query = "SELECT Name, Starts__c FROM Trip__c WHERE Starts__c {} 12:00:00Z"
    assert plain(travel.records(query.format(">"))) == [
        {"Name": "Alps", "Starts__c": "21:00:00.000Z"}
    ]
    assert [record["Name"] for record in travel.records(query.format("<="))] == ["Sea"]
    assert len(travel.records(query.format("!="))) == 3
    refused = travel.query("SELECT Id FROM Trip__c WHERE Starts__c > 'noon'")
    assert refused.error[1] == "INVALID_FIELD"
    assert travel.query("SELECT Id FROM Trip__c WHERE Starts__c > 25:00:00Z").error == (
        400,
        "MALFORMED_QUERY",
        "Invalid time: 25:00:00Z",
    )


def test_case_counts_in_fields_that_say_so(travel: Client) -> None:
    def found(condition: str) -> list[str]:
        return [each["Name"] for each in travel.records(f"{QUERY} {condition}")]

    assert found("Code__c = 'sea'") == ["Sea"]
    assert found("Code__c = 'SEA'") == ["Alps"]
    assert found("Code__c = 'Sea'") == []
    assert found("Code__c IN ('SEA', 'sÉa', 'Séa')") == ["Alps", "Moon"]
    assert found("Code__c != 'sea'") == ["Alps", "Moon"]
