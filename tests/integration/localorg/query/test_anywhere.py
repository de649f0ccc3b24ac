"""The cases that hold at every org hold at this one."""

import re
from typing import Any

import pytest

from integration.localorg.query.in_process import BASE, Client
from integration.localorg.query.test_cases import plain
from unit.localorg.soql.sample_org import load

ANYWHERE: dict[str, Any] = load("anywhere.yaml")
WORD = "lo8f3k2"


def _worded(value: Any, ids: dict[str, str]) -> Any:
    """A value with the word and the ids of records in their places."""
    if isinstance(value, dict):
        return {key: _worded(part, ids) for key, part in value.items()}
    if isinstance(value, list):
        return [_worded(part, ids) for part in value]
    if not isinstance(value, str):
        return value
    return ids.get(value, value).replace("{word}", WORD)


@pytest.fixture(scope="module")
def made(client: Client) -> dict[str, str]:
    ids: dict[str, str] = {}
    for record in ANYWHERE["records"]:
        fields = _worded(record["fields"], ids)
        answer = client.post(f"{BASE}/sobjects/{record['object']}", fields)
        assert answer.status == 201, answer.body
        ids[f"@{record['name']}"] = answer.json["id"]
    return ids


def _query(text: str) -> str:
    source = re.search(r"FROM (Lead|Account|Contact) WHERE \{mine\}", text)
    assert source is not None
    query: str = _worded(text.replace("{mine}", ANYWHERE["mine"][source[1]]), {})
    return query


@pytest.mark.parametrize("case", ANYWHERE["cases"], ids=lambda case: case["query"])
def test_a_query_answers_its_records(
    client: Client, made: dict[str, str], case: dict[str, Any]
) -> None:
    answer = client.query(_query(case["query"])).json
    found, expected = plain(answer["records"]), _worded(case["records"], made)
    assert answer["totalSize"] == case.get("size", len(expected))
    if not case.get("ordered"):
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert found == expected
