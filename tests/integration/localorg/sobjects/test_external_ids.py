from integration.localorg.org_client import OrgClient, V

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
