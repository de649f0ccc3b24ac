"""SOQL: cases as data, in tests/cases/behaviour and tests/cases/soql."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from ruamel.yaml import YAML

from behaviour.organizations import Organization

CASES = Path(__file__).parents[1] / "cases"
DOCUMENT = YAML(typ="safe").load(CASES / "behaviour" / "queries.yaml")
ANYWHERE = YAML(typ="safe").load(CASES / "soql" / "anywhere.yaml")


def _malformed() -> Iterator[dict[str, Any]]:
    """The malformed queries that any org can be asked: no custom fields, no words of localorg."""
    for case in YAML(typ="safe").load(CASES / "soql" / "malformed.yaml"):
        if "__c" not in case["query"] and "localorg" not in case["message"]:
            yield case


@pytest.fixture(scope="module")
def names(whole_org: Organization) -> dict[str, str]:
    """The ids of the records of the cases, made anew, and the names that they stand for."""
    found: dict[str, str] = {}
    for sobject, records in DOCUMENT["records"].items():
        for name, values in records.items():
            own = {key: _filled(value, whole_org, found) for key, value in values.items()}
            found[name] = whole_org.insert(sobject, **own)
    return {record_id: name for name, record_id in found.items()}


def _filled(value: Any, org: Organization, ids: dict[str, str]) -> Any:
    if not isinstance(value, str):
        return value
    return ids[value[1:]] if value.startswith("@") else value.replace("{mark}", org.mark)


@pytest.mark.parametrize("case", DOCUMENT["cases"], ids=lambda case: case["query"])
def test_a_query_finds_these_records(
    org: Organization, names: dict[str, str], case: dict[str, Any]
) -> None:
    records = org.records(case["query"].replace("{mark}", org.mark))
    found = [names[record["Id"]] for record in records]
    assert (found if case.get("ordered") else sorted(found)) == case["rows"]


@pytest.mark.parametrize("case", DOCUMENT["values"], ids=lambda case: case["query"])
def test_a_query_brings_these_values(
    org: Organization, names: dict[str, str], case: dict[str, Any]
) -> None:
    records = org.records(case["query"].replace("{mark}", org.mark))
    expected = [{k: _filled(v, org, {}) for k, v in each.items()} for each in case["values"]]
    assert [_plain(record) for record in records] == expected


@pytest.fixture(scope="module")
def word(whole_org: Organization) -> str:
    """The word of the records of anywhere.yaml, which are made anew."""
    own, ids = f"lo{uuid4().hex[:8]}", dict[str, str]()
    for record in ANYWHERE["records"]:
        values = {
            name: ids[value[1:]] if str(value).startswith("@") else _worded(value, own)
            for name, value in record["fields"].items()
        }
        ids[record["name"]] = whole_org.insert(record["object"], **values)
    return own


@pytest.mark.parametrize("case", ANYWHERE["cases"], ids=lambda case: case["query"])
def test_a_case_that_holds_anywhere(org: Organization, word: str, case: dict[str, Any]) -> None:
    [sobject] = re.findall(r" FROM (Lead|Account|Contact) WHERE \{mine\}", case["query"])
    soql = case["query"].replace("{mine}", ANYWHERE["mine"][sobject])
    answer = org.query(soql.replace("{word}", word))
    assert answer.status == 200, answer.content
    found = _bare(answer.json["records"])
    expected = _worded(case["records"], word)
    assert answer.json["totalSize"] == case.get("size", len(expected))
    in_order = case.get("ordered", False)
    assert found == expected if in_order else _sorted(found) == _sorted(expected)


def _worded(value: Any, word: str) -> Any:
    if isinstance(value, str):
        return value.replace("{word}", word)
    if isinstance(value, dict):
        return {name: _worded(part, word) for name, part in value.items()}
    return [_worded(part, word) for part in value] if isinstance(value, list) else value


def _bare(value: Any) -> Any:
    """The same without the attributes of records."""
    if isinstance(value, dict):
        return {name: _bare(part) for name, part in value.items() if name != "attributes"}
    return [_bare(part) for part in value] if isinstance(value, list) else value


def _sorted(records: list[Any]) -> list[Any]:
    return sorted(records, key=lambda record: json.dumps(record, sort_keys=True))


def _plain(value: Any) -> Any:
    """A record without attributes, and sub-queries as the lists of their records."""
    if isinstance(value, dict) and "records" in value:
        return [_plain(record) for record in value["records"]]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if name != "attributes"}
    return value


@pytest.mark.parametrize("case", list(_malformed()), ids=lambda case: repr(case["query"]))
def test_a_malformed_query_gets_these_words(org: Organization, case: dict[str, Any]) -> None:
    status, code, message = org.query(case["query"]).error
    assert (status, code) == (400, case["code"])
    assert message.endswith(case["message"])


def test_pages_of_a_query_follow_each_other(org: Organization) -> None:
    records = [
        {"attributes": {"type": "Lead"}, "LastName": f"Page {n}", "Company": f"{org.mark} pages"}
        for n in range(200)
    ]
    for _ in range(2):
        results = org.call("POST", "/composite/sobjects", {"records": records}).json
        org.made += [result["id"] for result in results]
    soql = f"SELECT Id FROM Lead WHERE Company = '{org.mark} pages'"  # noqa: S608 - a mark
    answer = org.call(
        "GET",
        f"/query?q={soql.replace(' ', '+')}",
        headers={"sforce-query-options": "batchSize=200"},
    ).json
    found = [record["Id"] for record in answer["records"]]
    assert answer["totalSize"] == 400
    while not answer["done"]:
        answer = org.call("GET", answer["nextRecordsUrl"]).json
        found += [record["Id"] for record in answer["records"]]
    assert len(found) == len(set(found)) == 400


def test_a_wrong_locator_is_refused(org: Organization) -> None:
    answer = org.call("GET", "/query/01g000000000000AAA-2000")
    assert answer.error[:2] == (400, "INVALID_QUERY_LOCATOR")
