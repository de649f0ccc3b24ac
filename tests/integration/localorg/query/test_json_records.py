"""Records that SQLite writes as JSON look as they do where Python writes them."""

import math
from typing import Any

import pytest

from integration.localorg.query.in_process import Client
from localorg.query import json_records
from unit.localorg.soql.sample_org import SampleOrg, load

QUERIES = [case["query"] for case in load("records.yaml") if "GROUP BY" not in case["query"]]
TEXTS = [
    '"quoted" \\ / back',
    "tab\tline\nend\r\b\f\x00\x1f\x7f",
    "Zoë 𠮷 \u2028 </script>",
    "null",
    "{}",
]
NUMBERS = [0.1 + 0.2, 123456789012345.67, 1e15, 1e300, -5e-324, 1 / 3, 19.99, -0.5, 2.0**53 + 2]


def written_by_python(client: Client, query: str, monkeypatch: pytest.MonkeyPatch) -> bytes:
    with monkeypatch.context() as patched:
        patched.setattr("localorg.query.plan.json_pieces", lambda *_: [])
        return client.query(query).body


@pytest.fixture
def change(client: Client, sample: SampleOrg) -> Any:
    """Writes values into a lead past all checks, and brings the old ones back."""
    select = "SELECT Title, Annual_Spend__c FROM Lead WHERE LastName = 'Dove'"
    update = "UPDATE Lead SET Title = ?, Annual_Spend__c = ? WHERE LastName = 'Dove'"

    def write(values: tuple[Any, Any]) -> None:
        with sample.store.write() as connection:
            connection.execute(update, values)

    with sample.store.read() as connection:
        before = connection.execute(select).fetchone()
    yield write
    write(before)


@pytest.mark.parametrize("query", QUERIES)
def test_the_bytes_are_the_same(
    client: Client, sample: SampleOrg, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    query = sample.with_ids(query)
    assert client.query(query).body == written_by_python(client, query, monkeypatch)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_escaped(
    client: Client, change: Any, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    change((text, None))
    query = "SELECT Title FROM Lead WHERE LastName = 'Dove'"
    assert client.records(query)[0]["Title"] == text
    assert client.query(query).body == written_by_python(client, query, monkeypatch)


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_keep_all_their_digits(client: Client, change: Any, number: float) -> None:
    change((None, number))
    [record] = client.records("SELECT Annual_Spend__c FROM Lead WHERE LastName = 'Dove'")
    assert record["Annual_Spend__c"] == number


@pytest.mark.parametrize("number", [math.inf, -math.inf])
def test_numbers_that_json_has_no_words_for_are_null(
    client: Client, change: Any, number: float
) -> None:
    change((None, number))
    [record] = client.records("SELECT Annual_Spend__c FROM Lead WHERE LastName = 'Dove'")
    assert record["Annual_Spend__c"] is None


def test_a_record_of_very_many_fields_is_put_together_from_pieces(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = (
        "SELECT Id, Name, FirstName, Owner.Name, IsConverted, CreatedDate, Annual_Spend__c, "
        "Company FROM Lead"
    )
    whole = client.query(query).body
    for most in (1, 3, 7):
        monkeypatch.setattr(json_records, "MOST_KEYS", most)
        assert client.query(query).body == whole
