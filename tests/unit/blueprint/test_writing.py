from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from isthmus.blueprint.documents import Document, Segment
from isthmus.blueprint.reading import read
from isthmus.blueprint.writing import secret_names, write
from isthmus.domain.properties import PropertyDefinition
from unit.blueprint.documents_strategy import documents


def environment_of(document: Document) -> dict[str, str]:
    secrets = {
        each.key: each.authorization.secret
        for each in document.connections
        if each.authorization is not None
    } | {f"app {each.name}": each.secret for each in document.apps}
    hooks = {
        f"webhook {connection.key}": connection.notify.webhook.secret
        for connection in document.connections
        if connection.notify is not None and connection.notify.webhook is not None
    }
    return {name: {**secrets, **hooks}[key] for key, name in secret_names(document).items()}


@given(document=documents())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_written_is_read_as_the_same_document(document: Document) -> None:
    text = write(document)
    assert read(text, name="written", environment=environment_of(document)) == document


def test_a_store_without_anything_writes_a_document_without_anything() -> None:
    assert read(write(Document()), name="written", environment={}) == Document()


def test_secrets_become_names_of_their_own(store: Document) -> None:
    (connection,) = store.connections
    keys = ("acme", "ACME", "2nd")
    document = Document(connections=tuple(replace(connection, key=key) for key in keys))
    assert secret_names(document) == {
        "acme": "ACME_CLIENT_SECRET",
        "ACME": "ACME_CLIENT_SECRET_2",
        "2nd": "CONNECTION_2ND_CLIENT_SECRET",
    }
    text = write(document)
    assert connection.authorization is not None
    assert connection.authorization.secret not in text
    assert 'client_secret: "${ACME_CLIENT_SECRET_2}"' in text
    assert "#   CONNECTION_2ND_CLIENT_SECRET\n" in text


def test_defaults_are_left_out_and_rows_stand_on_a_line(store: Document) -> None:
    assert write(replace(store, properties=store.properties[:2])).splitlines()[4:] == [
        "properties:",
        "  - {key: email, label: Email, type: email, identifier: true, normalise: lowercase}",
        "  - {key: salesforce_id, label: Salesforce id, type: text, list: true, identifier: true}",
        "segments:",
        "  - key: dutch",
        "    name: Dutch customers",
        "    where: {property: country, is: [NL]}",
        "connections:",
        "  - key: old",
        "    authorization:",
        "      flow: client_credentials",
        '      login_url: "https://old.my.salesforce.com"',
        "      client_id: old",
        '      client_secret: "${OLD_CLIENT_SECRET}"',
        "    goals:",
        "      - key: leads_in",
        "        import: Lead",
        "        match:",
        "          - {field: Email, identifier: email}",
        "        fields:",
        "          - {field: Country, property: country}",
    ]


def test_words_that_older_yaml_takes_for_true_are_quoted() -> None:
    segment = Segment(key="s", name="s", where={"property": "country", "is": ["NO", "NL"]})
    assert 'where: {property: country, is: ["NO", NL]}' in write(Document(segments=(segment,)))


def test_long_conditions_are_laid_out_over_several_lines() -> None:
    tests = [{"property": f"a_rather_long_name_{number}", "is_empty": True} for number in range(3)]
    segment = Segment(key="s", name="s", where={"all": tests})
    assert write(Document(segments=(segment,))).splitlines()[-5:] == [
        "    where:",
        "      all:",
        *(
            f"        - {{property: a_rather_long_name_{each}, is_empty: true}}"
            for each in range(3)
        ),
    ]


def test_lines_of_a_description_stay_lines() -> None:
    definition = PropertyDefinition(key="a", label="A", description="First.\n\n  Second.")
    text = write(Document(properties=(definition,)))
    assert "    description: |-\n      First.\n\n        Second.\n" in text
