import json
from typing import Any

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
    assert answer.json["now"] == "2026-01-31T13:00:00.000Z"
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


def test_all_sessions_can_be_ended(client: OrgClient) -> None:
    assert client.send("DELETE", "/_localorg/sessions").json == {"ended": 1}
    assert client.call("GET", V).code == "INVALID_SESSION_ID"
