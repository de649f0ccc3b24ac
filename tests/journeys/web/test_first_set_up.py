"""A whole first set-up in a browser: from an empty store to records in Salesforce."""

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from journeys.processes import SECRET, Isthmus, LocalOrg
from journeys.web.browsing import ALICE, PASSWORD, Pages
from journeys.web.conftest import code_said, going, pages_of

MOST_ACTIONS = 60
USER, USERS_PASSWORD = "integration@localorg.example", "localorg"


@dataclass(kw_only=True)
class Person:
    """Somebody at the pages, whose every click, typed field and choice is one action."""

    page: Page
    actions: list[str] = field(default_factory=list)

    def click(self, what: Locator) -> None:
        self.actions.append(f"click {what}")
        what.click()

    def leave(self, what: Locator) -> None:
        """Click what closes its window: the window is gone before such a click has ended."""
        self.actions.append(f"click {what}")
        what.evaluate("each => setTimeout(() => each.click(), 50)")

    def type(self, what: Locator, text: str) -> None:
        self.actions.append(f"type {text}")
        what.fill(text)

    def pick(self, text: str) -> None:
        """Type into the picker that is open, and take what comes first."""
        self.actions.append(f"pick {text}")
        expect(self.page.locator(".pop input")).to_be_focused()
        self.page.keyboard.type(text)
        expect(self.page.locator(".pop .opt").first).to_be_visible()
        self.page.keyboard.press("Enter")

    def choose(self, what: Locator, value: str) -> None:
        self.actions.append(f"choose {value}")
        what.select_option(value)


@pytest.fixture
def begun(isthmus: Isthmus, org: LocalOrg, browser: Browser) -> Iterator[Pages]:
    """The pages of a store that nobody has an account in, with a worker.

    The app in the org expects people to come back to these pages.
    """
    command = isthmus.set(**org.environment, ISTHMUS_WORKER_LOOK_SECONDS="0.2")
    with going(command, "worker"), pages_of(command, browser) as found:
        callback = f"{found.address}/salesforce/callback"
        org.control("apps/localorg", {"callbacks": [callback]}, method="PATCH")
        yield found


def _make_account(person: Person, code: str) -> None:
    page = person.page
    page.goto("/")
    person.type(page.get_by_label("Code"), code)
    person.type(page.get_by_label("Name"), "Alice")
    person.type(page.get_by_label("E-mail"), ALICE)
    person.type(page.get_by_label("Password"), PASSWORD)
    person.click(page.get_by_role("button", name="Make my account"))
    page.wait_for_url(lambda url: not url.endswith("/start"))


def _make_connection(person: Person) -> None:
    page = person.page
    person.click(page.get_by_role("link", name="Add a connection").first)
    person.click(page.get_by_role("link", name="Salesforce"))
    person.type(page.get_by_label("Title"), "Acme")
    person.click(page.get_by_role("button", name="Save"))
    page.wait_for_url("**/connections/acme")


def _enter_app(person: Person) -> None:
    """The app that people sign in through, which nobody has entered yet."""
    page = person.page
    person.type(page.get_by_label("Consumer key"), "localorg")
    person.type(page.get_by_label("Consumer secret"), SECRET)
    person.click(page.get_by_role("button", name="Save the app"))


def _sign_in(person: Person, org: LocalOrg) -> None:
    """In the window that opens, as a user of the org, who allows access."""
    page = person.page
    person.click(page.get_by_role("link", name="Connect with Salesforce").first)
    _enter_app(person)
    person.click(page.get_by_text("My Domain", exact=True).first)
    person.type(page.get_by_role("textbox", name="My Domain"), org.url)
    with page.expect_popup() as opened:
        person.click(page.get_by_role("button", name="Connect with Salesforce"))
    popup = opened.value
    person.type(popup.get_by_label("Username"), USER)
    person.type(popup.get_by_label("Password"), USERS_PASSWORD)
    person.click(popup.get_by_role("button", name="Log in"))
    with popup.expect_event("close"):
        person.leave(popup.get_by_role("button", name="Allow"))
    expect(page.locator("#sign-in-said")).to_contain_text(f"is connected: {USER} in localorg")
    person.click(page.get_by_role("link", name="Go on with Acme"))


def _make_property(person: Person) -> None:
    """On the spot, as it is proposed from the field."""
    page = person.page
    person.click(page.locator(".pop [data-make-it]"))
    person.click(page.locator("#dialog").get_by_role("button", name="Make it"))
    expect(page.locator("#dialog")).to_be_hidden()


def _make_import(person: Person) -> None:
    page = person.page
    person.click(page.locator("summary").filter(has_text="Add goal"))
    person.click(page.get_by_role("link", name="Import"))
    expect(page.locator("#known")).to_contain_text("fields that this user may see")
    person.click(page.locator("#field-m1-button"))
    person.pick("email")
    _make_property(person)
    person.click(page.get_by_label("Allow creating profiles"))
    for row, name in ((1, "first name"), (2, "last name")):
        if row == 1:
            person.click(page.locator("#field-r1-button"))
        else:
            person.click(page.get_by_role("button", name="Add row"))
        person.pick(name)
        _make_property(person)
    person.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_text("Import leads was saved.")).to_be_visible()


def _preview(person: Person) -> Page:
    page = person.page
    person.click(page.locator(".actions").get_by_role("button", name="Preview"))
    expect(page.locator("#h-counts")).to_be_visible(timeout=60_000)
    return page


def _counted(page: Page) -> dict[str, int]:
    found = {}
    for name in ("created", "updated", "unchanged", "removed", "skipped", "failed"):
        text = page.locator(f"#of-{name} .v").inner_text()
        found[name] = int(text.replace(",", ""))
    return found


def _run(person: Person, row: str) -> dict[str, int]:
    """Run one goal, and read what came of it."""
    page = person.page
    person.click(page.get_by_role("link", name="Setup and run"))
    person.click(page.get_by_role("button", name=f"Run {row} only"))
    return _ended(page, row)


def _switch_on(person: Person, row: str) -> dict[str, int]:
    """The first run begins by itself: read what came of a goal in it."""
    page = person.page
    person.click(page.get_by_role("link", name="Setup and run"))
    person.click(page.get_by_role("switch"))
    expect(page.get_by_role("switch")).to_be_checked()
    return _ended(page, row)


def _ended(page: Page, row: str) -> dict[str, int]:
    goal = page.locator("#goals tbody tr").filter(has_text=row)
    expect(goal).to_contain_text(re.compile("Finished|With problems"), timeout=60_000)
    split = goal.locator("svg.split").get_attribute("aria-label") or ""
    found = re.findall(r"(\w+) ([\d,]+)", split.partition(": ")[2])
    return {name: int(number.replace(",", "")) for name, number in found}


def _make_segment(person: Person) -> None:
    page = person.page
    person.click(page.get_by_role("link", name="Segments"))
    person.click(page.get_by_role("link", name="Add a segment").first)
    person.type(page.get_by_role("textbox", name="Name"), "Reachable people")
    person.click(page.locator("[id='subject-c.0-button']"))
    person.pick("email")
    person.choose(page.locator("[id='operator-c.0']"), "is_not_empty")
    expect(page.locator("#estimate")).to_contain_text("profiles")
    person.click(page.get_by_role("button", name="Save"))
    page.wait_for_url("**/segments/reachable_people")


def _make_export(person: Person) -> None:
    page = person.page
    person.click(page.get_by_role("link", name="Connections"))
    person.click(page.get_by_role("link", name="Acme"))
    person.click(page.locator("summary").filter(has_text="Add goal"))
    person.click(page.get_by_role("link", name="Export"))
    expect(page.locator("#known")).to_contain_text("fields that this user may see")
    # The only segment that there is has been chosen.
    expect(page.locator("#members")).to_contain_text("Members now")
    person.click(page.get_by_role("button", name="Suggest"))
    person.click(page.get_by_role("button", name="Take all"))
    person.click(page.get_by_role("button", name="Save"))
    expect(page.get_by_text("Export contacts was saved.")).to_be_visible()


def test_from_an_empty_store_to_exported_in_under_sixty_actions(
    begun: Pages, org: LocalOrg, said_by_web: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = code_said(said_by_web)
    person = Person(page=begun.anybody())
    _make_account(person, code)
    _make_connection(person)
    _sign_in(person, org)
    _make_import(person)
    foreseen = _counted(_preview(person))
    assert foreseen["created"] > 0
    done = _switch_on(person, "Import leads")
    assert {name: number for name, number in foreseen.items() if number} == done
    _make_segment(person)
    _make_export(person)
    foreseen = _counted(_preview(person))
    assert foreseen["created"] > 0
    before = _contacts(begun, org)
    done = _run(person, "Export contacts")
    assert {name: number for name, number in foreseen.items() if number} == done
    assert _contacts(begun, org) == before + foreseen["created"]
    with capsys.disabled():
        print(f"\n{len(person.actions)} actions from an empty store to exported")  # noqa: T201 - the figure is asked for
    assert len(person.actions) < MOST_ACTIONS, "\n".join(person.actions)


def _contacts(pages: Pages, org: LocalOrg) -> int:
    """How many contacts the org has, asked by itself."""
    asked = urllib.parse.urlencode(
        {"grant_type": "client_credentials", "client_id": "localorg", "client_secret": SECRET}
    ).encode()
    with urllib.request.urlopen(f"{org.url}/services/oauth2/token", asked) as answer:  # noqa: S310
        token = json.load(answer)["access_token"]
    query = urllib.parse.urlencode({"q": "SELECT COUNT() FROM Contact"})
    request = urllib.request.Request(  # noqa: S310
        f"{org.url}/services/data/v62.0/query?{query}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return int(json.load(answer)["totalSize"])
