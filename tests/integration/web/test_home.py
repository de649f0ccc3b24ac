"""Home: what needs attention and for whom, the days of connections, and how many profiles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from re import DOTALL, findall, search
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT, ended, new_run
from integration.set_up import new_connection, new_goal
from integration.web.conftest import PASSWORD
from isthmus.connections import alerts, attention, overview
from isthmus.connections.models import (
    Alert,
    Authorization,
    Connection,
    Goal,
    Run,
    RunGoal,
    RunState,
)
from isthmus.connections.overview import Wanted
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles import growth, upkeep

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SECRET = "zinnia@example.com"


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    User.objects.update(sees_personal_data=True)
    return signed_in(alice)


@pytest.fixture
def viewer(bob: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(bob)


@pytest.fixture
def connection() -> Connection:
    return new_connection("acme", name="Acme production")


@contextmanager
def worker(store: Session[Any]) -> Iterator[None]:
    """As if one stood ready."""
    store.execute("SELECT pg_advisory_lock_shared(7301881, 4)")
    yield
    store.execute("SELECT pg_advisory_unlock_shared(7301881, 4)")


def text_of(browser: Client, path: str = "/") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def items(browser: Client, path: str = "/") -> list[tuple[str, str, str, str]]:
    """Badge, sentence in bold, sentence in grey, and where its button leads."""
    page = text_of(browser, path)
    found = findall(
        r'<li><span class="badge \w+">.*?</svg>([^<]*)</span>.*?strong" href="[^"]*">(.*?)</a>'
        r'<p class="muted"><bdi>(.*?)</bdi></p>.*?<a class="btn" href="([^"]*)"',
        page,
        flags=DOTALL,
    )
    return [
        (state, title.replace("<bdi>", "").replace("</bdi>", ""), sentence, way)
        for state, title, sentence, way in found
    ]


def badge_of_navigation(browser: Client, path: str = "/") -> int:
    found = search(r'class="count">.*?</svg>([\d,]+)<', text_of(browser, path))
    return int(found[1].replace(",", "")) if found else 0


def failing(goal: Goal, message: str = "The field Region__c is gone.") -> Run:
    run = new_run(goal.connection, RunState.FAILED, {goal: RunState.FAILED})
    RunGoal.objects.filter(run=run).update(message=message, tries=1)
    return run


def test_an_empty_store_teaches_how_to_begin(browser: Client, viewer: Client) -> None:
    assert 'href="/connection-types"' in text_of(browser)
    assert "Needs attention" not in text_of(browser)
    assert 'href="/connection-types"' not in text_of(viewer)
    assert "an editor can add one" in text_of(viewer)


def test_where_nothing_needs_anybody_it_says_that_all_is_well(
    browser: Client, connection: Connection
) -> None:
    ended(connection, {new_goal(connection, IMPORT): RunState.FINISHED})
    assert items(browser) == []
    assert "All is well" in text_of(browser)
    assert badge_of_navigation(browser) == 0


def test_somebody_without_a_role_is_led_to_the_own_account(
    alice: User, signed_in: Callable[[User], Client]
) -> None:
    none = accounts.add("dave@example.com", PASSWORD, role=Role.VIEWER)
    User.objects.filter(id=none.id).update(role="")
    assert signed_in(none).get("/").headers["Location"] == "/account"


def test_a_lost_sign_in_comes_first_and_leads_to_where_it_is_mended(
    browser: Client, viewer: Client, connection: Connection
) -> None:
    goal = new_goal(connection, IMPORT)
    other = new_connection("beta")
    failing(new_goal(other, IMPORT))
    Authorization.objects.filter(connections=connection).update(
        lost_at=timezone.now() - HOUR, user_name="robot@acme"
    )
    failing(goal)
    alerts.evaluate(timezone.now())
    (state, title, sentence, way), second = items(browser)
    assert (state, title) == ("Sign-in lost", "Acme production can\u2019t sign in")
    assert "the sign-in of robot@acme for good" in sentence
    assert "1 run failed since" in sentence
    assert way == "/connections/acme/sign-in"
    assert second[:2] == ("Failed", "beta failed")
    assert items(viewer)[0][3] == "/connections/acme#authorization"
    assert badge_of_navigation(browser) == badge_of_navigation(browser, "/profiles") == 2


def test_when_something_was_is_said_on_the_clocks_of_its_connection_with_their_name(
    browser: Client, alice: User, connection: Connection
) -> None:
    User.objects.filter(id=alice.id).update(timezone="America/New_York")
    Connection.objects.update(timezone="Asia/Tokyo")
    new_goal(connection, IMPORT)
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    other = new_connection("beta", timezone="Europe/Amsterdam")
    Authorization.objects.filter(connections=other).update(lost_at=at)
    facts = {"since": at.isoformat(), "run": 3}
    Alert.objects.create(
        kind="waits_for_calls", about="run 3", connection=connection, facts=facts, opened_at=at
    )
    lost, waits = items(browser)
    assert "for good since 2 July 2026, 00:30 (Europe/Amsterdam)." in lost[2]
    assert "began on 2 July 2026, 07:30 (Asia/Tokyo)" in waits[2]
    assert items(browser, "/connections/acme")[0][2] == waits[2]


def test_a_failure_says_what_was_said_and_how_often_in_a_row(
    browser: Client, viewer: Client, connection: Connection
) -> None:
    goal = new_goal(connection, IMPORT)
    ended(connection, {goal: RunState.FINISHED})
    for _ in range(3):
        run = failing(goal, f"The value '{SECRET}' was refused.")
    (shown,) = items(browser)
    assert shown[:2] == ("Failed", "Acme production failed 3 times in a row")
    assert shown[2] == f"Import leads, run #{run.number}: The value '{SECRET}' was refused."
    assert shown[3] == f"/connections/acme/runs/{run.number}"
    assert SECRET not in text_of(viewer), "viewers here don't see personal data"


def test_a_connection_that_is_on_and_incomplete_says_so_until_it_is_not(
    browser: Client, connection: Connection
) -> None:
    (shown,) = items(browser)
    assert shown[:2] == ("Incomplete", "Acme production is on, and can\u2019t run yet")
    assert shown[3] == "/connections/acme"
    Connection.objects.update(active=False)
    assert items(browser) == []
    assert badge_of_navigation(browser) == 0
    Connection.objects.update(active=True)
    new_goal(connection, IMPORT)
    assert items(browser) == []


def test_a_run_that_waits_for_a_yes_is_reviewed(browser: Client, connection: Connection) -> None:
    goal = new_goal(connection, EXPORT)
    run = new_run(connection, RunState.CONFIRMING, {goal: RunState.CONFIRMING})
    size = {"created": 0, "updated": 71, "removed": 0, "of": 100}
    asked = {"size": size, "version": 1, "at": "2026-01-01", "by": ""}
    RunGoal.objects.filter(run=run).update(asked=asked)
    Run.objects.update(confirm_until=timezone.now() + HOUR)
    (shown,) = items(browser)
    assert shown[:2] == ("To confirm", "Acme production waits for a yes")
    assert "71 % of the 100 members" in shown[2]
    assert shown[3] == f"/connections/acme/runs/{run.number}"
    Run.objects.update(confirm_until=timezone.now() - HOUR)
    assert items(browser) == []


def test_problems_say_the_commonest_and_its_words_only_to_who_may_see_them(
    browser: Client, viewer: Client, connection: Connection, store: Session[Any]
) -> None:
    goal = new_goal(connection, EXPORT)
    run = new_run(connection, RunState.PROBLEMS, {goal: RunState.PROBLEMS})
    code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    counts = {"received": 9, "failed": {code: 5, "STRING_TOO_LONG": 2}, "unchanged": 2}
    RunGoal.objects.filter(run=run).update(counts=counts)
    store.execute(
        "INSERT INTO store.run_problem (profile_id, run_goal, code, message)"
        " VALUES (uuidv7(), %s, %s, %s)",
        [run.goals.get().id, code, f"{SECRET} is wrong"],
    )
    (shown,) = items(browser)
    assert shown[:2] == ("Problems", "Acme production: 7 records failed")
    assert "Most of them, 5: A validation rule of the org refuses" in shown[2]
    assert f"\u201c{SECRET} is wrong\u201d" in shown[2]
    assert shown[3] == f"/connections/acme/runs/{run.number}/rows?goal=contacts_out&outcome=failed"
    assert browser.get(shown[3]).status_code == 200
    (blind,) = items(viewer)
    assert SECRET not in text_of(viewer)
    assert "A validation rule of the org refuses" in blind[2]
    ended(connection, {goal: RunState.FINISHED})
    assert items(browser) == []


def test_values_that_did_not_fit_and_several_profiles_lead_to_their_rows(
    browser: Client, connection: Connection
) -> None:
    goal = new_goal(connection, IMPORT)
    run = new_run(connection, RunState.PROBLEMS, {goal: RunState.PROBLEMS})
    for counts, title in (
        ({"received": 4, "updated": 4, "problems": 3}, "3 values did not fit"),
        (
            {"received": 1, "skipped": {"ambiguous": 1}},
            "1 record matches more than one profile",
        ),
    ):
        RunGoal.objects.filter(run=run).update(counts=counts)
        (shown,) = items(browser)
        assert shown[1] == f"Acme production: {title}"
        assert browser.get(shown[3]).status_code == 200


def test_without_a_worker_all_that_is_late_is_one_thing(
    browser: Client, connection: Connection, store: Session[Any]
) -> None:
    for each in (connection, new_connection("beta")):
        new_goal(each, IMPORT)
    assert items(browser) == [], "nothing waits for a worker"
    Connection.objects.update(due_at=timezone.now() - HOUR)
    (shown,) = items(browser)
    assert shown[:2] == ("No worker", "No worker is running, so nothing starts")
    assert shown[2].startswith("2 connections are late.")
    with worker(store):
        assert [each[0] for each in items(browser)] == ["Did not start"] * 2
        assert items(browser)[1][1] == "beta did not start"


def test_what_is_late_is_seen_on_the_page_of_the_connection_too(
    browser: Client, connection: Connection
) -> None:
    other = new_connection("beta")
    new_goal(connection, IMPORT)
    Connection.objects.filter(id=connection.id).update(due_at=timezone.now() - HOUR)
    (shown,) = items(browser, "/connections/acme")
    assert shown[:2] == ("Did not start", "Acme production did not start")
    assert items(browser, f"/connections/{other.key}") == []


def strange(connection: Connection) -> Alert:
    goal = new_goal(connection, IMPORT)
    return Alert.objects.create(
        kind="fewer_records",
        about=f"goal {goal.id}",
        connection=connection,
        goal=goal,
        facts={"run": 9, "records": 0, "usual": 500, "compared": 8, "since_part": 1},
    )


def test_far_fewer_records_are_taken_as_usual_by_who_may_edit(
    browser: Client, viewer: Client, connection: Connection
) -> None:
    alert = strange(connection)
    address = f"/alerts/{alert.id}/usual"
    assert address in text_of(browser)
    assert address not in text_of(viewer)
    assert viewer.post(address).status_code == 403
    answer = browser.post(address, {"next": "/connections/acme"})
    assert answer.headers["Location"] == "/connections/acme"
    assert "that is taken as usual" in text_of(browser)
    alert.refresh_from_db()
    assert (alert.facts["taken_by"], alert.closed_at is None) == ("alice@example.com", False)
    assert browser.post(address).status_code == 302
    assert "closed already" in text_of(browser)
    assert browser.post("/alerts/99/usual").status_code == 404
    assert browser.post(f"/alerts/{2**63}/usual").status_code == 404


def test_letters_that_wait_lead_to_the_mail_server_only_who_may_set_it_up(
    browser: Client, viewer: Client, connection: Connection
) -> None:
    new_goal(connection, IMPORT)
    facts = {"channel": "email", "waiting": 3, "since": timezone.now().isoformat()}
    Alert.objects.create(kind="letters_wait", about="letters by email", facts=facts)
    (shown,) = items(browser)
    assert shown[:2] == ("Not sent", "E-mail can't be sent")
    assert browser.get(shown[3]).status_code == 200
    page = text_of(viewer)
    assert "E-mail can't be sent" in page
    assert shown[3] not in findall(r'href="([^"]+)"', page)


def test_only_the_most_urgent_are_shown_and_all_are_counted(
    browser: Client, connection: Connection
) -> None:
    for number in range(15):
        failing(new_goal(new_connection(f"c{number}"), IMPORT))
    Authorization.objects.filter(connections=connection).update(lost_at=timezone.now())
    shown = items(browser)
    assert len(shown) == 12
    assert shown[0][0] == "Sign-in lost"
    assert "16 things, most urgent first" in text_of(browser)
    assert "4 more" in text_of(browser)
    assert badge_of_navigation(browser, "/profiles") == 16


def test_the_number_in_the_navigation_is_that_of_the_list(store: Session[Any]) -> None:
    def check() -> int:
        every = overview.connections(Wanted())
        found = sum(each.is_troubled for each in every)
        assert attention.troubled() == (found, len(every))
        return found

    assert check() == 0
    new_connection("empty")
    new_connection("off", active=False)
    new_connection("unsigned", authorization=None)
    assert check() == 2
    new_goal(new_connection("resting"), replace(IMPORT, active=False))
    assert check() == 3, "no goal of it is active"
    Connection.objects.filter(key="resting").delete()
    fine = new_connection("fine")
    goal = new_goal(fine, IMPORT)
    assert check() == 2
    failing(goal)
    assert check() == 3
    Run.every.update(preview=True)
    assert check() == 2, "a preview that failed is no run"
    Authorization.objects.filter(connections=fine).update(flow="browser")
    assert check() == 3
    Authorization.objects.filter(connections=fine).update(sealed_refresh_token=b"x")
    assert check() == 2
    Authorization.objects.filter(connections=fine).update(org_id="00D999999999999AAA")
    assert check() == 3
    Authorization.objects.filter(connections=fine).update(org_id="", lost_at=timezone.now())
    assert check() == 3


def test_a_day_shows_its_worst_run_and_leads_to_it(browser: Client, connection: Connection) -> None:
    goal = new_goal(connection, IMPORT)
    noon = timezone.now().replace(hour=12, minute=0)
    for days, state in (
        (3, "finished"),
        (3, "failed"),
        (3, "finished"),
        (2, "problems"),
        (14, "failed"),
    ):
        run = new_run(connection, RunState(state), {goal: RunState(state)}, received=10)
        at = noon - timedelta(days=days)
        Run.objects.filter(id=run.id).update(queued_at=at, started_at=at)
    page = text_of(browser)
    strip = page[page.index('<svg class="strip"') :].split("</svg>")[0]
    day = noon - timedelta(days=3)
    assert f"{day.day} {day:%b}: 3 runs, 1 failed, 30 records" in strip
    assert findall(r'href="([^"]+)"', strip) == [
        "/connections/acme/runs/2",
        "/connections/acme/runs/4",
    ], "the failed one of three days ago, and the one of two days ago; none of a fortnight ago"
    assert strip.count("<rect") == 14
    assert (strip.count('class="bad"'), strip.count('class="warn"')) == (2, 2)


def test_favourites_come_first_then_what_is_troubled_and_no_more_than_eight(
    browser: Client, alice: User
) -> None:
    for number in range(9):
        planned = {"schedule": {"times_a_day": 1}, "due_at": timezone.now() + 3 * HOUR}
        new_goal(new_connection(f"a{number}", **planned), IMPORT)
    failing(new_goal(new_connection("troubled"), IMPORT))
    new_goal(new_connection("zeta", active=False), IMPORT)
    Connection.objects.get(key="zeta").favoured_by.add(alice)
    page = text_of(browser)
    shown = findall(r'class="plain title" href="/connections/(\w+)"', page)
    assert shown == ["zeta", "troubled", "a0", "a1", "a2", "a3", "a4", "a5"]
    assert "10 of 11 on" in page
    cells = findall(r'data-label="Next run">(.*?)</td>', page, flags=DOTALL)
    assert search(r"in (2 h \d+ min|3 h)", cells[2]), cells
    assert ">Off<" in page
    assert "8 of 11" in page


def test_home_asks_as_often_for_many_as_for_few(browser: Client) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as asked:
            browser.get("/")
        return len(asked)

    def add(number: int) -> None:
        connection = new_connection(f"c{number}")
        failing(new_goal(connection, IMPORT))
        new_run(new_connection(f"p{number}"), RunState.PROBLEMS, {})
        Alert.objects.create(kind="no_api", about=f"authorization {number}", connection=connection)

    add(1)
    few = statements()
    for number in range(2, 7):
        add(number)
    assert statements() == few


def test_hostile_names_are_shown_as_text(browser: Client) -> None:
    name = "<script>alert(1)</script>\u202e'\"" + "x" * 10_000
    connection = new_connection("acme", name=name)
    failing(new_goal(connection, IMPORT), "<img src=x onerror=alert(1)>" * 100)
    page = browser.get("/").content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "<bdi>&lt;script&gt;" in page


def profiles_of(store: Session[Any], *days_ago: float) -> None:
    for days in days_ago:
        store.execute("INSERT INTO store.profile (profile_id) VALUES (uuidv7(%s))", [-days * DAY])


def test_profiles_are_counted_known_and_new(browser: Client, store: Session[Any]) -> None:
    profiles_of(store, 0, 0, 1, 5, 6, 7.5, 13, 20)
    store.execute(
        "INSERT INTO store.identifier (property, value, profile_id)"
        " SELECT n, profile_id::text, profile_id FROM store.profile, generate_series(1, 2) AS n"
        " ORDER BY store.profile.profile_id LIMIT 6"
    )
    page = text_of(browser, "/home/profiles")
    assert ">8</a>" in page
    assert 'href="/profiles?known=yes">3 known</a>, 5 anonymous' in page
    assert ">5</a></p>" in page
    assert page.count('class="f-in"') == 14


@pytest.mark.parametrize(("by", "rows"), [("days", 14), ("weeks", 12), ("months", 12), ("x", 14)])
def test_profiles_over_time_lead_to_those_that_were_made_then(
    browser: Client, store: Session[Any], by: str, rows: int
) -> None:
    profiles_of(store, 0, 3, 3)
    page = text_of(browser, f"/profiles-over-time?{urlencode({'by': by})}")
    assert page.count('<tr><th scope="row">') == rows
    assert '<span class="strong">3</span> new since' in page
    if rows == 14 and by == "days":
        ways = findall(r'<a class="num" href="([^"]+)">2</a>', page)
        assert len(ways) == 1
        behind = text_of(browser, ways[0])
        assert behind.count('href="/profiles/0') >= 2, "the two, and not the newest"
        newest = store.execute("SELECT max(profile_id::text) FROM store.profile").fetchone()
        assert newest is not None
        assert newest[0] not in behind


def test_a_day_begins_where_the_viewer_is() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    first = growth.first_id(datetime(2026, 3, 1, tzinfo=UTC).date(), zone)
    assert first.version == 7
    assert int(first) >> 80 == int(datetime(2026, 2, 28, 15, tzinfo=UTC).timestamp() * 1000)
    assert first <= UUID(int=int(first) + 5)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    day = datetime(2026, 3, 4, tzinfo=UTC).date()
    assert [str(each.begins) for each in growth.weeks(day, 2)] == ["2026-02-23", "2026-03-02"]
    assert [str(each.begins) for each in growth.months(day, 4)] == [
        *["2025-12-01", "2026-01-01", "2026-02-01"],
        "2026-03-01",
    ]
    assert all(
        one.ends == other.begins
        for spans in (growth.days(day, 9), growth.weeks(day, 9), growth.months(day, 30))
        for one, other in pairwise(spans)
    )


def test_a_restored_store_that_is_held_says_so_first_and_an_administrator_lets_it_go_on(
    browser: Client, viewer: Client, connection: Connection, store: Session[Any]
) -> None:
    failing(new_goal(connection, IMPORT))
    upkeep.note(store, upkeep.HELD, made_at="2026-01-31T12:30:00+00:00")
    for path in ("/", "/connections/acme"):
        state, title, sentence, way = items(browser, path)[0]
        assert (state, title) == ("Held", "Restored and held: nothing runs until it is let go on")
        assert "a backup of 2026-01-31 12:30 UTC" in sentence
        assert "isthmus resume" in sentence
        assert way == "/resume"
        assert "Restored and held" in text_of(viewer, path)
        assert "/resume" not in text_of(viewer, path)
    assert "has ended for good" in text_of(browser, "/resume")
    assert upkeep.last(store, upkeep.HELD), "asking lets nothing go on"
    assert viewer.post("/resume").status_code == 403
    answer = browser.post("/resume", follow=True)
    assert "The store goes on: runs start again." in answer.content.decode()
    assert upkeep.last(store, upkeep.HELD) is None
    assert "Restored and held" not in text_of(browser) + text_of(browser, "/connections/acme")
    assert "Nothing is held" in text_of(browser, "/resume")
