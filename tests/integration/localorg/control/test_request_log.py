import time

from integration.localorg.control.test_control import post
from integration.localorg.org_client import OrgClient, V
from localorg.store import INTEGRATION_USER_ID


def logged(client: OrgClient, query: str = "") -> list[dict[str, object]]:
    answer = client.send("GET", "/_localorg/requests" + query).json
    assert answer["count"] == len(answer["requests"])
    requests: list[dict[str, object]] = answer["requests"]
    return requests


def test_it_says_what_was_asked_and_answered(client: OrgClient) -> None:
    client.send("DELETE", "/_localorg/requests")
    headers = {"sforce-call-options": "defaultNamespace=x, client=Demo/1.0"}
    answer = client.call("GET", V + "/limits/?x=1", headers=headers)
    client.call("GET", V + "/nothing")
    first, second = logged(client)
    assert isinstance(first.pop("milliseconds"), float)
    assert abs(first.pop("ended") - time.time()) < 60  # type: ignore[operator]
    assert first.pop("number") != second.pop("number")
    assert first == {
        "method": "GET",
        "path": V + "/limits/",
        "query": "x=1",
        "status": 200,
        "user": INTEGRATION_USER_ID,
        "client": "Demo/1.0",
        "bytes": len(answer.content),
        "fault": None,
        "moment": "2026-01-31T12:00:00.000Z",
    }
    assert (second["status"], second["client"]) == (404, None)


def test_it_is_searched(client: OrgClient) -> None:
    client.send("DELETE", "/_localorg/requests")
    client.call("GET", V + "/limits")
    client.call("GET", V + "/nothing")
    client.call("POST", V + "/sobjects/Lead", {"LastName": "L", "Company": "C"})
    post(client, "/clock", advance_seconds=60)
    client.call("GET", V + "/LIMITS")
    assert len(logged(client, "?path=/limits")) == 2
    assert [entry["status"] for entry in logged(client, "?status=404")] == [404]
    assert [entry["status"] for entry in logged(client, "?method=post")] == [201]
    assert len(logged(client, "?since=2026-01-31T12:00:30Z")) == 1
    last = logged(client)[-2]["number"]
    assert len(logged(client, f"?after={last}")) == 1
    assert logged(client, "?client=Other") == []


def test_it_names_the_fault_and_that_there_was_no_answer(client: OrgClient) -> None:
    post(client, "/faults", kind="never_answer", seconds=0.05)
    try:
        client.call("GET", V + "/limits")
    except Exception:  # noqa: BLE001 - that it fails is shown elsewhere
        entry = logged(client, "?path=/limits")[0]
    assert (entry["fault"], entry["status"]) == ("never_answer", 0)


def test_no_secret_is_in_it(client: OrgClient) -> None:
    client.send("POST", f"/services/oauth2/revoke?token={client.token}&x=1")
    entry = logged(client, "?path=revoke")[0]
    assert entry["query"] == "token=hidden&x=1"
    client.sign_in()
    client.call("GET", V)
    assert client.token not in str(logged(client))


def test_a_wrong_filter_is_explained(client: OrgClient) -> None:
    for query, said in (
        ("?colour=red", "'colour' is no filter of requests."),
        ("?status=ok", "'status' has to be a whole number; it is 'ok'."),
        ("?since=noon", "'since' has to be a moment"),
    ):
        answer = client.send("GET", "/_localorg/requests" + query)
        assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
        assert said in answer.message
