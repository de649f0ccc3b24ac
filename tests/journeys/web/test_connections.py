"""A connection in a real browser: seen, made, run against an org, watched and stopped."""

import signal

from playwright.sync_api import Page, expect

from journeys.processes import LocalOrg
from journeys.web.browsing import NARROW, Pages, check_by_axe, eventually

RUN_MS = 60_000
"""How long a run of a few hundred records may take on a busy machine."""


def first_run(page: Page, words: str) -> None:
    """Wait until the newest run in the history stands so, without loading the page again."""
    row = page.locator("#history tbody tr").first
    expect(row).to_contain_text(words, timeout=RUN_MS)


def test_a_connection_is_seen_run_and_watched(working: Pages) -> None:
    page = working.signed_in()
    page.goto("/connections")
    check_by_axe(page)
    expect(page.get_by_role("row").filter(has_text="Acme")).to_contain_text("In and out")
    page.get_by_role("link", name="Acme", exact=True).click()
    expect(page.locator("#history")).to_contain_text("No run yet")
    check_by_axe(page)
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#toasts")).to_contain_text("Run #1 is queued")
    first_run(page, "Alice")
    expect(page.locator("#history tbody tr").first).to_contain_text("#1")
    eventually(page, lambda: page.locator("#poll[hx-get]").count() == 0, RUN_MS)
    expect(page.locator("#standing")).to_contain_text("In and out")
    expect(page.locator("#straits .flow.in")).to_contain_text("records")
    expect(page.locator("#straits .flow.out")).to_contain_text("members of")
    check_by_axe(page)
    page.goto("/connections")
    expect(page.get_by_role("row").filter(has_text="Acme")).to_contain_text("records")


def test_a_run_against_a_silent_org_is_watched_and_stopped(working: Pages, org: LocalOrg) -> None:
    page = working.signed_in()
    page.goto("/connections/acme")
    org.process.send_signal(signal.SIGSTOP)
    page.get_by_role("button", name="Run now").click()
    first_run(page, "Running")
    expect(page.locator("#standing")).to_contain_text("running")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#toasts")).to_contain_text("Run #2 follows")
    page.get_by_role("button", name="Stop").click()
    second = page.locator("#history tbody tr").nth(1)
    expect(second).to_contain_text("Stopping")
    org.process.send_signal(signal.SIGCONT)
    expect(second).to_contain_text("Stopped", timeout=RUN_MS)
    eventually(page, lambda: page.locator("#poll[hx-get]").count() == 0, RUN_MS)
    expect(page.locator("#straits .flow.in")).to_contain_text("records")


def test_two_clicks_on_one_button_are_meant_once(working: Pages) -> None:
    page = working.signed_in()
    page.goto("/connections/acme")
    page.get_by_role("button", name="Copy leads_in").dblclick()
    expect(page.locator("#toasts")).to_contain_text("was made")
    page.goto("/connections/acme")
    expect(page.locator("#goals tbody tr")).to_have_count(3)
    # What was done is done once more when it is asked for again.
    page.get_by_role("button", name="Copy leads_in", exact=True).click()
    expect(page.locator("#goals tbody tr")).to_have_count(4)
    page.goto("/connection-types/salesforce")
    page.get_by_label("Title").fill("Twice")
    page.locator("main button.primary, .actions button.primary").first.dblclick()
    page.wait_for_url("**/connections/twice*")
    page.goto("/connections")
    expect(page.get_by_role("link", name="Twice", exact=True)).to_have_count(1)


def test_a_connection_is_made_filled_in_and_deleted(pages: Pages) -> None:
    page = pages.signed_in()
    page.goto("/connections")
    expect(page.locator("main")).to_contain_text("There is none yet")
    check_by_axe(page)
    page.locator("main").get_by_role("link", name="Add a connection").first.click()
    check_by_axe(page)
    page.get_by_role("link", name="Salesforce").click()
    page.get_by_label("Title").fill("Trade fair")
    check_by_axe(page)
    page.keyboard.press("Control+s")
    expect(page.locator("main")).to_contain_text("What is missing")
    check_by_axe(page)
    page.get_by_role("link", name="Set-up as YAML").first.click()
    expect(page.locator("pre")).to_contain_text('client_secret: "${TRADE_FAIR_CLIENT_SECRET}"')
    check_by_axe(page)
    page.get_by_role("link", name="Setup and run").click()

    page.locator(".fold summary").first.click()
    page.get_by_label("Other labels").fill("Events, EMEA")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    check_by_axe(page)
    page.keyboard.press("Control+s")
    expect(page.locator(".fold summary").first).to_contain_text("EMEA")

    page.get_by_label("More", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete Trade fair?")
    expect(dialog).to_contain_text("0 goals and 0 runs")
    dialog.get_by_role("button", name="Delete the connection").click()
    expect(page.locator("main")).to_contain_text("Trade fair was deleted.")


def test_all_of_it_works_without_script_on_a_small_screen(working: Pages) -> None:
    page = working.signed_in(width=NARROW, scripts=False)
    page.goto("/connections")
    page.get_by_role("link", name="Acme", exact=True).click()
    row = page.get_by_role("row").filter(has_text="contacts_out")
    row.get_by_role("checkbox").uncheck()
    row.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("contacts_out is off")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("main")).to_contain_text("Run #1 is queued")
    page.get_by_label("Edit the title").click()
    page.get_by_label("Title", exact=True).fill("Acme BV")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Acme BV")
