"""The schedule on a connection's page and in the list: shown, changed, and refused in words."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import IMPORT
from integration.set_up import new_connection, new_goal
from isthmus.connections import due, firing, queueing
from isthmus.connections.models import Authorization, Connection, Run, RunState
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.people.models import User
from isthmus.profiles import properties

PAGE = "/connections/acme"
SCHEDULE = f"{PAGE}/schedule"
DRAFT = f"{SCHEDULE}/draft"
WEEKDAYS = {"days": ["mon", "tue", "wed", "thu", "fri"], "at": ["06:00", "18:00"]}
LONG_AGO = timezone.now() - timedelta(days=7)
BY_SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(alice)


@pytest.fixture
def other(alice: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(alice)


@pytest.fixture
def viewer(bob: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(bob)


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    """A connection that can run, has run, and has a schedule."""
    for definition in (
        PropertyDefinition(key="email", label="Email", type=PropertyType.EMAIL, identifier=True),
        PropertyDefinition(key="title", label="Title"),
    ):
        properties.save_property(definition)
    row = new_connection(name="Acme", schedule=WEEKDAYS, timezone="Europe/Amsterdam")
    new_goal(row, IMPORT)
    Run.objects.create(connection=row, number=1, state=RunState.FINISHED, queued_at=LONG_AGO)
    due.renew(row)
    return row


def text(answer: Any) -> str:
    return str(answer.content.decode())


def section(page: str) -> str:
    found = re.search(r'<section class="card" id="schedule".*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def seen(browser: Client) -> str:
    page = section(text(browser.get(PAGE)))
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def times(page: str) -> list[str]:
    return re.findall(r"<li><time [^>]*>([^<]+)</time>", page)


def save(browser: Client, **given: Any) -> Any:
    return browser.post(SCHEDULE, {"seen": seen(browser), **given})


def test_the_page_says_the_schedule_in_words_with_the_next_five_times(
    browser: Client, acme: Connection
) -> None:
    page = section(text(browser.get(PAGE)))
    assert "Monday to Friday at 06:00 and 18:00, Europe/Amsterdam · next in " in page
    assert len(times(page)) == 5
    assert 'id="schedule-note"></div>' in page


def test_somebody_who_looks_sees_it_and_has_no_form(viewer: Client, acme: Connection) -> None:
    page = section(text(viewer.get(PAGE)))
    assert "Monday to Friday at 06:00 and 18:00" in page
    assert len(times(page)) == 5
    assert "<form" not in page
    assert viewer.post(SCHEDULE, {"kind": "by_hand"}).status_code == 403
    assert viewer.get(DRAFT).status_code == 403


@pytest.mark.parametrize(
    ("given", "stored", "words"),
    [
        (
            {"kind": "times_a_day", "times_a_day": "4", "timezone": "Asia/Tokyo"},
            {"times_a_day": 4, "timezone": "Asia/Tokyo"},
            "4 times a day, at 00:00, 06:00, 12:00 and 18:00, Asia/Tokyo",
        ),
        (
            {"kind": "days", "days": ["sun", "mon"], "at": ["18:00", "", "630"]},
            {"days": ["mon", "sun"], "at": ["06:30", "18:00"]},
            "Monday and Sunday at 06:30 and 18:00, Europe/Amsterdam",
        ),
        (
            {"kind": "day", "day": ["1", "31"], "at": "06:00"},
            {"day": [1, 31], "at": ["06:00"]},
            "On the 1st and last day of the month at 06:00, Europe/Amsterdam",
        ),
        (
            {"kind": "weekday", "weekday": "fri", "of_month": "last", "at": "06:00"},
            {"weekday": "fri", "of_month": "last", "at": ["06:00"]},
            "On the last Friday of the month at 06:00, Europe/Amsterdam",
        ),
        (
            {"kind": "cron", "cron": " 0  6 * * 1-5 "},
            {"cron": "0 6 * * 1-5"},
            "Cron 0 6 * * 1-5: at 06:00 on Monday through Friday, Europe/Amsterdam",
        ),
        ({"kind": "by_hand"}, {"by_hand": True}, "By hand only"),
    ],
)
def test_each_kind_is_saved_and_shown_again(
    browser: Client, acme: Connection, given: dict[str, Any], stored: Any, words: str
) -> None:
    """What was typed for another kind is not in it."""
    answer = save(browser, **{"cron": "never", "times_a_day": "x", **given})
    assert answer.status_code == 302, text(answer)
    acme.refresh_from_db()
    assert acme.schedule == stored
    after = due.first_time(stored, acme.timezone, timezone.now(), ran=True)
    assert acme.due_at == after
    page = section(text(browser.get(PAGE)))
    assert words in page
    assert f'value="{given["kind"]}" checked' in page


@pytest.mark.parametrize(
    ("given", "field", "why"),
    [
        (
            {"kind": "times_a_day", "times_a_day": "97"},
            "times_a_day",
            "97 is not a number of times",
        ),
        (
            {"kind": "times_a_day", "times_a_day": "often"},
            "times_a_day",
            "is not a number of times",
        ),
        ({"kind": "times_a_day", "times_a_day": "9" * 5000}, "times_a_day", "is not a number"),
        ({"kind": "days", "at": "06:00"}, "days", "days is empty. Write at least one day"),
        ({"kind": "days", "days": "mon"}, "at", "at is empty. Write at least one time"),
        ({"kind": "days", "days": "mon", "at": "24:00"}, "at", "is not a time. Write hours"),
        ({"kind": "day", "day": "32", "at": "06:00"}, "day", "32 is not a day of the month"),
        ({"kind": "cron", "cron": "0 0 30 2 *"}, "cron", "can&#x27;t be read, or never comes"),
        ({"kind": "cron", "cron": "<script>\0\u202e"}, "cron", "has 1 field"),
        ({"kind": "cron", "cron": "0 6 * * *", "timezone": "Mars"}, "timezone", "not a time zone"),
        ({"kind": "moon"}, "", "Choose one from the list."),
    ],
)
def test_what_can_not_be_is_refused_at_its_field_and_kept(
    browser: Client, acme: Connection, given: dict[str, Any], field: str, why: str
) -> None:
    answer = save(browser, **given)
    assert answer.status_code == 422
    page = section(text(answer))
    if field:
        slot = re.search(rf'id="schedule-{field}-error">(.*?)</p>', page, re.DOTALL)
        assert slot
        assert why in slot[1]
    assert why in page
    assert "<script>" not in page
    assert times(page) == []
    acme.refresh_from_db()
    assert acme.schedule == WEEKDAYS
    drafted = browser.get(DRAFT, given, headers=BY_SCRIPT)
    assert drafted.status_code == 200
    assert why in text(drafted)


def test_what_is_not_saved_shows_its_words_and_times(browser: Client, acme: Connection) -> None:
    asked = {"kind": "days", "days": ["mon"], "at": ["06:00"]}
    part = text(browser.get(DRAFT, asked, headers=BY_SCRIPT))
    assert "<html" not in part
    assert "Monday at 06:00, Europe/Amsterdam" in part
    assert len(times(part)) == 5
    whole = text(browser.get(DRAFT, asked))
    assert "<html" in whole
    assert times(section(whole)) == times(part)
    assert "data-unsaved-now" in section(whole)
    acme.refresh_from_db()
    assert acme.schedule == WEEKDAYS


def test_a_time_is_added_and_taken_away(browser: Client, acme: Connection) -> None:
    asked = {"kind": "days", "days": ["mon"], "at": ["06:00", "18:00"]}
    added = text(browser.get(DRAFT, {**asked, "act": "add"}, headers=BY_SCRIPT))
    assert re.findall(r'name="at"[^>]* value="([^"]*)"', added) == ["06:00", "18:00", ""]
    removed = text(browser.get(DRAFT, {**asked, "act": "remove-0"}, headers=BY_SCRIPT))
    assert "06:00" not in re.findall(r'name="at"[^>]* value="([^"]*)"', removed)
    assert "Monday at 18:00" in removed
    for odd in ("remove-", "remove-x", "remove-99999999999", "remove-\u0661"):
        assert browser.get(DRAFT, {**asked, "act": odd}, headers=BY_SCRIPT).status_code == 200


def test_the_second_of_two_who_change_it_is_told(
    browser: Client, other: Client, acme: Connection
) -> None:
    before = seen(other)
    assert save(browser, kind="by_hand").status_code == 302
    answer = other.post(SCHEDULE, {"seen": before, "kind": "cron", "cron": "0 6 * * *"})
    assert answer.status_code == 409
    page = section(text(answer))
    assert "Somebody else changed this meanwhile" in page
    assert "it was <q>Monday to Friday at 06:00 and 18:00, Europe/Amsterdam</q>" in page
    assert "is now <q>By hand only</q>" in page
    assert 'value="0 6 * * *"' in page
    acme.refresh_from_db()
    assert acme.schedule == {"by_hand": True}
    again = re.search(r'name="seen" value="([^"]+)"', page)
    assert again
    answer = other.post(SCHEDULE, {"seen": again[1], "kind": "cron", "cron": "0 6 * * *"})
    assert answer.status_code == 302
    acme.refresh_from_db()
    assert acme.schedule == {"cron": "0 6 * * *"}


def test_saving_what_is_there_moves_nothing(browser: Client, acme: Connection) -> None:
    overdue = timezone.now() - timedelta(hours=1)
    Connection.objects.update(due_at=overdue)
    save(browser, kind="days", days=WEEKDAYS["days"], at=WEEKDAYS["at"])
    acme.refresh_from_db()
    assert acme.due_at == overdue


def test_why_nothing_runs_by_itself_is_said_with_what_to_do(
    browser: Client, acme: Connection
) -> None:
    def said() -> str:
        return section(text(browser.get(PAGE)))

    browser.post(f"{PAGE}/switch", {})
    assert "Off: nothing starts by itself. Switch it on" in said()
    assert Connection.objects.filter(due_at__isnull=True).exists()
    browser.post(f"{PAGE}/switch", {"active": "on"})
    assert Connection.objects.filter(due_at__gt=timezone.now()).exists()
    Authorization.objects.update(lost_at=timezone.now())
    assert "Paused: the sign-in was lost. It continues by itself" in said()
    assert "· paused" in said()
    assert ">Paused</span>" in text(browser.get("/connections"))
    Connection.objects.update(schedule={"moon": "full"})
    assert "Paused: the schedule can\u2019t be read." in said()
    assert "Save another one." in said()


def test_the_list_has_the_next_run_of_each(browser: Client, acme: Connection) -> None:
    def cell() -> str:
        found = re.search(
            r'data-label="Next run">(.*?)</td>', text(browser.get("/connections")), 16
        )
        assert found
        return found[1]

    assert re.search(r"<time .*in \d", cell(), re.DOTALL)
    Connection.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    assert "Now" in cell()
    firing.fire()
    assert "Queued" in cell()
    Run.objects.update(state=RunState.FINISHED)
    Connection.objects.update(schedule={"by_hand": True}, due_at=None)
    assert "By hand only" in cell()
    Connection.objects.update(active=False)
    assert "Off" in cell()


def test_a_run_of_the_schedule_says_so_in_the_history(browser: Client, acme: Connection) -> None:
    Connection.objects.update(due_at=timezone.now())
    firing.fire()
    history = text(browser.get(PAGE)).partition('id="history"')[2]
    assert "<bdi>Schedule</bdi>" in history
    asked = queueing.ask(acme, by="Alice")
    assert asked.number == 2
