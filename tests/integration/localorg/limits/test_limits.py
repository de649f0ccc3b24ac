from integration.localorg.org_client import OrgClient, V


def test_limits_tell_what_is_left(client: OrgClient) -> None:
    limits = client.call("GET", V + "/limits").json
    assert limits["DailyApiRequests"] == {"Max": 1_000_000, "Remaining": 999_999}
    assert limits["DailyBulkV2QueryFileStorageMB"]["Max"] == 976_562
    assert limits["DailyBulkApiBatches"]["Max"] == 15_000


def test_records_are_counted(client: OrgClient) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    client.insert("Lead", LastName="M", Company="C")
    client.call("DELETE", f"{V}/sobjects/Lead/{lead}")
    answer = client.call("GET", V + "/limits/recordCount?sObjects=Lead,Contact,Nothing").json
    assert answer == {"sObjects": [{"name": "Lead", "count": 1}, {"name": "Contact", "count": 0}]}
