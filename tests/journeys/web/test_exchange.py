"""Unique profiles in a real browser: run twice, a goal deleted, chart, table and CSV compared."""

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from journeys.web.browsing import Pages, check_by_axe


def numbers(page: Page) -> list[list[str]]:
    """The cells of the table by week, newest first."""
    rows = page.locator("#days tbody tr")
    return [row.locator("td").all_inner_texts() for row in rows.all()]


def test_profiles_are_counted_once_and_stay_counted(working: Pages, tmp_path: Path) -> None:
    page = working.signed_in()
    page.goto("/connections/acme")
    card = page.locator("#data-exchange")
    for _ in range(2):
        working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in", "--full")
        page.reload()
        total = card.locator("figure").first.locator(".stat .v").inner_text()
        assert int(total.replace(",", "")) > 0
        expect(page.locator("#exchange a.num").first).to_have_text(total)
    said = working.isthmus.json("connection", "exchange", "acme")
    assert f"{said['imported']:,}" == total

    card.get_by_role("link", name="4 weeks").click()
    expect(card.locator("a[aria-current]")).to_have_text("4 weeks")
    check_by_axe(page)
    card.get_by_role("link", name="The table behind it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Data exchange")
    before = numbers(page)
    assert before[0][:2] == [total, total]
    check_by_axe(page)

    page.goto("/connections/acme/goals/leads_in/delete")
    page.get_by_role("button", name="Delete").click()
    page.goto("/connections/acme/exchange?period=4w")
    expect(page.locator("#goals tbody tr", has_text="deleted")).to_contain_text(total)
    assert numbers(page) == before
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    download.value.save_as(tmp_path / "days.csv")
    with (tmp_path / "days.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["direction"] == "import"]
    whole = [line for line in lines if not line["goal"]]
    (gone,) = [line for line in lines if line["goal"] == "leads_in"]
    assert whole[-1]["total"] == gone["total"] == total.replace(",", "")
    assert gone["goal deleted"] == "yes"

    page.locator("#days tbody tr").first.locator("a").first.click()
    expect(page.locator(".card header")).to_contain_text(f"{total} profile")
    check_by_axe(page)
