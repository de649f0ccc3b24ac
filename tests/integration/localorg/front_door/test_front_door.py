import gzip
import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from integration.localorg.org_client import OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store


def test_versions_need_no_token(client: OrgClient) -> None:
    answer = client.send("GET", "/services/data/")
    assert answer.json[-1] == {
        "label": "Spring '26",
        "url": "/services/data/v66.0",
        "version": "66.0",
    }
    assert "sforce-limit-info" not in answer.headers


@pytest.mark.parametrize(
    "path", ["", "/limits", "/sobjects", "/sobjects/Lead/describe", "/jobs/ingest", "/query?q=x"]
)
def test_everything_else_needs_one(client: OrgClient, path: str) -> None:
    wrong = client.send("GET", V + path, headers={"authorization": "Bearer 00D!x"})
    assert (wrong.status, wrong.code, wrong.message) == (
        401,
        "INVALID_SESSION_ID",
        "Session expired or invalid",
    )
    missing = client.send("GET", V + path)
    assert (missing.status, missing.code) == (401, "INVALID_AUTH_HEADER")


def test_oauth_is_taken_for_bearer(client: OrgClient) -> None:
    headers = {"authorization": f"OAuth {client.token}"}
    assert client.send("GET", V + "/limits", headers=headers).status == 200


def test_a_session_ends_when_it_is_not_used(client: OrgClient, org: Org) -> None:
    org.clock.advance(7201)
    assert client.call("GET", V).code == "INVALID_SESSION_ID"


def test_every_answer_counts_and_says_so(client: OrgClient) -> None:
    first = client.call("GET", V + "/limits")
    second = client.call("GET", V + "/nothing")
    assert first.headers["sforce-limit-info"] == "api-usage=1/1000000"
    assert second.headers["sforce-limit-info"] == "api-usage=2/1000000"
    assert re.fullmatch(r"^api-usage=(\d+)/(\d+)$", second.headers["sforce-limit-info"])


def test_the_date_is_the_orgs(client: OrgClient) -> None:
    answers = [client.send("GET", "/services/data"), client.call("GET", V)]
    assert {answer.headers["date"] for answer in answers} == {"Sat, 31 Jan 2026 12:00:00 GMT"}


def test_over_the_daily_limit_there_is_nothing(client: OrgClient, org: Org) -> None:
    org.usage.limit("DailyApiRequests", 1)
    assert client.call("GET", V).status == 200
    over = client.call("GET", V)
    assert (over.status, over.code) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert over.headers["sforce-limit-info"] == "api-usage=1/1"


@pytest.mark.parametrize(
    "path", ["/SOBJECTS/lead/Describe", "/sobjects/Lead/describe/", "/SObjects/LEAD/describe"]
)
def test_paths_ignore_case_and_one_slash_at_the_end(client: OrgClient, path: str) -> None:
    assert client.call("GET", V + path).json["name"] == "Lead"


@pytest.mark.parametrize(
    "path",
    [V + "//limits", V + "/nothing", "/services/data/v99.0/limits", "/", V + "/sobjects/Leed"],
)
def test_what_is_not_there_is_not_found(client: OrgClient, path: str) -> None:
    answer = client.call("GET", path)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_a_retired_version_is_gone(client: OrgClient) -> None:
    assert client.call("GET", "/services/data/v29.0/limits").status == 410


def test_a_method_that_a_path_does_not_take_is_named(client: OrgClient) -> None:
    answer = client.call("PUT", V + "/limits", {})
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert answer.message.startswith("HTTP Method 'PUT' not allowed. Allowed are ")


def test_a_post_can_say_that_it_is_a_patch(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    path = f"{V}/sobjects/Lead/{lead}?_HttpMethod=PATCH"
    assert client.call("POST", path, {"Title": "Dr"}).status == 204
    assert client.record("Lead", lead)["Title"] == "Dr"


def test_a_body_may_come_as_gzip(client: OrgClient) -> None:
    body = gzip.compress(json.dumps({"LastName": "L", "Company": "C"}).encode())
    headers = {"content-encoding": "gzip"}
    assert client.call("POST", V + "/sobjects/Lead", body, headers).status == 201


def test_a_very_long_path_is_refused(client: OrgClient) -> None:
    assert client.call("GET", V + "/query?q=" + "x" * 17_000).status == 414


def test_headers_that_are_too_long_are_refused(client: OrgClient) -> None:
    answer = client.call("GET", V + "/limits", headers={"x-long": "x" * 17_000})
    assert (answer.status, answer.code) == (431, "REQUEST_HEADER_FIELDS_TOO_LARGE")
    assert client.call("GET", V + "/limits", headers={"x-long": "x" * 14_000}).status == 200


@pytest.mark.parametrize("path", ["//services/data", "//" + V + "/limits", "//services/data/"])
def test_slashes_at_the_beginning_count_as_one(client: OrgClient, path: str) -> None:
    assert client.call("GET", path).status == 200


def test_a_user_without_the_permission_can_not_use_the_api(client: OrgClient) -> None:
    profile = {"profile": "System Administrator", "permission": "PermissionsApiEnabled"}
    body = json.dumps(profile | {"given": False}).encode()
    assert client.send("POST", "/_localorg/rights", body=body).status < 300
    answer = client.call("GET", V + "/limits")
    assert (answer.status, answer.code) == (403, "API_DISABLED_FOR_ORG")
    assert answer.message == "API is disabled for this User"
    assert client.send("GET", "/services/data").status == 200


def test_an_app_may_have_a_limit_of_its_own(client: OrgClient) -> None:
    body = json.dumps({"daily_api_requests": 2}).encode()
    assert client.send("PATCH", "/_localorg/apps/localorg", body=body).status == 200
    answers = [client.call("GET", V + "/limits") for _ in range(3)]
    said = [answer.headers["sforce-limit-info"] for answer in answers]
    assert said[0] == "api-usage=1/1000000; per-app-api-usage=1/2(appName=localorg)"
    assert said[2].endswith("; per-app-api-usage=2/2(appName=localorg)")
    assert [answer.status for answer in answers] == [200, 200, 403]
    assert answers[2].code == "REQUEST_LIMIT_EXCEEDED"


def test_the_window_of_the_daily_limit_rolls(client: OrgClient, org: Org) -> None:
    org.usage.limit("DailyApiRequests", 2)
    statuses = []
    for hours in (0, 12, 11, 2, 9):
        org.clock.advance(3600 * hours)
        client.sign_in()
        statuses.append(client.call("GET", V).status)
    assert statuses == [200, 200, 403, 200, 403]


def test_only_so_many_requests_may_run_for_long() -> None:
    settings = Settings(control=True, concurrent_long_requests=1, long_request_seconds=0.1)
    org = Org(Store(":memory:", standard_schema()), Clock(), settings)
    with serving(org) as client, ThreadPoolExecutor(1) as pool:
        client.sign_in()
        assert client.call("GET", V).status == 200
        body = {"LastName": "L", "Company": "C"}
        # A request that wants to write runs for as long as somebody else does.
        with org.store.write():
            running = pool.submit(client.call, "POST", V + "/sobjects/Lead", body)
            deadline = time.monotonic() + 10
            while (refused := client.call("GET", V)).status == 200:
                assert time.monotonic() < deadline
        assert (refused.status, refused.code) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert refused.message == "ConcurrentPerOrgLongTxn Limit exceeded."
        assert running.result().status == 201
        assert client.call("GET", V).status == 200


def test_what_nobody_expected_is_answered_in_json(
    client: OrgClient, org: Org, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_user_id: str) -> object:
        raise ZeroDivisionError

    org.rights.schema_for = fail  # type: ignore[assignment, method-assign]
    answer = client.call("GET", V + "/sobjects")
    assert (answer.status, answer.code) == (500, "UNKNOWN_EXCEPTION")
    assert "ErrorId" in answer.message
    assert answer.headers["date"] == "Sat, 31 Jan 2026 12:00:00 GMT"
    assert "ZeroDivisionError" in caplog.text


def test_a_client_that_goes_away_leaves_no_message(
    client: OrgClient, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = client.base.removeprefix("http://").split(":")
    head = (
        f"POST {V}/sobjects/Lead HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n"
        f"Authorization: Bearer {client.token}\r\n\r\n{{"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode())
        time.sleep(0.1)
    log = {"count": 0}
    deadline = time.monotonic() + 5
    while not log["count"] and time.monotonic() < deadline:
        log = client.send("GET", "/_localorg/requests?path=/sobjects/Lead").json
    assert log["count"] == 1
    assert caplog.text == ""
