import threading
from typing import Any

import pytest

from integration.localorg.org_client import Answer, OrgClient, V
from localorg.org import Org

HALTED = "The transaction was rolled back since another operation in the same transaction failed."


def sub(method: str, url: str, reference: str, body: Any = None, **more: Any) -> dict[str, Any]:
    given = {} if body is None else {"body": body}
    return {"method": method, "url": V + url, "referenceId": reference} | given | more


ACCOUNT = sub("POST", "/sobjects/Account", "account", {"Name": "Acme", "Isthmus_Id__c": "acme"})
CONTACT = sub(
    "POST", "/sobjects/Contact", "contact", {"LastName": "L", "AccountId": "@{account.id}"}
)
BAD = sub("POST", "/sobjects/Lead", "bad", {"LastName": "L"})


def composite(client: OrgClient, *subrequests: dict[str, Any], **more: Any) -> Answer:
    return client.call("POST", V + "/composite", {"compositeRequest": subrequests} | more)


def results(answer: Answer) -> dict[str, dict[str, Any]]:
    assert answer.status == 200, answer.text
    return {entry["referenceId"]: entry for entry in answer.json["compositeResponse"]}


def statuses(answer: Answer) -> list[int]:
    return [entry["httpStatusCode"] for entry in results(answer).values()]


def accounts(client: OrgClient) -> int:
    count: int = client.call("GET", V + "/query?q=SELECT+count()+FROM+Account").json["totalSize"]
    return count


@pytest.mark.parametrize("all_or_none", [True, False])
def test_a_later_request_uses_what_an_earlier_one_answered(
    client: OrgClient,
    all_or_none: bool,  # noqa: FBT001 - the parameter of the API
) -> None:
    found = sub(
        "GET",
        "/query?q=SELECT+Id,Account.Name+FROM+Contact+WHERE+Id='@{contact.id}'",
        "found",
    )
    change = sub(
        "PATCH",
        "/sobjects/Contact/@{found.records[0].Id}",
        "change",
        {"Title": "of @{found.records[0].Account.Name}"},
    )
    answer = composite(client, ACCOUNT, CONTACT, found, change, allOrNone=all_or_none)
    assert statuses(answer) == [201, 201, 200, 204]
    entries = results(answer)
    assert entries["change"]["body"] is None
    made = entries["account"]["body"]
    assert made == {"id": made["id"], "success": True, "errors": []}
    assert entries["account"]["httpHeaders"] == {"Location": f"{V}/sobjects/Account/{made['id']}"}
    contact = client.record("Contact", entries["contact"]["body"]["id"])
    assert (contact["AccountId"], contact["Title"]) == (made["id"], "of Acme")


def test_all_or_none_takes_everything_back(client: OrgClient) -> None:
    answer = composite(client, ACCOUNT, BAD, CONTACT, allOrNone=True)
    assert statuses(answer) == [400, 400, 400]
    entries = results(answer)
    assert entries["bad"]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    halted = [{"errorCode": "PROCESSING_HALTED", "message": HALTED}]
    assert entries["account"]["body"] == entries["contact"]["body"] == halted
    assert entries["account"]["httpHeaders"] == {}
    assert accounts(client) == 0


def test_without_all_or_none_each_stands_for_itself(client: OrgClient) -> None:
    answer = composite(client, ACCOUNT, BAD, CONTACT)
    assert statuses(answer) == [201, 400, 201]
    assert accounts(client) == 1


def test_a_reference_to_what_failed_fails_too(client: OrgClient) -> None:
    use = sub("GET", "/sobjects/Lead/@{bad.id}", "use")
    answer = composite(client, BAD, use, ACCOUNT)
    assert statuses(answer) == [400, 400, 201]
    [error] = results(answer)["use"]["body"]
    assert error["errorCode"] == "PROCESSING_HALTED"
    assert error["message"].startswith(
        "Invalid reference specified. No value for bad.id found in bad"
    )


def test_all_or_none_holds_for_the_rows_of_a_collection(client: OrgClient) -> None:
    rows = [
        {"attributes": {"type": "Account"}, "Name": "A"},
        {"attributes": {"type": "Account"}, "Name": None},
    ]
    body = {"allOrNone": False, "records": rows}
    collection = sub("POST", "/composite/sobjects", "rows", body)
    answer = composite(client, ACCOUNT, collection, allOrNone=True)
    assert statuses(answer) == [400, 200]
    assert [row["success"] for row in results(answer)["rows"]["body"]] == [True, False]
    assert accounts(client) == 0
    assert statuses(composite(client, ACCOUNT, collection)) == [201, 200]
    assert accounts(client) == 2


def test_a_subrequest_has_headers_of_its_own(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    url = f"/sobjects/Account/{account}"
    tag = client.call("GET", V + url).headers["etag"]
    change = {"Name": "Acme 2"}
    first = sub("PATCH", url, "first", change, httpHeaders={"If-Match": tag})
    second = sub("PATCH", url, "second", change, httpHeaders={"If-Match": tag})
    read = sub("GET", url, "read")
    answer = composite(client, first, second, read)
    assert statuses(answer) == [204, 412, 200]
    shown = results(answer)["read"]["httpHeaders"]
    assert set(shown) == {"ETag", "Last-Modified"}
    assert shown["ETag"] != tag


def test_one_call_is_one_api_request(client: OrgClient, org: Org) -> None:
    before = org.usage.used("DailyApiRequests")
    composite(client, ACCOUNT, CONTACT, allOrNone=True)
    assert org.usage.used("DailyApiRequests") == before + 1


def test_requests_of_other_clients_wait_for_the_transaction_without_blocking_it(
    client: OrgClient, org: Org
) -> None:
    """More of them than the server has threads would be a deadlock."""
    bodies = [(ACCOUNT | {"body": {"Name": "Acme"}}, CONTACT) for _ in range(60)]
    answers: list[list[int]] = []

    def send(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
        answers.append(statuses(composite(client, *pair, allOrNone=True)))

    threads = [threading.Thread(target=send, args=(pair,)) for pair in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [[201, 201]] * 60
    assert accounts(client) == 60


@pytest.mark.parametrize(
    ("subrequests", "says"),
    [
        ([ACCOUNT] * 26, "26 subrequests; 25 are allowed"),
        ([sub("GET", "/query?q=x", f"q{number}") for number in range(6)], "up to 5"),
        ([ACCOUNT, ACCOUNT], "'account' is given to several"),
        ([ACCOUNT | {"referenceId": "a[1]"}], "a[1]"),
        ([ACCOUNT | {"method": "PUT"}], "PUT"),
        ([{"method": "GET", "referenceId": "a"}], "url"),
        ([ACCOUNT | {"httpHeaders": {"Accept": "text/xml"}}], "Accept"),
    ],
)
def test_what_can_not_be_carried_out_fails_as_a_whole(
    client: OrgClient, subrequests: list[dict[str, Any]], says: str
) -> None:
    answer = composite(client, *subrequests)
    assert answer.status == 400
    assert says in answer.message
    assert accounts(client) == 0


def test_only_records_queries_and_limits_can_be_asked_for(client: OrgClient) -> None:
    inner = sub("POST", "/composite", "inner", {"compositeRequest": []})
    job = sub("GET", "/jobs/query", "job")
    elsewhere = {"method": "GET", "url": "/services/oauth2/userinfo", "referenceId": "else"}
    retired = {"method": "GET", "url": "/services/data/v30.0/limits", "referenceId": "old"}
    limits = sub("GET", "/limits", "limits")
    answer = composite(client, inner, job, elsewhere, retired, limits)
    assert statuses(answer) == [404, 404, 404, 410, 200]


def test_the_composite_resources_are_listed(client: OrgClient) -> None:
    assert client.call("GET", V + "/composite").json == {
        "batch": V + "/composite/batch",
        "sobjects": V + "/composite/sobjects",
    }
    for later in ("/composite/tree/Account", "/composite/graph"):
        assert client.call("POST", V + later, {}).status == 404
