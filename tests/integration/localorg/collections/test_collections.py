from typing import Any

from integration.localorg.org_client import OrgClient, V
from localorg.org import Org
from localorg.store import INTEGRATION_USER_ID

MANY = V + "/composite/sobjects"


def lead(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Lead"}, "LastName": "L", "Company": "C"} | values


def statuses(results: list[dict[str, Any]]) -> list[str | None]:
    return [None if result["success"] else result["errors"][0]["statusCode"] for result in results]


def test_results_come_in_order_and_say_status_code(client: OrgClient) -> None:
    records = [lead(), lead(Company=None), {"attributes": {"type": "Contact"}, "LastName": "M"}]
    answer = client.call("POST", MANY, {"allOrNone": False, "records": records})
    assert answer.status == 200
    first, second, third = answer.json
    assert first == {"id": first["id"], "success": True, "errors": []}
    assert first["id"].startswith("00Q")
    assert third["id"].startswith("003")
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Company]",
                "fields": ["Company"],
            }
        ],
    }


def test_all_or_none_saves_none(client: OrgClient) -> None:
    body = {"allOrNone": True, "records": [lead(Isthmus_Id__c="a"), lead(Company=None)]}
    results = client.call("POST", MANY, body).json
    assert statuses(results) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert client.call("GET", V + "/sobjects/Lead/Isthmus_Id__c/a").status == 404


def test_records_are_updated_by_id(client: OrgClient) -> None:
    ids = [client.insert("Lead", LastName="L", Company="C") for _ in range(2)]
    records = [
        {"attributes": {"type": "Lead"}, "id": record_id, "Title": title}
        for record_id, title in zip(ids, ("A", "B"), strict=True)
    ]
    records.append({"attributes": {"type": "Lead"}, "Title": "C"})
    results = client.call("PATCH", MANY, {"records": records}).json
    assert statuses(results) == [None, None, "MISSING_ARGUMENT"]
    assert [client.record("Lead", record_id)["Title"] for record_id in ids] == ["A", "B"]


def test_each_record_of_a_call_may_change_other_fields(client: OrgClient) -> None:
    for sobject, required in (("Lead", {"Company": "C"}), ("Contact", {})):
        first, second = (client.insert(sobject, LastName="L", **required) for _ in range(2))
        records = [
            {"attributes": {"type": sobject}, "id": first, "LastName": "New"},
            {"attributes": {"type": sobject}, "id": second, "Title": "CEO"},
        ]
        assert statuses(client.call("PATCH", MANY, {"records": records}).json) == [None, None]
        assert client.record(sobject, first)["Name"] == "New"
        assert client.record(sobject, second)["Name"] == "L"


def test_records_are_upserted_by_a_key(client: OrgClient) -> None:
    known = client.insert("Lead", LastName="L", Company="C", Isthmus_Id__c="a")
    records = [lead(Isthmus_Id__c="A"), lead(Isthmus_Id__c="b")]
    results = client.call("PATCH", MANY + "/Lead/Isthmus_Id__c", {"records": records}).json
    assert [result["created"] for result in results] == [False, True]
    assert results[0]["id"] == known


def test_records_are_deleted_by_id(client: OrgClient) -> None:
    ids = [client.insert("Contact", LastName="L") for _ in range(2)]
    answer = client.call("DELETE", f"{MANY}?ids={','.join([*ids, ids[0]])}&allOrNone=false")
    assert statuses(answer.json)[:2] == [None, None]
    assert client.call("GET", f"{V}/sobjects/Contact/{ids[1]}").status == 404


def test_records_are_read_in_the_order_asked_for(client: OrgClient) -> None:
    ids = [client.insert("Contact", LastName=name) for name in "AB"]
    missing = "003000000000001AAA"
    body = {"ids": [ids[1], missing, ids[0][:15]], "fields": ["LastName"]}
    by_body = client.call("POST", MANY + "/Contact", body).json
    path = f"{MANY}/Contact?ids={ids[1]},{missing},{ids[0]}&fields=LastName"
    assert client.call("GET", path).json == by_body
    assert [record and record["LastName"] for record in by_body] == ["B", None, "A"]
    assert "Id" not in by_body[0]


def test_more_than_200_records_are_too_many(client: OrgClient) -> None:
    answer = client.call("POST", MANY, {"records": [lead()] * 201})
    assert (answer.status, answer.code) == (400, "EXCEEDED_ID_LIMIT")
    assert answer.message == (
        "record limit reached. cannot submit more than 200 records into this call"
    )


def test_a_record_without_a_type_or_an_unknown_field_fails_the_request(client: OrgClient) -> None:
    untyped = client.call("POST", MANY, {"records": [{"LastName": "L"}]})
    assert (untyped.status, untyped.code) == (400, "INVALID_TYPE")
    unknown = client.call("POST", MANY, {"records": [lead(), lead(Foo__c="x")]})
    assert (unknown.status, unknown.code) == (400, "INVALID_FIELD")


def test_records_are_upserted_by_id(client: OrgClient) -> None:
    known = client.insert("Lead", LastName="L", Company="C")
    records = [lead(Id=known, Title="x"), lead(Title="y")]
    results = client.call("PATCH", MANY + "/Lead/Id", {"records": records}).json
    assert [result.get("created") for result in results] == [False, True]
    assert client.record("Lead", known)["Title"] == "x"


def test_only_ten_changes_of_object_are_taken(client: OrgClient) -> None:
    contact = {"attributes": {"type": "Contact"}, "LastName": "L"}
    ten = [lead(), contact] * 5
    assert statuses(client.call("POST", MANY, {"records": ten}).json) == [None] * 10
    answer = client.call("POST", MANY, {"records": [*ten, lead()]})
    assert (answer.status, answer.code) == (400, "LIMIT_EXCEEDED")
    assert "more than 10 chunks" in answer.message


def test_ids_to_read_are_limited(client: OrgClient) -> None:
    ids = ["00Q000000000001EAA"] * 2000
    body = {"ids": ids, "fields": ["Id"]}
    assert client.call("POST", MANY + "/Lead", body).json == [None] * 2000
    body = {"ids": [*ids, ids[0]], "fields": ["Id"]}
    assert client.call("POST", MANY + "/Lead", body).code == "EXCEEDED_ID_LIMIT"
    path = f"{MANY}/Lead?fields=Id&ids="
    assert len(client.call("GET", path + ",".join(ids[:800])).json) == 800
    assert client.call("GET", path + ",".join(id_[:15] for id_ in ids[:801])).status == 400
    assert client.call("GET", path + ",".join(ids[:900])).status == 414


def test_nothing_to_delete_and_ids_of_nothing_are_refused(client: OrgClient) -> None:
    assert client.call("DELETE", MANY).code == "MISSING_ARGUMENT"
    for text in ("nonsense", "zzz000000000001EAA"):
        answer = client.call("DELETE", f"{MANY}?ids={text}")
        assert (answer.status, answer.code) == (400, "MALFORMED_ID")


def test_all_or_none_deletes_none(client: OrgClient) -> None:
    contact = client.insert("Contact", LastName="L")
    ids = f"{contact},003000000000001AAA"
    results = client.call("DELETE", f"{MANY}?ids={ids}&allOrNone=true").json
    assert statuses(results) == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "INVALID_CROSS_REFERENCE_KEY",
    ]
    assert client.record("Contact", contact)["IsDeleted"] is False


def test_a_hidden_object_is_no_type(client: OrgClient, org: Org) -> None:
    org.rights.documents.except_for(
        INTEGRATION_USER_ID, lambda known: known.with_object("Lead", ())
    )
    org.rights.refresh()
    answer = client.call("POST", MANY, {"records": [lead()]})
    assert (answer.status, answer.code) == (400, "INVALID_TYPE")
    body = {"ids": ["00Q000000000001EAA"], "fields": ["Id"]}
    assert client.call("POST", MANY + "/Lead", body).status == 404


def test_what_a_user_may_not_write_fails_row_by_row(client: OrgClient, org: Org) -> None:
    org.rights.documents.except_for(
        INTEGRATION_USER_ID, lambda known: known.with_object("Lead", ("read",))
    )
    org.rights.refresh()
    contact = {"attributes": {"type": "Contact"}, "LastName": "L"}
    results = client.call("POST", MANY, {"records": [lead(), contact]}).json
    assert statuses(results) == ["CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", None]


def test_one_call_is_one_api_request(client: OrgClient, org: Org) -> None:
    before = org.usage.used("DailyApiRequests")
    client.call("POST", MANY, {"records": [lead()] * 200})
    assert org.usage.used("DailyApiRequests") == before + 1
