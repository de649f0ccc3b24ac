"""The page of an export goal."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client

from integration.set_up import new_goal
from integration.web.conftest import seen
from integration.web.orgs import FIELDS, field, know, know_all
from integration.web.planted import World, plant
from isthmus import blueprint
from isthmus.connections import goal_troubles
from isthmus.connections.models import Goal
from isthmus.domain.goals import ExportField, ExportGoal, ExportKind, MatchRow
from isthmus.domain.objects import OBJECTS
from isthmus.people.models import User

NEW = "/connections/acme/goals/new/export"
PAGE = "/connections/acme/goals/out"
SignIn = Callable[[User], Client]


@pytest.fixture
def world(store: Any) -> World:
    found = plant(store)
    know_all(found.connection)
    return found


@pytest.fixture
def out(world: World) -> Goal:
    return new_goal(
        world.connection,
        ExportGoal(
            key="out",
            name="Export Dutch",
            object=OBJECTS["Contact"],
            segment="dutch",
            match=MatchRow(field="Email", identifier="email"),
            fields=(
                ExportField(field="LastName", kind=ExportKind.PROPERTY, value="full_name"),
                ExportField(field="MailingCountry", kind=ExportKind.TEXT, value="Nederland"),
            ),
            create_records=True,
        ),
    )


@pytest.fixture
def browser(alice: User, signed_in: SignIn) -> Client:
    return signed_in(alice)


def typed(**more: Any) -> dict[str, Any]:
    """A form that is complete."""
    return {
        "name": "Out",
        "active": "on",
        "segment": "dutch",
        "object": "Contact:both",
        "m1.identifier": "email",
        "m1.field": "Email",
        "r1.value": "full_name",
        "r1.field": "LastName",
        "r1.when_empty": "leave",
        **more,
    }


def said(answer: Any) -> str:
    return unescape(answer.content.decode())


def stored(key: str = "out") -> ExportGoal:
    found = Goal.objects.get(key=key).definition
    assert isinstance(found, ExportGoal)
    return found


def test_a_goal_is_made_and_shown_as_it_was_saved(world: World, browser: Client) -> None:
    more = {
        "r2.value": "profile_id",
        "r2.field": "Isthmus_Id__c",
        "r3.value": "text value",
        "r3.text": "  kept <as> is ",
        "r3.field": "MailingCountry",
        "r3.when_empty": "clear",
        "r4.value": "country",
        "r4.field": "FirstName",
        "r4.when_too_long": "cut",
    }
    answer = browser.post(NEW, typed(**more))
    assert answer.status_code == 302, said(answer)
    goal = stored()
    assert [(row.kind, row.value, row.field) for row in goal.fields] == [
        (ExportKind.PROPERTY, "full_name", "LastName"),
        (ExportKind.IDENTIFIER, "profile_id", "Isthmus_Id__c"),
        (ExportKind.TEXT, "  kept <as> is ", "MailingCountry"),
        (ExportKind.PROPERTY, "country", "FirstName"),
    ]
    assert goal.fields[2].when_empty == "clear"
    assert goal.fields[3].when_too_long == "cut"
    assert goal.create_records
    assert goal.update_records
    page = said(browser.get(answer["Location"]))
    assert 'value="  kept <as> is "' in page
    written = blueprint.export_connection("acme", example=True)
    assert "kept <as> is" in written


@pytest.mark.parametrize(
    ("chosen", "creates", "updates"),
    [("update", False, True), ("both", True, True), ("create", True, False)],
)
def test_what_is_done_to_records_is_one_choice(
    world: World, browser: Client, chosen: str, *, creates: bool, updates: bool
) -> None:
    answer = browser.post(NEW, typed(object=f"Contact:{chosen}"))
    assert answer.status_code == 302, said(answer)
    goal = stored()
    assert (goal.create_records, goal.update_records) == (creates, updates)
    page = said(browser.get(answer["Location"]))
    assert f'value="Contact:{chosen}" checked' in page


@pytest.mark.parametrize("chosen", ["both", "create"])
def test_persons_are_never_created_also_when_posted_anyway(
    world: World, browser: Client, chosen: str
) -> None:
    page = said(browser.get(NEW))
    assert "Person accounts can be updated from here, never created." in page
    assert re.search(r'value="Person:both" disabled', page)
    answer = browser.post(NEW, typed(object=f"Person:{chosen}"))
    assert answer.status_code == 422
    assert "A Person can't be created by an export" in said(answer)
    assert not Goal.objects.filter(key="out").exists()


def test_the_page_refuses_in_the_words_of_documents_and_commands(
    world: World, browser: Client
) -> None:
    wrong: list[dict[str, str]] = [
        {"segment": "nobody"},
        {"m1.identifier": "country"},
        {"m1.identifier": "unheard_of"},
        {"m1.field": "not a field"},
        {"r1.value": "unheard_of"},
        {"r1.field": "Id"},
        {"r1.separator": ";"},
        {"r2.value": "country", "r2.field": "LastName"},
        {"r1.value": "text value", "r1.text": "  "},
        {"name": "n" * 201},
        {"object": "Person:both"},
    ]
    around = goal_troubles.Surroundings(
        properties=browser_properties(),
        segments={"dutch"},
        goals=[each.definition for each in Goal.objects.all()],
    )
    for each in wrong:
        given = typed(**each)
        answer = browser.post(NEW, given)
        assert answer.status_code == 422, each
        expected = [found.message for found in goal_troubles.troubles_of(goal_of(given), around)]
        assert expected, each
        page = said(answer)
        for message in expected:
            assert message in page, each


def browser_properties() -> Any:
    from isthmus.profiles.properties import definitions

    return definitions()


def goal_of(given: dict[str, Any]) -> ExportGoal:
    name, _, writes = given["object"].partition(":")
    rows = []
    for number in (1, 2):
        value = given.get(f"r{number}.value")
        if value is None:
            continue
        kind = ExportKind.TEXT if value == "text value" else ExportKind.PROPERTY
        rows.append(
            ExportField(
                field=given[f"r{number}.field"],
                kind=kind,
                value=given.get(f"r{number}.text", "") if kind is ExportKind.TEXT else value,
                separator=given.get(f"r{number}.separator"),
            )
        )
    return ExportGoal(
        key="",
        name=given["name"],
        object=OBJECTS[name],
        segment=given["segment"],
        match=MatchRow(field=given["m1.field"], identifier=given["m1.identifier"]),
        fields=tuple(rows),
        create_records=writes != "update",
    )


def test_what_the_org_says_stands_at_its_row(out: Goal, browser: Client) -> None:
    rows = {
        "r2.value": "country",
        "r2.field": "Score__c",
        "r3.value": "profile_id",
        "r3.field": "Nowhere__c",
        "r4.value": "country",
        "r4.field": "FirstName",
    }
    answer = browser.post(PAGE, {"act": "check", "seen": "", **typed(**rows)})
    page = said(answer)
    assert "Field 'Score__c' can't be written: it is a formula" in part(page, "notes-r2")
    assert "Contact has no field 'Nowhere__c'" in part(page, "notes-r3")
    assert "FirstName takes at most 40 characters" in part(page, "notes-r4")


def part(page: str, name: str) -> str:
    return page.split(f'id="{name}"')[1][:1200]


def test_fields_that_a_new_record_needs_are_named(out: Goal, browser: Client) -> None:
    given = typed(**{"act": "check", "seen": "", "r1.field": "MailingCountry"})
    page = said(browser.post(PAGE, given))
    assert "Salesforce creates no Contact without LastName." in part(page, "lacking")
    given["object"] = "Contact:update"
    assert "Salesforce creates no Contact" not in said(browser.post(PAGE, given))


def test_only_fields_that_can_be_written_or_found_by_are_offered(
    out: Goal, browser: Client
) -> None:
    page = said(browser.get(PAGE))
    fields = page.split('<datalist id="fields">')[1].split("</datalist>")[0]
    findable = page.split('<datalist id="findable">')[1].split("</datalist>")[0]
    assert 'value="LastName"' in fields
    assert 'data-tag="required"' in fields
    assert 'value="Score__c"' not in fields
    assert 'value="Id"' not in fields
    assert set(re.findall(r'value="(\w+)"', findable)) == {"Id", "Email", "Isthmus_Id__c"}


def test_rows_that_were_changed_are_answered_alone(out: Goal, browser: Client) -> None:
    sent = {
        "act": "rows",
        "object": "Contact:both",
        "m1.identifier": "email",
        "m1.field": "Email",
        "r7.value": "text value",
        "r7.field": "LastName",
        "at7": "3",
        "r9.value": "country",
        "r9.field": "LastName",
        "at9": "5",
        "elsewhere": "2",
        "fields": "LastName",
    }
    answer = browser.post(PAGE, sent)
    page = said(answer)
    assert 'id="notes-r7"' in page
    assert 'name="r7.text"' in page
    assert "Field 'LastName' is written twice (first in row 4)." in page
    assert "4 problems" in page
    assert "<html" not in page


def test_likely_pairs_are_suggested_and_taken_without_script(world: World, browser: Client) -> None:
    given = typed(**{"r1.value": "", "r1.field": "", "act": "suggest"})
    page = said(browser.post(NEW, given))
    assert "1 likely pair" in page
    assert 'value="take:email:Email"' in page
    given["act"] = "take:email:Email"
    page = said(browser.post(NEW, given))
    assert 'name="r1.value" value="email"' in page
    assert 'name="r1.field" value="Email"' in page


def test_two_people_who_change_one_goal_are_told(out: Goal, browser: Client) -> None:
    first, second = seen(browser, PAGE), seen(browser, PAGE)
    rows = {
        "r2.value": "text value",
        "r2.text": "Nederland",
        "r2.field": "MailingCountry",
    }
    assert browser.post(PAGE, typed(seen=first, name="One", **rows)).status_code == 302
    answer = browser.post(PAGE, typed(seen=second, name="Two", **rows))
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in said(answer)
    assert stored().name == "One"


def test_whoever_only_looks_gets_no_buttons(out: Goal, bob: User, signed_in: SignIn) -> None:
    browser = signed_in(bob)
    page = said(browser.get(PAGE))
    assert "Export Dutch" in page
    assert "data-save" not in page
    assert "Plantedname" not in page
    assert browser.post(PAGE, typed()).status_code == 403
    assert browser.get(NEW).status_code == 403


HOSTILE = ["\0", "\ud800", "<script>alert(1)</script>", "\u202eabc", "x" * 10_000, "'; DROP", '"']


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["name", "segment", "m1.field", "m1.identifier", "r1.value",
                                  "r1.field", "r1.separator", "r1.text"])  # fmt: skip
def test_hostile_texts_break_nothing(out: Goal, browser: Client, name: str, text: str) -> None:
    given = typed(**{name: text, "act": "check", "seen": ""})
    if name == "r1.text":
        given["r1.value"] = "text value"
    body = "&".join(f"{key}={quoted(str(value))}" for key, value in given.items())
    kind = "application/x-www-form-urlencoded"
    for address in (PAGE, NEW):
        answer = browser.post(address, body, content_type=kind)
        assert answer.status_code in (200, 400, 422), address
        assert b"<script>alert" not in answer.content


def quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "more",
    [
        {"object": "Account:both"},
        {"object": "Contact:destroy"},
        {"object": ""},
        {"r1.when_empty": "explode"},
        {"r1.when_too_long": "explode"},
    ],
)
def test_choices_that_no_page_offers_are_refused(
    world: World, browser: Client, more: dict[str, str]
) -> None:
    assert browser.post(NEW, typed(**more)).status_code == 400


def test_five_hundred_fields_and_rows_are_drawn_once(world: World, browser: Client) -> None:
    many = [field(f"F{number}__c", label=f"Field {number}") for number in range(500)]
    world.connection.authorization.known_objects.all().delete()
    know(world.connection, "Contact", [*FIELDS, *many])
    rows: dict[str, str] = {}
    for number in range(2, 500):
        rows |= {f"r{number}.value": "profile_id", f"r{number}.field": f"F{number}__c"}
    page = said(browser.post(NEW, typed(act="check", **rows)))
    assert page.count('value="F17__c"') == 2  # the choice, and the row
