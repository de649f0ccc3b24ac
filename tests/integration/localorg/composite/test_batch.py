from typing import Any

from integration.localorg.org_client import OrgClient, V


def batch(client: OrgClient, *requests: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = client.call("POST", V + "/composite/batch", {"batchRequests": requests} | more)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def get(url: str) -> dict[str, Any]:
    return {"method": "GET", "url": url}


def test_both_forms_of_a_url_are_taken(client: OrgClient) -> None:
    answer = batch(client, get("v60.0/sobjects/Lead/describe"), get("/services/data/v66.0/limits"))
    assert answer["hasErrors"] is False
    describe, limits = answer["results"]
    assert (describe["statusCode"], limits["statusCode"]) == (200, 200)
    assert describe["result"]["urls"]["sobject"] == "/services/data/v60.0/sobjects/Lead"
    assert "DailyApiRequests" in limits["result"]


def test_each_request_commits_for_itself(client: OrgClient) -> None:
    person = {"LastName": "L", "Company": "C"}
    made = {"method": "POST", "url": "v66.0/sobjects/Lead", "richInput": person}
    bad = {"method": "POST", "url": "v66.0/sobjects/Lead", "richInput": {"LastName": "L"}}
    count = get("v66.0/query?q=SELECT+count()+FROM+Lead")
    answer = batch(client, made, bad, made, count)
    assert answer["hasErrors"] is True
    assert [entry["statusCode"] for entry in answer["results"]] == [201, 400, 201, 200]
    assert answer["results"][1]["result"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answer["results"][3]["result"]["totalSize"] == 2


def test_a_batch_can_end_at_the_first_error(client: OrgClient) -> None:
    requests = [get("v66.0/limits"), get("v66.0/sobjects/Nope"), get("v66.0/limits")]
    answer = batch(client, *requests, haltOnError=True)
    assert [entry["statusCode"] for entry in answer["results"]] == [200, 404, 412]
    [error] = answer["results"][2]["result"]
    assert error["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert batch(client, *requests)["results"][2]["statusCode"] == 200


def test_an_answer_without_a_body_is_null(client: OrgClient) -> None:
    contact = client.insert("Contact", LastName="L")
    gone = {"method": "DELETE", "url": f"v66.0/sobjects/Contact/{contact}"}
    assert batch(client, gone)["results"] == [{"statusCode": 204, "result": None}]


def test_what_can_not_be_batched_is_refused(client: OrgClient) -> None:
    answer = batch(
        client,
        get("v66.0/jobs/query"),
        get("v66.0/composite/batch"),
        get("v30.0/limits"),
        get("v33.0/limits"),
        get("https://elsewhere.example/services/data/v66.0/limits"),
    )
    assert [entry["statusCode"] for entry in answer["results"]] == [404, 404, 410, 400, 404]
    many = client.call(
        "POST", V + "/composite/batch", {"batchRequests": [get("v66.0/limits")] * 26}
    )
    assert (many.status, many.code) == (400, "LIMIT_EXCEEDED")


def test_a_request_is_not_newer_than_its_batch(client: OrgClient) -> None:
    body = {"batchRequests": [get("v66.0/limits"), get("v60.0/limits")]}
    answer = client.call("POST", "/services/data/v60.0/composite/batch", body).json
    assert [entry["statusCode"] for entry in answer["results"]] == [400, 200]
