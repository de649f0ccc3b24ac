from integration.localorg.org_client import OrgClient, V


def test_the_objects_are_listed(client: OrgClient) -> None:
    answer = client.call("GET", V + "/sobjects").json
    assert answer["maxBatchSize"] == 200
    assert {entry["name"] for entry in answer["sobjects"]} >= {
        "Account",
        "Case",
        "Contact",
        "Lead",
        "Organization",
        "RecordType",
        "User",
        "UserPermissionAccess",
    }


def test_an_object_describes_its_fields_and_record_types(client: OrgClient) -> None:
    answer = client.call("GET", V + "/sobjects/Account/describe").json
    assert answer["urls"]["describe"] == V + "/sobjects/Account/describe"
    assert "IsPersonAccount" in {field["name"] for field in answer["fields"]}
    kinds = {kind["developerName"]: kind for kind in answer["recordTypeInfos"]}
    assert set(kinds) == {"Business_Account", "PersonAccount", "Master"}
    assert kinds["Business_Account"]["defaultRecordTypeMapping"]
    assert kinds["Master"]["master"]


def test_a_description_that_is_known_is_not_sent_again(client: OrgClient) -> None:
    path = V + "/sobjects/Lead/describe"
    changed = client.call("GET", path).headers["last-modified"]
    known = client.call("GET", path, headers={"if-modified-since": changed})
    assert (known.status, known.content) == (304, b"")
    older = {"if-modified-since": "Fri, 30 Jan 2026 12:00:00 GMT"}
    assert client.call("GET", path, headers=older).status == 200
    assert client.call("GET", path, headers={"if-modified-since": "soon"}).status == 200


def test_an_object_shows_itself_without_its_fields(client: OrgClient) -> None:
    answer = client.call("GET", V + "/sobjects/Lead").json
    assert answer["objectDescribe"]["keyPrefix"] == "00Q"
    assert answer["recentItems"] == []
