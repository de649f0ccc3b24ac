"""Home in a real browser: what needs attention is seen there, and mended from there."""

from playwright.sync_api import Locator, Page, expect

from journeys.conftest import LEADS
from journeys.processes import SECRET, LocalOrg
from journeys.web.browsing import NARROW, WIDE, Pages, check_by_axe
from journeys.web.test_connections import RUN_MS
from journeys.web.test_runs import asked


def _item(page: Page, badge: str) -> Locator:
    return page.locator("#attention li").filter(has=page.locator(".badge", has_text=badge))


def _lose_sign_in(working: Pages) -> None:
    asked(working, b"UPDATE connections_authorization SET lost_at = now(), lost_reason = 'Gone.'")


def test_a_lost_sign_in_is_seen_at_home_and_mended_from_there_by_keyboard(
    working: Pages, org: LocalOrg
) -> None:
    page = working.signed_in()
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page.locator("#attention")).to_contain_text("All is well")
    check_by_axe(page)
    _lose_sign_in(working)
    page.reload()
    lost = _item(page, "Sign-in lost")
    expect(lost).to_contain_text("Acme can\u2019t sign in")
    expect(page.get_by_role("navigation", name="Main")).to_contain_text("1 need attention")
    check_by_axe(page)
    page.set_viewport_size({"width": NARROW, "height": 900})
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    page.set_viewport_size({"width": WIDE, "height": 900})

    lost.get_by_role("link", name="Connect again").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in*")
    page.get_by_role("link", name="Client credentials").click()
    page.get_by_label("My Domain").fill(org.url)
    page.get_by_label("Consumer key").fill("localorg")
    page.get_by_label("Consumer secret").fill(SECRET)
    page.get_by_role("button", name="Try and keep").click()
    page.wait_for_url("**/connections/acme*")
    page.get_by_role("link", name="Home").first.click()
    expect(page.locator("#attention")).to_contain_text("All is well")


def test_a_run_is_confirmed_and_rows_that_are_held_back_are_reached_from_home(
    working: Pages, org: LocalOrg
) -> None:
    working.isthmus.expect("connection", "run", "acme", status=3)
    asked(working, b"UPDATE connections_connection SET confirm_above = 10")
    asked(
        working,
        b"INSERT INTO store.export_skip (profile_id, goal, run_goal, reason)"
        b" SELECT uuidv7(), goal_id, id, 'held'"
        b" FROM connections_rungoal WHERE key = 'contacts_out'",
    )
    asked(
        working,
        b"INSERT INTO connections_alert (kind, about, connection_id, goal_id, facts, opened_at)"
        b" SELECT 'rows_held', 'goal ' || id, connection_id, id, jsonb_build_object("
        b"'rows', 1, 'run', 1, 'code', 'STRING_TOO_LONG', 'failures', 3), now()"
        b" FROM connections_goal WHERE key = 'contacts_out'",
    )
    org.edit("Lead", LEADS // 2)
    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in", "--no-wait")
    page = working.signed_in()
    confirm = _item(page, "To confirm")
    held = _item(page, "Held back")
    expect(_item(page, "Problems")).to_contain_text("1 profile fits no single record")
    # Nothing of a page is polled here: whoever waits for something looks again.
    for _ in range(60):
        if confirm.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(held).to_contain_text("Acme holds 1 row back")
    expect(page.locator("#profiles-count")).to_contain_text("known")
    check_by_axe(page)
    held.get_by_role("link", name="See the rows").click()
    expect(page.locator("main")).to_contain_text("Skipped: held")
    page.go_back()
    confirm.get_by_role("link", name="Review the run").click()
    page.get_by_role("link", name="Let it run").click()
    page.get_by_role("dialog").get_by_role("button", name="Let it run").click()
    expect(page.locator("#run-state")).to_contain_text("Finished", timeout=RUN_MS)
    page.get_by_role("link", name="Home").first.click()
    expect(confirm).to_have_count(0)
    page.get_by_role("link", name="Over time").click()
    page.get_by_role("link", name="12 weeks").click()
    expect(page.get_by_role("table")).to_contain_text("Week from")
    check_by_axe(page)
