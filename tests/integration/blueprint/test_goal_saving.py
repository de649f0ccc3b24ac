"""Saving one goal is applying a document with it, and tells what stands against it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from integration.connections.worlds import EXPORT, IMPORT, SIGNED_OUT
from integration.set_up import new_connection, new_goal, new_properties
from isthmus import blueprint
from isthmus.blueprint import goal_saving
from isthmus.connections import setting_up
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Connection, Goal
from isthmus.domain.goals import (
    OBJECT_TYPE_PROPERTY,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    ObjectTypeOnDelete,
    OnMerge,
    WhenEmpty,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.profiles.models import Property, Segment

Definition = ImportGoal | ExportGoal
EMAIL = PropertyDefinition(key="email", label="E", type=PropertyType.EMAIL, identifier=True)
TITLE = PropertyDefinition(key="title", label="Title")


@pytest.fixture(autouse=True)
def connection(store: Any) -> Connection:
    del store
    new_properties([EMAIL, TITLE])
    where = {"property": "email", "is_empty": False}
    Segment.objects.create(key="dutch", name="Dutch", where=where)
    return new_connection(**SIGNED_OUT)


def keys(connection: Connection) -> list[str]:
    return list(connection.goals.values_list("key", flat=True))


def save(goal: Definition, *, is_new: bool = False) -> Goal:
    return goal_saving.save("acme", goal, is_new=is_new)


@pytest.mark.parametrize(
    "goal",
    [
        IMPORT,
        replace(
            IMPORT,
            filter={"any": [{"field": "Country", "is": ["NL"]}, {"not": {"field": "A", "is": 1}}]},
            on_merge=OnMerge.REVIEW,
            object_type_on_delete=ObjectTypeOnDelete.REMOVE,
            fields=(ImportField(field="A", property="title", rule=MergeRule.SET_IF_EMPTY),),
        ),
        EXPORT,
        replace(
            EXPORT,
            create_records=True,
            update_records=False,
            fields=(
                ExportField(field="A", kind=ExportKind.TEXT, value="x", when_empty=WhenEmpty.CLEAR),
            ),
        ),
    ],
)
def test_the_plain_form_is_json_and_gives_the_same_goal(goal: Definition) -> None:
    plain = goal_saving.plain(goal)
    assert json.loads(json.dumps(plain)) == plain
    assert goal_saving.from_plain(plain) == goal
    assert goal_saving.plain(goal_saving.from_plain(plain)) == plain


def test_goals_of_before_filters_are_still_read() -> None:
    plain = goal_saving.plain(IMPORT)
    del plain["filter"]
    assert goal_saving.from_plain(plain) == IMPORT
    older = goal_saving.plain(EXPORT)
    del older["update_records"]
    assert goal_saving.from_plain(older) == EXPORT


def test_a_new_goal_gets_a_key_of_its_name_and_runs_last(connection: Connection) -> None:
    new_goal(connection, EXPORT)
    first = save(replace(IMPORT, key="", name="Leads & more!"), is_new=True)
    again = save(replace(IMPORT, key="", name="Leads & more!"), is_new=True)
    nameless = save(replace(IMPORT, key="", name="Ваня"), is_new=True)
    assert keys(connection) == ["contacts_out", first.key, again.key, nameless.key]
    assert (first.key, again.key, nameless.key) == ("leads_more", "leads_more_2", "goal")
    assert first.definition.key == "leads_more"


def test_the_default_object_type_property_is_made_on_first_use() -> None:
    assert not Property.objects.filter(key=OBJECT_TYPE_PROPERTY).exists()
    save(IMPORT, is_new=True)
    made = Property.objects.get(key=OBJECT_TYPE_PROPERTY).definition
    assert (made.list, made.label) == (True, "Salesforce Objecttype")


def test_only_what_is_read_or_mapped_makes_a_new_version() -> None:
    save(IMPORT, is_new=True)
    assert save(replace(IMPORT, name="Other", active=False)).version == 1
    assert save(replace(IMPORT, on_merge=OnMerge.REVIEW)).version == 1
    assert save(replace(IMPORT, filter={"field": "Country", "is": ["NL"]})).version == 2
    assert save(replace(IMPORT, create_profiles=True)).version == 3
    save(EXPORT, is_new=True)
    assert save(replace(EXPORT, create_records=True, update_records=False)).version == 2


def test_what_was_read_stays_known_and_so_does_the_order(connection: Connection) -> None:
    for goal in (EXPORT, IMPORT, replace(IMPORT, key="second")):
        save(goal, is_new=True)
    Goal.objects.filter(key="leads_in").update(slots={"a": 1}, read_version=1)
    saved = save(replace(IMPORT, name="Other"))
    assert (saved.slots, saved.read_version) == ({"a": 1}, 1)
    assert keys(connection) == ["contacts_out", "leads_in", "second"]


def test_what_a_page_saved_is_what_applying_its_document_leaves() -> None:
    filtered = replace(IMPORT, filter={"soql": "Country = 'NL'"}, create_profiles=True)
    save(filtered, is_new=True)
    save(replace(EXPORT, create_records=True, update_records=False), is_new=True)
    text = blueprint.export()
    document = blueprint.read(text, name="store.yaml", environment={})
    assert document.connections[0].goals is not None
    assert filtered in document.connections[0].goals
    assert not blueprint.plan(document).pending
    before = list(Goal.objects.values())
    blueprint.apply(document)
    assert list(Goal.objects.values()) == before


def test_all_troubles_are_said_and_nothing_is_saved(connection: Connection) -> None:
    wrong = replace(
        IMPORT,
        name=" ",
        match=(),
        fields=(
            ImportField(field="Title", property="titel"),
            ImportField(field="Tit le", property="title", rule=MergeRule.ADD),
        ),
        filter={"field": "A", "like": 1},
    )
    with pytest.raises(goal_saving.GoalRefused) as caught:
        save(wrong, is_new=True)
    assert [trouble.path for trouble in caught.value.troubles] == [
        ("name",),
        ("filter", "like"),
        ("match",),
        ("fields", 0, "property"),
        ("fields", 1, "field"),
        ("fields", 1, "rule"),
    ]
    assert keys(connection) == []
    assert not Property.objects.filter(key=OBJECT_TYPE_PROPERTY).exists()


def test_values_that_can_t_be_stored_are_troubles_and_not_errors() -> None:
    wrong = replace(IMPORT, name="a\0b", filter={"soql": "Name = '\ud800'"})
    paths = [each.path for each in goal_saving.troubles_of("acme", wrong)]
    assert ("name",) in paths
    assert ("filter", "soql") in paths


def test_a_goal_that_is_not_there_is_not_made() -> None:
    with pytest.raises(NoSuchThing):
        save(IMPORT)
    with pytest.raises(NoSuchThing):
        goal_saving.save("other", IMPORT, is_new=True)


def test_a_goal_does_not_turn_into_one_of_the_other_direction() -> None:
    save(IMPORT, is_new=True)
    with pytest.raises(NoSuchThing):
        save(replace(EXPORT, key=IMPORT.key))
    assert Goal.objects.get().definition == IMPORT


def test_a_form_compares_with_what_is_there_while_nobody_else_changes_it() -> None:
    save(IMPORT, is_new=True)
    with goal_saving.changing("acme") as connection:
        there = goal_saving.plain(setting_up.find_goal(connection, "leads_in").definition)
        typed = {**there, "name": "Typed"}
        goal_saving.put(connection, goal_saving.from_plain(typed), is_new=False)
    assert Goal.objects.get().definition.name == "Typed"


def test_two_goals_of_one_object_and_one_property_warn() -> None:
    save(IMPORT, is_new=True)
    other = replace(IMPORT, key="second", name="Second")
    said = {each.path: each.message for each in goal_saving.warnings_of("acme", other)}
    assert "imports Lead too" in said[("import",)]
    assert said[("fields", 0, "property")] == (
        "Goal 'leads_in' writes property 'title' too. This goal runs after it, so of two values "
        "that come in the same run that of this goal stays."
    )
    save(other, is_new=True)
    said = {each.path: each.message for each in goal_saving.warnings_of("acme", IMPORT)}
    assert "It runs after this goal" in said[("fields", 0, "property")]
    save(replace(other, active=False))
    assert ("fields", 0, "property") not in {
        each.path for each in goal_saving.warnings_of("acme", IMPORT)
    }


def test_a_loop_is_refused_whichever_goal_is_saved_last() -> None:
    words = PropertyDefinition(key="words", label="Words", list=True)
    new_properties([words])
    adds = replace(
        IMPORT, fields=(ImportField(field="Title", property="words", rule=MergeRule.ADD),)
    )
    writes = replace(
        EXPORT,
        object=IMPORT.object,
        fields=(ExportField(field="title", kind=ExportKind.PROPERTY, value="words"),),
    )
    save(adds, is_new=True)
    (trouble,) = goal_saving.troubles_of("acme", writes)
    assert trouble.path == ("fields", 0, "field")
    Goal.objects.all().delete()
    save(writes, is_new=True)
    (other,) = goal_saving.troubles_of("acme", adds)
    assert (other.path, other.message) == (("fields", 0, "rule"), trouble.message)


def test_where_nobody_has_signed_in_it_is_said_that_salesforce_was_not_asked() -> None:
    found = goal_saving.review("acme", IMPORT)
    assert (found.refusals, found.unasked) == ([], "nobody has signed in to Salesforce yet.")
    assert goal_saving.review("acme", IMPORT, offline=True).unasked == ""
    assert blueprint.plan(blueprint.read("", name="t", environment={})).notes == ()
    save(IMPORT, is_new=True)
    text = blueprint.export()
    Goal.objects.all().delete()
    plan = blueprint.plan(blueprint.read(text, name="t", environment={}))
    assert plan.notes == (
        "acme: not checked against Salesforce: nobody has signed in to Salesforce yet.",
    )
