import gzip
import json
import re

import pytest

from integration.localorg.org_client import OrgClient, V
from localorg.org import Org


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
    org.usage.daily_api_requests = 1
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
