import re
from urllib.parse import urlencode

import pytest

from integration.localorg.oauth.browser import (
    AUTHORIZE,
    CHALLENGE,
    USER,
    VERIFIER,
    Browser,
    error,
    exchanged,
    form_of,
    refreshed,
    returned,
    tokens,
)
from integration.localorg.org_client import FORM, OrgClient, V
from localorg.org import Org


@pytest.fixture
def browser(client: OrgClient) -> Browser:
    return Browser(client)


def test_a_user_logs_in_allows_and_the_app_gets_tokens(client: OrgClient, browser: Browser) -> None:
    login = browser.open(code_challenge=CHALLENGE, scope="api refresh_token id")
    assert (login.status, login.headers["content-type"]) == (200, "text/html; charset=utf-8")
    consent = browser.log_in(login)
    assert "Allow access?" in consent.text
    answer = returned(browser.submit(consent, decision="allow"))
    assert answer["state"] == "xyz"
    token = exchanged(client, answer["code"], code_verifier=VERIFIER).json
    assert token["scope"] == "api refresh_token id"
    assert token["instance_url"] == client.base
    assert "id_token" not in token
    assert "expires_in" not in token
    client.token = token["access_token"]
    assert client.call("GET", V + "/limits").status == 200
    again = refreshed(client, token["refresh_token"]).json
    assert "refresh_token" not in again
    assert again["access_token"] != token["access_token"]
    assert again["scope"] == token["scope"]


def test_a_code_works_once_and_in_its_time(client: OrgClient, browser: Browser, org: Org) -> None:
    code = browser.approved_code()
    assert exchanged(client, code).status == 200
    used = (400, "invalid_grant", "expired authorization code")
    assert error(exchanged(client, code)) == used
    late = browser.approved_code()
    org.clock.advance(15 * 60 + 1)
    assert error(exchanged(client, late)) == used
    unknown = (400, "invalid_grant", "invalid authorization code")
    assert error(exchanged(client, "aPrx")) == unknown


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_verifier": "w" * 60}, ("invalid_grant", "invalid code verifier")),
        ({}, ("invalid_grant", "invalid code verifier")),
        ({"code_verifier": "short"}, ("invalid_grant", "invalid code verifier")),
        (
            {"code_verifier": VERIFIER, "redirect_uri": "http://localhost:1718/"},
            ("redirect_uri_mismatch", "redirect_uri must match configuration"),
        ),
        (
            {"code_verifier": VERIFIER, "redirect_uri": ""},
            ("redirect_uri_missing", "missing required parameter: redirect_uri"),
        ),
        (
            {"code_verifier": VERIFIER, "client_secret": "wrong"},
            ("invalid_client", "invalid client credentials"),
        ),
        (
            {"code_verifier": VERIFIER, "client_secret": ""},
            ("invalid_client", "invalid client credentials"),
        ),
        (
            {"code_verifier": VERIFIER, "client_id": "other"},
            ("invalid_client_id", "client identifier invalid"),
        ),
        (
            {"code_verifier": VERIFIER, "client_id": "PlatformCLI", "client_secret": ""},
            ("invalid_grant", "invalid authorization code"),
        ),
    ],
)
def test_a_wrong_exchange_is_told_why_and_spends_nothing(
    client: OrgClient, browser: Browser, changes: dict[str, str], expected: tuple[str, str]
) -> None:
    code = browser.approved_code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert error(exchanged(client, code, **changes)) == (400, *expected)
    assert exchanged(client, code, code_verifier=VERIFIER).status == 200


def test_a_user_who_denies_is_sent_back_without_a_code(browser: Browser) -> None:
    consent = browser.log_in(browser.open())
    assert returned(browser.submit(consent, decision="deny")) == {
        "error": "access_denied",
        "error_description": "end-user denied authorization",
        "state": "xyz",
    }


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"client_id": "nobody"}, "invalid_client_id"),
        ({"client_id": ""}, "invalid_request"),
        ({"redirect_uri": "https://attacker.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost:1@attacker.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "http://localhost.attacker.example/"}, "redirect_uri_mismatch"),
        ({"redirect_uri": ""}, "redirect_uri_missing"),
    ],
)
def test_where_nobody_may_be_sent_back_there_is_an_error_page(
    browser: Browser, changes: dict[str, str], name: str
) -> None:
    answer = browser.open(**changes)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert f"<code>{name}</code>" in answer.text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"response_type": "token"}, ("unsupported_response_type", "response type not supported")),
        ({"response_type": ""}, ("invalid_request", "missing required parameter: response_type")),
        ({"scope": "api magic"}, ("invalid_scope", "the requested scope is not allowed")),
        (
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
            ("invalid_request", "code challenge method must be S256"),
        ),
        ({"code_challenge": "x"}, ("invalid_request", "invalid code challenge")),
        ({"immediate": "true"}, ("immediate_unsuccessful", "user interaction is required")),
    ],
)
def test_a_wrong_request_is_sent_back_with_its_error(
    browser: Browser, changes: dict[str, str], expected: tuple[str, str]
) -> None:
    answer = returned(browser.open(**changes))
    assert (answer["error"], answer["error_description"]) == expected
    assert answer["state"] == "xyz"


def test_an_app_may_require_pkce(browser: Browser, org: Org) -> None:
    org.sign_in.apps.change("localorg", require_pkce=True)
    assert returned(browser.open())["error_description"] == "missing required code challenge"
    assert browser.open(code_challenge=CHALLENGE).status == 200


def test_an_approved_app_is_not_asked_for_again(browser: Browser) -> None:
    browser.approved_code(scope="api refresh_token")
    assert returned(browser.open(scope="api"))["code"]
    assert returned(browser.open(scope="api", immediate="true"))["code"]
    assert "Allow access?" in browser.open(scope="api", prompt="consent").text
    assert "Allow access?" in browser.open(scope="api web").text


def test_prompts_bring_the_login_page_and_the_choice_of_accounts(browser: Browser) -> None:
    browser.approved_code(scope="api")
    login = browser.open(scope="api", prompt="login", login_hint="amara@localorg.example")
    assert form_of(login).fields["username"] == "amara@localorg.example"
    choice = browser.open(scope="api", prompt="select_account")
    same, other = re.findall(r'class="account" href="([^"]+)"', choice.text)
    assert returned(browser.get(same.replace("&amp;", "&")))["code"]
    assert 'name="password"' in browser.get(other.replace("&amp;", "&")).text


def test_a_login_that_was_asked_for_is_asked_for_once(browser: Browser) -> None:
    consent = browser.log_in(browser.open(prompt="login"))
    assert "Allow access?" in consent.text


@pytest.mark.parametrize(
    ("username", "password"),
    [(USER, "wrong"), (USER, ""), ("nobody@localorg.example", "localorg"), ("", "localorg")],
)
def test_a_wrong_password_is_told_on_the_page(
    browser: Browser, username: str, password: str
) -> None:
    page = browser.submit(browser.open(), username=username, password=password)
    assert page.status == 200
    assert 'role="alert"' in page.text
    assert "Please check your username and password." in page.text
    assert browser.log_in(page).status == 200


def test_an_inactive_user_learns_so_only_with_the_right_password(
    browser: Browser, org: Org
) -> None:
    with org.store.write() as connection:
        connection.execute("UPDATE User SET IsActive = 0 WHERE Username = ?", (USER,))
    page = browser.submit(browser.open(), username=USER, password="localorg")
    assert "inactive or frozen" in page.text
    page = browser.submit(page, username=USER, password="wrong")
    assert "inactive or frozen" not in page.text


def test_ten_wrong_passwords_lock_a_user_out_for_a_quarter_of_an_hour(
    browser: Browser, org: Org
) -> None:
    page = browser.open()
    for _ in range(10):
        page = browser.submit(page, username=USER, password="wrong")
    assert "locked" in browser.submit(page, username=USER, password="localorg").text
    org.clock.advance(16 * 60)
    assert browser.log_in(browser.open()).status == 200


def test_a_form_from_elsewhere_is_refused(client: OrgClient, browser: Browser) -> None:
    login = browser.open()
    forged = Browser(client).submit(login, username=USER, password="localorg")
    assert forged.status == 200
    assert "cookies are off" in forged.text
    consent = browser.log_in(browser.open())
    page = browser.submit(consent, decision="allow", csrf="guessed")
    assert "Allow access?" in page.text


def test_no_address_of_another_place_can_follow_the_login(browser: Browser) -> None:
    login = browser.open()
    answer = browser.submit(
        login, startURL="https://attacker.example/", username=USER, password="localorg"
    )
    assert answer.status == 400
    assert "location" not in answer.headers


def test_what_is_sent_in_is_escaped_on_the_page(browser: Browser) -> None:
    login = browser.open(login_hint='"><script>alert(1)</script>', state="<b>")
    assert "<script" not in login.text
    assert "&quot;&gt;&lt;script&gt;" in login.text


def test_pages_are_closed_to_everything_foreign_and_have_labels(browser: Browser) -> None:
    login = browser.open()
    policy = login.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://localhost:1717;" in policy
    assert "unsafe" not in policy
    assert login.headers["x-frame-options"] == "DENY"
    assert login.headers["cache-control"] == "no-store"
    form = form_of(login)
    assert form.labels == form.inputs == {"username", "password"}
    assert "<script" not in login.text
    assert "HttpOnly" in login.headers["set-cookie"]
    assert "SameSite=lax" in login.headers["set-cookie"]


def test_a_logged_out_browser_has_to_log_in_again(browser: Browser) -> None:
    browser.approved_code()
    assert "You are logged out" in browser.get("/secur/logout.jsp").text
    assert 'name="password"' in browser.open().text


def test_the_command_line_of_salesforce_signs_in_without_a_secret(
    client: OrgClient, browser: Browser
) -> None:
    asked = {"client_id": "PlatformCLI", "scope": "refresh_token api web", "prompt": "login"}
    code = browser.approved_code(**asked, code_challenge=CHALLENGE)
    answer = exchanged(
        client, code, client_id="PlatformCLI", client_secret="", code_verifier=VERIFIER
    )
    assert answer.json["refresh_token"]
    again = refreshed(
        client, answer.json["refresh_token"], client_id="PlatformCLI", client_secret=""
    )
    assert again.status == 200


def test_an_app_that_an_administrator_has_to_approve_turns_others_away(
    browser: Browser, org: Org
) -> None:
    policies = {"permitted_users": "admin_approved", "pre_authorised": ("bruno@localorg.example",)}
    org.sign_in.apps.change("localorg", **policies)
    answer = returned(browser.log_in(browser.open()))
    assert answer["error"] == "OAUTH_APP_ACCESS_DENIED"
    assert answer["error_description"] == "user is not admin approved to access this app"
    login = browser.open(prompt="login")
    assert returned(browser.log_in(login, "bruno@localorg.example"))["code"]


def test_a_blocked_app_gets_nothing(client: OrgClient, browser: Browser, org: Org) -> None:
    token = tokens(client, browser)
    org.sign_in.apps.change("localorg", blocked=True)
    assert returned(browser.open())["error"] == "OAUTH_APP_BLOCKED"
    assert error(refreshed(client, token["refresh_token"]))[1] == "OAUTH_APP_BLOCKED"


def take(org: Org, permission: str) -> None:
    org.rights.documents.except_for("*", lambda said: said.with_permission(permission, given=False))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("connected_app", "OAUTH_APP_ACCESS_DENIED"),
        ("external_client_app", "OAUTH_EC_APP_NOT_FOUND"),
    ],
)
def test_an_app_that_is_not_installed_is_for_users_with_the_permission(
    browser: Browser, org: Org, kind: str, name: str
) -> None:
    org.sign_in.apps.change("localorg", installed=False, kind=kind)
    consent = browser.log_in(browser.open())
    assert "Allow access?" in consent.text
    for permission in ("PermissionsCanApproveUninstalledApps", "PermissionsUseAnyApiClient"):
        take(org, permission)
    assert returned(browser.open())["error"] == name


def test_the_authorize_address_takes_no_other_method(client: OrgClient) -> None:
    assert client.send("DELETE", AUTHORIZE).status == 405


@pytest.mark.parametrize("start", ["//[x", "http://[", "//attacker.example/x", "x" * 20])
def test_a_login_that_goes_nowhere_known_is_an_error_page(client: OrgClient, start: str) -> None:
    body = urlencode({"startURL": start, "username": USER, "password": "localorg", "csrf": "x"})
    answer = client.send("POST", "/login", body=body.encode(), headers=FORM)
    assert answer.status == 400
    assert "invalid_request" in answer.text


def test_a_verifier_without_a_challenge_is_refused(client: OrgClient, browser: Browser) -> None:
    code = browser.approved_code()
    answer = exchanged(client, code, code_verifier=VERIFIER)
    assert error(answer) == (400, "invalid_grant", "invalid code verifier")


def test_a_code_without_a_challenge_is_worth_nothing_once_pkce_is_required(
    client: OrgClient, browser: Browser, org: Org
) -> None:
    code = browser.approved_code()
    org.sign_in.apps.change("localorg", require_pkce=True)
    expected = (400, "invalid_grant", "missing required code challenge")
    assert error(exchanged(client, code)) == expected


def test_who_waits_a_lockout_out_gets_in_however_often_it_was_tried_meanwhile(
    client: OrgClient, browser: Browser, org: Org
) -> None:
    page = browser.open()
    for _ in range(10):
        page = browser.submit(page, username=USER, password="wrong")
    for _ in range(10):
        org.clock.advance(60)
        page = browser.submit(page, username=USER, password="localorg")
        assert "locked" in page.text
    org.clock.advance(5 * 60 + 1)
    assert browser.submit(page, username=USER, password="localorg").status == 303


def test_a_form_of_too_many_fields_is_refused(client: OrgClient) -> None:
    body = b"a=1&" * 100_000
    answer = client.send("POST", "/services/oauth2/token", body=body, headers=FORM)
    assert error(answer) == (400, "invalid_request", "too many parameters")
    answer = client.send("POST", "/login", body=body, headers=FORM)
    assert answer.status == 400
    assert "too many parameters" in answer.text


def test_the_error_page_shows_what_came(browser: Browser) -> None:
    page = browser.open(redirect_uri="https://attacker.example/<script>").text
    assert "https://attacker.example/&lt;script&gt;" in page
    assert "<script>" not in page
    assert '<dd class="address">nobody</dd>' in browser.open(client_id="nobody").text
