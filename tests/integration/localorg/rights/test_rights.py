from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration.localorg.org_client import Answer, OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.setup_file import parse
from localorg.setup_file.access import install_access
from localorg.store import Store

PEOPLE = """
profiles:
  Readers:
    permissions: [ApiEnabled]
    objects: {Lead: [read], Contact: [read, edit]}
    fields: {Lead.Email: [], Lead.Phone: read}
permission_sets:
  Editors:
    permissions: [ViewSetup]
    objects: {Lead: [read, create, edit]}
    fields: {Lead.Email: all}
users:
  rita@localorg.example: {profile: Readers}
  eddy@localorg.example: {profile: Readers, permission_sets: [Editors]}
"""

SETS_OF_A_USER = (
    "SELECT PermissionSet.PermissionsViewSetup, PermissionSet.IsOwnedByProfile "
    "FROM PermissionSetAssignment WHERE AssigneeId = '{}'"
)

As = Callable[[str], OrgClient]


@pytest.fixture
def org() -> Org:
    org = Org(Store(":memory:", standard_schema()), Clock(), Settings(control=True))
    setup = parse(PEOPLE, "org.yaml")
    install_access(org, setup)
    setup.raise_problems()
    return org


@pytest.fixture
def as_user(org: Org) -> Iterator[As]:
    """The client, signed in as somebody."""
    with serving(org) as client:

        def signed_in(username: str) -> OrgClient:
            account = org.sign_in.accounts.by_username(f"{username}@localorg.example")
            assert account is not None
            client.token = org.sessions.open(account.user_id)
            return client

        yield signed_in


def order(client: OrgClient, **body: Any) -> Answer:
    return client.call("POST", "/_localorg/rights", body)


def described(client: OrgClient, name: str) -> dict[str, Any]:
    answer = client.call("GET", f"{V}/sobjects/{name}/describe")
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def fields(client: OrgClient, name: str) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in described(client, name)["fields"]}


def query(client: OrgClient, soql: str) -> Answer:
    return client.call("GET", f"{V}/query?q={soql.replace(' ', '+')}")


def own_permissions(client: OrgClient) -> dict[str, bool]:
    soql = (
        "SELECT PermissionsApiEnabled, PermissionsManageDataIntegrations, PermissionsViewSetup, "
        "PermissionsViewAllData FROM UserPermissionAccess LIMIT 1"
    )
    [row] = query(client, soql).json["records"]
    del row["attributes"]
    found: dict[str, bool] = row
    return found


def test_describe_shows_only_what_the_user_may_see(as_user: As) -> None:
    rita = as_user("rita")
    names = {entry["name"] for entry in rita.call("GET", V + "/sobjects").json["sobjects"]}
    assert {"Lead", "Contact", "User", "Organization"} <= names
    assert not {"Account", "Case", "PermissionSet"} & names
    assert rita.call("GET", V + "/sobjects/Account/describe").status == 404
    lead = fields(rita, "Lead")
    assert "Email" not in lead
    assert {"Id", "LastName", "SystemModstamp"} <= lead.keys()


def test_describe_says_what_the_user_may_do(as_user: As) -> None:
    rita = as_user("rita")
    lead, contact = described(rita, "Lead"), described(rita, "Contact")
    assert (lead["createable"], lead["updateable"], lead["deletable"]) == (False, False, False)
    assert (contact["createable"], contact["updateable"]) == (False, True)
    assert not any(field["createable"] for field in contact["fields"])
    assert fields(rita, "Contact")["LastName"]["updateable"]


def test_permission_sets_add_to_the_profile(as_user: As) -> None:
    eddy = as_user("eddy")
    lead = fields(eddy, "Lead")
    assert lead["Email"]["updateable"]
    assert not lead["Phone"]["updateable"]
    assert described(eddy, "Lead")["createable"]


def test_a_hidden_field_is_no_column_of_a_query(as_user: As) -> None:
    eddy = as_user("eddy")
    lead_id = eddy.insert("Lead", LastName="A", Company="B", Email="a@b.example")
    assert query(eddy, "SELECT Email FROM Lead").status == 200
    rita = as_user("rita")
    refused = query(rita, "SELECT Email FROM Lead")
    assert (refused.status, refused.code) == (400, "INVALID_FIELD")
    assert query(rita, "SELECT Id FROM Lead WHERE Email = null").code == "INVALID_FIELD"
    assert query(rita, "SELECT Id FROM Account").code == "INVALID_TYPE"
    assert query(rita, "SELECT Id FROM Lead").json["totalSize"] == 1
    assert "Email" not in rita.record("Lead", lead_id)


def test_a_user_without_the_right_can_not_write(as_user: As) -> None:
    eddy = as_user("eddy")
    lead_id = eddy.insert("Lead", LastName="A", Company="B")
    rita = as_user("rita")
    created = rita.call("POST", f"{V}/sobjects/Lead", {"LastName": "A", "Company": "B"})
    assert created.status in {400, 403}
    assert rita.call("PATCH", f"{V}/sobjects/Lead/{lead_id}", {"LastName": "C"}).status != 204
    assert eddy.call("DELETE", f"{V}/sobjects/Lead/{lead_id}").status != 204
    assert as_user("integration").record("Lead", lead_id)["LastName"] == "A"


def test_user_permission_access_is_the_askers(as_user: As) -> None:
    assert own_permissions(as_user("rita")) == {
        "PermissionsApiEnabled": True,
        "PermissionsManageDataIntegrations": False,
        "PermissionsViewSetup": False,
        "PermissionsViewAllData": False,
    }
    assert own_permissions(as_user("eddy"))["PermissionsViewSetup"]
    assert all(own_permissions(as_user("integration")).values())


def test_the_sets_of_a_user_can_be_added_up_with_view_setup(as_user: As, org: Org) -> None:
    eddy = org.sign_in.accounts.by_username("eddy@localorg.example")
    assert eddy is not None
    soql = SETS_OF_A_USER.format(eddy.user_id)
    rows = query(as_user("eddy"), soql).json["records"]
    flags = {
        row["PermissionSet"]["IsOwnedByProfile"]: row["PermissionSet"]["PermissionsViewSetup"]
        for row in rows
    }
    assert flags == {True: False, False: True}
    assert query(as_user("rita"), soql).code == "INVALID_TYPE"


def test_a_permission_set_that_is_assigned_over_the_api_counts_at_once(
    as_user: As, org: Org
) -> None:
    rita = org.sign_in.accounts.by_username("rita@localorg.example")
    assert rita is not None
    admin = as_user("integration")
    soql = "SELECT Id FROM PermissionSet WHERE Name = 'Editors'"
    [row] = query(admin, soql).json["records"]
    body = {"AssigneeId": rita.user_id, "PermissionSetId": row["Id"]}
    assigned = admin.call("POST", f"{V}/sobjects/PermissionSetAssignment", body)
    assert assigned.status == 201, assigned.text
    assert own_permissions(as_user("rita"))["PermissionsViewSetup"]
    admin = as_user("integration")
    gone = admin.call("DELETE", f"{V}/sobjects/PermissionSetAssignment/{assigned.json['id']}")
    assert gone.status == 204
    assert not own_permissions(as_user("rita"))["PermissionsViewSetup"]


def test_without_api_enabled_every_call_is_refused(as_user: As) -> None:
    rita = as_user("rita")
    order(rita, user="rita@localorg.example", permission="ApiEnabled", given=False)
    for path in ("/sobjects", "/limits", "/query?q=SELECT+Id+FROM+Lead"):
        answer = rita.call("GET", V + path)
        assert (answer.status, answer.code, answer.message) == (
            403,
            "API_DISABLED_FOR_ORG",
            "API is disabled for this User",
        )
    order(rita, user="rita@localorg.example", permission="PermissionsApiEnabled")
    assert rita.call("GET", V + "/sobjects").status == 200


def test_limits_need_view_setup(as_user: As) -> None:
    assert as_user("rita").call("GET", V + "/limits").status == 403
    assert as_user("eddy").call("GET", V + "/limits").status == 200


def test_a_field_can_vanish_for_everybody_and_come_back(as_user: As) -> None:
    admin = as_user("integration")
    assert "Website" in fields(admin, "Lead")
    assert order(admin, object="Lead", field="Website").json["fields"] == {"lead.website": []}
    assert "Website" not in fields(admin, "Lead")
    assert query(admin, "SELECT Website FROM Lead").code == "INVALID_FIELD"
    body = {"LastName": "A", "Company": "B", "Website": "https://a.example"}
    assert admin.call("POST", f"{V}/sobjects/Lead", body).code == "INVALID_FIELD"
    order(admin, object="lead", field="website", rights=["read"])
    website = fields(admin, "Lead")["Website"]
    assert (website["createable"], website["updateable"]) == (False, False)
    assert admin.call("DELETE", "/_localorg/rights").status == 204
    assert fields(admin, "Lead")["Website"]["updateable"]


def test_an_object_can_vanish_for_one_user_or_one_profile(as_user: As) -> None:
    admin = as_user("integration")
    order(admin, user="rita@localorg.example", object="Lead", rights=[])
    assert query(as_user("rita"), "SELECT Id FROM Lead").code == "INVALID_TYPE"
    assert query(as_user("eddy"), "SELECT Id FROM Lead").status == 200
    order(admin, profile="Readers", object="Contact", rights=[])
    assert query(as_user("eddy"), "SELECT Id FROM Contact").code == "INVALID_TYPE"
    assert query(as_user("integration"), "SELECT Id FROM Contact").status == 200


def test_a_part_of_an_address_goes_with_its_compound(as_user: As) -> None:
    admin = as_user("integration")
    order(admin, object="Lead", field="Address")
    names = fields(admin, "Lead").keys()
    assert not {"Address", "Street", "City", "PostalCode"} & names


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"object": "Leed"}, "There is no object 'Leed'. There are: Account"),
        ({"object": "Lead", "field": "Emale"}, "Lead has no field 'Emale'. It has: Id,"),
        ({"object": "Lead", "field": "Id"}, "Lead.Id can't be hidden"),
        ({"object": "Lead", "rights": ["fly"]}, "'fly' is no right here. Allowed are: read"),
        ({"permission": "Fly"}, "'Fly' is no permission. Allowed are: Permissions"),
        ({"user": "nobody", "permission": "ApiEnabled"}, "There is no user 'nobody'."),
        ({"profile": "None", "permission": "ApiEnabled"}, "There is no profile 'None'."),
        ({"permission_set": "X", "object": "Lead"}, "There is no permission set 'X'."),
        ({}, "Name either 'permission'"),
        ({"colour": 1}, "'colour' is no part of this request."),
    ],
)
def test_a_wrong_order_is_told_what_is_allowed(
    as_user: As, body: dict[str, Any], sentence: str
) -> None:
    answer = order(as_user("integration"), **body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert sentence in answer.message
