"""A run in a real browser: watched, followed from a problem to its record, and its log compared."""

import csv
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page, expect

from isthmus import embedded
from journeys.web.browsing import Pages, check_by_axe, eventually

HOSTILE = "<b>bold</b> \u202e=1+1"
RUN = "/connections/acme/runs/1"


def asked(pages: Pages, statement: bytes) -> list[tuple[Any, ...]]:
    """Look into the store, or change it."""
    with (
        embedded.running(pages.isthmus.home) as server,
        psycopg.connect(server.conninfo, autocommit=True) as session,
    ):
        found = session.execute(statement)
        return found.fetchall() if found.description else []


@pytest.fixture
def run(working: Pages) -> Pages:
    """A run that met problems: two that differ in a record only, and one that is hostile."""
    working.isthmus.expect("connection", "run", "acme", "--goal", "leads_in")
    asked(
        working,
        b"""INSERT INTO store.run_problem
            (run_goal, record_id, profile_id, field, property, code, message)
        SELECT run_goal, record_id, profile_id, 'Title', 'title', 'wrong_type', 'Title of '''
            || record_id || ''' does not fit.'
        FROM (SELECT * FROM store.run_record ORDER BY record_id LIMIT 2) AS record""",
    )
    asked(
        working,
        b"""INSERT INTO store.run_problem (run_goal, record_id, code, message)
        SELECT max(id), '00Q000000000001AAA', 'NEW_CODE',
            '<b>bold</b> ' || chr(8238) || '=1+1' FROM connections_rungoal""",
    )
    asked(working, b"UPDATE connections_run SET state = 'problems'")
    return working


def open_cause(page: Page, words: str) -> Any:
    cause = page.locator("details.cause", has_text=words)
    cause.locator(".badge").click()
    return cause


def test_a_problem_is_followed_to_its_record(run: Pages) -> None:
    page = run.signed_in()
    page.goto("/connections/acme/runs")
    page.get_by_role("link", name="Run #1", exact=True).click()
    expect(page.get_by_role("heading", name="Problems, by cause")).to_be_visible()
    cause = open_cause(page, "wrong_type")
    expect(page.locator(".cause-row", has=cause).locator("a.cnt")).to_contain_text("2")
    expect(cause.locator("tbody tr")).to_have_count(2)
    cause.get_by_role("link", name="All 2 rows").click()
    row = page.locator("tr.run-line").first
    record = row.locator(".id").first.inner_text().strip()
    row.hover()
    row.get_by_role("link", name=f"Why of {record}").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(record)
    story = page.locator("#rows")
    expect(story).to_contain_text("A profile was created.")
    expect(story).to_contain_text("does not fit")


def test_the_log_is_downloaded_and_is_the_store(run: Pages, tmp_path: Path) -> None:
    page = run.signed_in()
    page.goto("/connections/acme/runs")
    row = page.locator("tbody tr").first
    row.hover()
    with page.expect_download() as download:
        row.get_by_role("link", name="Download log of run #1").click()
    assert download.value.suggested_filename == "acme-run-1.csv"
    download.value.save_as(tmp_path / "log.csv")
    with (tmp_path / "log.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    kept = asked(
        run,
        b"""SELECT record_id, profile_id::text, code FROM store.run_problem
        UNION ALL SELECT record_id, profile_id::text, coalesce(reason, outcome)
        FROM store.run_record""",
    )
    got = [(line["record id"], line["profile id"], line["code"]) for line in lines]
    wanted = [tuple(cell or "" for cell in row) for row in kept]
    assert sorted(got[1:-2]) == sorted(wanted)  # without the lines of the run itself


def test_every_number_leads_to_rows_and_pages_stand_axe_and_hostile_words(run: Pages) -> None:
    page = run.signed_in()
    page.goto(RUN)
    open_cause(page, "NEW_CODE")
    expect(page.locator("details.cause b")).to_have_count(0)
    expect(page.locator("#problems")).to_contain_text("<b>bold</b>")
    check_by_axe(page)
    for address in (f"{RUN}/rows?outcome=created", f"{RUN}/problems", "/connections/acme/runs"):
        page.goto(address)
        check_by_axe(page)
    page.goto(RUN)
    page.locator(".legend a").first.click()
    expect(page.locator("tr.run-line").first).to_be_visible()
    page.get_by_label("Search by record id or profile id").fill("Zinnia")
    expect(page.locator("#rows")).to_contain_text("neither a record id")


def test_a_run_is_watched_without_loading_the_page_again(working: Pages) -> None:
    asked(
        working,
        b"""INSERT INTO connections_run (connection_id, number, state, "full", goal_keys,
            asked_by, confirmed_by, queued_at, started_at, wait_until, fence, api_calls, message,
            preview, "only")
        SELECT id, 1, 'waiting', false, '[]', 'Bob', '', now(), now(), now() + interval '1 day',
            0, 0, '', false, ''
        FROM connections_connection""",
    )
    page = working.signed_in()
    page.goto(RUN)
    expect(page.locator("#run-state")).to_contain_text("Waiting for API calls")
    page.evaluate("window.same = true")
    asks: list[str] = []
    page.on("request", lambda request: asks.append(request.url))
    page.get_by_role("button", name="Stop").focus()
    asked(working, b"UPDATE connections_run SET api_calls = 7")
    eventually(page, lambda: len(asks) >= 2)
    assert page.evaluate("document.activeElement.textContent").strip() == "Stop"
    asked(working, b"UPDATE connections_run SET state = 'stopped', finished_at = now()")
    expect(page.locator("#run-state")).to_contain_text("Stopped")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert page.evaluate("window.same")
    asks.clear()
    page.wait_for_timeout(4500)
    assert asks == []


def test_pages_of_runs_work_without_scripts(run: Pages) -> None:
    page = run.signed_in(scripts=False)
    page.goto(RUN)
    page.get_by_role("link", name="Show the problems by cause").click()
    page.locator("details.cause").first.locator(".badge").click()
    page.locator("details.cause").first.get_by_role("link", name="All").click()
    page.get_by_label("Search by record id or profile id").fill("00Q000000000001AAA")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tr.run-line")).to_have_count(1)
