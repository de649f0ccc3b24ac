import pytest

from integration.localorg.org_client import OrgClient, V


def test_a_parent_is_read_through_its_child(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme", Phone="1")
    contact = client.insert("Contact", LastName="L", AccountId=account)
    answer = client.call("GET", f"{V}/sobjects/Contact/{contact}/account?fields=Name")
    assert answer.json == {
        "attributes": {"type": "Account", "url": f"{V}/sobjects/Account/{account}"},
        "Name": "Acme",
    }
    further = client.call("GET", f"{V}/sobjects/Contact/{contact}/Account/CreatedBy")
    assert further.json["attributes"]["type"] == "User"


def test_children_are_listed_as_a_query_lists_them(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    path = f"{V}/sobjects/Account/{account}/Contacts"
    assert client.call("GET", path).json == {"totalSize": 0, "done": True, "records": []}
    ids = {client.insert("Contact", LastName="L", AccountId=account) for _ in range(2)}
    client.insert("Contact", LastName="other")
    answer = client.call("GET", path + "?fields=Id,LastName").json
    assert (answer["totalSize"], answer["done"]) == (2, True)
    assert {record["Id"] for record in answer["records"]} == ids
    assert set(answer["records"][0]) == {"attributes", "Id", "LastName"}
    everything = client.call("GET", path).json["records"][0]
    assert {"MailingAddress", "Email", "SystemModstamp"} <= everything.keys()


def test_a_parent_is_changed_and_deleted_through_its_child(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    child = client.insert("Account", Name="Child", ParentId=account)
    path = f"{V}/sobjects/Account/{child}/Parent"
    assert client.call("PATCH", path, {"Name": "Acme 2"}).status == 204
    assert client.record("Account", account)["Name"] == "Acme 2"
    assert client.call("DELETE", path).status == 204
    assert client.call("GET", f"{V}/sobjects/Account/{account}").status == 404


@pytest.mark.parametrize("way", ["Account", "Nothing", "Contacts", "Account/Contacts/Account"])
def test_a_way_that_leads_nowhere_is_not_found(client: OrgClient, way: str) -> None:
    contact = client.insert("Contact", LastName="L")
    answer = client.call("GET", f"{V}/sobjects/Contact/{contact}/{way}")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_children_can_not_be_written_together(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    for method, body in (("PATCH", {"LastName": "x"}), ("DELETE", None)):
        answer = client.call(method, f"{V}/sobjects/Account/{account}/Contacts", body)
        assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")


def test_an_unknown_field_of_a_related_record_is_refused(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    contact = client.insert("Contact", LastName="L", AccountId=account)
    for path in (f"Contact/{contact}/Account", f"Account/{account}/Contacts"):
        answer = client.call("GET", f"{V}/sobjects/{path}?fields=Nope")
        assert (answer.status, answer.code) == (400, "INVALID_FIELD")
