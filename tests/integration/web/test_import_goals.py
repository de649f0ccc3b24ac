"""Import goals on their page: made, changed, refused, by one person and by two."""

import html
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection

from integration.set_up import new_goal
from integration.web.conftest import PASSWORD
from integration.web.forms_of_pages import sent
from integration.web.planted import World, plant
from isthmus import blueprint
from isthmus.blueprint import BlueprintInvalid
from isthmus.connections.models import Goal, KnownObject
from isthmus.domain.goals import (
    ImportField,
    ImportGoal,
    MatchRow,
    ObjectTypeOnDelete,
    OnMerge,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles import properties

PAGE = "/connections/acme/goals/leads_in"
NEW = "/connections/acme/goals/new/import"
SAMPLE = "sample-of-nobody@example.com"
HOSTILE = "\u202e\"><script>alert('x')</script>" + "y" * 100


def a_field(name: str, type_: str = "string", **given: Any) -> dict[str, Any]:
    label = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {"name": name, "label": label, "type": type_, "length": 80, "scale": 0, **given}


LEAD_FIELDS = [
    a_field("Id", "id"),
    a_field("Email", "email"),
    a_field("Name"),
    a_field("Title"),
    a_field("Country"),
    a_field("Birthdate", "date"),
    a_field("NumberOfEmployees", "int"),
    a_field("Score__c", "double", calculated=True, scale=2),
    a_field("Interests__c", "multipicklist"),
    a_field("Address", "address"),
]


def know(world: World, sobject: str, fields: list[dict[str, Any]], **given: Any) -> None:
    """Let something be known of an object, as if Salesforce had been asked."""
    KnownObject.objects.create(
        authorization=world.connection.authorization,
        sobject=sobject,
        described_at=timezone.now(),
        description={"name": OBJECTS[sobject].sobject, "fields": fields},
        samples={"Email": [SAMPLE], "Title": ["Head of Procurement"]},
        **given,
    )


@pytest.fixture
def world(store: Connection[Any]) -> World:
    world = plant(store)
    for key, type_, many in (
        ("title", "text", False),
        ("interests", "text", True),
        ("employees", "integer", False),
        ("born", "date", False),
        ("salesforce_objecttype", "text", True),
    ):
        properties.save_property(
            PropertyDefinition(key=key, label=key.capitalize(), type=PropertyType(type_), list=many)
        )
    know(world, "Lead", LEAD_FIELDS, records=1234)
    know(world, "Contact", LEAD_FIELDS, records=1)
    know(world, "Person", LEAD_FIELDS)
    return world


@pytest.fixture
def carol(alice: User) -> User:
    """An editor who sees personal data."""
    return accounts.add(
        "carol@example.com", PASSWORD, name="Carol", role=Role.EDITOR, sees_personal_data=True
    )


@pytest.fixture
def browser(carol: User, world: World, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(carol)


def form_of(browser: Client, address: str = PAGE) -> dict[str, str]:
    return sent(browser.get(address).content.decode(), "goal")


def saved(browser: Client, values: Mapping[str, Any], address: str = PAGE) -> Any:
    body = urlencode(values)
    return browser.post(address, body, content_type="application/x-www-form-urlencoded")


def said(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def stored(key: str = "leads_in") -> ImportGoal:
    definition = Goal.objects.get(key=key).definition
    assert isinstance(definition, ImportGoal)
    return definition


def random_goal(chance: random.Random) -> ImportGoal:
    """Any goal that is allowed beside the properties of these tests."""
    sources = ["Title", "Country", "Name", "Owner.Name", "A.B.C__c", "Other__c", HOSTILE[:0] + "X9"]
    rows = [("country", MergeRule.SET), ("title", MergeRule.SET_IF_EMPTY), ("born", MergeRule.SET)]
    rows += [("employees", MergeRule.SUM), ("interests", MergeRule.ADD)]
    chance.shuffle(rows)
    fields = [
        ImportField(
            field=field,
            property=key,
            rule=rule,
            keep_when_empty=rule is MergeRule.SET and chance.random() < 0.5,
        )
        for key, rule in rows[: chance.randint(1, 5)]
        for field in chance.sample(sources, chance.randint(1, 3))
    ]
    return ImportGoal(
        key="leads_in",
        name=chance.choice(["Import leads", HOSTILE, "导入", "a", "'\" & <b>"]),
        object=OBJECTS[chance.choice(["Lead", "Contact", "Person"])],
        match=tuple(
            MatchRow(field=field, identifier="email")
            for field in chance.sample(["Email", "Other.Email", "Id"], chance.randint(1, 3))
        ),
        fields=tuple(fields),
        create_profiles=chance.random() < 0.5,
        object_type_property=chance.choice(["salesforce_objecttype", "full_name"]),
        object_type_on_delete=chance.choice(list(ObjectTypeOnDelete)),
        on_merge=chance.choice(list(OnMerge)),
        active=chance.random() < 0.5,
    )


@pytest.mark.parametrize("seed", range(25))
def test_a_page_gives_back_exactly_what_it_shows(browser: Client, world: World, seed: int) -> None:
    goal = random_goal(random.Random(seed))
    Goal.objects.filter(id=world.goal.id).update(document=goal.plain())
    written = blueprint.export()
    answer = saved(browser, form_of(browser))
    assert answer.status_code == 302, said(answer)
    assert stored() == goal
    assert blueprint.export() == written


@pytest.mark.parametrize("seed", range(5))
def test_what_a_page_saves_is_the_goal_that_a_document_of_it_has(
    browser: Client, world: World, seed: int
) -> None:
    goal = random_goal(random.Random(seed))
    values = form_of(browser, NEW)
    Goal.objects.filter(id=world.goal.id).update(document=goal.plain())
    written = blueprint.export_connection("acme")
    shown = form_of(browser)
    world.goal.delete()
    assert saved(browser, {**shown, "seen": values["seen"]}, NEW).status_code == 302
    (made,) = Goal.objects.all()
    assert made.definition == ImportGoal(**{**vars(goal), "key": made.key})
    Goal.objects.update(key="leads_in", document=replace(made.definition, key="leads_in").plain())
    assert blueprint.export_connection("acme") == written


def changed(values: dict[str, str], **more: str) -> dict[str, str]:
    """The form with these controls; `r1_rule` stands for `r1.rule`."""
    named = {re.sub(r"^([a-z]\d+)_", r"\1.", name): value for name, value in more.items()}
    return {**values, **named}


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "a property that is not there": (
        {"r1_property": "nowhere"},
        "There is no property 'nowhere'.",
    ),
    "add to a single value": ({"r1_rule": "add"}, "Add needs a list"),
    "a sum of texts": ({"r1_rule": "sum"}, "Sum needs an integer"),
    "keep when empty with another rule": (
        {"r1_property": "interests", "r1_rule": "add", "r1_keep": "on"},
        "keep_when_empty goes with the rule set only",
    ),
    "a row that stands twice": (
        {"r2_field": "Name", "r2_property": "full_name", "r2_rule": "set"},
        "This row stands twice (first in row 1).",
    ),
    "rules that can't stand together": (
        {
            "r1_property": "interests",
            "r1_rule": "add",
            "r2_field": "Title",
            "r2_property": "interests",
            "r2_rule": "set",
        },
        "add and sum can't stand beside another rule",
    ),
    "a name that is no field": ({"r1_field": "No way"}, "'No way' is not the API name of a field"),
    "a name that is too long for a field": (
        {"r1_field": "x" * 10_000},
        "has 10,000 characters, and at most 255 are allowed",
    ),
    "matching by what is no identifier": ({"m1_identifier": "country"}, "is no identifier"),
    "matching by the profile's id": (
        {"m1_identifier": "profile_id"},
        "An import can't match by profile_id.",
    ),
    "an object type that is no text": (
        {"object_type_property": "employees"},
        "can't take the object's name",
    ),
    "the object type's property for a field too": (
        {"r1_property": "salesforce_objecttype", "r1_rule": "add"},
        "takes the object's name in this goal",
    ),
    "nothing to match by": (
        {"m1_field": "", "m1_identifier": ""},
        "There is nothing to match by.",
    ),
    "nothing that is mapped": ({"r1_field": "", "r1_property": ""}, "Nothing is mapped."),
    "no name": ({"name": "  "}, "A goal needs a name"),
    "a long name": ({"name": "x" * 201}, "A name has at most 200 characters."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_is_refused_in_the_words_of_a_document(browser: Client, case: str) -> None:
    more, words = REFUSED[case]
    before = stored()
    values = changed(form_of(browser), **more)
    answer = saved(browser, values)
    assert answer.status_code == 422
    page = said(answer)
    assert words in page
    assert stored() == before
    shown = sent(answer.content.decode(), "goal")
    typed = {name: value.strip() for name, value in values.items()}
    assert {name: shown.get(name, "") for name in values} == typed, "what was typed is kept"
    if messages := [each for each in _by_document(answer, values) if words in each]:
        assert messages[0] in page


def _by_document(answer: Any, values: dict[str, str]) -> list[str]:
    """What a document with the same goal is told."""
    rows = sorted({name.partition(".")[0] for name in values if re.match(r"r\d+\.", name)})
    matched = f"{{field: {values['m1.field']!r}, identifier: {values['m1.identifier']!r}}}"
    lines = [
        "connections:",
        "  - key: acme",
        "    name: acme",
        "    goals:",
        f"      - key: leads_in\n        name: {values['name'].strip() or '!!str'!r}",
        f"        import: Lead\n        object_type_property: {values['object_type_property']}",
        f"        match: [{matched}]",
        "        fields:",
    ]
    for row in rows:
        keep = ", keep_when_empty: true" if f"{row}.keep" in values else ""
        field, key = values[f"{row}.field"], values[f"{row}.property"]
        rule = values[f"{row}.rule"]
        lines.append(f"          - {{field: {field!r}, property: {key!r}, rule: {rule}{keep}}}")
    try:
        blueprint.check(blueprint.read("\n".join(lines), name="document", environment={}))
    except BlueprintInvalid as error:
        return [problem.message for problem in error.problems]
    return []


def test_what_is_still_to_be_chosen_is_said_at_its_row(browser: Client) -> None:
    values = changed(form_of(browser), r2_field="Title", r2_property="", r2_rule="set")
    answer = saved(browser, values)
    assert answer.status_code == 422
    row = re.search(r'id="notes-r2">(.*?)</div>', said(answer), re.DOTALL)
    assert row is not None
    assert "Choose a property, or make one." in row[1]
    assert "is not the API name" not in said(answer)


def test_a_new_goal_is_stored_when_it_is_saved_first(browser: Client, world: World) -> None:
    world.goal.delete()
    values = form_of(browser, NEW)
    assert not Goal.objects.exists()
    assert values["name"] == "Import leads"
    refused = saved(browser, values, NEW)
    assert refused.status_code == 422
    assert not Goal.objects.exists()
    assert "Nothing is mapped." in said(refused)
    values = changed(
        values,
        m1_field="Email",
        m1_identifier="email",
        r1_field="Title",
        r1_property="title",
        name=HOSTILE,
    )
    answer = saved(browser, values, NEW)
    goal = Goal.objects.get()
    assert answer["Location"] == f"/connections/acme/goals/{goal.key}"
    page = browser.get(answer["Location"]).content.decode()
    assert "<script>alert" not in page
    assert goal.definition.name == HOSTILE
    again = saved(browser, changed(values, name="Import leads"), NEW)
    assert Goal.objects.count() == 2
    assert again["Location"] == "/connections/acme/goals/import_leads"


def test_a_goal_that_is_made_on_its_page_is_logged(
    browser: Client, world: World, store: Connection[Any]
) -> None:
    world.goal.delete()
    row = store.execute("SELECT max(id) FROM store.audit").fetchone()
    values = form_of(browser, NEW)
    saved(browser, values, NEW)
    more = {"r1_field": "Title", "r1_property": "title"}
    mapped = changed(values, m1_field="Email", m1_identifier="email", **more)
    assert saved(browser, mapped, NEW).status_code == 302
    (made,) = store.execute(
        "SELECT kind, act, who, how, thing, connection, changes -> 'document.match' -> 1 -> 0"
        " FROM store.audit WHERE id > %s",
        row,
    ).fetchall()
    goal = Goal.objects.get()
    assert made[:4] == ("goal", "made", "carol@example.com", "page")
    assert made[4:6] == (goal.id, goal.connection_id)
    assert (made[6]["field"], made[6]["identifier"]) == ("Email", "email")


def test_a_new_goal_begins_with_an_object_that_no_other_reads(browser: Client) -> None:
    values = form_of(browser, NEW)
    assert (values["object"], values["name"]) == ("Contact", "Import contacts")
    page = said(browser.post(NEW, {**values, "object": "Lead", "act": "object"}))
    assert sent(page, "goal")["name"] == "Import leads"
    assert "imports Lead too. One goal for each object" in page


def test_persons_are_offered_only_where_the_org_has_them(browser: Client, world: World) -> None:
    assert "This org has no person accounts." in said(browser.get(NEW))
    assert re.search(r'value="Person" disabled', browser.get(NEW).content.decode())
    KnownObject.objects.filter(sobject="Person").update(
        description={"name": "Account", "fields": [a_field("IsPersonAccount", "boolean")]}
    )
    page = browser.get(NEW).content.decode()
    assert "This org has no person accounts." not in page
    assert not re.search(r'value="Person" disabled', page)
    assert "1,234 records" in page


def test_two_people_who_change_different_parts_lose_nothing(browser: Client) -> None:
    first, second = form_of(browser), form_of(browser)
    assert saved(browser, {**first, "name": "Leads of the web"}).status_code == 302
    answer = saved(browser, changed(second, r1_property="title"))
    assert answer.status_code == 302
    assert stored().name == "Leads of the web"
    assert stored().fields[0].property == "title"


def test_of_two_people_who_change_the_same_part_the_second_is_told(browser: Client) -> None:
    first, second = form_of(browser), form_of(browser)
    assert saved(browser, changed(first, r1_property="title")).status_code == 302
    answer = saved(browser, changed(second, r1_property="country"))
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in said(answer)
    assert "Mapping" in said(answer)
    assert stored().fields[0].property == "title"
    again = sent(answer.content.decode(), "goal")
    assert again["r1.property"] == "country", "what was typed is kept"
    assert saved(browser, again).status_code == 302
    assert stored().fields[0].property == "country"


def test_a_form_of_another_goal_or_with_a_broken_seal_is_refused(
    browser: Client, world: World
) -> None:
    other = new_goal(world.connection, ImportGoal(**{**vars(stored()), "key": "other"}))
    values = form_of(browser, f"/connections/acme/goals/{other.key}")
    assert saved(browser, values).status_code == 400
    assert saved(browser, {**form_of(browser), "seen": "nothing"}).status_code == 400


def test_viewers_see_the_goal_without_controls_and_can_change_nothing(
    bob: User, world: World, signed_in: Callable[[User], Client], browser: Client
) -> None:
    viewer = signed_in(bob)
    page = viewer.get(PAGE).content.decode()
    assert "data-save" not in page
    assert sent(page, "goal") == {"seen": sent(page, "goal")["seen"]}
    assert "Add row" not in page
    values = form_of(browser)
    for act in ("", "rows", "suggest", "refresh"):
        assert viewer.post(PAGE, {**values, "act": act}).status_code == 403


def test_samples_are_masked_for_those_who_may_not_see_personal_data(
    browser: Client, bob: User, world: World, signed_in: Callable[[User], Client]
) -> None:
    assert SAMPLE in browser.get(PAGE).content.decode()
    page = signed_in(bob).get(PAGE).content.decode()
    assert SAMPLE not in page
    assert "Head of Procurement" not in page
    assert 'data-samples="••••••"' in page


def test_a_page_opens_with_what_is_known_where_salesforce_does_not_answer(
    browser: Client, world: World
) -> None:
    values = form_of(browser)
    page = said(browser.post(PAGE, {**values, "act": "refresh"}))
    assert "Salesforce couldn\u2019t be asked, so what is shown here is from" in page
    assert 'label="Birthdate"' in page
    assert sent(page, "goal") == {**values, "seen": sent(page, "goal")["seen"]}
    KnownObject.objects.all().delete()
    assert "Asking Salesforce for the fields." in said(browser.get(PAGE))
    asked = browser.get(f"{PAGE}?known")
    assert asked.status_code == 200
    assert 'hx-trigger="load"' not in said(asked), "it does not ask again and again"
    world.connection.authorization = None
    world.connection.save()
    assert "Nobody has signed in to Salesforce yet" in said(browser.get(PAGE))


def test_fields_that_an_import_can_not_read_are_not_offered(browser: Client) -> None:
    page = browser.get(PAGE).content.decode()
    fields = page[page.index('<datalist id="fields">') :].partition("</datalist>")[0]
    assert 'value="Score__c" label="Score__c" data-icon="fx"' in fields
    assert 'value="Address"' not in fields
    identifiers = page[page.index('<datalist id="identifiers">') :].partition("</datalist>")[0]
    assert re.findall(r'value="(\w+)"', identifiers) == ["email"]


def test_what_the_org_thinks_of_a_row_is_said_at_once(browser: Client) -> None:
    values = form_of(browser)
    asked = changed(
        values,
        act="rows",
        r1_field="Birthdate",
        r1_property="employees",
        r2_field="Nowhere__c",
        r2_property="title",
        r2_rule="set",
        r3_field="Score__c",
        r3_property="employees",
        r3_rule="set",
    )
    page = said(browser.post(PAGE, asked))
    assert "no value of this field is one" in page
    assert "Lead has no field 'Nowhere__c'" in page
    assert "Score__c is a formula or a roll-up." in page
    assert "1 problem" in page
    assert "<html" not in page


def test_only_the_rows_that_are_sent_are_said_something_of_and_by_their_own_places(
    browser: Client,
) -> None:
    base = {name: form_of(browser)[name] for name in ("object", "m1.field", "m1.identifier")}
    rows = {"r3.field": "Title", "r3.property": "title", "r3.rule": "set", "at3": "2"}
    rows |= {"r9.field": "Title", "r9.property": "title", "r9.rule": "set", "at9": "499"}
    page = said(browser.post(PAGE, {**base, **rows, "act": "rows", "elsewhere": "4"}))
    assert "This row stands twice (first in row 3)." in page
    assert re.findall(r'id="notes-(r\d+)"', page) == ["r3", "r9"]
    assert "5 problems" in page
    assert len(page) < 4000


def test_a_path_to_a_parent_is_judged_by_what_the_parent_has(browser: Client, world: World) -> None:
    base = {name: form_of(browser)[name] for name in ("object", "m1.field", "m1.identifier")}
    asked = {**base, "act": "rows", "r4.property": "title", "r4.rule": "set", "at4": "3"}

    def notes(path: str) -> str:
        page = said(browser.post(PAGE, {**asked, "r4.field": path}))
        return re.sub(r"<[^>]+>", "", page.partition('id="notes-r4"')[2].partition("</div>")[0])

    lookup = {"referenceTo": ["Group", "User"], "relationshipName": "Owner"}
    fields = [*LEAD_FIELDS, a_field("OwnerId", "reference", **lookup)]
    known = KnownObject.objects.get(sobject="Lead")
    known.description = {"name": "Lead", "fields": fields}
    known.save()
    assert "no field" not in notes("Owner.Nowhere"), "nothing is known of users yet"
    KnownObject.objects.create(
        authorization=world.connection.authorization,
        sobject="user",
        described_at=timezone.now(),
        description={"name": "User", "fields": [a_field("Name"), a_field("IsActive", "boolean")]},
    )
    assert "Lead has no field 'Owner.Nowhere'" in notes("Owner.Nowhere")
    assert "Lead has no field 'Nobody.Name'" in notes("Nobody.Name")
    assert "no field" not in notes("owner.name")


def test_a_goal_that_somebody_deleted_is_kept_as_it_was_typed_and_saved_anew(
    browser: Client, world: World
) -> None:
    values = changed(form_of(browser), name="Leads of ours", r2_field="Title", r2_property="title")
    world.goal.delete()
    answer = saved(browser, values)
    assert answer.status_code == 409
    assert "This goal was deleted while it was open here." in said(answer)
    assert not Goal.objects.exists()
    page = answer.content.decode()
    assert f'action="{NEW}"' in page
    shown = sent(page, "goal")
    assert shown["r2.field"] == "Title"
    assert saved(browser, shown, NEW).status_code == 302
    made = Goal.objects.get()
    assert (made.key, made.definition.name) == ("leads_of_ours", "Leads of ours")
    assert browser.get(PAGE).status_code == 404
    world.connection.delete()
    assert saved(browser, values).status_code == 404


def test_the_buttons_of_a_deleted_goal_lose_nothing(browser: Client, world: World) -> None:
    values = form_of(browser)
    world.goal.delete()
    answer = browser.post(PAGE, {**values, "act": "add:r"})
    assert answer.status_code == 200
    assert sent(answer.content.decode(), "goal")["r1.field"] == "Name"
    assert browser.post(PAGE, {**values, "direction": "sideways"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"act": "add:r"}, ["Name", ""]),
        ({"act": "copy:r", "chosen-r": "1"}, ["Name", "Name"]),
        ({"act": "remove:r", "chosen-r": "1"}, []),
        ({"act": "up:r", "chosen-r": "1"}, ["Name"]),
        ({"act": "remove:r", "chosen-r": "77"}, ["Name"]),
        ({"act": "remove:r"}, ["Name"]),
        ({"act": "nonsense:r:x"}, ["Name"]),
    ],
)
def test_without_script_rows_are_added_copied_and_removed_by_buttons(
    browser: Client, asked: dict[str, str], expected: list[str]
) -> None:
    values = form_of(browser)
    page = browser.post(PAGE, {**values, **asked}).content.decode()
    shown = sent(page, "goal")
    assert [value for name, value in shown.items() if re.match(r"r\d+\.field", name)] == expected
    assert shown["seen"] == values["seen"], "what the page first showed still counts"
    assert stored().fields[0].field == "Name"


def test_without_script_rows_change_places_by_buttons(browser: Client) -> None:
    values = changed(form_of(browser), r2_field="Title", r2_property="title", r2_rule="set")
    page = browser.post(PAGE, {**values, "act": "up:r", "chosen-r": "2"}).content.decode()
    shown = sent(page, "goal")
    assert saved(browser, shown).status_code == 302
    assert [row.field for row in stored().fields] == ["Title", "Name"]


def test_likely_pairs_are_mapped_only_when_they_are_taken(browser: Client) -> None:
    values = form_of(browser)
    page = browser.post(PAGE, {**values, "act": "suggest"}).content.decode()
    shown = sent(page, "goal")
    fields = {shown[name]: name for name in shown if re.match(r"s\d+\.field", name)}
    assert {"Title", "Country", "NumberOfEmployees", "Birthdate", "Interests__c"} == set(fields)
    number = fields["Title"].partition(".")[0].removeprefix("s")
    page = browser.post(PAGE, {**shown, "act": f"dismiss:s:{number}"}).content.decode()
    page = browser.post(PAGE, {**sent(page, "goal"), "act": "takeall:s"}).content.decode()
    taken = sent(page, "goal")
    assert not [name for name in taken if name.startswith("s") and "." in name]
    assert stored().fields[0].field == "Name"
    assert saved(browser, taken).status_code == 302
    assert {(row.field, row.property, row.rule) for row in stored().fields} == {
        ("Name", "full_name", MergeRule.SET),
        ("Country", "country", MergeRule.SET),
        ("Birthdate", "born", MergeRule.SET),
        ("NumberOfEmployees", "employees", MergeRule.SET),
        ("Interests__c", "interests", MergeRule.ADD),
    }


def test_a_property_is_made_from_a_row_with_what_fits_its_field(browser: Client) -> None:
    address = "/connections/acme/goals/new/property?object=Lead&field=Score__c&name=Health"
    values = sent(browser.get(address).content.decode(), "make")
    assert (values["label"], values["key"], values["type"]) == ("Health", "health", "decimal")
    answer = browser.post(address, values, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert '"key": "health"' in answer["HX-Trigger"]
    assert properties.definitions()["health"].type is PropertyType.DECIMAL
    again = browser.post(address, values, headers={"HX-Request": "true"})
    assert again.status_code == 422
    assert "There is a property with the key health already." in said(again)
    plain = browser.post(address, {**values, "label": HOSTILE, "key": ""})
    assert plain.status_code == 302


@pytest.mark.parametrize(
    "field", ["\0", "\ud800", HOSTILE, "é" * 10_000, "Owner." * 7 + "Name", "''; DROP TABLE"]
)
def test_hostile_text_is_refused_and_shown_as_text(browser: Client, field: str) -> None:
    values = form_of(browser)
    for name in ("r1.field", "r1.property", "m1.field", "m1.identifier", "name"):
        answer = saved(browser, {**values, name: field.encode("utf-8", "surrogatepass")})
        if name == "name" and answer.status_code == 302:
            continue
        assert answer.status_code == 422, name
        assert b"<script>alert" not in answer.content
    for part in ("field", "name", "object"):
        address = "/connections/acme/goals/new/property"
        assert browser.get(address, {part: field.encode("utf-8", "replace")}).status_code == 200
    assert stored().fields[0].field == "Name"


@pytest.mark.parametrize(
    "more",
    [
        {"object": "Account"},
        {"object": ""},
        {"r1.rule": "multiply"},
        {"on_merge": "explode"},
        {"object_type_on_delete": "all"},
        {f"r{number}.field": "X" for number in range(1001)},
    ],
)
def test_what_no_page_offers_is_refused(browser: Client, more: dict[str, str]) -> None:
    assert saved(browser, {**form_of(browser), **more}).status_code == 400
    assert saved(browser, {**form_of(browser), **more, "act": "rows"}).status_code == 400


def test_five_hundred_rows_are_shown_and_saved_with_as_many_questions_as_a_few(
    browser: Client, world: World
) -> None:
    def questions() -> int:
        with CaptureQueriesContext(database) as caught:
            assert browser.get(PAGE).status_code == 200
        return len(caught)

    few = questions()
    rows = tuple(ImportField(field=f"F{n}__c", property="country") for n in range(500))
    goal = ImportGoal(**{**vars(stored()), "fields": rows})
    Goal.objects.filter(id=world.goal.id).update(document=goal.plain())
    fields = LEAD_FIELDS + [a_field(f"F{n}__c") for n in range(500)]
    KnownObject.objects.filter(sobject="Lead").update(
        description={"name": "Lead", "fields": fields}
    )
    assert questions() == few
    values = form_of(browser)
    answer = saved(browser, {**values, "r500.field": "Title"})
    assert answer.status_code == 302
    assert stored().fields == (*rows[:499], ImportField(field="Title", property="country"))


def test_a_goal_of_more_rows_than_a_page_takes_is_shown_and_not_edited(
    browser: Client, world: World
) -> None:
    rows = tuple(ImportField(field=f"F{n}__c", property="country") for n in range(1001))
    goal = ImportGoal(**{**vars(stored()), "fields": rows})
    Goal.objects.filter(id=world.goal.id).update(document=goal.plain())
    page = said(browser.get(PAGE))
    assert "isthmus config apply" in page
    assert "data-save" not in page
