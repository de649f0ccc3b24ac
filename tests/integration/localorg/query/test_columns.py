"""`columns=true`: what `sf data query` asks after every answer that is not empty."""

from typing import Any
from urllib.parse import quote

from integration.localorg.query.in_process import BASE, Client

PLAIN: dict[str, Any] = {
    "aggregate": False,
    "apexType": "String",
    "booleanType": False,
    "custom": False,
    "foreignKeyName": None,
    "insertable": True,
    "joinColumns": [],
    "numberType": False,
    "textType": True,
    "updatable": True,
}


def _column(name: str, **others: Any) -> dict[str, Any]:
    return PLAIN | {"columnName": name, "displayName": name} | others


def _metadata(client: Client, query: str) -> dict[str, Any]:
    answer = client.get(f"{BASE}/query?q={quote(query)}&columns=true")
    assert answer.status == 200, answer.body
    metadata: dict[str, Any] = answer.json
    return metadata


def test_columns_tell_types_and_what_can_be_written(client: Client) -> None:
    assert _metadata(client, "SELECT Id, LastName, Tier__c FROM Lead") == {
        "columnMetadata": [
            _column("Id", apexType="Id", textType=False, insertable=False, updatable=False),
            _column("LastName"),
            _column("Tier__c", custom=True),
        ],
        "entityName": "Lead",
        "groupBy": False,
        "idSelected": True,
        "keyPrefix": "00Q",
    }


def test_parents_and_children_are_nested(client: Client) -> None:
    query = "SELECT Owner.Name, (SELECT LastName FROM Contacts) FROM Account"
    owner, contacts = _metadata(client, query)["columnMetadata"]
    inside = {"apexType": None, "textType": False, "insertable": False, "updatable": False}
    [name] = owner["joinColumns"]
    assert owner == _column("Owner", foreignKeyName="OwnerId", joinColumns=[name], **inside)
    assert (name["columnName"], name["insertable"]) == ("Name", False)
    last_name = [_column("LastName")]
    assert contacts == _column("Contacts", aggregate=True, joinColumns=last_name, **inside)


def test_aggregates_show_what_was_written(client: Client) -> None:
    query = "SELECT LeadSource, avg(AnnualRevenue), COUNT(Id) n FROM Lead GROUP BY LeadSource"
    metadata = _metadata(client, query)
    source, average, count = metadata["columnMetadata"]
    assert metadata["groupBy"] is True
    assert (source["columnName"], source["aggregate"]) == ("LeadSource", False)
    assert (average["columnName"], average["displayName"]) == ("expr0", "avg(AnnualRevenue)")
    assert (average["aggregate"], average["numberType"]) == (True, True)
    assert (count["columnName"], count["displayName"]) == ("n", "COUNT(Id)")
