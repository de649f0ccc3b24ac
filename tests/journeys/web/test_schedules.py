"""A schedule in a real browser: by mouse, by keys, on a narrow screen, and without script."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from journeys.processes import Isthmus
from journeys.web.browsing import ALICE, NARROW, Pages, check_by_axe
from journeys.web.test_connections import RUN_MS


@pytest.fixture
def scheduled(pages: Pages) -> Pages:
    """The pages of a store with a connection that is by hand only."""
    pages.isthmus.expect("config", "apply", "--offline", str(_document(pages.isthmus)))
    return pages


def _document(command: Isthmus) -> str:
    path = command.home.parent / "schedules.yaml"
    path.write_text(
        "connections:\n"
        "  - {key: acme, name: Acme, timezone: Europe/Amsterdam, schedule: {by_hand: true}}\n"
    )
    return str(path)


def _opened(page: Page) -> Locator:
    page.goto("/connections/acme")
    return page.locator("#schedule")


def _kind(card: Locator, name: str) -> None:
    card.locator(".choice label").filter(has_text=name).click()


def test_each_kind_is_edited_in_words_with_the_next_five_times(scheduled: Pages) -> None:
    page = scheduled.signed_in()
    card = _opened(page)
    following = card.locator("#schedule-next")
    expect(following).to_contain_text("It runs when somebody asks for it")
    _kind(card, "Times a day")
    card.get_by_label("Times a day", exact=True).last.fill("4")
    expect(following).to_contain_text("4 times a day, at 00:00, 06:00, 12:00 and 18:00")
    expect(following.locator("li")).to_have_count(5)
    _kind(card, "Days of the week")
    card.get_by_label("Saturday").check(force=True)
    expect(following).to_contain_text("Monday to Saturday at 06:00, Europe/Amsterdam")
    card.get_by_role("button", name="Add").click()
    expect(card.get_by_label("One more time").first).to_be_focused()
    page.keyboard.type("18:30")
    expect(following).to_contain_text("Monday to Saturday at 06:00 and 18:30")
    card.get_by_role("button", name="Add").click()
    expect(card.get_by_label("One more time").first).to_be_focused()
    card.get_by_role("button", name="Remove 06:00").click()
    expect(following).to_contain_text("Monday to Saturday at 18:30")
    _kind(card, "Days of the month")
    card.locator(".month label").filter(has_text="Last").click()
    expect(following).to_contain_text("On the 1st and last day of the month at 18:30")
    check_by_axe(page)
    _kind(card, "Weekday of the month")
    card.get_by_label("Weekday", exact=True).select_option("last")
    expect(following).to_contain_text("On the last Monday of the month at 18:30")
    _kind(card, "Cron")
    card.get_by_label("Five fields").fill("0 0 30 2 *")
    expect(card.locator("#schedule-cron-error")).to_contain_text("never comes")
    expect(following.locator("li")).to_have_count(0)
    card.get_by_label("Five fields").fill("30 2 * * sun")
    expect(card.locator("#schedule-cron-error")).to_be_hidden()
    expect(following).to_contain_text("at 02:30 on Sunday, Europe/Amsterdam")
    page.locator("#schedule-zone-button").click()
    page.keyboard.type("lord howe")
    page.keyboard.press("Enter")
    expect(following).to_contain_text("at 02:30 on Sunday, Australia/Lord_Howe")
    page.locator(".actions [data-save]").click()
    expect(page.locator("#schedule-said")).to_contain_text("Cron 30 2 * * sun")
    expect(page.locator("#schedule-note")).to_contain_text("Paused: nobody is signed in")
    page.set_viewport_size({"width": NARROW, "height": 900})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    check_by_axe(page)
    told = scheduled.isthmus.json("connection", "schedule", "acme")
    assert told["schedule"] == {"cron": "30 2 * * sun", "timezone": "Australia/Lord_Howe"}


def test_it_is_set_by_keys_alone(scheduled: Pages) -> None:
    page = scheduled.signed_in()
    card = _opened(page)
    card.locator("input[name=kind]:checked").focus()
    page.keyboard.press("ArrowRight")  # round to the first kind
    expect(card.locator("input[name=kind]:checked")).to_have_value("times_a_day")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # not on Mondays
    expect(card.locator("#schedule-next")).to_contain_text("Tuesday to Friday at 06:00")
    page.keyboard.press("Control+s")
    expect(page.locator("#schedule-said")).to_contain_text("Tuesday to Friday at 06:00")


def test_it_is_set_without_script(scheduled: Pages) -> None:
    page = scheduled.signed_in(scripts=False)
    card = _opened(page)
    _kind(card, "Days of the week")
    card.get_by_label("One more time").fill("18:00")
    card.get_by_role("button", name="Show the next times").click()
    expect(card.locator("#schedule-next li")).to_have_count(5)
    expect(card).to_contain_text("Monday to Friday at 06:00 and 18:00")
    card.get_by_label("Time 1").fill("")
    card.get_by_role("button", name="Save").click()
    expect(card.locator("#schedule-said")).to_contain_text("Monday to Friday at 18:00")


def test_a_connection_runs_by_itself_as_soon_as_it_may_until_it_is_off(working: Pages) -> None:
    """That it pauses and goes on with its sign-in is in `integration/schedules`."""
    page = working.signed_in(ALICE)
    card = _opened(page)
    _kind(card, "Cron")
    card.get_by_label("Five fields").fill("* * * * *")
    page.locator(".actions [data-save]").click()
    history = page.locator("#history tbody tr")
    expect(card.locator("#schedule-said")).to_contain_text("Cron * * * * *")

    def runs() -> bool:
        page.reload()
        return history.filter(has_text="Schedule").count() >= 1

    limit = RUN_MS // 500
    while not runs():
        limit -= 1
        assert limit, "no run started by itself"
        page.wait_for_timeout(500)
    expect(history.last).to_contain_text("Schedule")
    expect(history.last).to_contain_text("#1")
    page.get_by_role("switch").click(force=True)
    expect(page.locator("#schedule-note")).to_contain_text("Off: nothing starts by itself.")
    assert re.search("off", card.locator("#schedule-said").inner_text())


def test_one_save_takes_all_that_was_changed_on_the_page(scheduled: Pages) -> None:
    """And what can't be saved is shown as it was typed, while the rest is kept."""
    page = scheduled.signed_in()
    card = _opened(page)
    _kind(card, "Cron")
    card.get_by_label("Five fields").fill("15 4 * * *")
    expect(card.locator("#schedule-next")).to_contain_text("15 4 * * *")
    page.locator(".about-row summary").click()
    page.get_by_label("Description").fill("Leads of the Nordics")
    page.get_by_label("Other addresses").fill("nobody")
    expect(page.locator("[data-unsaved]")).to_be_visible()
    page.locator(".actions [data-save]").click()
    expect(page.locator("main")).to_contain_text("'nobody' is not an e-mail address")
    expect(page.locator("#schedule-said")).to_contain_text("Cron 15 4 * * *")
    page.get_by_label("Other addresses").fill("bi@example.com")
    page.keyboard.press("Control+s")
    expect(page.locator("#hears")).to_contain_text("1 person hears")
    expect(page.locator(".about-row summary")).to_contain_text("Leads of the Nordics")
