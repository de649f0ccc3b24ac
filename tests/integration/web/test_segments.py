"""Segments on pages: made, changed by two people, deleted, counted and shown by a sample."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg import Connection

from integration.set_up import new_goal
from integration.web.conftest import PASSWORD
from integration.web.planted import SECRETS, World, plant
from integration.web.test_segment_forms import posted
from isthmus.domain.goals import ExportGoal, MatchRow
from isthmus.domain.objects import OBJECTS
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles import estimating
from isthmus.profiles.models import Segment

HOSTILE = "\u202e\"><script>alert('x')</script>" + "y" * 100
DUTCH = {"property": "country", "is": "NL"}


@pytest.fixture
def world(store: Connection[Any]) -> World:
    return plant(store)


@pytest.fixture
def erin(alice: User) -> User:
    """An editor without the right to see personal data."""
    return accounts.add("erin@example.com", PASSWORD, name="Erin", role=Role.EDITOR)


@pytest.fixture
def carol(alice: User) -> User:
    """An editor with that right."""
    return accounts.add(
        "carol@example.com", PASSWORD, name="Carol", role=Role.EDITOR, sees_personal_data=True
    )


@pytest.fixture
def browser(carol: User, world: World, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(carol)


def form_of(browser: Client, address: str) -> dict[str, Any]:
    """What a browser would post of the page's editor."""
    page = browser.get(address).content.decode()
    editor = page[page.index('<form class="stack wide" id="segment"') :]
    fields = posted(editor[: editor.index("</form>")])
    return {name: fields.getlist(name) for name in fields}


def test_a_segment_is_made_with_a_key_of_its_name(browser: Client) -> None:
    form = form_of(browser, "/new-segment")
    form |= {
        "name": "Größte Kunden: NL",
        "c.0.subject": "property:country",
        "c.0.operator": "is",
        "c.0.value": "NL\r\nBE",
    }
    answer = browser.post("/new-segment", form)
    assert answer.headers["Location"] == "/segments/grosste_kunden_nl", answer.content.decode()
    made = Segment.objects.get(key="grosste_kunden_nl")
    assert (made.name, made.where) == (
        "Größte Kunden: NL",
        {"all": [{"property": "country", "is": ["NL", "BE"]}]},
    )
    again = browser.post("/new-segment", {**form, "key": "grosste_kunden_nl"})
    assert again.status_code == 422
    assert "There is a segment with the key grosste_kunden_nl already" in again.content.decode()


def test_what_is_missing_is_said_at_its_row_and_what_was_typed_stays(browser: Client) -> None:
    form = form_of(browser, "/new-segment")
    form |= {"name": HOSTILE, "c.0.subject": "property:country", "c.0.operator": "contains"}
    answer = browser.post("/new-segment", form | {"c.0.value": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="error-c.0"' in page
    assert "Country: give a value." in page
    assert "<script>alert" not in page
    assert HOSTILE.partition("<")[0].replace('"', "&quot;").replace(">", "&gt;") in page
    assert Segment.objects.count() == 1


def test_the_buttons_of_the_editor_give_the_form_back_and_save_nothing(browser: Client) -> None:
    form = form_of(browser, "/segments/dutch")
    answer = browser.post("/segments/dutch", form | {"act": "group:c"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="c.1.0.subject"' in page
    assert 'id="subject-c.1.0"' in page
    assert "conditions" in answer.headers["HX-Trigger"]
    assert Segment.objects.get().where == {"property": "country", "is": ["NL"]}
    assert browser.post("/segments/dutch", form | {"act": "add:c.7"}).status_code == 400
    assert browser.post("/segments/dutch", form | {"act": "nonsense:c"}).status_code == 400


def test_a_changed_property_takes_an_operator_that_fits_it(browser: Client) -> None:
    form = form_of(browser, "/segments/dutch") | {"c.0.subject": "system:known", "act": "change"}
    page = browser.post("/segments/dutch", form).content.decode()
    assert '<option value="is" selected>is</option>' in page
    assert '<option value="true" selected>yes</option>' in page


def test_saving_without_a_change_changes_nothing(browser: Client) -> None:
    before = Segment.objects.get().where
    assert browser.post("/segments/dutch", form_of(browser, "/segments/dutch")).status_code == 302
    assert Segment.objects.get().where == before


def test_the_second_of_two_people_is_told_and_nothing_is_lost(browser: Client) -> None:
    first, second = form_of(browser, "/segments/dutch"), form_of(browser, "/segments/dutch")
    assert browser.post("/segments/dutch", first | {"c.0.value": "BE"}).status_code == 302
    renamed = browser.post("/segments/dutch", second | {"name": "Dutch"})
    assert renamed.status_code == 302
    assert (Segment.objects.get().name, Segment.objects.get().where["is"]) == ("Dutch", "BE")
    answer = browser.post("/segments/dutch", second | {"c.0.value": "DE"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Country is BE" in page
    assert ">\nDE</textarea>" in page
    assert Segment.objects.get().where["is"] == "BE"
    again = posted(page[page.index('id="segment"') : page.index("</form>", page.index('id="segm'))])
    values = {name: again.getlist(name) for name in again}
    assert browser.post("/segments/dutch", values).status_code == 302
    assert Segment.objects.get().where["is"] == "DE"


def _export(world: World) -> None:
    new_goal(
        world.connection,
        ExportGoal(
            key="dutch_out",
            name="Send Dutch customers",
            object=OBJECTS["Contact"],
            segment="dutch",
            match=MatchRow(field="Email", identifier="email"),
        ),
    )


def test_a_segment_that_a_goal_sends_is_not_deleted_and_the_goal_is_named(
    browser: Client, world: World
) -> None:
    _export(world)
    page = browser.get("/segments/dutch/delete").content.decode()
    assert "Send Dutch customers" in page
    assert "danger solid" not in page
    assert browser.post("/segments/dutch/delete").status_code == 302
    assert Segment.objects.count() == 1
    page = browser.get("/segments/dutch").content.decode()
    assert "Send Dutch customers" in page


def test_a_segment_that_nothing_uses_is_deleted_after_it_was_asked(browser: Client) -> None:
    assert "danger solid" in browser.get("/segments/dutch/delete").content.decode()
    assert browser.post("/segments/dutch/delete").headers["Location"] == "/segments"
    assert Segment.objects.count() == 0
    assert browser.get("/segments/dutch").status_code == 404
    assert browser.get("/segments/dut%00ch").status_code == 404


def test_the_estimate_the_count_and_the_sample_are_of_what_is_typed(browser: Client) -> None:
    form = form_of(browser, "/segments/dutch")
    page = browser.post("/segment-estimate", form).content.decode()
    assert '<span class="v big">1</span>' in page
    assert "Exact" in page
    none = browser.post("/segment-estimate", form | {"c.0.value": "BE"}).content.decode()
    assert '<span class="v big">0</span>' in none
    counted = browser.post("/segment-count", form).content.decode()
    assert '<span class="v big">1</span>' in counted
    page = browser.post("/segment-sample", form).content.decode()
    assert SECRETS[1] in page
    assert "<bdi>NL</bdi>" in page
    missing = browser.post("/segment-estimate", form | {"c.0.value": " "}).content.decode()
    assert "Country: give a value." in missing


def test_a_count_or_a_sample_that_takes_too_long_is_said_so(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_of(browser, "/segments/dutch")
    monkeypatch.setattr(estimating, "count", lambda _: None)
    monkeypatch.setattr(estimating, "sample", lambda _: None)
    monkeypatch.setattr(estimating, "estimate", lambda *_, **__: None)
    assert "longer than 10 seconds" in browser.post("/segment-count", form).content.decode()
    assert "longer than 2 seconds" in browser.post("/segment-sample", form).content.decode()
    assert "no estimate" in browser.post("/segment-estimate", form).content.decode()


SECRET = {"any": [{"property": "email", "contains": "zinnia.planted"}, DUTCH]}


def test_conditions_on_personal_data_are_masked_and_kept(
    browser: Client, erin: User, signed_in: Callable[[User], Client]
) -> None:
    Segment.objects.update(where=SECRET)
    assert b"zinnia.planted" in browser.get("/segments/dutch").content
    blind = signed_in(erin)
    for address in ("/segments/dutch", "/segments", "/segments?counted=1"):
        page = blind.get(address).content
        assert b"zinnia.planted" not in page
        assert "Email contains ••••••" in page.decode()
    form = form_of(blind, "/segments/dutch")
    for address in ("/segment-estimate", "/segment-sample", "/segment-count"):
        answer = blind.post(address, form).content
        assert not [secret for secret in SECRETS if secret.encode() in answer]
    saved = blind.post("/segments/dutch", form | {"name": "Ours", "c.1.value": "BE"})
    assert saved.status_code == 302
    there = Segment.objects.get()
    assert (there.name, there.where) == (
        "Ours",
        {"any": [SECRET["any"][0], {"property": "country", "is": "BE"}]},
    )


def test_nobody_learns_personal_data_by_counting(
    erin: User, world: World, signed_in: Callable[[User], Client]
) -> None:
    blind = signed_in(erin)
    form = form_of(blind, "/segments/dutch") | {
        "c.0.subject": "property:full_name",
        "c.0.operator": "starts_with",
        "c.0.value": "Z",
    }
    for address in ("/segment-estimate", "/segment-count"):
        page = blind.post(address, form).content.decode()
        assert "personal data" in page
        assert "v big" not in page
    assert blind.post("/segments/dutch", form).status_code == 422
    lost = form_of(blind, "/segments/dutch") | {"c.0.kept": "0" * 64}
    assert blind.post("/segments/dutch", lost).status_code == 422


def test_a_hidden_condition_is_neither_lost_nor_doubled(
    erin: User, world: World, signed_in: Callable[[User], Client]
) -> None:
    Segment.objects.update(where=SECRET)
    blind = signed_in(erin)
    form = form_of(blind, "/segments/dutch")
    token = form["c.0.kept"]
    doubled = blind.post("/segments/dutch", form | {"c.2.kept": token})
    assert doubled.status_code == 422
    assert "lost or doubled" in doubled.content.decode()
    fields = {name: value for name, value in form.items() if not name.startswith("c.")}
    lost = {**fields, "c.join": "all", "c.0.subject": "system:known", "c.0.operator": "is"}
    assert blind.post("/segments/dutch", lost | {"c.0.value": "true"}).status_code == 422
    assert Segment.objects.get().where == SECRET


def test_viewers_see_conditions_and_counts_of_what_is_saved_and_change_nothing(
    bob: User, world: World, signed_in: Callable[[User], Client]
) -> None:
    viewer = signed_in(bob)
    page = viewer.get("/segments/dutch").content.decode()
    main = page[page.index('<main class="main"') :]
    assert "Country is NL" in main
    for control in ("<select", "<textarea", "Add condition", "Delete", "Save", "/new-segment"):
        assert control not in main
    form = {"segment": "dutch", "c.join": "all", "c.0.subject": "property:country"}
    form |= {"c.0.operator": "is", "c.0.value": "BE"}
    assert '<span class="v big">1</span>' in viewer.post("/segment-estimate", form).content.decode()
    assert viewer.post("/segments/dutch", form).status_code == 403
    assert viewer.post("/segments/dutch/delete").status_code == 403
    assert viewer.post("/segment-estimate", {"segment": "\0"}).status_code == 200


def test_pages_of_segments_ask_the_database_as_often_for_many_as_for_few(
    browser: Client, world: World
) -> None:
    _export(world)

    def queries() -> int:
        with CaptureQueriesContext(database) as caught:
            for address in ("/segments", "/segments?counted=1", "/segments/dutch", "/properties"):
                assert browser.get(address).status_code == 200
        return len(caught)

    few = queries()
    Segment.objects.bulk_create(
        Segment(key=f"s{number}", name=f"Segment {number:04}", where=DUTCH) for number in range(500)
    )
    assert queries() == few
    page = browser.get("/segments").content.decode()
    assert page.count('<th scope="row">') == 50
    following = page[page.index("after=") :].partition('"')[0]
    assert browser.get(f"/segments?{following}").content.count(b'<th scope="row">') == 50
    for hostile in ("?q=%00", "?q=%25_'", "?q=" + "x" * 3000):
        assert browser.get(f"/segments{hostile}").status_code == 200
    places: list[Any] = [[1, 1], ["\0", 1], ["\ud800", 1], {}, [[]]]
    for after in places:
        asked = base64.urlsafe_b64encode(json.dumps(after).encode()).decode()
        assert browser.get(f"/segments?after={asked}").status_code == 400


def test_a_segment_of_very_many_conditions_is_shown_and_not_edited_here(browser: Client) -> None:
    Segment.objects.update(where={"any": [DUTCH] * 400})
    page = browser.get("/segments/dutch").content.decode()
    assert "isthmus config apply" in page
    assert 'name="c.0.subject"' not in page


def test_a_sample_tells_nobody_without_the_right_who_has_a_value(
    erin: User, world: World, store: Connection[Any], signed_in: Callable[[User], Client]
) -> None:
    Segment.objects.update(where={"any": [{"property": "full_name", "is_empty": True}, DUTCH]})
    store.execute("INSERT INTO store.profile (p_country) VALUES ('NL')")
    blind = signed_in(erin)
    form = form_of(blind, "/segments/dutch")
    page = blind.post("/segment-sample", form).content.decode()
    assert page.count("••••••") == 2
    assert "Empty" not in page
    assert f"/profiles/{world.profile_id}" in page
