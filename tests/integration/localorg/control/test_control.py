import json
from typing import Any

import pytest

from integration.localorg.org_client import Answer, OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store


def post(client: OrgClient, where: str, /, **body: Any) -> Answer:
    return client.send("POST", "/_localorg" + where, body=json.dumps(body).encode())


def test_without_the_option_there_are_none() -> None:
    org = Org(Store(":memory:", standard_schema()), Clock(), Settings())
    with serving(org) as client:
        assert post(client, "/clock", advance_seconds=1).status == 404


def test_the_clock_moves(client: OrgClient) -> None:
    answer = post(client, "/clock", advance_seconds=3600)
    assert answer.json == {"now": "2026-01-31T13:00:00.000Z"}
    assert client.call("GET", V).headers["date"] == "Sat, 31 Jan 2026 13:00:00 GMT"
    lead = client.insert("Lead", LastName="L", Company="C")
    assert client.record("Lead", lead)["CreatedDate"] == "2026-01-31T13:00:00.000+0000"


def test_people_at_work_change_records(client: OrgClient) -> None:
    ids = {client.insert("Lead", LastName="L", Company="C") for _ in range(5)}
    post(client, "/clock", advance_seconds=60)
    changed = post(client, "/activity", object="Lead", count=3, seed=1).json["changed"]
    assert len(changed) == 3
    assert set(changed) <= ids
    stamps = {client.record("Lead", record_id)["SystemModstamp"] for record_id in changed}
    assert stamps == {"2026-01-31T12:01:00.000+0000"}


def test_a_planned_answer_comes_instead(client: OrgClient) -> None:
    answer = post(
        client,
        "/faults",
        kind="http",
        status=420,
        body="<html>",
        content_type="text/html",
        count=1,
        path="/limits",
    )
    assert answer.status == 201
    assert client.call("GET", V).status == 200
    planned = client.call("GET", V + "/limits")
    assert (planned.status, planned.text, planned.headers["content-type"]) == (
        420,
        "<html>",
        "text/html; charset=utf-8",
    )
    assert client.call("GET", V + "/limits").status == 200


def test_planned_answers_can_be_cleared(client: OrgClient) -> None:
    post(client, "/faults", kind="http", count=9)
    assert client.call("GET", V).status == 503
    assert client.send("DELETE", "/_localorg/faults").status == 204
    assert client.call("GET", V).status == 200


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/faults", {"kind": "fire"}, "Known are: bulk_job_failed, http."),
        ("/faults", {"kind": "http", "colour": 1}, "'colour' is no part of a fault"),
        ("/faults", {"kind": "http", "count": "2"}, "'count' has to be of the type int"),
        ("/clock", {}, "'advance_seconds' has to be of the type int"),
        ("/activity", {"object": "Leed"}, "sObject type 'Leed' is not supported"),
    ],
)
def test_a_mistake_is_explained(
    client: OrgClient, path: str, body: dict[str, Any], said: str
) -> None:
    answer = post(client, path, **body)
    assert answer.status == 400
    assert said in answer.message


def test_requests_are_logged_and_forgotten(client: OrgClient) -> None:
    client.send("DELETE", "/_localorg/requests")
    client.call("GET", V + "/sobjects/Lead/describe/?x=1")
    client.call("GET", V + "/nothing")
    answer = client.send("GET", "/_localorg/requests").json
    assert answer == {
        "requests": [
            {"method": "GET", "path": V + "/sobjects/Lead/describe/?x=1", "status": 200},
            {"method": "GET", "path": V + "/nothing", "status": 404},
        ]
    }


def test_all_sessions_can_be_ended(client: OrgClient) -> None:
    assert client.send("DELETE", "/_localorg/sessions").json == {"ended": 1}
    assert client.call("GET", V).code == "INVALID_SESSION_ID"
