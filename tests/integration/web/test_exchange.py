"""Data exchange: the card, the table behind it, the profiles and the CSV."""

import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT
from integration.exchanges import exchanged
from integration.set_up import new_connection, new_goal
from isthmus.connections import exchange, removing
from isthmus.connections.models import Connection, Goal
from isthmus.people.models import User

PAGE = "/connections/acme"
TODAY = date(2026, 11, 23)


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(alice)


@pytest.fixture
def acme(store: Session[Any], monkeypatch: pytest.MonkeyPatch) -> Connection:
    monkeypatch.setattr(exchange, "today", lambda _zone: TODAY)
    connection = new_connection(name="Acme", timezone="Asia/Tokyo")
    new_goal(connection, IMPORT)
    new_goal(connection, EXPORT)
    return connection


def goal_of(connection: Connection, key: str) -> Goal:
    return connection.goals.get(key=key)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.content.decode())


def card(page: str) -> str:
    return page.split('id="data-exchange"')[1].split("</section>", maxsplit=1)[0]


def table(page: str) -> dict[str, list[str]]:
    """By day or week, the numbers beside it."""
    part = page.split('id="days"')[1]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', part, re.DOTALL)
    return {
        name: [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", cells)]
        for name, cells in rows
    }


def test_before_anything_went_the_card_says_what_will_stand_there(
    browser: Client, acme: Connection
) -> None:
    page = text(browser.get(PAGE))
    assert "No profile has come or gone yet" in card(page)
    assert '<svg class="chart"' not in card(page)
    assert "No profile came through this connection" in page


def test_the_card_says_how_many_went_and_how_many_more_than_a_week_ago(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    exchanged(store, goal_of(acme, "leads_in"), {days_ago(40): 1200, days_ago(7): 30, TODAY: 4})
    page = text(browser.get(PAGE))
    assert '">1,234</a>' in card(page)
    assert "4 more than a week ago · one goal" in card(page)
    assert "Days in Asia/Tokyo" in card(page)
    assert re.search(r">1,234</a> profiles came through this connection", page)
    assert "No profile was sent through it" in page
    drawn = re.search(r'<polyline class="line-in" points="([^"]+)"', card(page))
    assert drawn is not None
    assert len(drawn[1].split()) == 13, "12 weeks, and where they begin"
    assert "Imported unique profiles: 0 profiles at the end of 31 Aug 2026, 1,234 profiles" in page


@pytest.mark.parametrize(("period", "points"), [("4w", 29), ("12w", 13), ("1y", 53)])
def test_a_period_is_chosen_by_a_link(
    browser: Client, acme: Connection, store: Session[Any], period: str, points: int
) -> None:
    exchanged(store, goal_of(acme, "leads_in"), {days_ago(400): 5, TODAY: 4})
    chosen = card(text(browser.get(f"{PAGE}?exchange={period}")))
    drawn = re.search(r'<polyline class="line-in" points="([^"]+)"', chosen)
    assert drawn is not None
    assert len(drawn[1].split()) == points
    assert chosen.count('aria-current="true"') == 1
    rows = table(text(browser.get(f"{PAGE}/exchange?period={period}")))
    assert len(rows) == points - 1
    assert [cells[1] for cells in rows.values()] == ["9"] + ["5"] * (points - 2)


def test_table_csv_and_profiles_agree(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    leads, out = goal_of(acme, "leads_in"), goal_of(acme, "contacts_out")
    exchanged(store, leads, {days_ago(40): 7, days_ago(3): 2, TODAY: 60})
    exchanged(store, out, {days_ago(3): 5})
    page = text(browser.get(f"{PAGE}/exchange?period=4w"))
    rows = table(page)
    assert rows["23 Nov 2026"] == ["60", "69", "0", "5"]
    assert rows["20 Nov 2026"] == ["2", "9", "5", "5"]
    assert rows["19 Nov 2026"] == ["0", "7", "0", "0"]
    one = table(text(browser.get(f"{PAGE}/exchange?period=4w&goal={out.id}")))
    assert one["20 Nov 2026"] == ["5", "5"]
    answer = browser.get(f"{PAGE}/exchange.csv")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    whole = [(line["day"], line["new"], line["total"]) for line in lines if not line["goal"]]
    assert ("2026-11-23", "60", "69") in whole
    assert ("2026-11-20", "5", "5") in whole
    link = re.search(r'href="([^"]+)">60</a>', page.split('id="days"')[1])
    assert link is not None
    behind = text(browser.get(link[1].replace("&amp;", "&")))
    assert "60</span> profiles came in for the first time on 23 Nov 2026" in behind
    assert behind.count('<th scope="row">') == 50
    onward = re.search(r'href="([^"]+after=[^"]+)"', behind)
    assert onward is not None
    assert text(browser.get(onward[1].replace("&amp;", "&"))).count('<th scope="row">') == 10


def test_a_deleted_goal_stays_in_chart_and_table(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    leads = goal_of(acme, "leads_in")
    other = new_goal(acme, replace(IMPORT, key="more", name="<b>More</b> \u202e leads"))
    exchanged(store, leads, {days_ago(3): 20})
    exchanged(store, other, {days_ago(2): 10})
    number = leads.id
    with transaction.atomic():
        removing.delete_goal(leads)
    page = text(browser.get(f"{PAGE}/exchange"))
    assert "&lt;b&gt;More&lt;/b&gt;" in page
    goals = page.split('id="goals"')[1].split("</section>")[0]
    assert re.search(r"Import leads</bdi></a><span class=\"sub\">deleted", goals)
    shown = card(text(browser.get(PAGE)))
    assert '">30</a>' in shown
    assert shown.count('<polyline class="line-in dash') == 2
    behind = text(browser.get(f"{PAGE}/exchange/profiles?goal={number}&direction=import"))
    assert "20</span> profiles came in for the first time by <bdi>Import leads</bdi>" in behind


def test_of_twenty_goals_five_have_a_line_and_all_are_in_the_table(
    browser: Client, acme: Connection, store: Session[Any]
) -> None:
    for number in range(20):
        goal = new_goal(acme, replace(IMPORT, key=f"g{number}", name=f"Goal {number} " + "x" * 300))
        exchanged(store, goal, {days_ago(number): number + 1})
    shown = card(text(browser.get(PAGE)))
    assert shown.count('<polyline class="line-in dash') == 5
    assert "16 more goals in the table" in shown
    page = text(browser.get(f"{PAGE}/exchange"))
    assert page.split('id="goals"')[1].split("</section>")[0].count('<th scope="row">') == 22


@pytest.mark.parametrize(
    "address",
    [
        "?exchange=2w",
        "/exchange?period=x",
        "/exchange?goal=0",
        "/exchange?goal=%00",
        "/exchange?goal=99999999999999999999",
        "/exchange/profiles?direction=sideways",
        "/exchange/profiles?goal=x",
        "/exchange/profiles?since=2026-13-01",
        "/exchange/profiles?until=%00",
        "/exchange/profiles?since=%ED%A0%80",
    ],
)
def test_what_is_not_there_is_not_found(browser: Client, acme: Connection, address: str) -> None:
    assert browser.get(PAGE + address).status_code == 404


@pytest.mark.parametrize("after", ["x", "WyJ4Il0=", "WyIyMDI2LTExLTIzIiwgIngiXQ==", "WzEsMiwzXQ=="])
def test_a_cursor_that_is_none_is_refused(browser: Client, acme: Connection, after: str) -> None:
    assert browser.get(f"{PAGE}/exchange/profiles?after={after}").status_code == 400


def test_pages_take_as_many_statements_however_many_goals_and_days_there_are(
    browser: Client,
    acme: Connection,
    store: Session[Any],
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    numbers = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            text(browser.get(f"{PAGE}/exchange?period=1y"))
        numbers.append(len(found))
        for number in range(5):
            goal = new_goal(acme, replace(IMPORT, key=f"g{len(numbers)}{number}"))
            exchanged(store, goal, {days_ago(day): 1 for day in range(30)})
    assert numbers[0] == numbers[1]
