import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from isthmus.blueprint.documents import Document, Goal, with_object_type
from isthmus.blueprint.planning import Change, ChangeKind, Plan, What, compare
from isthmus.blueprint.reading import read
from isthmus.connections.authorizations import Flow
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from unit.blueprint.documents_strategy import documents

LEADS = ImportGoal(
    key="leads_in",
    name="leads_in",
    object=LEAD,
    match=(MatchRow(field="Email", identifier="email"),),
    fields=(
        ImportField(field="Country", property="country"),
        ImportField(field="LeadSource", property="sources", rule=MergeRule.ADD),
    ),
    object_type_property="sources",
)


@pytest.fixture(scope="module")
def there(store: Document) -> Document:
    return with_goals(store, LEADS)


def with_goals(document: Document, *goals: Goal) -> Document:
    (connection,) = document.connections
    return replace(document, connections=(replace(connection, goals=goals),))


def summary(plan: Plan) -> list[tuple[str, str, str]]:
    return [(change.kind, change.what, change.key) for change in plan.changes]


def only(plan: Plan) -> Change:
    (change,) = plan.changes
    return change


def test_a_document_that_says_what_is_there_changes_nothing(there: Document) -> None:
    plan = compare(there, there)
    assert not plan.pending
    assert plan.untouched == ()


def test_an_empty_document_leaves_all_alone_and_says_so(there: Document) -> None:
    plan = compare(Document(), there)
    assert not plan.pending
    assert [str(each) for each in plan.untouched] == [
        "left alone property email",
        "left alone property salesforce_id",
        "left alone property country",
        "left alone property employees",
        "left alone property sources",
        "left alone segment dutch",
        "left alone connection old",
    ]


def test_on_an_empty_store_all_is_added_and_the_object_type_property_with_it(
    store: Document,
) -> None:
    assert summary(compare(store, Document())) == [
        ("add", "property", "email"),
        ("add", "property", "salesforce_id"),
        ("add", "property", "country"),
        ("add", "property", "employees"),
        ("add", "property", "sources"),
        ("add", "property", "salesforce_objecttype"),
        ("add", "segment", "dutch"),
        ("add", "connection", "old"),
        ("add", "authorization", "old"),
        ("add", "goal", "old/leads_in"),
    ]


def test_the_object_type_property_is_a_list_of_texts(store: Document) -> None:
    added = {change.key: change.after for change in compare(store, Document()).changes}
    assert added["salesforce_objecttype"]["label"] == "Salesforce Objecttype"
    assert added["salesforce_objecttype"]["type"] == "text"
    assert added["salesforce_objecttype"]["list"] is True


def test_a_changed_property_shows_only_what_differs(there: Document) -> None:
    changed = replace(there.properties[2], label="Land", description="Where they live")
    plan = compare(replace(there, properties=(changed,)), there)
    change = only(plan)
    assert (change.kind, change.what, change.key) == ("change", "property", "country")
    assert change.before == {"label": "Country", "description": ""}
    assert change.after == {"label": "Land", "description": "Where they live"}


def test_a_changed_connection_shows_only_what_differs(there: Document) -> None:
    connection = replace(there.connections[0], timezone="Europe/Amsterdam", active=False)
    change = only(compare(Document(connections=(connection,)), there))
    assert change.before == {"timezone": "UTC", "active": True}
    assert change.after == {"timezone": "Europe/Amsterdam", "active": False}


def test_of_a_changed_secret_the_plan_says_only_that(there: Document) -> None:
    (connection,) = there.connections
    assert connection.authorization is not None
    authorization = replace(connection.authorization, secret="new secret")
    document = Document(connections=(replace(connection, authorization=authorization),))
    plan = compare(document, there)
    change = only(plan)
    assert (change.kind, change.what, change.key) == ("change", "authorization", "old")
    assert change.after == {"client_secret": "(secret changed)"}
    for shown in (str(plan), json.dumps(plan.plain()), *plan.lines()):
        assert "new secret" not in shown
        assert connection.authorization.secret not in shown


def test_no_plan_shows_a_secret(store: Document) -> None:
    assert "open sesame" not in str(compare(store, Document()))


def test_a_mapping_row_changes_by_itself(there: Document) -> None:
    country, sources = LEADS.fields
    goal = replace(LEADS, fields=(replace(country, rule=MergeRule.SET_IF_EMPTY), sources))
    change = only(compare(with_goals(there, goal), there))
    assert change.key == "old/leads_in"
    assert change.before == {"Country → country": {"rule": "set", "keep_when_empty": False}}
    assert change.after == {"Country → country": {"rule": "set_if_empty", "keep_when_empty": False}}


def test_mapping_rows_that_come_and_go_are_named(there: Document) -> None:
    country, _ = LEADS.fields
    goal = replace(LEADS, fields=(country, ImportField(field="Title", property="country")))
    change = only(compare(with_goals(there, goal), there))
    assert set(change.before) == {"LeadSource → sources"}
    assert set(change.after) == {"Title → country"}
    assert str(change) == (
        "change goal old/leads_in: LeadSource → sources removed, Title → country added: "
        "rule 'set', keep_when_empty false"
    )


def test_the_order_of_mapping_rows_is_a_change_too(there: Document) -> None:
    goal = replace(LEADS, fields=LEADS.fields[::-1])
    change = only(compare(with_goals(there, goal), there))
    assert change.before == {"order": ["Country → country", "LeadSource → sources"]}
    assert change.after == {"order": ["LeadSource → sources", "Country → country"]}


def test_a_goal_that_is_not_named_any_more_is_deleted(there: Document) -> None:
    change = only(compare(with_goals(there), there))
    assert (change.kind, change.key) == (ChangeKind.DELETE, "old/leads_in")
    assert change.before["import"] == "Lead"
    assert change.after == {}


def test_a_connection_without_a_word_on_goals_keeps_them(there: Document) -> None:
    (connection,) = there.connections
    plan = compare(Document(connections=(replace(connection, goals=None),)), there)
    assert not plan.pending
    assert "left alone goal old/leads_in" in plan.lines()


def test_the_order_of_goals_is_a_change_of_the_connection(there: Document) -> None:
    other = replace(LEADS, key="other")
    before = with_goals(there, LEADS, other)
    change = only(compare(with_goals(there, other, LEADS), before))
    assert change.what is What.CONNECTION
    assert change.after == {"goals": ["other", "leads_in"]}


def test_an_import_that_becomes_an_export_is_another_goal(
    there: Document, environment: Mapping[str, str]
) -> None:
    text = """
connections:
  - key: old
    authorization: {flow: client_credentials, login_url: "https://old.my.salesforce.com", client_id: old, client_secret: "${ACME_SECRET}"}
    goals:
      - {key: leads_in, export: Lead, segment: dutch, match: {field: Email, identifier: email}, fields: [{field: Country, property: country}]}
"""  # noqa: E501 - one line in the document too
    plan = compare(read(text, name="test", environment=environment), there)
    assert summary(plan) == [
        ("delete", "goal", "old/leads_in"),
        ("add", "goal", "old/leads_in"),
    ]


def test_another_way_of_signing_in_shows_both_ways(there: Document) -> None:
    (connection,) = there.connections
    assert connection.authorization is not None
    authorization = replace(connection.authorization, flow=Flow.JWT, username="me")
    document = Document(connections=(replace(connection, authorization=authorization),))
    change = only(compare(document, there))
    assert change.before == {"flow": "client_credentials", "client_secret": "(secret)"}
    assert change.after == {"flow": "jwt", "username": "me", "private_key": "(secret)"}


def test_a_plan_is_plain_json(store: Document) -> None:
    plain = json.loads(json.dumps(compare(store, Document()).plain()))
    assert plain["changes"][0]["kind"] == "add"
    assert plain["changes"][0]["after"]["type"] == "email"


@given(document=documents())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=50)
def test_nothing_changes_a_second_time(document: Document) -> None:
    made = with_object_type(document, Document())
    assert not compare(document, made).pending


def test_a_document_that_says_nothing_of_signing_in_leaves_it_alone(there: Document) -> None:
    (connection,) = there.connections
    silent = Document(connections=(replace(connection, authorization=None),))
    assert not compare(silent, there).pending


def test_the_first_sign_in_of_a_connection_is_added(there: Document) -> None:
    (connection,) = there.connections
    signed_out = Document(connections=(replace(connection, authorization=None),))
    change = only(compare(Document(connections=(connection,)), signed_out))
    assert (change.kind, change.what, change.key) == ("add", "authorization", "old")
    assert change.after["client_secret"] == "(secret)"


def test_labels_and_description_are_planned_like_other_values(there: Document) -> None:
    (connection,) = there.connections
    about = replace(connection, labels=("CRM", "EMEA"), description="For sales")
    change = only(compare(Document(connections=(about,)), there))
    assert change.after == {"labels": ["CRM", "EMEA"], "description": "For sales"}
    assert str(change).endswith("labels: [] → ['CRM', 'EMEA'], description: '' → 'For sales'")
