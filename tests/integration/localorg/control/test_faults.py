"""Every fault as a client meets it."""

import time
from typing import Any

import pytest
import urllib3

from integration.localorg.control.test_control import post
from integration.localorg.org_client import OrgClient, V
from localorg.control.fault_kinds import KINDS

LIMITS = V + "/limits"


def plan(client: OrgClient, kind: str, **parts: Any) -> dict[str, Any]:
    answer = post(client, "/faults", kind=kind, **parts)
    assert answer.status == 201, answer.text
    planned: dict[str, Any] = answer.json
    return planned


def lead_names(client: OrgClient) -> set[str]:
    answer = client.call("GET", V + "/query?q=SELECT+LastName+FROM+Lead")
    return {record["LastName"] for record in answer.json["records"]}


def test_a_planned_answer_comes_instead_of_the_real_one(client: OrgClient) -> None:
    plan(
        client,
        "http",
        status=420,
        body="<html>",
        content_type="text/html",
        headers={"Retry-After": "5"},
        path="/LIMITS",
    )
    assert client.call("GET", V).status == 200
    planned = client.call("GET", LIMITS)
    assert (planned.status, planned.text) == (420, "<html>")
    assert planned.headers["content-type"] == "text/html; charset=utf-8"
    assert planned.headers["retry-after"] == "5"
    assert client.call("GET", LIMITS).status == 200


@pytest.mark.parametrize(
    ("kind", "status", "code", "message"),
    [
        ("session_expired", 401, "INVALID_SESSION_ID", "Session expired or invalid"),
        ("request_limit", 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        (
            "concurrent_limit",
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentPerOrgLongTxn Limit exceeded.",
        ),
        ("too_many_requests", 429, "REQUEST_LIMIT_EXCEEDED", "Too many requests."),
        ("api_disabled", 403, "API_CURRENTLY_DISABLED", "API is currently disabled"),
        ("server_unavailable", 503, "SERVER_UNAVAILABLE", "Server is too busy"),
        ("unknown_exception", 500, "UNKNOWN_EXCEPTION", "ErrorId"),
        ("query_timeout", 400, "QUERY_TIMEOUT", "Your query request was running for too long."),
        ("storage_limit", 400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
        ("transaction_security", 403, "TXN_SECURITY_METERING_ERROR", "took too long"),
    ],
)
def test_a_preset_answers_as_salesforce_does_and_once(
    client: OrgClient, kind: str, status: int, code: str, message: str
) -> None:
    plan(client, kind)
    answer = client.call("GET", LIMITS)
    assert (answer.status, answer.code) == (status, code)
    assert message in answer.message
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert client.call("GET", LIMITS).status == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("edge_html", 420), ("maintenance_html", 503), ("bad_gateway_html", 502)]
)
def test_a_page_of_html_comes_where_json_was_expected(
    client: OrgClient, kind: str, status: int
) -> None:
    plan(client, kind)
    answer = client.call("GET", LIMITS)
    assert answer.status == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<html>" in answer.text


def test_an_answer_may_have_no_body(client: OrgClient) -> None:
    plan(client, "not_acceptable")
    answer = client.call("GET", LIMITS)
    assert (answer.status, answer.content) == (406, b"")


def test_latency_makes_the_client_wait_for_the_real_answer(client: OrgClient) -> None:
    plan(client, "latency", seconds=0.3)
    began = time.monotonic()
    assert client.call("GET", LIMITS).status == 200
    assert time.monotonic() - began >= 0.3


def test_latency_goes_together_with_another_fault(client: OrgClient) -> None:
    plan(client, "maintenance_html")
    plan(client, "latency", seconds=0.2)
    began = time.monotonic()
    assert client.call("GET", LIMITS).status == 503
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("framing", ["content_length", "chunked"])
@pytest.mark.parametrize("after_bytes", [0, 100])
def test_a_cut_answer_is_known_by_its_framing(
    client: OrgClient, framing: str, after_bytes: int
) -> None:
    plan(client, "cut", framing=framing, after_bytes=after_bytes, path="/limits")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        client.call("GET", LIMITS)
    assert client.call("GET", LIMITS).status == 200


def test_a_cut_answer_without_a_length_looks_whole(client: OrgClient) -> None:
    whole = client.call("GET", LIMITS).content
    plan(client, "cut", framing="close", after_bytes=40)
    answer = client.call("GET", LIMITS)
    assert answer.status == 200
    assert len(answer.content) == 40
    assert answer.content[:20] == whole[:20]
    assert "content-length" not in answer.headers
    assert answer.headers["sforce-limit-info"] == "api-usage=2/1000000"
    logged = client.send("GET", "/_localorg/requests").json["requests"][-1]
    assert (logged["status"], logged["fault"]) == (200, "cut")


def test_a_client_that_gets_no_answer_gives_up(client: OrgClient) -> None:
    plan(client, "never_answer", method="POST")
    http = urllib3.PoolManager()
    headers = {"authorization": f"Bearer {client.token}"}
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        http.request(
            "POST",
            f"{client.base}{V}/sobjects/Lead",
            json={"LastName": "Nobody", "Company": "C"},
            headers=headers,
            timeout=0.3,
            retries=False,
        )
    http.clear()
    assert lead_names(client) == set()


def test_silence_may_end_with_the_connection(client: OrgClient) -> None:
    plan(client, "never_answer", seconds=0.2)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        client.call("GET", LIMITS)


def test_a_lost_answer_leaves_the_work_done(client: OrgClient) -> None:
    plan(client, "answer_lost", method="post", path="/sobjects/Lead")
    with pytest.raises(urllib3.exceptions.ProtocolError):
        client.call("POST", V + "/sobjects/Lead", {"LastName": "Once", "Company": "C"})
    assert lead_names(client) == {"Once"}


def test_a_fault_is_for_one_method_and_route(client: OrgClient) -> None:
    plan(client, "maintenance_html", method="DELETE", path="/sobjects/*", match="exact")
    plan(client, "maintenance_html", path="*/sobjects/lead/describe", match="glob")
    plan(client, "edge_html", path=r"query\?q=.*From\+contact", match="regex")
    assert client.call("GET", V + "/sobjects/Lead").status == 200
    assert client.call("GET", V + "/sobjects/Contact/describe").status == 200
    assert client.call("GET", V + "/sobjects/Lead/describe").status == 503
    assert client.call("GET", V + "/query?q=SELECT+Id+FROM+Lead").status == 200
    assert client.call("GET", V + "/query?q=SELECT+Id+FROM+Contact").status == 420


def test_the_first_ones_are_spared_and_the_next_ones_are_not(client: OrgClient) -> None:
    plan(client, "maintenance_html", skip=2, count=2)
    statuses = [client.call("GET", LIMITS).status for _ in range(6)]
    assert statuses == [200, 200, 503, 503, 200, 200]


def test_a_share_of_the_requests_fails_the_same_way_each_time(client: OrgClient) -> None:
    def statuses(seed: int) -> list[int]:
        client.send("DELETE", "/_localorg/faults")
        plan(client, "maintenance_html", probability=0.5, seed=seed)
        return [client.call("GET", LIMITS).status for _ in range(30)]

    first = statuses(1)
    assert set(first) == {200, 503}
    assert statuses(1) == first
    assert statuses(2) != first


def test_planned_faults_are_listed_with_how_often_they_happened(client: OrgClient) -> None:
    once = plan(client, "edge_html", path="/limits")["id"]
    ever = plan(client, "maintenance_html", path="/sobjects", count=0)["id"]
    for path in ("/limits", "/limits", "/sobjects", "/sobjects"):
        client.call("GET", V + path)
    listed = client.send("GET", "/_localorg/faults").json["faults"]
    counts = {entry["id"]: (entry["happened"], entry["over"]) for entry in listed}
    assert counts == {once: (1, True), ever: (2, False)}
    assert listed[1]["count"] is None


def test_one_fault_or_all_are_taken_back(client: OrgClient) -> None:
    first = plan(client, "maintenance_html", count=9)["id"]
    plan(client, "edge_html", count=9)
    assert client.call("GET", LIMITS).status == 503
    assert client.send("DELETE", f"/_localorg/faults/{first}").status == 204
    assert client.call("GET", LIMITS).status == 420
    assert client.send("DELETE", "/_localorg/faults").status == 204
    assert client.call("GET", LIMITS).status == 200
    gone = client.send("DELETE", f"/_localorg/faults/{first}")
    assert (gone.status, gone.code) == (400, "INVALID_CONTROL")


def test_signing_in_can_fail_too(client: OrgClient) -> None:
    plan(client, "maintenance_html", path="/services/oauth2/token")
    assert client.token_answer(grant_type="client_credentials").status == 503


def test_the_kinds_of_faults_are_told(client: OrgClient) -> None:
    kinds = client.send("GET", "/_localorg/fault-kinds").json["kinds"]
    assert set(kinds) == set(KINDS)
    assert kinds["cut"]["parameters"] == ["after_bytes", "framing"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kind": "fire"}, "Known are: http, latency, cut,"),
        ({"kind": "http", "colour": 1}, "'colour' is no part of the fault http"),
        ({"kind": "latency", "status": 500}, "'status' is no part of the fault latency"),
        ({"kind": "http", "count": "2"}, "'count' has to be a whole number or null; it is '2'"),
        ({"kind": "http", "count": -1}, "'count' has to be 1 or more"),
        ({"kind": "http", "status": 99}, "'status' has to be 200 to 599"),
        ({"kind": "http", "method": "FETCH"}, "'method' has to be one of GET, POST"),
        ({"kind": "http", "path": "(", "match": "regex"}, "'path' is no regular expression"),
        ({"kind": "http", "match": "like"}, "'match' has to be one of substring, exact,"),
        ({"kind": "http", "probability": 2}, "'probability' has to be more than 0"),
        ({"kind": "http", "headers": {"a": 1}}, "'headers' has to be an object of names"),
        ({"kind": "http", "headers": {"a": "x\ny"}}, "'headers' has to be an object of names"),
        ({"kind": "http", "headers": {"a b": "x"}}, "'headers' has to be an object of names"),
        ({"kind": "http", "status": 204, "body": "x"}, "status 204 has no 'body'"),
        ({"kind": "http", "content_type": "é"}, "'content_type' has to be a media type"),
        ({"kind": "cut", "framing": "tcp"}, "'framing' has to be one of content_length,"),
        ({"kind": "latency", "seconds": -1}, "'seconds' has to be seconds, 0 to 31622400"),
    ],
)
def test_a_mistake_in_a_fault_is_explained(
    client: OrgClient, body: dict[str, Any], said: str
) -> None:
    answer = post(client, "/faults", **body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert said in answer.message
