"""Pages of runs that wait for a yes, and of runs of a few records."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT
from integration.set_up import new_connection, new_goal
from isthmus.connections import guards
from isthmus.connections.guards import Size
from isthmus.connections.models import Authorization, Connection, Goal, Run, RunGoal, RunState
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles import properties
from isthmus.profiles.models import Segment

PAGE = "/connections/acme"


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    alice.sees_personal_data = True
    alice.save()
    return signed_in(alice)


@pytest.fixture
def viewer(bob: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(bob)


@pytest.fixture
def blind(alice: User, signed_in: Callable[[User], Client]) -> Client:
    """An editor who may not see personal data."""
    user = accounts.add("eve@example.com", "a quiet harbour", name="Eve", role=Role.EDITOR)
    user.sees_personal_data = False
    user.save()
    return signed_in(user)


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    for definition in (
        PropertyDefinition(key="email", label="Email", type=PropertyType.EMAIL, identifier=True),
        PropertyDefinition(key="title", label="Title"),
    ):
        properties.save_property(definition)
    Segment.objects.create(key="dutch", name="Dutch customers", where={})
    connection = new_connection(name="Acme")
    new_goal(connection, IMPORT)
    new_goal(connection, EXPORT)
    return connection


def _waiting(acme: Connection, goal: Goal, **size: int) -> Run:
    run = Run.objects.create(
        connection=acme, number=4, state=RunState.RUNNING, started_at=timezone.now()
    )
    part = RunGoal.objects.create(
        run=run, goal=goal, key=goal.key, direction=goal.direction, started_at=timezone.now()
    )
    guards.ask(part, Size(**{"updated": 37_204, "of": 52_318, **size}), goal.version)
    guards.wait(run, part)
    return run


@pytest.fixture
def waiting(acme: Connection) -> Run:
    return _waiting(acme, acme.goals.get(key=EXPORT.key))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def said(answer: Any) -> str:
    return " ".join(
        re.findall(r'<div class="note \w+" role="\w+">.*?<p>(.*?)</p>', text(answer), re.DOTALL)
    )


def seen(page: str, action: str) -> str:
    form = page[page.index(f'action="{PAGE}/{action}"') :]
    found = re.search(r'name="seen" value="([^"]+)"', form)
    assert found
    return found[1]


SENTENCE = (
    f"Goal {EXPORT.key} would update 37,204 records: 71 % of the 52,318 members of its segment."
)


def test_a_run_that_waits_says_so_on_both_pages_and_can_be_answered(
    browser: Client, waiting: Run
) -> None:
    for address in (PAGE, f"{PAGE}/runs/4"):
        page = text(browser.get(address))
        assert SENTENCE in page
        assert f'href="{PAGE}/runs/4/confirm?asked=' in page
        assert f'href="{PAGE}/runs/4/refuse"' in page


def test_a_viewer_sees_what_it_waits_for_and_can_not_answer(viewer: Client, waiting: Run) -> None:
    for address in (PAGE, f"{PAGE}/runs/4"):
        page = text(viewer.get(address))
        assert SENTENCE in page
        assert "/confirm" not in page
    assert viewer.post(f"{PAGE}/runs/4/confirm").status_code == 403


def test_who_lets_it_run_is_asked_in_numbers_and_kept(browser: Client, waiting: Run) -> None:
    address = _confirm_address(browser)
    asked = text(browser.get(address))
    assert "Let run #4 change this?" in asked
    assert SENTENCE in asked
    answer = browser.post(address, follow=True)
    assert "Run #4 goes on." in said(answer)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.confirmed_by) == ("running", "Alice")
    assert "agreed to by" in text(answer)


def _confirm_address(browser: Client) -> str:
    found = re.search(r'href="([^"]+/confirm\?asked=[^"]+)"', text(browser.get(f"{PAGE}/runs/4")))
    assert found
    return found[1].replace("&amp;", "&")


def test_what_was_not_seen_is_not_agreed_to(browser: Client, waiting: Run) -> None:
    address = _confirm_address(browser)
    part = waiting.goals.get()
    guards.ask(part, Size(updated=52_000, of=52_318), 1)
    answer = browser.post(address, follow=True)
    assert "asks something else by now" in said(answer)
    assert browser.post(f"{PAGE}/runs/4/confirm").status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "confirming"


@pytest.mark.parametrize(
    "address", [f"{PAGE}/runs/4/refuse", f"{PAGE}/stop", f"{PAGE}/runs/4/stop"]
)
def test_who_does_not_let_it_run_is_kept_too(browser: Client, waiting: Run, address: str) -> None:
    browser.post(address)
    waiting.refresh_from_db()
    assert waiting.state == "stopped"
    assert waiting.message.startswith("Alice did not agree to it.")
    assert "Alice did not agree to it." in text(browser.get(f"{PAGE}/runs/4"))


def test_the_second_of_two_who_answer_is_told(browser: Client, waiting: Run) -> None:
    address = _confirm_address(browser)
    browser.post(address)
    for again in (address, f"{PAGE}/runs/4/refuse"):
        assert "does not wait for confirmation: it is running" in said(
            browser.post(again, follow=True)
        )
        assert "does not wait for confirmation" in said(browser.get(again, follow=True))


def test_a_run_that_waited_too_long_has_ended_whoever_looks(viewer: Client, waiting: Run) -> None:
    Run.objects.update(confirm_until=timezone.now() - timedelta(seconds=1))
    page = text(viewer.get(f"{PAGE}/runs/4"))
    assert "Nobody agreed to it in time." in page
    assert "Stopped" in page
    waiting.refresh_from_db()
    assert waiting.state == "stopped"


def _set(browser: Client, above: str, hours: str, sealed: str = "") -> Any:
    sealed = sealed or seen(text(browser.get(PAGE)), "asks-first")
    values = {"confirm_above": above, "confirm_hours": hours, "seen": sealed}
    return browser.post(f"{PAGE}/asks-first", values)


def test_from_how_many_changes_on_a_run_asks_can_be_set(browser: Client, acme: Connection) -> None:
    assert _set(browser, "30", "48").status_code == 302
    acme.refresh_from_db()
    assert (acme.confirm_above, acme.confirm_hours) == (30, 48)
    assert "Ask before a run changes more than 30 %" in text(browser.get(PAGE))
    _set(browser, "", "48")
    acme.refresh_from_db()
    assert acme.confirm_above is None


@pytest.mark.parametrize(
    ("above", "hours", "why"),
    [
        ("0", "24", "from 1 to 100"),
        ("101", "24", "from 1 to 100"),
        ("x", "24", "whole number"),
        ("30", "0", "from 1 to 720"),
        ("30", "99999999999999999999", "from 1 to 720"),
        ("30", "", "left empty"),
        ("3\0", "24", ""),
    ],
)
def test_what_documents_refuse_is_refused_here_too(
    browser: Client, acme: Connection, above: str, hours: str, why: str
) -> None:
    answer = _set(browser, above, hours)
    assert answer.status_code == 422
    assert why in text(answer)
    acme.refresh_from_db()
    assert (acme.confirm_above, acme.confirm_hours) == (None, 24)


def test_two_who_set_it_at_once_are_told(browser: Client, acme: Connection) -> None:
    sealed = seen(text(browser.get(PAGE)), "asks-first")
    _set(browser, "30", "24", sealed)
    answer = _set(browser, "50", "24", sealed)
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in text(answer)
    assert _set(browser, "30", "36", sealed).status_code == 302
    acme.refresh_from_db()
    assert (acme.confirm_above, acme.confirm_hours) == (30, 36)


@pytest.mark.parametrize(
    ("address", "goals"), [("first", []), (f"goals/{IMPORT.key}/first", [IMPORT.key])]
)
def test_the_first_records_are_asked_for(
    browser: Client, acme: Connection, address: str, goals: list[str]
) -> None:
    assert 'value="100"' in text(browser.get(f"{PAGE}/{address}"))
    answer = browser.post(f"{PAGE}/{address}", {"first": "25"}, follow=True)
    run = Run.objects.get()
    assert (run.first, run.goal_keys, run.asked_by) == (25, goals, "Alice")
    assert "first 25 only" in text(answer)
    assert "first 25 only" in text(browser.get(PAGE))
    assert "first 25 only" in text(browser.get(f"{PAGE}/runs"))


@pytest.mark.parametrize("first", ["0", "", "x", "1000001", "9" * 40])
def test_a_number_that_makes_no_sense_is_refused(
    browser: Client, acme: Connection, first: str
) -> None:
    assert browser.post(f"{PAGE}/first", {"first": first}).status_code == 422
    assert not Run.objects.exists()


def _profile(session: Session[Any]) -> str:
    row = session.execute(
        "INSERT INTO store.profile (p_email, p_title) VALUES ('a@x.co', 'Boss') "
        "RETURNING profile_id"
    ).fetchone()
    assert row
    session.execute(
        "INSERT INTO store.identifier (profile_id, property, value) VALUES (%s, %s, 'a@x.co')",
        [row[0], properties.numbers()["email"]],
    )
    return str(row[0])


ONLY = f"{PAGE}/goals/{EXPORT.key}/only"


def test_a_test_record_is_found_by_an_identifier_and_sent(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    profile = _profile(store)
    page = text(browser.get(ONLY, {"find": "a@x.co"}))
    assert f'name="only" value="{profile}"' in page
    answer = browser.post(ONLY, {"only": profile, "full": "on"}, follow=True)
    run = Run.objects.get()
    assert (run.only, run.full, run.goal_keys) == (profile, True, [EXPORT.key])
    assert "one record only" in text(answer)


def test_who_may_not_see_personal_data_finds_a_profile_and_sees_no_value_of_it(
    blind: Client, acme: Connection, store: Session[Any]
) -> None:
    profile = _profile(store)
    page = text(blind.get(ONLY, {"find": profile}))
    assert f'value="{profile}"' in page
    assert "a@x.co" not in page


@pytest.mark.parametrize("only", ["", "x", "' OR Id != '", "\0", "\ud800", "a" * 10_000])
@pytest.mark.parametrize("goal", [IMPORT.key, EXPORT.key])
def test_what_is_no_id_is_refused_in_words(
    browser: Client, acme: Connection, goal: str, only: str
) -> None:
    body = only.encode("utf-8", "surrogatepass")
    answer = browser.post(f"{PAGE}/goals/{goal}/only", {"only": body})
    assert answer.status_code in (400, 422)
    if answer.status_code == 422:
        assert "That is n" in text(answer)
    assert browser.get(f"{PAGE}/goals/{goal}/only", {"find": body}).status_code in (200, 400)
    assert not Run.objects.exists()


def _sent(acme: Connection, session: Session[Any], *, version: int = 1) -> None:
    goal = acme.goals.get(key=EXPORT.key)
    profile = _profile(session)
    run = Run.objects.create(
        connection=acme, number=5, state=RunState.FINISHED, only=profile,
        started_at=timezone.now(), finished_at=timezone.now(),
    )  # fmt: skip
    shown = {"operation": "update", "fields": {"Email": "a@x.co", "Title": "<b>Boss</b>"}}
    part = RunGoal.objects.create(
        run=run, goal=goal, key=goal.key, direction=goal.direction, state=RunState.FINISHED,
        started_at=timezone.now(), counts={"received": 1, "updated": 1},
        begun={"shown": shown, "version": version},
    )  # fmt: skip
    session.execute(
        "INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome) "
        "VALUES (%s, %s, '00Q000000000001AAA', 'updated')",
        [profile, part.id],
    )


def test_what_was_sent_is_shown_with_the_record(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    _sent(acme, store)
    Authorization.objects.update(instance_url="https://acme.my.salesforce.com")
    page = text(browser.get(f"{PAGE}/runs/5"))
    assert "a@x.co" in page
    assert "&lt;b&gt;Boss&lt;/b&gt;" in page
    assert 'href="https://acme.my.salesforce.com/00Q000000000001AAA"' in page


@pytest.mark.parametrize("version", [1, 2])
def test_personal_values_that_were_sent_are_hidden(
    blind: Client, acme: Connection, store: Session[Any], version: int
) -> None:
    _sent(acme, store, version=version)
    page = text(blind.get(f"{PAGE}/runs/5"))
    assert "a@x.co" not in page
    assert "Email" in page
