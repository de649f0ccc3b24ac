"""One record at a time."""

import pytest

from behaviour.organizations import Organization


def test_a_new_record_is_answered_with_its_id_and_place(org: Organization) -> None:
    content = {"LastName": "New", "Company": org.mark}
    answer = org.call("POST", "/sobjects/Lead", content)
    assert answer.status == 201
    record_id = answer.json["id"]
    org.made.append(record_id)
    assert answer.json == {"id": record_id, "success": True, "errors": []}
    assert answer.headers["location"].endswith(f"/sobjects/Lead/{record_id}")
    assert len(record_id) == 18
    assert record_id.startswith("00Q")


def test_a_change_is_answered_with_nothing_and_moves_the_stamp(org: Organization) -> None:
    record_id = org.lead(Title="Before")
    answer = org.call("PATCH", f"/sobjects/Lead/{record_id}", {"Title": "After"})
    assert (answer.status, answer.content) == (204, b"")
    record = org.record("Lead", record_id, "Title", "CreatedDate", "SystemModstamp")
    assert record["Title"] == "After"
    assert record["SystemModstamp"] >= record["CreatedDate"]


def test_null_clears_a_field_and_an_empty_text_does_too(org: Organization) -> None:
    record_id = org.lead(Title="Boss", Website="https://example.com")
    org.call("PATCH", f"/sobjects/Lead/{record_id}", {"Title": None, "Website": ""})
    assert org.record("Lead", record_id, "Title", "Website") == {"Title": None, "Website": None}


def test_an_id_of_15_characters_is_taken_as_well(org: Organization) -> None:
    record_id = org.lead()
    assert org.record("Lead", record_id[:15], "Id") == {"Id": record_id}


def test_a_name_is_put_together(org: Organization) -> None:
    record_id = org.lead(FirstName="Ada", LastName="Lovelace")
    assert org.record("Lead", record_id, "Name") == {"Name": "Ada Lovelace"}


def test_a_deleted_record_is_gone_but_not_for_query_all(org: Organization) -> None:
    record_id = org.lead()
    assert org.call("DELETE", f"/sobjects/Lead/{record_id}").status == 204
    gone = org.call("GET", f"/sobjects/Lead/{record_id}")
    assert gone.error == (404, "ENTITY_IS_DELETED", "entity is deleted")
    assert org.call("DELETE", f"/sobjects/Lead/{record_id}").error[:2] == (404, "ENTITY_IS_DELETED")
    soql = f"SELECT IsDeleted FROM Lead WHERE Id = '{record_id}'"  # noqa: S608 - an id
    assert org.records(soql) == []
    [record] = org.records(soql, every=True)
    assert record["IsDeleted"] is True


def test_an_unknown_id_is_not_found(org: Organization) -> None:
    answer = org.call("GET", "/sobjects/Lead/00Q000000000000EAA")
    assert answer.error[:2] == (404, "NOT_FOUND")


def test_an_unknown_object_is_not_found(org: Organization) -> None:
    answer = org.call("POST", "/sobjects/Nope__c", {})
    assert answer.error == (404, "NOT_FOUND", "The requested resource does not exist")


@pytest.mark.parametrize(
    ("values", "status", "code", "message"),
    [
        (
            {"LastName": None},
            400,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName]",
        ),
        (
            {"Email": "nobody"},
            400,
            "INVALID_EMAIL_ADDRESS",
            "Email: invalid email address: nobody",
        ),
        (
            {"FirstName": "x" * 41},
            400,
            "STRING_TOO_LONG",
            f"First Name: data value too large: {'x' * 41} (max length=40)",
        ),
        (
            {"Nope__c": 1},
            400,
            "INVALID_FIELD",
            "No such column 'Nope__c' on sobject of type Lead",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    org: Organization, values: dict[str, object], status: int, code: str, message: str
) -> None:
    content = {"LastName": "Refused", "Company": org.mark} | values
    assert org.call("POST", "/sobjects/Lead", content).error == (status, code, message)


def test_a_body_that_is_no_json_is_refused(org: Organization) -> None:
    answer = org.call("POST", "/sobjects/Lead", b"{no json")
    assert answer.error[:2] == (400, "JSON_PARSER_ERROR")


def test_a_method_that_a_path_does_not_take_is_refused(org: Organization) -> None:
    answer = org.call("PUT", "/sobjects/Lead", {})
    assert answer.status == 405
    assert answer.error[1] == "METHOD_NOT_ALLOWED"


def test_a_wrong_token_is_refused(org: Organization) -> None:
    answer = org.call("GET", "/limits", headers={"authorization": "Bearer wrong"})
    assert answer.error == (401, "INVALID_SESSION_ID", "Session expired or invalid")


def test_an_insert_through_the_upsert_route_of_the_id(org: Organization) -> None:
    content = {"LastName": "Upserted", "Company": org.mark}
    answer = org.call("POST", "/sobjects/Lead/Id", content)
    assert answer.status == 201
    org.made.append(answer.json["id"])


def test_every_answer_says_how_many_requests_are_left(org: Organization) -> None:
    answer = org.call("GET", "/sobjects")
    assert answer.headers["sforce-limit-info"].startswith("api-usage=")


@pytest.mark.localorg_alone
def test_an_external_id_makes_a_record_and_then_changes_it(org: Organization) -> None:
    path = "/sobjects/Lead/Isthmus_Id__c/behaviour-1"
    first = org.call("PATCH", path, {"LastName": "First", "Company": org.mark})
    second = org.call("PATCH", path, {"LastName": "Second"})
    assert (first.status, first.json["created"]) == (201, True)
    assert (second.status, second.json["created"]) == (200, False)
    assert org.call("GET", path).json["LastName"] == "Second"


@pytest.mark.localorg_alone
def test_an_external_id_of_several_records_lists_them(org: Organization) -> None:
    ids = {org.lead(External_Ref__c="behaviour-many") for _ in range(2)}
    answer = org.call("GET", "/sobjects/Lead/External_Ref__c/behaviour-many")
    assert answer.status == 300
    assert {path.rpartition("/")[2] for path in answer.json} == ids
