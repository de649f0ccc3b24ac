import pytest

from integration.localorg.oauth.browser import (
    USER,
    Browser,
    error,
    exchanged,
    refreshed,
    tokens,
)
from integration.localorg.org_client import OrgClient, V
from localorg.org import Org

LOGIN, MY_DOMAIN = "login.salesforce.com", "localorg.my.salesforce.com"
GOOD = {
    "grant_type": "client_credentials",
    "client_id": "localorg",
    "client_secret": "localorg-secret",
}
PASSWORD = {
    "grant_type": "password",
    "client_id": "localorg",
    "client_secret": "localorg-secret",
    "username": USER,
    "password": "localorg",
}


@pytest.mark.parametrize("host", [LOGIN, "test.salesforce.com", "Login.Salesforce.com.:443"])
def test_client_credentials_are_refused_at_login_hosts(client: OrgClient, host: str) -> None:
    answer = client.token_answer({"host": host}, **GOOD)
    assert error(answer) == (400, "invalid_grant", "request not supported on this domain")


@pytest.mark.parametrize("host", [MY_DOMAIN, MY_DOMAIN.upper(), MY_DOMAIN + "."])
def test_client_credentials_work_at_the_orgs_own_host(client: OrgClient, host: str) -> None:
    answer = client.token_answer({"host": host}, **GOOD).json
    assert answer["instance_url"] == f"http://{MY_DOMAIN}"
    assert "refresh_token" not in answer["scope"]


def test_who_signs_in_at_the_login_host_is_sent_to_the_orgs_own(client: OrgClient) -> None:
    browser = Browser(client, LOGIN)
    code = browser.approved_code()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "localorg",
        "client_secret": "localorg-secret",
        "redirect_uri": "http://localhost:1717/OauthRedirect",
    }
    answer = client.token_answer({"host": LOGIN}, **form).json
    assert answer["instance_url"] == f"http://{MY_DOMAIN}"
    assert answer["id"].startswith(f"http://{LOGIN}/id/00D")


def test_an_app_that_runs_as_nobody_has_no_client_credentials(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", run_as=None)
    expected = (400, "invalid_grant", "no client credentials user enabled")
    assert error(client.token_answer(None, **GOOD)) == expected
    org.sign_in.apps.change("localorg", run_as="nobody@localorg.example")
    assert error(client.token_answer(None, **GOOD)) == expected


def test_the_password_flow_is_off(client: OrgClient) -> None:
    expected = (400, "invalid_grant", "authentication failure")
    assert error(client.token_answer(None, **PASSWORD)) == expected


def test_an_app_can_be_given_the_password_flow(client: OrgClient) -> None:
    client.call("PATCH", "/_localorg/apps/localorg", {"password_flow": True})
    token = client.token_answer(None, **PASSWORD).json
    assert "refresh_token" not in token
    client.token = token["access_token"]
    assert client.call("GET", V + "/sobjects").status == 200
    failed = (400, "invalid_grant", "authentication failure")
    for wrong in ({"password": "x"}, {"username": "nobody@localorg.example"}):
        assert error(client.token_answer(None, **PASSWORD | wrong)) == failed


def test_an_answer_can_be_a_form(client: OrgClient) -> None:
    answer = client.token_answer(None, **GOOD, format="urlencoded")
    assert answer.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert "token_type=Bearer" in answer.text


def test_an_app_without_a_secret_can_not_prove_itself_where_it_has_to(
    client: OrgClient, org: Org
) -> None:
    form = GOOD | {"client_id": "PlatformCLI"}
    expected = (400, "invalid_client", "invalid client credentials")
    assert error(client.token_answer(None, **form)) == expected
    del form["client_secret"]
    assert error(client.token_answer(None, **form)) == expected


def test_an_app_may_do_without_its_secret(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", require_secret=False, require_secret_for_refresh=False)
    code = Browser(client).approved_code()
    answer = exchanged(client, code, client_secret="")
    assert answer.status == 200
    assert refreshed(client, answer.json["refresh_token"], client_secret="").status == 200
    wrong = refreshed(client, answer.json["refresh_token"], client_secret="wrong")
    assert error(wrong)[1] == "invalid_client"


def test_scopes_that_an_app_does_not_have_are_refused(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", scopes=("api", "id"))
    answer = client.token_answer(None, **GOOD, scope="full")
    assert error(answer) == (400, "invalid_scope", "the requested scope is not allowed")
    assert tokens(client, scope="")["scope"] == "api id"


def test_no_flow_goes_round_the_block_of_uninstalled_apps(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", installed=False, kind="external_client_app")
    assert client.token_answer(None, **GOOD).status == 200
    for permission in ("CanApproveUninstalledApps", "UseAnyApiClient"):
        body = {"permission": permission, "given": False}
        assert client.call("POST", "/_localorg/rights", body).status == 200
    assert error(client.token_answer(None, **GOOD))[1] == "OAUTH_EC_APP_NOT_FOUND"
