"""Properties on pages: made, changed by two people, and what uses them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from psycopg import Connection

from integration.web.conftest import PASSWORD
from integration.web.planted import World, plant
from isthmus.domain.properties import Normalise, OnMerge, PropertyType
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles.properties import definitions

HOSTILE = '\u202e"><script>alert(1)</script>'


@pytest.fixture
def world(store: Connection[Any]) -> World:
    return plant(store)


@pytest.fixture
def carol(alice: User) -> User:
    return accounts.add(
        "carol@example.com", PASSWORD, name="Carol", role=Role.EDITOR, sees_personal_data=True
    )


@pytest.fixture
def browser(carol: User, world: World, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(carol)


def _seen(page: str) -> str:
    return page.partition('name="seen" value="')[2].partition('"')[0]


GIVEN = {"label": "Shoe size", "type": "decimal", "on_merge": "highest", "normalise": "none"}


def test_a_property_is_made_with_a_key_of_its_label(browser: Client) -> None:
    answer = browser.post("/new-property", GIVEN)
    assert answer.headers["Location"] == "/properties/shoe_size", answer.content.decode()
    made = definitions()["shoe_size"]
    assert (made.label, made.type, made.on_merge) == (
        "Shoe size",
        PropertyType.DECIMAL,
        OnMerge.HIGHEST,
    )
    taken = browser.post("/new-property", GIVEN | {"key": "country"})
    assert taken.status_code == 422
    assert "There is a property with the key country already" in taken.content.decode()


def test_what_contradicts_itself_is_refused_with_the_reason(browser: Client) -> None:
    for wrong, reason in (
        ({"list": "on", "on_merge": "sum"}, "be summed"),
        ({"identifier": "on"}, "be an identifier"),
        ({"normalise": "trim"}, "be normalised"),
        ({"key": "not a key"}, "is not allowed"),
    ):
        answer = browser.post("/new-property", GIVEN | wrong)
        assert answer.status_code == 422
        assert reason in answer.content.decode()
    assert len(definitions()) == 3


def test_the_name_that_a_picker_sends_is_filled_in(browser: Client) -> None:
    page = browser.get("/new-property?name=Favourite+colour").content.decode()
    assert 'value="Favourite colour"' in page
    assert 'value="favourite_colour"' in page
    browser.get("/new-property?name=%00%ff" + "x" * 20_000)


def test_what_can_change_is_changed_and_what_is_fixed_says_why(browser: Client) -> None:
    page = browser.get("/properties/country").content.decode()
    assert "values are stored that way" in page
    given = {
        "label": HOSTILE,
        "description": "a\r\nb",
        "personal": "on",
        "normalise": "trim",
        "on_merge": "older",
        "seen": _seen(page),
        "type": "integer",
        "list": "on",
    }
    assert browser.post("/properties/country", given).status_code == 302
    there = definitions()["country"]
    assert (there.label, there.description, there.personal) == (HOSTILE, "a\nb", True)
    assert (there.normalise, there.on_merge) == (Normalise.TRIM, OnMerge.OLDER)
    assert (there.type, there.list) == (PropertyType.TEXT, False)
    for address in ("/properties", "/properties/country", "/segments", "/segments/dutch"):
        assert "<script>alert" not in browser.get(address).content.decode()


def test_the_second_of_two_people_is_told_and_nothing_is_lost(browser: Client) -> None:
    seen = _seen(browser.get("/properties/country").content.decode())
    given = {"label": "Country", "on_merge": "newer", "normalise": "none", "seen": seen}
    browser.post("/properties/country", given | {"label": "Land"})
    browser.post("/properties/country", given | {"on_merge": "older"})
    assert (definitions()["country"].label, definitions()["country"].on_merge) == ("Land", "older")
    answer = browser.post("/properties/country", given | {"label": "Pays"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Land" in page
    assert 'value="Pays"' in page
    assert definitions()["country"].label == "Land"
    again = browser.post("/properties/country", given | {"label": "Pays", "seen": _seen(page)})
    assert again.status_code == 302
    assert definitions()["country"].label == "Pays"


def test_only_somebody_who_sees_personal_data_says_that_it_is_none(
    alice: User, world: World, signed_in: Callable[[User], Client]
) -> None:
    erin = accounts.add("erin@example.com", PASSWORD, role=Role.EDITOR)
    blind = signed_in(erin)
    page = blind.get("/properties/full_name").content.decode()
    given = {"label": "Name", "on_merge": "newer", "normalise": "none", "seen": _seen(page)}
    assert blind.post("/properties/full_name", given).status_code == 302
    assert definitions()["full_name"].personal


def test_an_identifier_stays_personal_data(browser: Client) -> None:
    page = browser.get("/properties/email").content.decode()
    given = {"label": "E-mail", "on_merge": "newer", "normalise": "lowercase", "seen": _seen(page)}
    assert browser.post("/properties/email", given).status_code == 302
    assert definitions()["email"].personal


def test_what_uses_a_property_is_listed_with_what_for(browser: Client) -> None:
    assert "matched with Email" in browser.get("/properties/email").content.decode()
    assert "gets Name" in browser.get("/properties/full_name").content.decode()
    page = browser.get("/properties/country").content.decode()
    assert '<a href="/segments/dutch"><bdi>Dutch customers</bdi></a>' in page


def test_properties_are_filtered_and_counted_after_the_page(browser: Client) -> None:
    page = browser.get("/properties").content.decode()
    assert 'hx-trigger="load"' in page
    counted = browser.get("/properties?filled=1").content.decode()
    assert "not known yet" in counted
    assert 'hx-get="/properties?filled' not in counted
    found = browser.get("/properties?q=COUNT").content.decode()
    assert "Country" in found
    assert "full_name" not in found
    assert browser.get("/properties?q=%00").status_code == 200


def test_viewers_see_properties_and_change_nothing(
    bob: User, world: World, signed_in: Callable[[User], Client]
) -> None:
    viewer = signed_in(bob)
    page = viewer.get("/properties/country").content.decode()
    main = page[page.index('<main class="main"') :]
    assert "<input" not in main
    assert "Save" not in main
    assert viewer.post("/properties/country", {"label": "X"}).status_code == 403
    assert viewer.get("/properties/nothing").status_code == 404
    assert viewer.get("/properties/no%00thing").status_code == 404
