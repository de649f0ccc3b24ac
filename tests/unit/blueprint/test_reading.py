from collections.abc import Mapping

import pytest

from isthmus.blueprint.documents import Authorization, Document, Org
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.blueprint.reading import read
from isthmus.connections.authorizations import Flow
from isthmus.domain import call_shares
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import CONTACT, LEAD
from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType

SIGN_IN = """
    authorization:
      flow: client_credentials
      login_url: https://${MY_DOMAIN}.my.salesforce.com/
      client_id: "${ACME_SECRET}2"
      client_secret: ${ACME_SECRET}
"""


ROW = "{id: 00Dxx0000001gPL, api_share_percent: 5}"


def only_goal(text: str, environment: Mapping[str, str]) -> ImportGoal | ExportGoal:
    goals = f"connections:\n  - key: acme{SIGN_IN}    goals:\n{text}"
    document = read(goals, name="test", environment=environment)
    (goal,) = document.connections[0].goals or ()
    return goal


def test_a_property_is_read_with_all_that_it_may_say(environment: Mapping[str, str]) -> None:
    text = "properties: [{key: e, label: E, type: email, list: true, identifier: true, description: D, normalise: trim, on_merge: both}]"  # noqa: E501 - one line in the document too
    document = read(text, name="test", environment=environment)
    assert document.properties == (
        PropertyDefinition(
            key="e",
            label="E",
            type=PropertyType.EMAIL,
            list=True,
            identifier=True,
            description="D",
            personal=True,
            normalise=Normalise.TRIM,
            on_merge=document.properties[0].on_merge,
        ),
    )
    assert document.properties[0].on_merge == "both"


def test_words_that_older_yaml_took_for_true_stay_texts() -> None:
    text = "segments: [{key: s, where: {property: country, is: [NO, Yes, off, 2025-01-31, 12:30]}}]"
    (segment,) = read(text, name="test", environment={}).segments
    assert segment.where == {
        "property": "country",
        "is": ["NO", "Yes", "off", "2025-01-31", "12:30"],
    }


def test_conditions_keep_their_numbers_truths_and_gaps() -> None:
    text = (
        "segments: [{key: s, where: {a: [1, -2, 0o17, 0x1F, 007, 1.5, 1e3, true, False, null, ~]}}]"
    )
    (segment,) = read(text, name="test", environment={}).segments
    assert segment.where == {"a": [1, -2, 15, 31, 7, 1.5, 1000.0, True, False, None, None]}


def test_variables_are_filled_in_where_a_connection_signs_in(
    environment: Mapping[str, str],
) -> None:
    text = f"connections:\n  - key: acme{SIGN_IN}"
    (connection,) = read(text, name="test", environment=environment).connections
    assert connection.authorization == Authorization(
        flow=Flow.CLIENT_CREDENTIALS,
        login_url="https://acme.my.salesforce.com",
        client_id="open sesame2",
        secret="open sesame",
    )


def test_a_connection_says_as_little_as_it_may(environment: Mapping[str, str]) -> None:
    text = f"connections:\n  - key: acme{SIGN_IN}"
    (connection,) = read(text, name="test", environment=environment).connections
    assert (connection.name, connection.active, connection.sandbox) == ("acme", True, False)
    assert (connection.timezone, connection.overlap_seconds) == ("UTC", 600)
    assert connection.settle_seconds == 30
    assert connection.goals is None


def test_a_key_whose_line_breaks_were_flattened_gets_them_back(
    environment: Mapping[str, str],
) -> None:
    text = """
connections:
  - key: acme
    authorization: {flow: jwt, login_url: "https://login.salesforce.com", client_id: id, username: me, private_key: "${FLAT_RSA_KEY}"}
"""  # noqa: E501 - one line in the document too
    (connection,) = read(text, name="test", environment=environment).connections
    assert connection.authorization is not None
    assert connection.authorization.secret == environment["RSA_KEY"]


def test_a_secret_stays_out_of_what_python_shows() -> None:
    authorization = Authorization(
        flow=Flow.JWT, login_url="https://a.my.salesforce.com", client_id="id", secret="hunter2"
    )
    assert "hunter2" not in repr(authorization)


def test_an_import_goal_is_read(environment: Mapping[str, str]) -> None:
    goal = only_goal(
        """
      - key: leads
        name: Leads in
        active: false
        import: Lead
        object_type_property: kind
        match: [{field: Id, identifier: salesforce_id}]
        create_profiles: true
        fields:
          - {field: Owner.Name, property: owner, keep_when_empty: true}
          - {field: LeadSource, property: sources, rule: add}
""",
        environment,
    )
    assert goal == ImportGoal(
        key="leads",
        name="Leads in",
        active=False,
        object=LEAD,
        object_type_property="kind",
        match=(MatchRow(field="Id", identifier="salesforce_id"),),
        create_profiles=True,
        fields=(
            ImportField(field="Owner.Name", property="owner", keep_when_empty=True),
            ImportField(field="LeadSource", property="sources", rule=MergeRule.ADD),
        ),
    )


def test_an_export_goal_is_read(environment: Mapping[str, str]) -> None:
    goal = only_goal(
        """
      - key: contacts
        export: Contact
        segment: dutch
        match: {field: Email, identifier: email}
        create_records: true
        fields:
          - {field: Title, property: title, when_empty: clear, when_too_long: cut, separator: " "}
          - {field: Isthmus_Id__c, identifier: profile_id}
          - {field: LeadSource, text: Web}
""",
        environment,
    )
    assert goal == ExportGoal(
        key="contacts",
        name="contacts",
        object=CONTACT,
        segment="dutch",
        match=MatchRow(field="Email", identifier="email"),
        create_records=True,
        fields=(
            ExportField(
                field="Title",
                kind=ExportKind.PROPERTY,
                value="title",
                when_empty=WhenEmpty.CLEAR,
                when_too_long=WhenTooLong.CUT,
                separator=" ",
            ),
            ExportField(field="Isthmus_Id__c", kind=ExportKind.IDENTIFIER),
            ExportField(field="LeadSource", kind=ExportKind.TEXT, value="Web"),
        ),
    )


def test_an_alias_repeats_what_it_names(environment: Mapping[str, str]) -> None:
    text = """
segments:
  - {key: a, where: &where {property: country, is: NL}}
  - {key: b, where: *where}
"""
    first, second = read(text, name="test", environment=environment).segments
    assert first.where == second.where == {"property": "country", "is": "NL"}


def test_our_share_of_an_orgs_calls_is_read(environment: Mapping[str, str]) -> None:
    text = "orgs: [{id: 00Dxx0000001gPL, api_share_percent: 75}]"
    document = read(text, name="test", environment=environment)
    assert document.orgs == (Org(id="00Dxx0000001gPLEAY", api_share_percent=75),)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("{id: 00Dxx0000001gPLEAY, api_share_percent: 0}", call_shares.WORDS),
        ("{id: 00Dxx0000001gPLEAY, api_share_percent: 101}", call_shares.WORDS),
        ("{id: 00Dxx0000001gPLEAY, api_share_percent: half}", call_shares.WORDS),
        ("{id: 00Dxx0000001gPLEAY}", "'api_share_percent' is missing"),
        ("{id: acme, api_share_percent: 5}", "'acme' is not a Salesforce id"),
        ("{id: 003xx0000001gPL, api_share_percent: 5}", "is not the id of an org"),
        (f"{ROW}, {ROW.replace('gPL', 'gPLEAY')}", "stands here twice"),
    ],
)
def test_what_is_no_share_of_an_org_is_refused(row: str, says: str) -> None:
    with pytest.raises(BlueprintInvalid) as refused:
        read(f"orgs: [{row}]", name="test", environment={})
    assert says in str(refused.value)


def test_nothing_is_a_document_without_anything() -> None:
    assert read("# to be written\n", name="test", environment={}) == Document()


def test_problems_come_in_the_order_of_the_file_and_name_it() -> None:
    text = "segmants: []\nproperties: [{key: a}]\n"
    with pytest.raises(BlueprintInvalid) as caught:
        read(text, name="set-up.yaml", environment={})
    unknown = (
        "'segmants' is not a key here. Allowed: apps, orgs, properties, segments, connections."
    )
    assert str(caught.value).splitlines() == [
        f"set-up.yaml:1:1: {unknown} Did you mean 'segments'?",
        "set-up.yaml:2:14: 'label' is missing. Write label: … here.",
        "set-up.yaml:2:14: 'type' is missing. Write type: … here.",
    ]
