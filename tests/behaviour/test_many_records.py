"""Collections, composite and batch requests."""

from typing import Any

from behaviour.organizations import API, Organization


def _lead(org: Organization, **values: Any) -> dict[str, Any]:
    own = {"attributes": {"type": "Lead"}, "LastName": "Collected", "Company": org.mark}
    return own | values


def test_a_collection_keeps_the_good_and_names_the_bad(org: Organization) -> None:
    content = {"records": [_lead(org), _lead(org, LastName=None), _lead(org, Email="nobody")]}
    answer = org.call("POST", "/composite/sobjects", content)
    good, missing, wrong = answer.json
    assert answer.status == 200
    assert good == {"id": good["id"], "success": True, "errors": []}
    assert missing == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }
    assert wrong["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS"


def test_all_or_none_takes_back_the_good(org: Organization) -> None:
    content = {
        "allOrNone": True,
        "records": [_lead(org, Title="Rolled back"), _lead(org, LastName=None)],
    }
    answer = org.call("POST", "/composite/sobjects", content)
    codes = [result["errors"][0]["statusCode"] for result in answer.json]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    soql = f"SELECT Id FROM Lead WHERE Company = '{org.mark}' AND Title = 'Rolled back'"  # noqa: S608
    assert org.records(soql) == []


def test_more_than_200_records_are_refused(org: Organization) -> None:
    answer = org.call("POST", "/composite/sobjects", {"records": [_lead(org)] * 201})
    assert answer.status == 400


def test_a_collection_changes_reads_and_deletes(org: Organization) -> None:
    first, second = org.lead(), org.lead()
    content = {"records": [_lead(org, id=first, Title="One"), _lead(org, id=second, Title="Two")]}
    changed = org.call("PATCH", "/composite/sobjects", content)
    assert [result["success"] for result in changed.json] == [True, True]
    asked = {"ids": [second, "00Q000000000000EAA", first], "fields": ["Title"]}
    read = org.call("POST", "/composite/sobjects/Lead", asked).json
    assert [record and record["Title"] for record in read] == ["Two", None, "One"]
    deleted = org.call("DELETE", f"/composite/sobjects?ids={first},{second}")
    assert [result["id"] for result in deleted.json] == [first, second]


def test_a_composite_request_refers_to_what_came_before(org: Organization) -> None:
    account = {"Name": f"{org.mark} account"}
    contact = {"LastName": f"{org.mark} contact", "AccountId": "@{account.id}"}
    requests = [
        {
            "method": "POST",
            "url": f"{API}/sobjects/Account",
            "referenceId": "account",
            "body": account,
        },
        {
            "method": "POST",
            "url": f"{API}/sobjects/Contact",
            "referenceId": "contact",
            "body": contact,
        },
    ]
    answer = org.call("POST", "/composite", {"compositeRequest": requests})
    made = {part["referenceId"]: part for part in answer.json["compositeResponse"]}
    assert [part["httpStatusCode"] for part in made.values()] == [201, 201]
    account_id, contact_id = (made[name]["body"]["id"] for name in ("account", "contact"))
    org.made += [account_id, contact_id]
    assert org.record("Contact", contact_id, "AccountId") == {"AccountId": account_id}


def test_a_composite_request_of_all_or_none_halts(org: Organization) -> None:
    requests = [
        {
            "method": "POST",
            "url": f"{API}/sobjects/Lead",
            "referenceId": "good",
            "body": {"LastName": "Halted", "Company": org.mark},
        },
        {
            "method": "POST",
            "url": f"{API}/sobjects/Lead",
            "referenceId": "bad",
            "body": {"Company": org.mark},
        },
    ]
    content = {"allOrNone": True, "compositeRequest": requests}
    good, bad = org.call("POST", "/composite", content).json["compositeResponse"]
    assert good["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert bad["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"


def test_a_batch_answers_each_part(org: Organization) -> None:
    parts = [
        {"method": "GET", "url": f"{API}/sobjects/Lead/describe"},
        {"method": "GET", "url": "v66.0/sobjects/Nope__c/describe"},
    ]
    answer = org.call("POST", "/composite/batch", {"batchRequests": parts}).json
    assert answer["hasErrors"] is True
    assert [result["statusCode"] for result in answer["results"]] == [200, 404]
    assert answer["results"][0]["result"]["name"] == "Lead"
