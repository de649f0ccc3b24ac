"""The first page of a connection: what it shows, and what can be done there."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT, SIGNED_OUT, ended, new_run
from integration.set_up import new_connection, new_goal
from isthmus.connections import secrets
from isthmus.connections.models import Authorization, Connection, Goal, Run, RunState
from isthmus.connections.runs import RUN_LOCK
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.people.models import User
from isthmus.profiles import properties
from isthmus.profiles.models import Segment

PAGE = "/connections/acme"


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(alice)


@pytest.fixture
def other(alice: User, signed_in: Callable[[User], Client]) -> Client:
    """A second browser in which somebody edits, too."""
    return signed_in(alice)


@pytest.fixture
def viewer(bob: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(bob)


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    """A connection that can run: an import, and an export that is not active."""
    for definition in (
        PropertyDefinition(key="email", label="Email", type=PropertyType.EMAIL, identifier=True),
        PropertyDefinition(key="title", label="Title"),
    ):
        properties.save_property(definition)
    Segment.objects.create(key="dutch", name="Dutch customers", where={})
    connection = new_connection(name="Acme")
    new_goal(connection, IMPORT)
    new_goal(connection, replace(EXPORT, active=False))
    return connection


def text(answer: Any) -> str:
    return str(answer.content.decode())


def said(answer: Any) -> str:
    """What the page says to a request before it, in words."""
    notes = re.findall(r'<div class="note \w+" role="\w+">.*?<p>(.*?)</p>', text(answer), re.DOTALL)
    return " ".join(notes)


def seen(page: str, action: str) -> str:
    """The hidden field that the form of that address carries."""
    form = page[page.index(f'action="{PAGE}/{action}"') :]
    found = re.search(r'name="seen" value="([^"]+)"', form)
    assert found
    return found[1]


def ask(browser: Client, **given: str) -> str:
    return said(browser.post(f"{PAGE}/run", given, follow=True))


def test_a_run_is_asked_for_by_name_and_queued_once(
    browser: Client, acme: Connection, alice: User
) -> None:
    assert "Run #1 is queued" in ask(browser)
    assert "queued already" in ask(browser, goal="contacts_out")
    run = Run.objects.get()
    assert (run.asked_by, run.full, run.goal_keys) == (alice.name, False, [])


def test_asking_during_a_run_queues_one_more_and_not_two(browser: Client, acme: Connection) -> None:
    new_run(acme, RunState.RUNNING, {acme.goals.get(key="leads_in"): RunState.RUNNING})
    assert "Run #2 follows when it has ended" in ask(browser)
    assert "no other is added" in ask(browser, full="on")
    assert [(run.number, run.full) for run in Run.objects.order_by("number")] == [
        (1, False),
        (2, True),
    ]


def test_one_goal_runs_alone_and_everything_again_is_a_choice(
    browser: Client, acme: Connection
) -> None:
    ask(browser, goal="contacts_out", full="on")
    run = Run.objects.get()
    assert (run.goal_keys, run.full) == (["contacts_out"], True)
    assert browser.post(f"{PAGE}/run", {"goal": "none"}).status_code == 404
    assert "what changed" in text(browser.get(PAGE))


def test_what_can_not_run_says_why(browser: Client, acme: Connection) -> None:
    Connection.objects.update(active=False)
    assert "Connection &#x27;acme&#x27; is switched off, so it does not run. Switch it on" in ask(
        browser
    )
    Connection.objects.update(active=True, authorization=None)
    assert "has no sign-in" in ask(browser)
    Authorization.objects.all().delete()
    Connection.objects.update(authorization=Authorization.objects.create(sealed_secret=b""))
    browser.post(f"{PAGE}/goals/leads_in/active", {})
    assert "no active goal" in ask(browser)
    assert not Run.objects.exists()


def test_stopping_ends_what_is_queued_and_asks_what_runs(browser: Client, acme: Connection) -> None:
    assert "No run is going on" in said(browser.post(f"{PAGE}/stop", follow=True))
    ask(browser)
    assert "Run #1 is stopped" in said(browser.post(f"{PAGE}/stop", follow=True))
    new_run(acme, RunState.RUNNING, {})
    ask(browser)
    assert "Run #2 stops after" in said(browser.post(f"{PAGE}/stop", follow=True))
    states = list(Run.objects.order_by("number").values_list("state", flat=True))
    assert states == ["stopped", "stopping", "queued"]


def test_the_page_asks_for_itself_again_while_a_run_is_open_and_only_then(
    browser: Client, acme: Connection
) -> None:
    goal = acme.goals.get(key="leads_in")
    ended(acme, {goal: RunState.FINISHED})
    assert "every 2s" not in text(browser.get(PAGE))
    assert "/stop" not in text(browser.get(PAGE))
    run = new_run(acme, RunState.RUNNING, {goal: RunState.RUNNING})
    part = run.goals.get()
    part.started_at = timezone.now() - timedelta(seconds=20)
    part.step, part.done, part.total, part.tries = "merge", 5_000, 10_000, 1
    part.seconds = {"read": 10.0}
    part.save()
    page = text(browser.get(PAGE))
    assert "every 2s" in page
    assert f'action="{PAGE}/stop"' in page
    assert "merge · 5,000 of 10,000 · " in page
    # How many a second depends on how long the page took: on a busy machine it is a little less.
    assert re.search(r"(4\d\d|500) a second, 1\d s left", page)


def test_the_figure_and_the_goals_tell_what_the_last_end_was(
    browser: Client, acme: Connection
) -> None:
    goal = acme.goals.get(key="leads_in")
    run = ended(acme, {goal: RunState.PROBLEMS})
    run.goals.update(
        counts={"received": 15_683, "created": 184, "updated": 3, "unchanged": 15_000}
        | {"removed": 0, "skipped": {"no_match": 490}, "failed": {"x": 6}, "problems": 9}
    )
    page = text(browser.get(PAGE))
    for words in ("15,683", "184 created", "490 skipped", "6 failed", "With problems"):
        assert words in page
    assert page.count("15,683") == 3


def test_a_failed_sign_in_is_said_in_words_in_the_history(
    browser: Client, acme: Connection
) -> None:
    run = ended(acme, {acme.goals.get(key="leads_in"): RunState.FAILED}, received=0)
    Run.objects.filter(id=run.id).update(state="failed", message="Salesforce refused <b>.")
    page = text(browser.get(PAGE))
    assert "Salesforce refused &lt;b&gt;." in page
    assert "Error in" in page


def test_what_a_run_said_is_masked_for_whoever_may_not_see_personal_data(
    browser: Client, viewer: Client, alice: User, acme: Connection
) -> None:
    run = ended(acme, {acme.goals.get(key="leads_in"): RunState.FAILED}, received=0)
    said_of = "Refused zinnia@example.com."
    Run.objects.filter(id=run.id).update(state="failed", message=said_of)
    User.objects.filter(id=alice.id).update(sees_personal_data=True)
    assert said_of in text(browser.get(PAGE))
    page = text(viewer.get(PAGE))
    assert "Refused" in page
    assert "zinnia" not in page


def test_no_page_holds_the_secret(browser: Client, acme: Connection) -> None:
    Authorization.objects.update(sealed_secret=secrets.seal("open sesame"))
    for address in (PAGE, f"{PAGE}/yaml", f"{PAGE}/document.yaml", "/connections"):
        assert "sesame" not in text(browser.get(address))
    assert "${ACME_CLIENT_SECRET}" in text(browser.get(f"{PAGE}/document.yaml"))


def test_viewers_see_no_control_that_is_not_for_them(viewer: Client, acme: Connection) -> None:
    new_run(acme, RunState.RUNNING, {acme.goals.get(key="leads_in"): RunState.RUNNING})
    page = text(viewer.get(PAGE))
    posted = set(re.findall(r'<form[^>]*method="post"[^>]*action="(/connections[^"]*)"', page))
    assert posted == {f"{PAGE}/favourite"}
    assert "/delete" not in page
    assert 'type="checkbox"' not in page


def test_a_title_is_changed_in_place(browser: Client, acme: Connection) -> None:
    given = {"name": "Acme BV", "seen": seen(text(browser.get(PAGE)), "title")}
    assert browser.post(f"{PAGE}/title", given)["Location"] == PAGE
    acme.refresh_from_db()
    assert (acme.name, acme.key) == ("Acme BV", "acme")


@pytest.mark.parametrize("name", ["", "  ", "\u200b\u202e", "x" * 201, "a\0b"])
def test_a_title_that_can_not_be_is_said_at_its_field(
    browser: Client, acme: Connection, name: str
) -> None:
    given = {"name": name, "seen": seen(text(browser.get(PAGE)), "title")}
    answer = browser.post(f"{PAGE}/title", given)
    assert answer.status_code == 422
    assert 'id="title-error"' in text(answer)
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_of_two_who_change_a_title_the_second_is_told_and_may_still_win(
    browser: Client, other: Client, acme: Connection
) -> None:
    mine, theirs = (seen(text(each.get(PAGE)), "title") for each in (browser, other))
    other.post(f"{PAGE}/title", {"name": "Theirs", "seen": theirs})
    answer = browser.post(f"{PAGE}/title", {"name": "Mine", "seen": mine})
    assert answer.status_code == 409
    assert "Theirs" in text(answer)
    assert 'value="Mine"' in text(answer)
    again = {"name": "Mine", "seen": seen(text(answer), "title")}
    assert browser.post(f"{PAGE}/title", again).status_code == 302
    acme.refresh_from_db()
    assert acme.name == "Mine"


def test_labels_and_description_are_saved_together(browser: Client, acme: Connection) -> None:
    new_connection("b", labels=["EMEA"])
    Connection.objects.filter(id=acme.id).update(labels=["CRM", "old"])
    page = text(browser.get(PAGE))
    assert 'value="EMEA"' in page
    given = {
        "label": ["CRM", "EMEA"],
        "more": " Sales , CRM,,",
        "description": "For\r\nsales",
        "seen": seen(page, "about"),
    }
    assert '<details class="fold" open' not in page
    answer = browser.post(f"{PAGE}/about", given)
    assert '<details class="fold" open' in text(browser.get(answer["Location"]))
    acme.refresh_from_db()
    assert (acme.labels, acme.description) == (["CRM", "EMEA", "Sales"], "For\nsales")


@pytest.mark.parametrize(
    "given",
    [
        {"more": "x" * 41},
        {"more": ",".join("abcdefghijklmnopqrstu")},
        {"more": "a\0b"},
        {"more": "a\tb"},
        {"label": "y" * 41},
        {"description": "z" * 10_001},
        {"description": "a\0b"},
    ],
)
def test_what_no_label_or_description_can_be_is_said_and_stays_typed(
    browser: Client, acme: Connection, given: dict[str, str]
) -> None:
    token = seen(text(browser.get(PAGE)), "about")
    answer = browser.post(f"{PAGE}/about", {"seen": token, **given})
    assert answer.status_code == 422
    assert 'class="error"' in text(answer)
    acme.refresh_from_db()
    assert (acme.labels, acme.description) == ([], "")


def test_of_two_who_edit_the_same_the_second_is_told_and_other_fields_go_together(
    browser: Client, other: Client, acme: Connection
) -> None:
    mine, theirs = (seen(text(each.get(PAGE)), "about") for each in (browser, other))
    other.post(f"{PAGE}/about", {"more": "Theirs", "seen": theirs})
    only_words = {"description": "Mine", "seen": mine}
    assert browser.post(f"{PAGE}/about", only_words).status_code == 302
    acme.refresh_from_db()
    assert (acme.labels, acme.description) == (["Theirs"], "Mine")
    answer = other.post(f"{PAGE}/about", {"description": "Again", "seen": theirs})
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in text(answer)
    assert "Again" in text(answer)
    again = {"label": "Theirs", "description": "Again", "seen": seen(text(answer), "about")}
    assert other.post(f"{PAGE}/about", again).status_code == 302
    acme.refresh_from_db()
    assert (acme.labels, acme.description) == (["Theirs"], "Again")


@pytest.mark.parametrize("token", ["", "forged", "x" * 10_000])
def test_a_form_that_does_not_say_what_it_showed_changes_nothing(
    browser: Client, acme: Connection, token: str
) -> None:
    for part in ("title", "about"):
        answer = browser.post(f"{PAGE}/{part}", {"name": "X", "more": "X", "seen": token})
        assert answer.status_code == 400
    acme.refresh_from_db()
    assert (acme.name, acme.labels) == ("Acme", [])


def test_goals_are_switched_moved_and_copied(browser: Client, acme: Connection) -> None:
    browser.post(f"{PAGE}/goals/contacts_out/active", {"active": "on"})
    browser.post(f"{PAGE}/goals/leads_in/copy")
    browser.post(f"{PAGE}/goals/leads_in_copy/move", {"to": "up", "past": "leads_in"})
    browser.post(f"{PAGE}/goals/leads_in/active", {})
    found = [(goal.key, goal.definition.active, goal.version) for goal in acme.goals.all()]
    assert found == [("leads_in_copy", False, 1), ("leads_in", False, 1), ("contacts_out", True, 1)]


def test_of_two_who_move_a_goal_the_second_is_told(browser: Client, acme: Connection) -> None:
    for _ in range(2):
        browser.post(f"{PAGE}/goals/leads_in/copy")
    keys = ["leads_in", "leads_in_copy_2", "leads_in_copy", "contacts_out"]
    assert [goal.key for goal in acme.goals.all()] == keys
    shown = browser.get(PAGE).content.decode()
    assert '<input type="hidden" name="past" value="leads_in_copy_2">' in shown
    for _ in range(2):
        move = {"to": "up", "past": "leads_in_copy_2"}
        answer = browser.post(f"{PAGE}/goals/leads_in_copy/move", move, follow=True)
    assert "Somebody else changed the order" in answer.content.decode()
    assert [goal.key for goal in acme.goals.all()] == [keys[0], keys[2], keys[1], keys[3]]


def test_a_goal_is_deleted_after_one_question_with_numbers(
    browser: Client, acme: Connection
) -> None:
    goal = acme.goals.get(key="leads_in")
    ended(acme, {goal: RunState.FINISHED})
    question = text(browser.get(f"{PAGE}/goals/leads_in/delete"))
    assert "Delete Import leads?" in question
    assert Goal.objects.count() == 2
    numbers = text(browser.get(f"{PAGE}/goals/leads_in/losses"))
    assert "1 link" not in numbers
    assert "All profiles stay as they are" in numbers
    browser.post(f"{PAGE}/goals/leads_in/delete")
    assert list(Goal.objects.values_list("key", flat=True)) == ["contacts_out"]
    assert "Received" in text(browser.get(PAGE))


def test_a_connection_is_copied_without_its_secret_and_says_so(
    browser: Client, acme: Connection
) -> None:
    answer = browser.post(f"{PAGE}/copy", follow=True)
    assert "secrets are not copied" in said(answer)
    made = Connection.objects.get(key="acme_copy")
    assert (made.active, made.authorization, made.goals.count()) == (False, None, 2)
    assert "It has no sign-in" in text(answer)


def test_a_connection_is_deleted_after_one_question_with_numbers(
    browser: Client, acme: Connection
) -> None:
    ended(acme, {acme.goals.get(key="leads_in"): RunState.FINISHED})
    assert "Delete Acme?" in text(browser.get(f"{PAGE}/delete"))
    assert "2 goals and 1 run" in text(browser.get(f"{PAGE}/losses"))
    assert browser.post(f"{PAGE}/delete")["Location"] == "/connections"
    assert not Connection.objects.exists()
    assert browser.get(PAGE).status_code == 404


def test_what_is_running_is_not_deleted_and_says_why(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    store.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, acme.id])
    for address in (f"{PAGE}/delete", f"{PAGE}/goals/leads_in/delete"):
        page = text(browser.post(address))
        assert "A run is going on" in page
        assert 'class="btn danger solid"' not in page
    assert Goal.objects.count() == 2


def test_a_connection_without_a_sign_in_says_so_everywhere(browser: Client) -> None:
    new_goal(new_connection(**SIGNED_OUT), IMPORT)
    page = text(browser.get(PAGE))
    assert "Nobody has said how to sign in" in page
    assert "Incomplete" in page
