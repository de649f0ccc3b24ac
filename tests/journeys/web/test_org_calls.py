"""A run that waits for API calls is seen, the share is raised, and it goes on, in a browser."""

import re

from playwright.sync_api import expect

from journeys.processes import LocalOrg
from journeys.web.browsing import NARROW, Pages, check_by_axe
from journeys.web.test_connections import RUN_MS, first_run


def test_a_run_that_waits_for_api_calls_goes_on_when_the_share_is_raised(
    working: Pages, org: LocalOrg
) -> None:
    org.control("limits", {"DailyApiRequests": 600})
    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in")
    (known,) = working.isthmus.json("org", "list")["orgs"]
    assert known["used_by_isthmus"] > 6
    working.isthmus.expect("org", "share", known["id"], "1")
    page = working.signed_in()
    page.goto("/connections/acme")
    card = page.locator("#api-calls")
    expect(card).to_contain_text("Isthmus has used its share. More are free tomorrow")
    expect(card).to_contain_text("Isthmus may use 6 (1 %)")
    page.get_by_role("button", name="Run now").click()
    first_run(page, "Waiting for API calls")
    row = page.locator("#history tbody tr").first
    expect(row).to_contain_text("goes on tomorrow")
    expect(row).to_contain_text("Isthmus has used the 6 API calls")
    check_by_axe(page)
    row.get_by_role("link").first.click()
    page.wait_for_url("**/runs/*")
    address = page.url
    expect(page.locator("main")).to_contain_text("The run waits for API calls.")
    check_by_axe(page)
    page.get_by_role("link", name="API calls of the org").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("API calls of")
    expect(page.locator("main")).to_contain_text("goes on tomorrow")
    check_by_axe(page)
    page.set_viewport_size({"width": NARROW, "height": 900})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1400, "height": 900})
    page.get_by_label("Percent of the org").fill("101")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#share")).to_contain_text("a whole number of percent from 1 to 100")
    page.get_by_label("Percent of the org").fill("90")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("of the 540 it may use", timeout=RUN_MS)
    page.goto(address)
    ended = re.compile("Finished|With problems")
    expect(page.locator("#run-state")).to_contain_text(ended, timeout=RUN_MS)
