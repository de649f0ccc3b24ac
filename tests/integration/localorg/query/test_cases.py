"""The records of answers over the sample org, as tests/cases/soql/records.yaml says them."""

from typing import Any

import pytest

from integration.localorg.query.in_process import Client
from unit.localorg.soql.sample_org import SampleOrg, load


def _name(case: dict[str, Any]) -> str:
    text: str = case["query"]
    return f"{text} (all)" if case.get("all") else text


def plain(value: Any) -> Any:
    """A value of an answer without the attributes of its records."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items() if key != "attributes"}
    return [plain(part) for part in value] if isinstance(value, list) else value


def with_ids(sample: SampleOrg, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_ids(sample, part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_ids(sample, part) for part in value]
    return sample.with_ids(value) if isinstance(value, str) and value.startswith("@") else value


@pytest.mark.parametrize("case", load("records.yaml"), ids=_name)
def test_a_query_answers_its_records(
    client: Client, sample: SampleOrg, case: dict[str, Any]
) -> None:
    answer = client.query(
        sample.with_ids(case["query"]), "queryAll" if case.get("all") else "query"
    )
    assert answer.status == 200, answer.body
    found, expected = plain(answer.json["records"]), with_ids(sample, case["records"])
    assert answer.json["totalSize"] == case.get("size", len(expected))
    if case.get("subset"):
        found = [{key: record[key] for key in expected[0]} for record in found]
    if not case.get("ordered"):
        found, expected = sorted(found, key=repr), sorted(expected, key=repr)
    assert found == expected
    # Keys come in the order of SELECT, and whole numbers look like it: 5 is not 5.0.
    assert repr(found) == repr(expected)
