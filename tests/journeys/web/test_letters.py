"""A run ends with problems, a letter arrives, and its links lead to the run."""

import time
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser

from integration.letters import post_office
from integration.letters.post_office import PostOffice
from journeys.processes import PATIENCE_SECONDS, Isthmus, LocalOrg
from journeys.web.browsing import ALICE, NARROW, PASSWORD, Pages, check_by_axe
from journeys.web.conftest import SET_UP, going, pages_of

OPS = "ops@example.com"


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office.opened(PostOffice(port=post_office.free_port())) as found:
        yield found


@pytest.fixture
def told(isthmus: Isthmus, org: LocalOrg, browser: Browser, office: PostOffice) -> Iterator[Pages]:
    """Pages and a worker, with a mail server."""
    command = isthmus.set(
        **org.environment,
        ISTHMUS_WORKER_LOOK_SECONDS="0.2",
        ISTHMUS_SMTP_URL=office.url,
        ISTHMUS_SMTP_FROM="isthmus@example.com",
    )
    command.expect("config", "apply", str(SET_UP))
    command.expect("connection", "schedule", "acme", "--by-hand")
    command.expect("connection", "notify", "acme", "--add", OPS)
    with going(command, "worker"), pages_of(command, browser) as found:
        found.add(ALICE, "--name", "Alice")
        yield found


def _arrived(office: PostOffice) -> EmailMessage:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not office.taken:
        assert time.monotonic() < limit, "no letter arrived"
        time.sleep(0.1)
    ((to, letter),) = office.taken
    assert to == OPS
    return letter


def test_a_letter_leads_to_the_run_that_it_tells_of(told: Pages, office: PostOffice) -> None:
    told.isthmus.expect("connection", "run", "acme", "--no-wait")
    letter = _arrived(office)
    assert str(letter["Subject"]).endswith(": run #1 finished with problems")
    text, html = post_office.texts(letter)
    assert f"{told.address}/connections/acme/runs/1\n" in text
    for words, path in (("Open the run", "/runs/1"), ("Problems by cause", "/runs/1/problems")):
        page = told.anybody(width=NARROW)
        page.set_content(html)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
        page.get_by_role("link", name=words).click()
        told.sign_in(page, ALICE, PASSWORD)
        page.wait_for_url(f"**/connections/acme{path}")
        assert "un #1" in page.locator("h1").inner_text()
    assert len(office.taken) == 1, "one letter and no more"


def test_the_test_button_says_what_the_server_says(told: Pages, office: PostOffice) -> None:
    office.refused[ALICE] = "550 5.1.1 We know no Alice"
    page = told.signed_in()
    page.goto("/mail")
    page.get_by_role("button", name="Send a test e-mail").click()
    page.get_by_text("does not take e-mail for this address (code 550)").wait_for()
    page.get_by_text("We know no Alice").wait_for()
    office.refused.clear()
    page.get_by_role("button", name="Send a test e-mail").click()
    page.get_by_text(f"has taken a test e-mail to {ALICE}").wait_for()
    assert len(office.of(ALICE)) == 1


def test_a_letter_that_nobody_got_is_tried_again_by_a_button(
    told: Pages, office: PostOffice
) -> None:
    office.refused[OPS] = "550 5.1.1 We know no such address"
    told.isthmus.expect("connection", "run", "acme", status=3)
    page = told.signed_in()
    page.goto("/mail")
    limit = time.monotonic() + PATIENCE_SECONDS
    while not page.get_by_text("Who got nothing").count():
        assert time.monotonic() < limit, "nothing was given up"
        page.reload()
    check_by_axe(page)
    office.refused.clear()
    page.get_by_role("button", name="Try again now").click()
    page.get_by_text("1 is tried again now").wait_for()
    _arrived(office)


def test_who_hears_is_changed_in_the_fold(told: Pages) -> None:
    page = told.signed_in()
    page.goto("/connections/acme")
    page.locator(".about-row summary").click()
    check_by_axe(page)
    page.get_by_label("Other addresses").fill("bi@example.com, nobody")
    page.locator(".actions [data-save]").click()
    page.get_by_text("'nobody' is not an e-mail address").wait_for()
    check_by_axe(page)
    page.get_by_label("Other addresses").fill("bi@example.com")
    page.get_by_text("Failures only", exact=True).click()
    page.locator(".actions [data-save]").click()
    page.get_by_text("2 people hear of failures only").first.wait_for()
    assert page.get_by_label("Other addresses").is_visible(), "the fold stays open"
    shown = told.isthmus.json("connection", "notify", "acme")
    assert (shown["to"], shown["when"]) == ([OPS, "bi@example.com"], "failures")
