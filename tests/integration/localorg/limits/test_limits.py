import json

import pytest

from integration.localorg.org_client import OrgClient, V


def test_limits_tell_what_is_left(client: OrgClient) -> None:
    limits = client.call("GET", V + "/limits").json
    assert limits["DailyApiRequests"] == {"Max": 1_000_000, "Remaining": 999_999}
    assert limits["DailyBulkV2QueryFileStorageMB"]["Max"] == 976_562
    assert limits["DailyBulkV2QueryJobs"]["Max"] == 10_000
    assert limits["DailyBulkApiBatches"]["Max"] == 15_000


def test_batches_were_called_requests_before_version_49(client: OrgClient) -> None:
    old = client.call("GET", V.replace("66.0", "48.0") + "/limits").json
    assert old["DailyBulkApiRequests"]["Max"] == 15_000
    assert "DailyBulkApiBatches" not in old


def test_a_limit_can_be_set(client: OrgClient) -> None:
    body = json.dumps({"DailyApiRequests": 3}).encode()
    shown = client.send("POST", "/_localorg/limits", body=body).json
    assert shown["DailyApiRequests"] == {"most": 3, "used": 0}
    for _ in range(3):
        assert client.call("GET", V + "/limits").status == 200
    refused = client.call("GET", V + "/limits")
    assert (refused.status, refused.code) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert refused.message == "TotalRequests Limit exceeded."


@pytest.mark.parametrize("body", [{"Daily": 1}, {"DailyApiRequests": -1}, {"SingleEmail": "1"}])
def test_a_limit_that_is_none_is_refused(client: OrgClient, body: dict[str, object]) -> None:
    answer = client.send("POST", "/_localorg/limits", body=json.dumps(body).encode())
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")


def storage(client: OrgClient) -> tuple[int, int]:
    found = client.call("GET", V + "/limits").json["DataStorageMB"]
    return found["Max"], found["Max"] - found["Remaining"]


def test_records_take_two_kilobytes_of_the_data_storage(client: OrgClient) -> None:
    assert storage(client) == (1_000_000, 0)
    client.insert("Lead", LastName="L", Company="C")
    assert storage(client) == (1_000_000, 1)
    rows = [
        {"attributes": {"type": "Lead"}, "LastName": str(number), "Company": "C"}
        for number in range(172)
    ]
    for _ in range(3):
        client.call("POST", V + "/composite/sobjects", {"records": rows})
    assert storage(client) == (1_000_000, 2)


def test_records_are_refused_where_the_data_storage_that_was_set_is_full(
    client: OrgClient,
) -> None:
    client.send("POST", "/_localorg/limits", body=b'{"DataStorageMB": 0}')
    lead = {"LastName": "L", "Company": "C"}
    refused = client.call("POST", V + "/sobjects/Lead", lead)
    assert refused.code == "STORAGE_LIMIT_EXCEEDED"
    client.send("POST", "/_localorg/limits", body=b'{"DataStorageMB": 1}')
    assert client.call("POST", V + "/sobjects/Lead", lead).status == 201
    assert storage(client) == (1, 1)
    shown = client.send("GET", "/_localorg/limits").json
    assert shown["DataStorageMB"] == {"most": 1, "used": 1}


def test_records_are_counted(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    client.insert("Lead", LastName="M", Company="C")
    client.call("DELETE", f"{V}/sobjects/Lead/{lead}")
    answer = client.call("GET", V + "/limits/recordCount?sObjects=Lead,Contact,Nothing").json
    assert answer == {"sObjects": [{"name": "Lead", "count": 1}, {"name": "Contact", "count": 0}]}
