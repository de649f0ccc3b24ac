"""A run that would change too much, and runs of a few records, in a real browser."""

from playwright.sync_api import Page, expect

from journeys.conftest import LEADS
from journeys.processes import LocalOrg
from journeys.web.browsing import NARROW, Pages, check_by_axe, eventually
from journeys.web.test_connections import RUN_MS, first_run
from journeys.web.test_runs import asked


def _asking(working: Pages, org: LocalOrg) -> Page:
    """A connection that asks above 10 %, with an import that has half of its records changed."""
    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in")
    page = working.signed_in()
    page.goto("/connections/acme")
    page.locator("#asks-first > summary").click()
    page.get_by_label("Percent of a goal").fill("10")
    check_by_axe(page)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#asks-first > summary")).to_contain_text("more than 10 %")
    org.edit("Lead", LEADS // 2)
    page.get_by_role("button", name="Run leads_in only").click()
    first_run(page, "Waiting for confirmation")
    return page


def test_a_run_that_would_change_too_much_asks_and_is_let_go_on(
    working: Pages, org: LocalOrg
) -> None:
    page = _asking(working, org)
    row = page.locator("#history tbody tr").first
    expect(row).to_contain_text("Goal leads_in would ")
    check_by_axe(page)
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#toasts")).to_contain_text("Run #3 follows")
    page.get_by_role("link", name="Review").click()
    expect(page.locator("#waits")).to_contain_text("Without a yes it ends tomorrow")
    page.set_viewport_size({"width": NARROW, "height": 900})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": 1400, "height": 900})
    page.get_by_role("link", name="Let it run").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("that it knows so far")
    check_by_axe(page)
    dialog.get_by_role("button", name="Let it run").click()
    expect(page.locator("#run-state")).to_contain_text("Finished", timeout=RUN_MS)
    expect(page.locator("main")).to_contain_text("agreed to by Alice")
    page.goto("/connections/acme")
    eventually(page, lambda: page.locator("#poll[hx-get]").count() == 0, RUN_MS)


def test_a_run_that_is_not_let_go_on_ends_and_leaves_all_to_the_next(
    working: Pages, org: LocalOrg
) -> None:
    page = _asking(working, org)
    updated = b"SELECT count(*) FROM store.run_record WHERE outcome = 'updated'"
    before = asked(working, updated)
    page.get_by_role("link", name="Don").click()
    page.get_by_role("dialog").get_by_role("button", name="let it run").click()
    expect(page.locator("#run-state")).to_contain_text("Stopped")
    expect(page.locator("main")).to_contain_text("Alice did not agree to it.")
    assert asked(working, updated) == before


def test_a_run_that_nobody_agrees_to_ends_by_itself(working: Pages, org: LocalOrg) -> None:
    page = _asking(working, org)
    asked(working, b"UPDATE connections_run SET confirm_until = now() WHERE state = 'confirming'")
    first_run(page, "Stopped")
    page.locator("#history tbody tr").first.get_by_role("link", name="#2").click()
    expect(page.locator("main")).to_contain_text("Nobody agreed to it in time.")
    check_by_axe(page)


def test_the_first_records_are_taken_and_then_the_rest(working: Pages) -> None:
    page = working.signed_in()
    page.goto("/connections/acme")
    page.get_by_role("link", name="the first ones of leads_in").click()
    check_by_axe(page)
    page.locator("#id_first").fill("25")
    page.get_by_role("button", name="Run only these").click()
    expect(page.locator("h1")).to_have_text("Run #1")
    expect(page.locator("main")).to_contain_text("first 25 only")
    expect(page.locator("#run-state")).not_to_contain_text("Running", timeout=RUN_MS)
    eventually(page, lambda: "25 received" in " ".join(page.locator("#live").inner_text().split()))
    page.goto("/connections/acme")
    page.get_by_role("button", name="Run leads_in only").click()
    expect(page.locator("#history tbody tr").first).to_contain_text(str(LEADS), timeout=RUN_MS)


def test_one_test_record_is_found_sent_and_shown(working: Pages) -> None:
    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in")
    (profile, value) = asked(
        working,
        b"""SELECT held.profile_id, held.value FROM store.identifier AS held
        WHERE held.value LIKE '%@%' LIMIT 1""",
    )[0]
    working.add("carol@example.com", "--name", "Carol", "--personal-data", "--role", "editor")
    page = working.signed_in("carol@example.com")
    page.goto("/connections/acme/goals/contacts_out/only")
    page.locator("#find-profile").fill(value)
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#found")).to_contain_text(str(profile))
    check_by_axe(page)
    page.get_by_role("button", name="Send this profile").click()
    expect(page.locator("main")).to_contain_text("one record only")
    expect(page.locator("#one")).not_to_contain_text("Not known yet", timeout=RUN_MS)
    expect(page.locator("#one .badge")).to_be_visible(timeout=RUN_MS)
    check_by_axe(page)
