from collections.abc import Mapping
from dataclasses import replace

import pytest

from isthmus.blueprint.documents import Document
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.blueprint.reading import read
from isthmus.blueprint.reviewing import review
from isthmus.domain.properties import PropertyDefinition

GOAL = """
connections:
  - key: acme
    authorization: {{flow: client_credentials, login_url: "{host}", client_id: id, client_secret: "${{ACME_SECRET}}"}}
    goals:
      - key: leads
        import: Lead
        match: [{{field: Email, identifier: email}}]
        fields: [{{field: Country, property: country}}]
"""  # noqa: E501 - one line in the document too


def with_goal(
    environment: Mapping[str, str], host: str = "https://a.my.salesforce.com"
) -> Document:
    return read(GOAL.format(host=host), name="test", environment=environment)


def numbered(number: int) -> tuple[PropertyDefinition, ...]:
    return tuple(PropertyDefinition(key=f"p{each}", label="P") for each in range(number))


def problems_of(document: Document, stored: Document) -> list[str]:
    with pytest.raises(BlueprintInvalid) as caught:
        review(document, stored)
    return [problem.message for problem in caught.value.problems]


def test_names_of_the_store_need_not_stand_in_the_document(
    environment: Mapping[str, str], store: Document
) -> None:
    review(with_goal(environment), store)


def test_three_hundred_properties_are_taken_and_one_more_is_not() -> None:
    review(Document(properties=numbered(300)), Document(properties=numbered(250)))
    (problem,) = problems_of(Document(properties=numbered(301)), Document(properties=numbered(250)))
    assert problem.startswith(
        "This is one property too many: the store has 250, the document adds 51, and 300 is the"
    )
    assert problem.endswith("Leave 1 out.")


def test_the_object_type_property_that_a_goal_brings_counts_too(
    environment: Mapping[str, str], store: Document
) -> None:
    full = replace(store, properties=store.properties + numbered(295))
    (problem,) = problems_of(with_goal(environment), full)
    assert "the store has 300, the document adds 1," in problem


def test_hosts_that_the_operator_names_are_allowed(
    environment: Mapping[str, str], store: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = with_goal(environment, host="http://127.0.0.1:8123")
    monkeypatch.delenv("ISTHMUS_SALESFORCE_HOSTS", raising=False)
    (problem,) = problems_of(document, store)
    assert "is not a host that secrets may be sent to" in problem
    monkeypatch.setenv("ISTHMUS_SALESFORCE_HOSTS", "org.example.com, 127.0.0.1:8123")
    review(document, store)


def test_a_property_may_be_described_anew_and_its_later_values_normalised(
    store: Document, environment: Mapping[str, str]
) -> None:
    text = "properties: [{key: country, label: Land, type: text, description: D, normalise: trim, on_merge: older}]"  # noqa: E501
    review(read(text, name="test", environment=environment), store)


def test_a_document_of_the_store_itself_is_fine(store: Document) -> None:
    review(store, store)
