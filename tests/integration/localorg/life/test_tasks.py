"""Tasks go into the recycle bin with what they are about, and come back with it."""

from integration.localorg.org_client import OrgClient, V


def test_a_task_goes_and_comes_back_with_its_account(client: OrgClient) -> None:
    account = client.insert("Account", Name="Acme")
    task = client.insert("Task", Subject="Call", WhatId=account)
    client.call("DELETE", f"{V}/sobjects/Account/{account}")
    assert client.call("GET", f"{V}/sobjects/Task/{task}").status == 404
    client.call("POST", "/_localorg/undelete", {"ids": [account]})
    assert client.record("Task", task)["WhatId"] == account


def test_a_description_says_that_tasks_go_along(client: OrgClient) -> None:
    described = client.call("GET", f"{V}/sobjects/Account/describe").json
    tasks = next(row for row in described["childRelationships"] if row["childSObject"] == "Task")
    assert (tasks["field"], tasks["cascadeDelete"]) == ("WhatId", True)
