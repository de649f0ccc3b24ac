"""What a user may not see or do."""

from collections.abc import Callable

import pytest

from integration.localorg.org_client import OrgClient, V
from localorg.org import Org
from localorg.rights import RightsDocument
from localorg.store import INTEGRATION_USER_ID

LEADS = V + "/sobjects/Lead"
SNAPSHOT = "/_localorg/snapshots/before"
PERSON = {"LastName": "L", "Company": "C"}


def restrict(org: Org, change: Callable[[RightsDocument], RightsDocument]) -> None:
    org.rights.documents.except_for(INTEGRATION_USER_ID, change)
    org.rights.refresh()


def test_a_hidden_object_is_not_there(client: OrgClient, org: Org) -> None:
    restrict(org, lambda known: known.with_object("Lead", ()))
    for path in ("", "/describe", "/updated?start=2026-01-31T11:00:00Z&end=2026-01-31T12:00:00Z"):
        answer = client.call("GET", LEADS + path)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert client.call("POST", LEADS, PERSON).status == 404
    listed = client.call("GET", V + "/sobjects").json["sobjects"]
    assert "Lead" not in {entry["name"] for entry in listed}


def test_a_hidden_field_is_not_there(client: OrgClient, org: Org) -> None:
    lead = client.insert("Lead", **PERSON, Title="Dr")
    restrict(org, lambda known: known.with_field("Lead.Title", ()))
    assert "Title" not in client.record("Lead", lead)
    fields = client.call("GET", LEADS + "/describe").json["fields"]
    assert "Title" not in {field["name"] for field in fields}
    for method, path, body in (
        ("GET", f"/{lead}?fields=Title", None),
        ("PATCH", f"/{lead}", {"Title": "x"}),
        ("POST", "", PERSON | {"Title": "x"}),
    ):
        answer = client.call(method, LEADS + path, body)
        assert (answer.status, answer.code) == (400, "INVALID_FIELD"), method


@pytest.mark.parametrize(
    ("rights", "method", "expected"),
    [
        (("read",), "POST", (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")),
        (("read", "create"), "PATCH", (403, "INSUFFICIENT_ACCESS_OR_READONLY")),
        (("read", "create", "edit"), "DELETE", (403, "INSUFFICIENT_ACCESS_OR_READONLY")),
    ],
)
def test_what_a_user_may_not_do_is_refused(
    client: OrgClient, org: Org, rights: tuple[str, ...], method: str, expected: tuple[int, str]
) -> None:
    lead = client.insert("Lead", **PERSON)
    restrict(org, lambda known: known.with_object("Lead", rights))
    path = LEADS if method == "POST" else f"{LEADS}/{lead}"
    answer = client.call(method, path, None if method == "DELETE" else PERSON)
    assert (answer.status, answer.code) == expected


def test_a_description_is_new_when_the_rights_are(client: OrgClient, org: Org) -> None:
    path = LEADS + "/describe"
    first = client.call("GET", path).headers["last-modified"]
    known = {"if-modified-since": first}
    assert client.call("GET", path, headers=known).status == 304
    # In the same second of the org's clock, which the header can't tell apart.
    restrict(org, lambda seen: seen.with_field("Lead.Title", ()))
    second = client.call("GET", path, headers=known)
    assert second.status == 200
    assert second.headers["last-modified"] > first
    contact = client.call("GET", V + "/sobjects/Contact/describe", headers=known)
    assert contact.status == 304
    known = {"if-modified-since": second.headers["last-modified"]}
    assert client.call("GET", path, headers=known).status == 304
    org.clock.advance(3600)
    restrict(org, lambda seen: seen.with_field("Lead.Title", ("read",)))
    third = client.call("GET", path, headers=known)
    assert third.headers["last-modified"] == "Sat, 31 Jan 2026 13:00:00 GMT"


def test_the_list_of_objects_is_new_when_the_rights_are(client: OrgClient, org: Org) -> None:
    path = V + "/sobjects"
    known = {"if-modified-since": client.call("GET", path).headers["last-modified"]}
    assert client.call("GET", path, headers=known).status == 304
    restrict(org, lambda seen: seen.with_object("Lead", ()))
    assert client.call("GET", path, headers=known).status == 200


def test_a_description_is_new_when_a_snapshot_brought_the_rights_back(
    client: OrgClient, org: Org
) -> None:
    path = LEADS + "/describe"
    client.call("GET", path)
    assert client.call("PUT", SNAPSHOT).status < 300
    restrict(org, lambda seen: seen.with_field("Lead.Title", ()))
    known = {"if-modified-since": client.call("GET", path).headers["last-modified"]}
    assert client.call("GET", path, headers=known).status == 304
    assert client.call("POST", SNAPSHOT + "/restore").status < 300
    restored = client.call("GET", path, headers=known)
    assert restored.status == 200
    assert "Title" in {field["name"] for field in restored.json["fields"]}
