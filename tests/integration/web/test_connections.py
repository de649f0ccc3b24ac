"""The list of connections, making one, and finding it again."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integration.connections.worlds import EXPORT, IMPORT, SIGNED_OUT, ended, new_run
from integration.set_up import new_connection, new_goal
from isthmus import blueprint
from isthmus.connections.models import Authorization, Connection, RunState
from isthmus.people.models import User

HOSTILE = "\N{RIGHT-TO-LEFT OVERRIDE}<script>alert(1)</script>'\"" + "W" * 10_000


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(alice)


@pytest.fixture
def viewer(bob: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(bob)


def text(answer: Any) -> str:
    return str(answer.content.decode())


def titles(answer: Any) -> list[str]:
    return re.findall(r'<a class="plain title" href="/connections/(\w+)">', text(answer))


def test_an_empty_store_teaches_what_a_connection_is_and_offers_one_to_editors(
    browser: Client, viewer: Client
) -> None:
    page = text(browser.get("/connections"))
    assert "brings profiles in from Salesforce" in page
    assert page.count('href="/connection-types"') == 2
    assert "/connection-types" not in text(viewer.get("/connections"))


def test_the_list_says_how_each_stands_in_words(browser: Client) -> None:
    both = new_connection("both", name="Vantaa production", labels=["CRM"])
    leads, contacts = new_goal(both, IMPORT), new_goal(both, EXPORT)
    ended(both, {leads: RunState.FINISHED, contacts: RunState.FAILED}, received=68_001)
    new_connection("new", active=False, **SIGNED_OUT)
    page = text(browser.get("/connections"))
    for said in ("Error out", "136,002 records", "Never saved", "No sign-in yet", "CRM"):
        assert said in page
    assert "Run #1, today" in page


def test_the_list_says_why_one_that_is_on_is_not_well_and_where_to_go(
    browser: Client, viewer: Client
) -> None:
    failing = new_connection("failing", name="Failing")
    leads = new_goal(failing, IMPORT)
    ended(failing, {leads: RunState.FAILED})
    lost = new_connection("lost", name="Lost")
    new_goal(lost, IMPORT)
    Authorization.objects.filter(connections=lost).update(lost_at=timezone.now())
    new_goal(new_connection("off", active=False, **SIGNED_OUT), IMPORT)
    new_connection("unready", name="Unready")
    page = text(browser.get("/connections"))
    assert page.count('class="sub reason"') == 3
    assert re.search(r"run #1.*?/connections/failing/runs/1\">See the run", page)
    assert "Salesforce has refused the sign-in" in page
    assert re.search(r'/connections/lost#authorization">Connect again', page)
    assert "It has no sign-in, or no active goal." in page
    assert "Connect again" not in text(viewer.get("/connections"))


def test_favourites_come_first_then_titles_whatever_their_case(
    browser: Client, alice: User
) -> None:
    for key in ("B", "a", "c"):
        new_connection(key)
    Connection.objects.get(key="c").favoured_by.add(alice)
    assert titles(browser.get("/connections")) == ["c", "a", "B"]


def test_a_thousand_connections_are_pages_of_which_none_repeats_or_leaves_one_out(
    browser: Client,
) -> None:
    made = [Connection(key=f"c{number}", name=f"Same name {number % 3}") for number in range(1_000)]
    Connection.objects.bulk_create(made)
    seen: list[str] = []
    address = "/connections?q=same"
    while address:
        page = browser.get(address)
        seen += titles(page)
        following = re.search(r'href="(/connections\?[^"]*after=[^"&]+[^"]*)">Next', text(page))
        address = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == 1_000
    assert len(set(seen)) == 1_000
    assert "1,000 connections" in text(page)


def test_filters_hold_at_once_and_each_says_how_many_there_are_with_the_others(
    browser: Client, alice: User
) -> None:
    for key, active, labels in (("a", True, ["CRM"]), ("b", False, ["CRM"]), ("c", True, [])):
        new_connection(key, active=active, labels=labels).favoured_by.add(alice)
    new_connection("d", labels=["CRM"])
    page = browser.get("/connections?label=CRM&favourites=favourites")
    assert titles(page) == ["a", "b"]
    counts = dict(re.findall(r'(All|On|Off|Favourites) <span class="n">(\d+)</span>', text(page)))
    assert counts == {"All": "2", "On": "1", "Off": "1", "Favourites": "2"}
    assert "Incomplete (2)" in text(page)
    only_off = browser.get("/connections?label=CRM&state=off")
    assert dict(re.findall(r'(On|Favourites) <span class="n">(\d+)</span>', text(only_off))) == {
        "On": "2",
        "Favourites": "1",
    }
    assert 'href="/connections?label=CRM"' in text(page)


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("last", ["early", "late", "never"]),
        ("-last", ["late", "early", "never"]),
        ("next", ["early", "late", "never"]),
        ("-next", ["late", "early", "never"]),
    ],
)
def test_the_list_is_in_order_of_runs_and_what_has_none_comes_last(
    browser: Client, sort: str, found: list[str]
) -> None:
    for key in ("never", "late", "early"):
        connection = new_connection(key, schedule={"by_hand": True})
        if key != "never":
            goal = new_goal(connection, IMPORT)
            ended(connection, {goal: RunState.FINISHED})
            at = timezone.now() + timedelta(days=1 if key == "late" else -1)
            connection.runs.update(started_at=at)
            Connection.objects.filter(id=connection.id).update(due_at=at)
    assert titles(browser.get(f"/connections?sort={sort}")) == found


def test_an_order_by_runs_is_pages_of_which_none_repeats_or_leaves_one_out(
    browser: Client,
) -> None:
    now = timezone.now()
    Connection.objects.bulk_create(
        Connection(key=f"c{number}", name="x", due_at=now + timedelta(hours=number // 9))
        for number in range(100)
    )
    for sort in ("next", "-next", "name", "-name", "last"):
        seen: list[str] = []
        address = f"/connections?sort={sort}"
        while address:
            page = browser.get(address)
            seen += titles(page)
            following = re.search(r'href="(/connections\?[^"]*after=[^"&]+[^"]*)">Next', text(page))
            address = following[1].replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) == 100


def test_a_page_of_many_takes_as_many_statements_as_a_page_of_one(browser: Client) -> None:
    def statements(address: str) -> int:
        with CaptureQueriesContext(database) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    def add(key: str) -> None:
        connection = new_connection(key)
        goal = new_goal(connection, IMPORT)
        for _ in range(14):
            ended(connection, {goal: RunState.FINISHED})

    add("first")
    alone = statements("/connections"), statements("/connections/first")
    for number in range(30):
        add(f"c{number}")
    first = Connection.objects.get(key="first")
    for number in range(12):
        new_goal(first, replace(IMPORT, key=f"g{number}"))
    assert (statements("/connections"), statements("/connections/first")) == alone


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=VANTAA", ["vantaa"]),
        ("q=nothing", []),
        ("q=%00", []),
        ("q=%ed%a0%80", []),
        ("label=CRM", ["vantaa"]),
        ("label=none", []),
        ("state=off", ["fair"]),
        ("state=on", ["vantaa"]),
        ("state=attention", ["vantaa"]),
        ("state=favourites", []),
        ("state=strange", ["fair", "vantaa"]),
        ("state=off&q=vantaa", []),
        ("health=incomplete", ["fair", "vantaa"]),
        ("health=strange&sort=strange&favourites=strange", ["fair", "vantaa"]),
        ("state=on&label=CRM&health=incomplete", ["vantaa"]),
        ("state=on&favourites=favourites", []),
        ("sort=-name", ["vantaa", "fair"]),
    ],
)
def test_the_list_is_searched_and_filtered(browser: Client, query: str, found: list[str]) -> None:
    new_connection("vantaa", name="Vantaa production", labels=["CRM"])
    new_connection("fair", name="Trade fair", active=False)
    assert titles(browser.get(f"/connections?{query}")) == found


def test_a_favourite_is_set_for_oneself_by_viewers_too_and_leads_back(
    viewer: Client, browser: Client
) -> None:
    new_connection()
    back = "/connections?state=favourites"
    marked = {"favourite": "on", "next": back}
    assert viewer.post("/connections/acme/favourite", marked)["Location"] == back
    assert titles(viewer.get(back)) == ["acme"]
    assert titles(browser.get(back)) == []
    viewer.post("/connections/acme/favourite", {"next": "https://evil.example"})
    assert titles(viewer.get(back)) == []


def test_nobody_is_led_to_another_site(browser: Client) -> None:
    new_connection()
    answer = browser.post("/connections/acme/switch", {"next": "https://evil.example"})
    assert answer["Location"] == "/"


def test_a_switch_works_in_the_list_and_not_for_viewers(browser: Client, viewer: Client) -> None:
    connection = new_connection()
    browser.post("/connections/acme/switch", {})
    connection.refresh_from_db()
    assert not connection.active
    assert viewer.post("/connections/acme/switch", {"active": "on"}).status_code == 403
    assert "/switch" not in text(viewer.get("/connections"))
    browser.post("/connections/acme/switch", {"active": "on"})
    connection.refresh_from_db()
    assert connection.active


def test_names_that_are_not_nice_are_shown_as_text(browser: Client) -> None:
    new_connection("odd", name=HOSTILE, labels=["<script>alert(1)</script>"], description=HOSTILE)
    for address in ("/connections", "/connections/odd", "/connections/odd/yaml"):
        page = text(browser.get(address))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_new_connection_is_off_incomplete_and_says_how_to_go_on(browser: Client) -> None:
    assert "Salesforce" in text(browser.get("/connection-types"))
    given = {"name": "Trade fair", "kind_of_org": "sandbox", "timezone": "Europe/Amsterdam"}
    answer = browser.post("/connection-types/salesforce", given)
    assert answer["Location"] == "/connections/trade_fair"
    made = Connection.objects.get(key="trade_fair")
    assert (made.active, made.sandbox, made.timezone) == (False, True, "Europe/Amsterdam")
    page = text(browser.get("/connections/trade_fair"))
    for said in ("It has no sign-in", "It has no goal", "isthmus config apply trade_fair.yaml"):
        assert said in page
    document = text(browser.get("/connections/trade_fair/document.yaml"))
    assert 'client_secret: "${TRADE_FAIR_CLIENT_SECRET}"' in document


def test_the_document_that_is_offered_can_be_applied_and_completes_the_connection(
    browser: Client,
) -> None:
    given = {"name": "Fair", "kind_of_org": "production", "timezone": "UTC"}
    browser.post("/connection-types/salesforce", given)
    answer = browser.get("/connections/fair/document.yaml")
    assert answer["Content-Disposition"] == 'attachment; filename="fair.yaml"'
    environment = {"FAIR_CLIENT_SECRET": "open sesame"}
    blueprint.apply(blueprint.read(text(answer), name="fair.yaml", environment=environment))
    made = Connection.objects.get(key="fair")
    assert made.authorization is not None
    after = text(browser.get("/connections/fair/document.yaml"))
    assert blueprint.read(after, name="x", environment=environment) == blueprint.read(
        text(answer), name="x", environment=environment
    )
    assert "open sesame" not in after


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"name": " ", "kind_of_org": "production", "timezone": "UTC"},
        {"name": "x" * 201, "kind_of_org": "production", "timezone": "UTC"},
        {"name": "a\0b", "kind_of_org": "production", "timezone": "UTC"},
        {"name": "x", "kind_of_org": "moon", "timezone": "UTC"},
        {"name": "x", "kind_of_org": "production", "timezone": "Mars/Phobos"},
    ],
)
def test_what_is_not_right_is_said_and_what_was_typed_stays(
    browser: Client, given: dict[str, str]
) -> None:
    answer = browser.post("/connection-types/salesforce", given)
    assert (answer.status_code, Connection.objects.count()) == (422, 0)
    assert 'class="error"' in text(answer)


@pytest.mark.parametrize(
    "address",
    [
        "/connection-types/sap",
        "/connections/none",
        "/connections/a%00b",
        "/connections/%ed%a0%80",
        "/connections/none/yaml",
        "/connections/acme/goals/none/delete",
    ],
)
def test_what_is_not_there_is_not_found(browser: Client, address: str) -> None:
    new_connection()
    assert browser.get(address).status_code == 404


def test_a_run_that_goes_on_is_seen_in_the_list(browser: Client) -> None:
    connection = new_connection()
    leads = new_goal(connection, IMPORT)
    run = new_run(connection, RunState.RUNNING, {leads: RunState.RUNNING})
    run.goals.update(done=861_200, step="merge")
    page = text(browser.get("/connections"))
    assert "In, running" in page
    assert "861,200 records" in page
    assert "so far" in page
