from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from integration.localorg.oauth.browser import (
    USER,
    Browser,
    error,
    refreshed,
    tokens,
)
from integration.localorg.org_client import FORM, Answer, OrgClient, V
from localorg.org import Org

DEAD = (400, "invalid_grant", "expired access/refresh token")


def works(client: OrgClient, access_token: str) -> bool:
    headers = {"authorization": f"Bearer {access_token}"}
    return client.send("GET", V + "/sobjects", headers=headers).status == 200


def revoke(client: OrgClient, token: str) -> int:
    body = f"token={token}".encode()
    return client.send("POST", "/services/oauth2/revoke", body=body, headers=FORM).status


def query(client: OrgClient, soql: str) -> list[dict[str, Any]]:
    answer = client.call("GET", f"{V}/query?q={soql.replace(' ', '+')}")
    assert answer.status == 200, answer.text
    records: list[dict[str, Any]] = answer.json["records"]
    return records


def test_without_rotation_a_refresh_token_stays(client: OrgClient) -> None:
    token = tokens(client)["refresh_token"]
    first, second = refreshed(client, token).json, refreshed(client, token).json
    assert works(client, first["access_token"])
    assert works(client, second["access_token"])


def test_only_the_scopes_that_ask_for_one_give_a_refresh_token(client: OrgClient) -> None:
    assert "refresh_token" not in tokens(client, scope="api")
    assert "refresh_token" not in tokens(client, scope="full")
    assert tokens(client, scope="api offline_access")["refresh_token"]


def test_rotation_gives_a_new_token_each_time(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", rotate_refresh_tokens=True)
    token = tokens(client)["refresh_token"]
    for _ in range(3):
        answer = refreshed(client, token).json
        assert answer["refresh_token"] != token
        token = answer["refresh_token"]
        assert works(client, answer["access_token"])


def test_a_token_that_was_rotated_out_takes_the_whole_approval_with_it(
    client: OrgClient, org: Org
) -> None:
    org.sign_in.apps.change("localorg", rotate_refresh_tokens=True)
    first = tokens(client)
    second = refreshed(client, first["refresh_token"]).json
    other = tokens(client)
    assert error(refreshed(client, first["refresh_token"])) == DEAD
    assert error(refreshed(client, second["refresh_token"])) == DEAD
    assert not works(client, first["access_token"])
    assert not works(client, second["access_token"])
    assert works(client, other["access_token"])
    assert refreshed(client, other["refresh_token"]).status == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"refresh_token": "5Aep861nobody"}, ("invalid_grant", "expired access/refresh token")),
        ({"refresh_token": ""}, ("invalid_request", "missing required parameter: refresh_token")),
        ({"client_secret": "wrong"}, ("invalid_client", "invalid client credentials")),
        ({"client_secret": ""}, ("invalid_client", "invalid client credentials")),
        (
            {"client_id": "PlatformCLI", "client_secret": ""},
            ("invalid_grant", "expired access/refresh token"),
        ),
        ({"scope": "api"}, ("invalid_request", "scope parameter not supported")),
    ],
)
def test_a_wrong_refresh_is_told_why_and_ends_nothing(
    client: OrgClient, changes: dict[str, str], expected: tuple[str, str]
) -> None:
    token = tokens(client)["refresh_token"]
    form = {"token": token} | changes
    form["token"] = form.pop("refresh_token", token)
    assert error(refreshed(client, **form)) == (400, *expected)
    assert refreshed(client, token).status == 200


def test_the_sixth_approval_ends_the_oldest_one_with_its_sessions(client: OrgClient) -> None:
    browser = Browser(client)
    made = [tokens(client, browser) for _ in range(6)]
    assert error(refreshed(client, made[0]["refresh_token"])) == DEAD
    assert not works(client, made[0]["access_token"])
    for token in made[1:]:
        assert refreshed(client, token["refresh_token"]).status == 200
    cli = {"client_id": "PlatformCLI", "client_secret": ""}
    assert error(refreshed(client, made[1]["refresh_token"], **cli)) == DEAD


def test_the_cap_is_the_apps_and_counts_each_user_alone(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", approval_cap=1)
    first = tokens(client)
    other = Browser(client)
    other.log_in(other.open(), "amara@localorg.example")
    tokens(client, other)
    assert refreshed(client, first["refresh_token"]).status == 200
    tokens(client)
    assert error(refreshed(client, first["refresh_token"])) == DEAD


def test_a_refresh_token_ends_when_it_was_not_used_for_long(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", refresh_idle_seconds=30 * 86_400)
    token = tokens(client)["refresh_token"]
    for _ in range(3):
        org.clock.advance(29 * 86_400)
        assert refreshed(client, token).status == 200
    org.clock.advance(31 * 86_400)
    assert error(refreshed(client, token)) == DEAD


def test_a_refresh_token_may_end_at_an_age(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", refresh_lifetime_seconds=86_400)
    token = tokens(client)["refresh_token"]
    org.clock.advance(86_401)
    assert error(refreshed(client, token)) == (400, "invalid_grant", "token validity expired")


def test_a_revoked_refresh_token_takes_its_access_tokens_along(client: OrgClient) -> None:
    first, second = tokens(client), tokens(client)
    assert revoke(client, first["refresh_token"]) == 200
    assert not works(client, first["access_token"])
    assert error(refreshed(client, first["refresh_token"])) == DEAD
    assert works(client, second["access_token"])
    assert revoke(client, first["refresh_token"]) == 400


def test_a_revoked_access_token_takes_its_refresh_token_along(client: OrgClient) -> None:
    token = tokens(client)
    again = refreshed(client, token["refresh_token"]).json
    assert revoke(client, again["access_token"]) == 200
    assert error(refreshed(client, token["refresh_token"])) == DEAD
    assert not works(client, token["access_token"])


def test_after_the_last_approval_was_revoked_the_user_is_asked_again(client: OrgClient) -> None:
    browser = Browser(client)
    first, second = tokens(client, browser), tokens(client, browser)
    revoke(client, first["refresh_token"])
    assert browser.open(scope="api").status == 302
    revoke(client, second["refresh_token"])
    assert "Allow access?" in browser.open(scope="api").text


def test_revoking_works_by_address_too(client: OrgClient) -> None:
    token = tokens(client)["refresh_token"]
    assert client.send("GET", f"/services/oauth2/revoke?token={token}").status == 200
    failed = client.send("GET", f"/services/oauth2/revoke?token={token}")
    assert failed.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert failed.text.startswith("error=unsupported_token_type&error_description=")


def test_an_inactive_user_gets_no_new_token_and_loses_the_old_ones(
    client: OrgClient, org: Org
) -> None:
    token = tokens(client)
    with org.store.write() as connection:
        connection.execute("UPDATE User SET IsActive = 0")
    assert error(refreshed(client, token["refresh_token"])) == (
        400,
        "inactive_user",
        "inactive user",
    )
    assert not works(client, token["access_token"])


def test_an_apps_own_timeout_ends_sessions(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", session_timeout_seconds=900)
    token = tokens(client)["access_token"]
    org.clock.advance(890)
    assert works(client, token)
    org.clock.advance(890)
    assert works(client, token)
    org.clock.advance(901)
    assert not works(client, token)


def test_a_token_without_a_scope_for_it_opens_no_api(client: OrgClient) -> None:
    token = tokens(client, scope="id refresh_token")["access_token"]
    assert not works(client, token)
    headers = {"authorization": f"Bearer {token}"}
    assert client.send("GET", "/services/oauth2/userinfo", headers=headers).status == 200


def test_users_see_their_own_approvals_and_end_them_with_the_delete_token(
    client: OrgClient, org: Org
) -> None:
    mine = tokens(client)
    other = Browser(client)
    other.log_in(other.open(), "amara@localorg.example")
    tokens(client, other)
    refreshed(client, mine["refresh_token"])
    org.rights.documents.except_for(
        "*", lambda said: said.with_permission("PermissionsCustomizeApplication", given=False)
    )
    soql = "SELECT Id, AppName, UserId, UseCount, LastUsedDate, DeleteToken FROM OauthToken"
    [row] = query(client, soql)
    assert row["Id"].startswith("0CQ")
    assert (row["AppName"], row["UseCount"]) == ("localorg", 1)
    assert row["LastUsedDate"] == "2026-01-31T12:00:00.000+0000"
    assert revoke(client, row["DeleteToken"]) == 200
    assert error(refreshed(client, mine["refresh_token"])) == DEAD
    assert query(client, soql) == []


def test_who_may_customize_the_application_sees_all_approvals(client: OrgClient) -> None:
    tokens(client)
    other = Browser(client)
    other.log_in(other.open(), "amara@localorg.example")
    tokens(client, other)
    assert len(query(client, "SELECT Id FROM OauthToken")) == 2


def test_apps_that_refresh_at_once_each_keep_their_approval(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", rotate_refresh_tokens=True, approval_cap=20)
    browser = Browser(client)
    made = [tokens(client, browser)["refresh_token"] for _ in range(8)]

    def keep_refreshing(token: str) -> bool:
        own, access = OrgClient(client.base), ""
        for _ in range(6):
            answer = refreshed(own, token).json
            token, access = answer["refresh_token"], answer["access_token"]
        alive = works(own, access)
        own.close()
        return alive

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(keep_refreshing, made))


def test_of_two_that_refresh_with_one_rotating_token_none_goes_on(
    client: OrgClient, org: Org
) -> None:
    org.sign_in.apps.change("localorg", rotate_refresh_tokens=True)
    token = tokens(client)["refresh_token"]

    def refresh_once(_: int) -> Answer:
        own = OrgClient(client.base)
        answer = refreshed(own, token)
        own.close()
        return answer

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(refresh_once, range(2)))
    # The first is answered with tokens, unless the second ended the approval just before that.
    assert sorted(answer.status for answer in answers) in ([200, 400], [400, 400])
    for answer in answers:
        if answer.status == 200:
            assert error(refreshed(client, answer.json["refresh_token"])) == DEAD
            assert not works(client, answer.json["access_token"])


def test_a_frozen_user_does_not_use_a_rotating_token_up(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", rotate_refresh_tokens=True)
    token = tokens(client)["refresh_token"]
    user = f"/_localorg/users/{USER}"
    client.call("PATCH", user, {"frozen": True})
    assert error(refreshed(client, token)) == (400, "inactive_user", "inactive user")
    client.call("PATCH", user, {"frozen": False})
    assert refreshed(client, token).status == 200


def test_introspection_does_not_take_a_delete_token_for_a_refresh_token(
    client: OrgClient,
) -> None:
    client.token = tokens(client)["access_token"]
    [row] = query(client, "SELECT DeleteToken FROM OauthToken")
    body = f"client_id=localorg&client_secret=localorg-secret&token={row['DeleteToken']}".encode()
    answer = client.send("POST", "/services/oauth2/introspect", body=body, headers=FORM)
    assert answer.json == {"active": False}
    assert revoke(client, row["DeleteToken"]) == 200


def test_a_time_out_of_any_length_is_taken(client: OrgClient, org: Org) -> None:
    org.sign_in.apps.change("localorg", session_timeout_seconds=2**53)
    token = tokens(client)["access_token"]
    assert works(client, token)
    body = f"client_id=localorg&client_secret=localorg-secret&token={token}".encode()
    answer = client.send("POST", "/services/oauth2/introspect", body=body, headers=FORM)
    assert answer.json["active"] is True
