"""What an export wrote changes nothing when it is read back, and all comes to rest."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from isthmus import blueprint
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow, WhenEmpty
from isthmus.domain.merge_rules import MergeRule
from isthmus.errors import IsthmusError
from isthmus.exporting import send
from isthmus.importing import fetch
from named.world import (
    BY_EMAIL,
    COMPANY,
    EMAIL,
    NAME,
    READ,
    STORY,
    TITLE,
    WRITE,
    World,
    outcome,
    written,
)

FIELDS = {
    "title": "Title",
    "story": "Story__c",
    "price": "Price__c",
    "seen": "Seen__c",
    "name": "LastName",
}
BACK = replace(
    READ,
    match=(BY_EMAIL,),
    fields=tuple(ImportField(field=f, property=key) for key, f in FIELDS.items()),
)
OUT = replace(WRITE, fields=(EMAIL, COMPANY, *(written(f, key) for key, f in FIELDS.items())))
NORMALISED: dict[str, Any] = {
    "title": "  spaces around  ",
    "story": "two\r\nlines\rand more",
    "price": Decimal("12.345"),
    "seen": datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC),
    "name": " Doe ",
}
"""Values that Salesforce stores in another form than it is sent."""


@pytest.fixture(params=["few", "many"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By collections and REST, or by Bulk jobs."""
    if request.param == "many":
        monkeypatch.setattr(send, "FEW_UPDATES", 0)
        monkeypatch.setattr(fetch, "SMALL_INCREMENT", 0)
    way: str = request.param
    return way


def values(world: World) -> list[Any]:
    return world.profiles("email", *FIELDS)


def test_what_an_export_wrote_changes_nothing_when_it_is_read_back(world: World, way: str) -> None:
    for number in range(3):
        world.add_profile(email=f"{number}@x.co", **{**NORMALISED, "title": "T", "name": "Doe"})
    out, back = world.goal(OUT), world.goal(BACK)
    world.write(out)
    before = values(world)
    world.wait(2)
    world.read(back)
    assert values(world) == before


def test_normalised_values_change_nothing_when_they_are_read_back(world: World, way: str) -> None:
    world.add_profile(email="a@x.co", **NORMALISED)
    out, back = world.goal(OUT), world.goal(BACK)
    assert outcome(world.write(out)) == {"created": 1}
    before = values(world)
    world.wait(2)
    world.read(back)
    assert values(world) == before
    assert outcome(world.write(out)) == {"unchanged": 1}


def test_a_user_who_changes_another_field_meanwhile_is_read_and_the_echo_is_not(
    world: World, way: str
) -> None:
    world.add_profile(email="a@x.co", **NORMALISED)
    out, back = world.goal(OUT), world.goal(BACK)
    world.write(out)
    before = values(world)
    ((lead,),) = world.records("Lead", "Id")
    world.change("Lead", lead, Title="by a user")
    world.read(back)
    (after,) = values(world)
    assert after == (before[0][0], "by a user", *before[0][2:])
    world.write(out)
    assert world.records("Lead", "Title") == [("by a user",)]


def reading(*rows: ImportField, **given: Any) -> ImportGoal:
    """An import by e-mail of some fields."""
    return replace(READ, **{"match": (BY_EMAIL,), "fields": rows, **given})


def test_a_value_that_the_import_did_not_take_over_is_no_reason_not_to_send_ones_own(
    world: World, way: str
) -> None:
    profile = world.add_profile(email="a@x.co", name="Doe", title="before")
    filling = replace(TITLE, rule=MergeRule.SET_IF_EMPTY)
    out, back = world.goal(WRITE), world.goal(reading(filling))
    world.write(out)
    world.wait(2)
    ((lead,),) = world.records("Lead", "Id")
    world.change_profile(profile, title="by a person")
    world.change("Lead", lead, Title="by a user")
    world.read(back)
    assert world.profiles("title") == [("by a person",)]
    world.write(out)
    assert world.records("Lead", "Title") == [("by a person",)]


def test_an_identifier_that_a_person_took_away_does_not_come_back_by_an_echo(
    world: World, way: str
) -> None:
    profile = world.add_profile(email="a@x.co", name="Doe", shop="s1")
    shop = ImportField(field="Shop_Number__c", property="shop", rule=MergeRule.SET_IF_EMPTY)
    out = world.goal(replace(WRITE, fields=(*WRITE.fields, written("Shop_Number__c", "shop"))))
    back = world.goal(reading(TITLE, shop))
    world.write(out)
    world.store.execute("UPDATE store.profile SET p_shop = NULL")
    world.store.execute("DELETE FROM store.identifier WHERE value = 's1'")
    ((lead,),) = world.records("Lead", "Id")
    world.change("Lead", lead, Title="by a user")
    world.read(back)
    assert world.profiles("title", "shop") == [("by a user", None)]
    assert world.number("identifier") == 1
    other = world.add_profile(email="b@x.co", name="Roe", shop="s1")
    assert other != profile


def test_a_list_of_identifiers_does_not_grow_by_what_an_export_made_of_it(
    world: World, way: str
) -> None:
    world.add_profile(email="a@x.co", name="Doe", ids=["r1", "r2"])
    by_story = MatchRow(field="Story__c", identifier="ids")
    out = world.goal(replace(WRITE, fields=(*WRITE.fields, written("Story__c", "ids"))))
    back = world.goal(reading(TITLE, match=(BY_EMAIL, by_story)))
    for _ in range(3):
        world.write(out)
        world.wait(2)
        world.read(back)
    assert world.profiles("ids") == [(["r1", "r2"],)]
    assert world.records("Lead", "Story__c") == [("r1|r2",)]


def test_a_field_that_was_left_empty_in_a_new_record_empties_nothing_when_it_is_read(
    world: World, way: str
) -> None:
    profile = world.add_profile(email="a@x.co", name="Doe")
    title = written("Title", "title", when_empty=WhenEmpty.LEAVE)
    out = world.goal(replace(WRITE, fields=(NAME, EMAIL, COMPANY, title)))
    back = world.goal(reading(TITLE))
    world.write(out)
    world.change_profile(profile, title="by a person")
    world.wait(2)
    world.read(back)
    assert world.profiles("title") == [("by a person",)]
    world.write(out)
    assert world.records("Lead", "Title") == [("by a person",)]


def test_an_echo_is_no_reason_to_apply_the_other_fields_of_its_record_again(
    world: World, way: str
) -> None:
    (lead,) = world.add_leads(1, Title="before", Story__c="by a user")
    out = world.goal(replace(WRITE, create_records=False, fields=(written("Title", "title"),)))
    back = world.goal(reading(TITLE, STORY))
    world.read(back)
    ((profile,),) = world.store.execute("SELECT profile_id FROM store.profile").fetchall()
    world.change_profile(profile, title="new", story="corrected by a person", wanted=True)
    world.write(out)
    world.wait(2)
    world.read(back)
    assert world.records("Lead", "Title") == [("new",)]
    assert world.profiles("title", "story") == [("new", "corrected by a person")]
    world.change("Lead", lead, Story__c="by a user again")
    world.read(back)
    assert world.profiles("title", "story") == [("new", "by a user again")]


def test_a_user_who_puts_back_what_an_export_overwrote_is_read(world: World, way: str) -> None:
    (lead,) = world.add_leads(1, Title="before")
    out = world.goal(replace(WRITE, create_records=False, fields=(written("Title", "title"),)))
    back = world.goal(reading(TITLE))
    world.read(back)
    ((profile,),) = world.store.execute("SELECT profile_id FROM store.profile").fetchall()
    world.change_profile(profile, title="new", wanted=True)
    world.write(out)
    assert world.records("Lead", "Title") == [("new",)]
    world.change("Lead", lead, Title="before")
    world.read(back)
    assert world.profiles("title") == [("before",)]
    assert outcome(world.write(out)) == {"unchanged": 1}


def test_ten_more_runs_after_all_has_come_to_rest_write_nothing(world: World) -> None:
    world.add_leads(3)
    for number in range(3):
        world.add_profile(email=f"{number}@example.com", **NORMALISED)
        world.add_profile(email=f"new{number}@example.com", name="New", story="x")
    goals = [(world.read, world.goal(BACK)), (world.write, world.goal(OUT))]

    def run_all() -> None:
        for run, goal in goals:
            run(goal)
            world.wait(2)

    for _ in range(3):
        run_all()
    before, org = world.dump(), world.records("Lead", "Id", "SystemModstamp", *FIELDS.values())
    for _ in range(10):
        run_all()
    assert world.dump() == before
    assert world.records("Lead", "Id", "SystemModstamp", *FIELDS.values()) == org


DOCUMENT = """
properties:
  - {key: email, label: Email, type: email, identifier: true, normalise: lowercase}
  - {key: number, label: Number, type: integer}
  - {key: several, label: Several, type: text, list: true}
segments:
  - {key: all, where: {property: email, is_empty: false}}
connections:
  - key: acme
    name: Acme
    authorization:
      flow: client_credentials
      login_url: https://acme.my.salesforce.com
      client_id: id
      client_secret: ${SECRET}
    goals:
      - key: leads_in
        import: Lead
        match: [{field: Email, identifier: email}]
        fields: [{field: %(read)s, property: %(property)s, rule: %(rule)s}]
      - key: leads_out
        export: Lead
        segment: all
        match: {field: Email, identifier: email}
        fields: [{field: %(written)s, property: %(property)s}]
"""


def apply(**given: str) -> None:
    document = blueprint.read(DOCUMENT % given, name="test", environment={"SECRET": "s"})
    blueprint.apply(document)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("rule", "key", "field"),
    [("sum", "number", "NumberOfEmployees"), ("add", "several", "Title")],
)
def test_a_loop_of_sum_or_add_between_one_property_and_one_field_is_refused_on_apply(
    rule: str, key: str, field: str
) -> None:
    with pytest.raises(IsthmusError, match=rule):
        apply(read=field, written=field.lower(), property=key, rule=rule)
    apply(read=field, written="Description", property=key, rule=rule)
