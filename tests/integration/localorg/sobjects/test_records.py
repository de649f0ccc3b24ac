import pytest

from integration.localorg.org_client import OrgClient, V

LEADS = V + "/sobjects/Lead"
PERSON = {"LastName": "Lovelace", "Company": "Engines"}


def test_a_new_record_says_where_it_is(client: OrgClient) -> None:
    answer = client.call("POST", LEADS, PERSON)
    assert answer.status == 201
    record_id = answer.json["id"]
    assert answer.json == {"id": record_id, "success": True, "errors": []}
    assert answer.headers["location"] == f"{LEADS}/{record_id}"


def test_a_record_shows_its_values_as_json(client: OrgClient) -> None:
    lead = client.insert(
        "Lead",
        **PERSON,
        City="Rome",
        Newsletter__c=True,
        Loyalty_Points__c=7,
        Last_Seen__c="2026-01-01T10:00:00Z",
    )
    record = client.record("lead", lead[:15])
    assert record["attributes"] == {"type": "Lead", "url": f"{LEADS}/{lead}"}
    assert record["Id"] == lead
    assert record["Newsletter__c"] is True
    assert record["IsDeleted"] is False
    assert repr(record["Loyalty_Points__c"]) == "7.0"
    assert record["Last_Seen__c"] == "2026-01-01T10:00:00.000+0000"
    assert record["SystemModstamp"] == "2026-01-31T12:00:00.000+0000"
    assert record["Title"] is None
    assert record["Address"]["city"] == "Rome"
    assert record["Address"]["street"] is None
    assert set(record["Address"]) >= {"countryCode", "geocodeAccuracy", "latitude", "stateCode"}


def test_only_the_fields_asked_for_are_shown(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON)
    answer = client.call("GET", f"{LEADS}/{lead}?fields=name,Address").json
    assert answer == {
        "attributes": {"type": "Lead", "url": f"{LEADS}/{lead}"},
        "Name": "Lovelace",
        "Address": None,
    }
    unknown = client.call("GET", f"{LEADS}/{lead}?fields=Nope")
    assert (unknown.status, unknown.code) == (400, "INVALID_FIELD")


def test_an_update_answers_nothing(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON)
    answer = client.call("PATCH", f"{LEADS}/{lead}", {"Title": "Dr"})
    assert (answer.status, answer.content) == (204, b"")
    assert client.record("Lead", lead)["Title"] == "Dr"


def test_an_update_says_no_id_in_its_body(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON)
    answer = client.call("PATCH", f"{LEADS}/{lead}", {"id": lead, "Title": "Dr"})
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")


def test_a_bad_record_says_what_is_wrong(client: OrgClient) -> None:
    answer = client.call("POST", LEADS, {"FirstName": "Ada"})
    assert answer.status == 400
    assert answer.json == [
        {
            "message": "Required fields are missing: [LastName, Company]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName", "Company"],
        }
    ]


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'"x"'])
def test_a_body_that_is_no_object_is_refused(client: OrgClient, body: bytes) -> None:
    answer = client.call("POST", LEADS, body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")
    assert "[line:1, column:" in answer.message


def test_a_deleted_record_is_gone(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON)
    assert client.call("DELETE", f"{LEADS}/{lead}").status == 204
    for method, body in (("GET", None), ("PATCH", {"Title": "x"}), ("DELETE", None)):
        answer = client.call(method, f"{LEADS}/{lead}", body)
        assert (answer.status, answer.code) == (404, "ENTITY_IS_DELETED"), method


@pytest.mark.parametrize(
    ("method", "record_id", "expected"),
    [
        ("GET", "00Q000000000001EAA", (404, "NOT_FOUND")),
        ("PATCH", "00Q000000000001EAA", (404, "INVALID_CROSS_REFERENCE_KEY")),
        ("DELETE", "00Q000000000001EAA", (404, "INVALID_CROSS_REFERENCE_KEY")),
        ("GET", "003000000000001AAA", (404, "NOT_FOUND")),
        ("GET", "nonsense", (400, "MALFORMED_ID")),
        ("GET", "00Q000000000001AAB", (400, "MALFORMED_ID")),
    ],
)
def test_what_never_was_is_not_found(
    client: OrgClient, method: str, record_id: str, expected: tuple[int, str]
) -> None:
    answer = client.call(method, f"{LEADS}/{record_id}", {} if method == "PATCH" else None)
    assert (answer.status, answer.code) == expected


def test_setup_objects_are_not_written(client: OrgClient) -> None:
    answer = client.call("POST", V + "/sobjects/User", {"LastName": "x"})
    assert (answer.status, answer.code) == (400, "INVALID_TYPE_FOR_OPERATION")
