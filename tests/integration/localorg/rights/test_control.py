from typing import Any

import pytest

from integration.localorg.oauth.browser import USER, Browser, error, refreshed, tokens
from integration.localorg.org_client import Answer, OrgClient, V
from localorg.org import Org


def patch(client: OrgClient, path: str, **body: Any) -> Answer:
    return client.call("PATCH", f"/_localorg/{path}", body)


def test_users_are_listed_with_what_they_may_do(client: OrgClient) -> None:
    users = {
        user["username"]: user for user in client.send("GET", "/_localorg/users").json["users"]
    }
    found = users[USER]
    assert found["profile"] == "System Administrator"
    assert (found["active"], found["frozen"]) == (True, False)
    assert "PermissionsApiEnabled" in found["permissions"]


@pytest.mark.parametrize("change", [{"frozen": True}, {"active": False}])
def test_a_user_who_is_taken_out_loses_everything_until_let_in_again(
    client: OrgClient, change: dict[str, bool]
) -> None:
    token = tokens(client)
    assert patch(client, f"users/{USER}", **change).status == 200
    assert client.call("GET", V + "/sobjects").code == "INVALID_SESSION_ID"
    assert error(refreshed(client, token["refresh_token"]))[1] == "inactive_user"
    browser = Browser(client)
    page = browser.submit(browser.open(), username=USER, password="localorg")
    assert "inactive or frozen" in page.text
    patch(client, f"users/{USER}", **{name: not value for name, value in change.items()})
    assert client.call("GET", V + "/sobjects").code == "INVALID_SESSION_ID"
    assert refreshed(client, token["refresh_token"]).status == 200


def test_a_password_can_be_changed(client: OrgClient, org: Org) -> None:
    patch(client, f"users/{USER}", password="s3same")
    browser = Browser(client)
    page = browser.submit(browser.open(), username=USER, password="localorg")
    assert "check your username and password" in page.text
    assert browser.log_in(page, password="s3same").status == 200
    with org.store.read() as connection:
        [row] = connection.execute("SELECT hash FROM localorg_passwords").fetchall()
    assert "s3same" not in row[0]


def test_a_user_gets_another_profile(client: OrgClient) -> None:
    changed = patch(client, f"users/{USER}", profile="standard user").json
    assert changed["profile"] == "Standard User"
    assert "PermissionsModifyAllData" not in changed["permissions"]


def test_policies_of_an_app_change_at_once(client: OrgClient) -> None:
    token = tokens(client)["refresh_token"]
    assert patch(client, "apps/localorg", rotate_refresh_tokens=True).status == 200
    rotated = refreshed(client, token).json["refresh_token"]
    patch(client, "apps/localorg", rotate_refresh_tokens=False)
    assert "refresh_token" not in refreshed(client, rotated).json


def test_apps_are_listed_without_their_secrets(client: OrgClient) -> None:
    answer = client.send("GET", "/_localorg/apps")
    assert {app["client_id"] for app in answer.json["apps"]} == {"localorg", "PlatformCLI"}
    assert "localorg-secret" not in answer.text


def test_a_new_app_can_be_added(client: OrgClient) -> None:
    made = patch(client, "apps/mine", secret="s3cret", run_as=USER, scopes=["api", "id"])
    assert made.json["scopes"] == ["api", "id"]
    answer = client.token_answer(
        None, grant_type="client_credentials", client_id="mine", client_secret="s3cret"
    )
    assert answer.json["scope"] == "api id"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"rotate_refresh_tokens": "yes"}, "'rotate_refresh_tokens' has to be true or false"),
        ({"approval_cap": 0}, "'approval_cap' has to be 1 or more"),
        ({"scopes": ["fly"]}, "'fly' is no scope. Allowed are: id, profile"),
        ({"callbacks": "http://a.example"}, "'callbacks' has to be a list of texts"),
        ({"permitted_users": "some"}, "Allowed are: all_users, admin_approved."),
        ({"certificate": "x"}, "'certificate' is no PEM text"),
        ({"client_id": "x"}, "'client_id' is no part of this request."),
    ],
)
def test_a_wrong_policy_is_told_what_is_allowed(
    client: OrgClient, body: dict[str, Any], sentence: str
) -> None:
    answer = client.call("PATCH", "/_localorg/apps/localorg", body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert sentence in answer.message


def test_a_grant_can_be_made_without_a_browser(client: OrgClient) -> None:
    made = client.call("POST", "/_localorg/grants", {"scope": "api refresh_token"})
    assert made.status == 201
    assert refreshed(client, made.json["refresh_token"]).status == 200
    client.token = made.json["access_token"]
    assert client.call("GET", V + "/sobjects").status == 200
    wrong = client.call("POST", "/_localorg/grants", {"scope": "fly"})
    assert wrong.message == "invalid_scope: the requested scope is not allowed"


def test_grants_are_listed_and_ended(client: OrgClient) -> None:
    mine = tokens(client)
    other = client.call(
        "POST", "/_localorg/grants", {"user": "amara@localorg.example", "client_id": "PlatformCLI"}
    ).json
    grants = client.send("GET", "/_localorg/grants").json["grants"]
    assert [grant["username"] for grant in grants] == [USER, "amara@localorg.example"]
    path = f"/_localorg/grants?user={USER}&client_id=localorg"
    assert client.send("DELETE", path).json == {"ended": 1}
    assert error(refreshed(client, mine["refresh_token"]))[2] == "expired access/refresh token"
    cli = {"client_id": "PlatformCLI", "client_secret": ""}
    assert refreshed(client, other["refresh_token"], **cli).status == 200
    assert client.send("DELETE", "/_localorg/grants").json == {"ended": 1}


def test_sessions_are_listed_and_ended(client: OrgClient) -> None:
    tokens(client)
    sessions = client.send("GET", "/_localorg/sessions").json["sessions"]
    assert [session["client_id"] for session in sessions] == ["localorg", "localorg"]
    assert sessions[0]["timeout_seconds"] == 7200
    assert client.send("DELETE", "/_localorg/sessions").json == {"ended": 2}
    assert client.call("GET", V + "/sobjects").code == "INVALID_SESSION_ID"


def test_a_reset_takes_rights_back_and_keeps_who_is_signed_in(client: OrgClient) -> None:
    client.call("POST", "/_localorg/rights", {"object": "Lead", "field": "Website"})
    patch(client, "users/amara@localorg.example", frozen=True)
    assert client.call("POST", "/_localorg/reset", {"leads": 0}).status == 200
    fields = client.call("GET", V + "/sobjects/Lead/describe").json["fields"]
    assert "Website" in {field["name"] for field in fields}
    users = client.send("GET", "/_localorg/users").json["users"]
    assert not any(user["frozen"] for user in users)


def test_a_restored_snapshot_brings_its_rights_back(client: OrgClient) -> None:
    client.call("POST", "/_localorg/rights", {"object": "Lead", "field": "Website"})
    assert client.call("POST", "/_localorg/snapshots/hidden", {}).status in {200, 201}
    client.call("DELETE", "/_localorg/rights")
    assert client.call("POST", "/_localorg/snapshots/hidden/restore", {}).status == 200
    fields = client.call("GET", V + "/sobjects/Lead/describe").json["fields"]
    assert "Website" not in {field["name"] for field in fields}


def test_what_was_changed_about_apps_is_forgotten_on_demand(client: OrgClient) -> None:
    patch(client, "apps/localorg", rotate_refresh_tokens=True)
    patch(client, "apps/mine", secret="s3cret")
    assert client.call("DELETE", "/_localorg/apps").status == 204
    apps = {app["client_id"]: app for app in client.call("GET", "/_localorg/apps").json["apps"]}
    assert apps["localorg"]["rotate_refresh_tokens"] is False
    assert "mine" not in apps


def test_a_field_of_persons_is_changed_where_it_belongs(client: OrgClient) -> None:
    body = {"object": "Account", "field": "PersonBirthdate", "rights": []}
    answer = client.call("POST", "/_localorg/rights", body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert "Account.PersonBirthdate shows Contact.Birthdate of persons" in answer.message


def test_rights_on_what_describes_the_org_are_no_matter_of_profiles(client: OrgClient) -> None:
    body = {"profile": "Standard User", "object": "User", "rights": ["read"]}
    answer = client.call("POST", "/_localorg/rights", body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert "ViewSetup and ManageUsers decide about User" in answer.message
    assert client.call("POST", "/_localorg/rights", body | {"object": "Lead"}).status == 200
