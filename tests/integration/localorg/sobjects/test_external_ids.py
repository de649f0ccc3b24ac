import pytest

from integration.localorg.org_client import OrgClient, V
from localorg.org import Org
from localorg.store import INTEGRATION_USER_ID

LEADS = V + "/sobjects/Lead"
BY_KEY = LEADS + "/Isthmus_Id__c/a-1"
PERSON = {"LastName": "Lovelace", "Company": "Engines"}


def test_an_upsert_makes_a_record_and_then_changes_it(client: OrgClient) -> None:
    made = client.call("PATCH", BY_KEY, PERSON)
    changed = client.call("PATCH", BY_KEY.replace("a-1", "A-1"), {"Title": "Dr"})
    assert (made.status, made.json["created"]) == (201, True)
    assert (changed.status, changed.json["created"]) == (200, False)
    assert made.json["id"] == changed.json["id"]
    record = client.call("GET", BY_KEY).json
    assert (record["LastName"], record["Title"], record["Isthmus_Id__c"]) == (
        "Lovelace",
        "Dr",
        "A-1",
    )


def test_update_only_makes_nothing(client: OrgClient) -> None:
    answer = client.call("PATCH", BY_KEY + "?updateOnly=true", PERSON)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_several_records_are_listed(client: OrgClient) -> None:
    ids = [client.insert("Lead", **PERSON, External_Ref__c="r/1 é") for _ in range(2)]
    path = LEADS + "/External_Ref__c/r%2F1%20%C3%A9"
    for method, body in (("GET", None), ("PATCH", {"Title": "x"}), ("DELETE", None)):
        answer = client.call(method, path, body)
        assert answer.status == 300
        assert answer.json == [f"{LEADS}/{record_id}" for record_id in ids]


def test_the_key_is_not_repeated_in_the_body(client: OrgClient) -> None:
    answer = client.call("PATCH", BY_KEY, PERSON | {"Isthmus_Id__c": "a-1"})
    assert (answer.status, answer.code) == (400, "INVALID_FIELD")


def test_only_keys_can_be_asked_by(client: OrgClient) -> None:
    answer = client.call("GET", LEADS + "/Title/Dr")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert answer.message == (
        "Provided external ID field does not exist or is not accessible: Title"
    )


def test_a_record_is_deleted_by_its_key(client: OrgClient) -> None:
    client.call("PATCH", BY_KEY, PERSON)
    assert client.call("DELETE", BY_KEY).status == 204
    assert client.call("GET", BY_KEY).status == 404


def test_the_id_route_inserts(client: OrgClient) -> None:
    assert client.call("POST", LEADS + "/Id", PERSON).status == 201
    assert client.call("POST", LEADS + "/Title", PERSON).status == 404


def test_a_parent_is_named_by_its_key(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme", Isthmus_Id__c="acme")
    contact = client.insert("Contact", LastName="L", Account={"Isthmus_Id__c": "acme"})
    assert client.record("Contact", contact)["AccountId"] == account


def test_old_versions_do_not_say_whether_they_created(client: OrgClient) -> None:
    path = BY_KEY.replace("v66.0", "v45.0")
    made = client.call("PATCH", path, PERSON)
    assert (made.status, set(made.json)) == (201, {"id", "success", "errors"})
    assert made.headers["location"].endswith(made.json["id"])
    changed = client.call("PATCH", path, {"Title": "Dr"})
    assert (changed.status, changed.content) == (204, b"")


@pytest.mark.parametrize("value", ["ada@mail.inc", "ada.json", "ada.xml"])
def test_a_value_that_looks_like_a_file_is_not_found(client: OrgClient, value: str) -> None:
    client.insert("Lead", **PERSON, Isthmus_Id__c=value)
    answer = client.call("GET", f"{LEADS}/Isthmus_Id__c/{value}")
    assert (answer.status, answer.text.count("NOT_FOUND")) == (404, 1)


def test_an_email_is_a_key(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON, Email="ada+1@example.com")
    found = client.call("GET", LEADS + "/Email/ada%2B1%40example.com")
    assert found.json["Id"] == lead


def test_a_key_that_is_not_unique_takes_the_right_to_view_all(client: OrgClient, org: Org) -> None:
    path = LEADS + "/External_Ref__c/r"
    assert client.call("PATCH", path, PERSON).status == 201
    org.rights.documents.except_for(
        INTEGRATION_USER_ID,
        lambda known: known.with_permission("PermissionsViewAllData", given=False),
    )
    org.rights.refresh()
    answer = client.call("PATCH", path, {"Title": "x"})
    assert (answer.status, answer.code) == (403, "INSUFFICIENT_ACCESS")
    assert client.call("PATCH", BY_KEY, PERSON).status == 201


def test_a_line_end_behind_a_key_is_part_of_it(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON, Isthmus_Id__c="a-1")
    for path in (BY_KEY + "%0A", f"{LEADS}/{lead}%0A"):
        assert client.call("GET", path).status in {400, 404}
    assert client.call("PATCH", BY_KEY + "%0A", PERSON).json["created"]
    assert client.call("GET", BY_KEY + "%0A").json["Isthmus_Id__c"] == "a-1\n"
    assert client.call("GET", BY_KEY).json["Id"] == lead


def test_a_slash_at_the_end_of_a_key_is_part_of_it(client: OrgClient) -> None:
    lead = client.insert("Lead", **PERSON, Isthmus_Id__c="a-1")
    paths = {BY_KEY + "%2F": "a-1/", BY_KEY + "%2f%2F": "a-1//", BY_KEY[:-3] + "%2F": "/"}
    for path, key in paths.items():
        assert client.call("GET", path).status == 404
        assert client.call("PATCH", path, PERSON).json["created"]
        assert client.call("GET", path + "/").json["Isthmus_Id__c"] == key
        batch = {"batchRequests": [{"method": "GET", "url": path.removeprefix("/")}]}
        [result] = client.call("POST", V + "/composite/batch", batch).json["results"]
        assert result["result"]["Isthmus_Id__c"] == key
    assert client.call("GET", BY_KEY + "/").json["Id"] == lead
