"""Signing in to Salesforce in a real browser: everything that people and orgs do on the way."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from journeys.processes import SECRET, Isthmus, LocalOrg, running_org
from journeys.web.browsing import ALICE, NARROW, Pages, check_by_axe
from journeys.web.conftest import pages_of

USER, PASSWORD = "integration@localorg.example", "localorg"
_numbers = count(1)


@dataclass(kw_only=True)
class There:
    """An org, an app of its own in it, and the pages that know the app."""

    pages: Pages
    org: LocalOrg
    app: str  # its consumer key, and its name here

    def page(self, connection: str, **given: object) -> Page:
        """A browser of the administrator, on the page that connects a connection of that name."""
        page = self.pages.signed_in(**given)  # type: ignore[arg-type]
        self.make(page, connection)
        page.goto(f"/connections/{connection.lower()}/sign-in")
        return page

    def make(self, page: Page, connection: str) -> None:
        page.goto("/connection-types/salesforce")
        page.get_by_label("Title").fill(connection)
        page.locator(".actions").get_by_role("button", name="Save").click()
        page.wait_for_url(f"**/connections/{connection.lower()}")

    def choose(self, page: Page, host: str = "") -> None:
        """Choose this org and app in the form."""
        page.get_by_text("My Domain", exact=True).first.click()
        page.get_by_role("textbox", name="My Domain").fill(host or self.org.url)
        app = page.locator("select[name=app]")
        if app.count():
            app.select_option(label=self.app)

    def connect(self, page: Page, connection: str, host: str = "") -> None:
        """Connect one that is there, the way that most people go."""
        page.goto(f"/connections/{connection.lower()}/sign-in")
        self.choose(page, host)
        popup = opened(page)
        log_in(popup)
        through(popup)
        expect(page.locator("#sign-in-said")).to_contain_text("is connected")

    def change(self, **app: object) -> None:
        self.org.control(f"apps/{self.app}", app, method="PATCH")

    def end_sessions(self) -> None:
        self.org.control("sessions", {}, method="DELETE")


@pytest.fixture(scope="module")
def known(
    shared_isthmus: Isthmus, shared_org: LocalOrg, browser: Browser
) -> Iterator[tuple[Pages, LocalOrg]]:
    """The pages of a store, and an org that they reach by two names."""
    hosts = f"{shared_org.host},localhost:{urlsplit(shared_org.url).port}"
    command = shared_isthmus.set(**{**shared_org.environment, "ISTHMUS_SALESFORCE_HOSTS": hosts})
    with pages_of(command, browser) as pages:
        pages.add(ALICE, "--name", "Alice")
        pages.add("erin@example.com", "--name", "Erin", "--role", "editor")
        pages.add("bob@example.com", "--name", "Bob")
        yield pages, shared_org


@pytest.fixture
def there(known: tuple[Pages, LocalOrg]) -> Iterator[There]:
    """An app of this test alone: Salesforce counts approvals by app."""
    pages, org = known
    found = There(pages=pages, org=org, app=f"app{next(_numbers)}")
    callback = f"{pages.address}/salesforce/callback"
    found.change(secret=SECRET, callbacks=[callback], name=found.app, run_as=USER)
    page = pages.signed_in()
    page.goto("/new-salesforce-app")
    page.get_by_label("Name").fill(found.app)
    page.get_by_label("Consumer key").fill(found.app)
    page.get_by_label("Consumer secret").fill(SECRET)
    page.keyboard.press("Control+s")
    page.wait_for_url("**/salesforce-apps")
    yield found
    assert pages.troubles == [], pages.troubles


def opened(page: Page) -> Page:
    """The window that the click on *Connect with Salesforce* opens."""
    with page.expect_popup() as popup:
        page.get_by_role("button", name="Connect with Salesforce").click()
    return popup.value


def log_in(page: Page, password: str = PASSWORD, *, user: str = USER) -> None:
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def allow(popup: Page) -> None:
    answer(popup, "Allow")


def answer(popup: Page, word: str) -> None:
    """Press a button of a window that then closes itself: it is gone before a click has ended."""
    with popup.expect_event("close"):
        button = popup.get_by_role("button", name=word)
        button.evaluate("each => setTimeout(() => each.click(), 50)")


def through(popup: Page) -> None:
    """Allow access where Salesforce asks: who has allowed it once is not asked again."""
    button = popup.get_by_role("button", name="Allow")
    while not popup.is_closed():
        try:
            button.evaluate("each => setTimeout(() => each.click(), 50)", timeout=500)
        except Error:
            continue


def said(page: Page) -> Locator:
    return page.locator("#sign-in-said")


def card(page: Page) -> Locator:
    return page.locator("#authorization")


def test_a_new_connection_is_connected_and_the_page_says_with_whom(there: There) -> None:
    page = there.pages.signed_in()
    there.make(page, "Allowed")
    expect(card(page)).to_contain_text("Not connected")
    check_by_axe(page)
    page.get_by_role("link", name="Connect with Salesforce").first.click()
    there.choose(page)
    expect(page.locator("#host-said")).to_contain_text(f"Opens {there.org.host}")
    check_by_axe(page)
    page.evaluate("window.marked = true")
    popup = opened(page)
    expect(said(page)).to_contain_text("Go on in Salesforce")
    check_by_axe(page)
    assert "prompt=login" in popup.url or popup.get_by_label("Username").is_visible()
    log_in(popup)
    allow(popup)
    expect(said(page)).to_contain_text(f"is connected: {USER} in localorg")
    expect(page.locator("#connect")).to_contain_text("View Setup and Configuration granted")
    assert page.evaluate("window.marked") is True
    check_by_axe(page)
    page.get_by_role("link", name="Go on with Allowed").click()
    expect(card(page)).to_contain_text("by Alice")
    expect(card(page)).to_contain_text("1 of 4 for this user and app")
    expect(page.locator("#shore")).to_contain_text("localorg")
    check_by_axe(page)
    card(page).get_by_role("link", name="1 of 4").click()
    expect(page.locator("#rows")).to_contain_text("Allowed")
    check_by_axe(page)


def test_refusing_leaves_everything_as_it_was_and_says_so(there: There) -> None:
    page = there.page("Denied")
    there.choose(page)
    popup = opened(page)
    log_in(popup)
    answer(popup, "Deny")
    expect(said(page)).to_contain_text("access was not allowed")
    check_by_axe(page)
    page.goto("/connections/denied")
    expect(card(page)).to_contain_text("Not connected")


def test_the_button_keeps_its_place_while_the_host_is_looked_at(there: There) -> None:
    page = there.page("Steady")
    there.choose(page)
    button = page.get_by_role("button", name="Connect with Salesforce")
    before = button.bounding_box()
    expect(page.locator("#host-said")).to_contain_text(f"Opens {there.org.host}")
    assert button.bounding_box() == before


def test_refusing_leaves_an_older_sign_in_as_it_was(there: There) -> None:
    page = there.pages.signed_in()
    there.make(page, "Kept")
    there.connect(page, "Kept")
    page.goto("/connections/kept/sign-in")
    there.choose(page)
    popup = opened(page)
    log_in(popup, user="amara@localorg.example")  # who has not allowed it yet
    answer(popup, "Deny")
    expect(said(page)).to_contain_text("access was not allowed")
    page.goto("/connections/kept")
    expect(card(page)).to_contain_text(USER)
    there.end_sessions()
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("#toasts .toast")).to_contain_text(f"is connected: {USER}")


def test_a_window_that_is_closed_is_noticed_and_can_be_opened_again(there: There) -> None:
    page = there.page("Closed")
    there.choose(page)
    popup = opened(page)
    popup.get_by_label("Username").wait_for()
    popup.close()
    expect(said(page)).to_contain_text(
        "was closed before the sign-in was done. Nothing was changed"
    )
    check_by_axe(page)
    with page.expect_popup() as again:
        page.get_by_role("button", name="Open it again").click()
    log_in(again.value)
    allow(again.value)
    expect(said(page)).to_contain_text("is connected")


def test_a_wrong_password_is_between_the_person_and_salesforce(there: There) -> None:
    page = there.page("Mistyped")
    there.choose(page)
    popup = opened(page)
    log_in(popup, "wrong")
    expect(popup.locator("main")).to_contain_text("check your username and password")
    expect(said(page)).to_contain_text("Go on in Salesforce")
    log_in(popup)
    allow(popup)
    expect(said(page)).to_contain_text("is connected")


def test_where_pop_ups_are_blocked_a_link_leads_there(there: There) -> None:
    page = there.page("Blocked")
    page.evaluate("window.open = () => null")
    there.choose(page)
    page.get_by_role("button", name="Connect with Salesforce").click()
    expect(said(page)).to_contain_text("Your browser blocked")
    check_by_axe(page)
    with page.context.expect_page() as tab:
        page.get_by_role("link", name="Open Salesforce").click()
    log_in(tab.value)
    tab.value.get_by_role("button", name="Allow").click()
    expect(said(page)).to_contain_text("is connected")


def test_an_answer_that_nobody_asked_for_and_one_that_comes_twice_are_not_taken(
    there: There,
) -> None:
    there.pages.expected.add(400)
    page = there.page("Forged")
    page.goto("/salesforce/callback?code=aPrx&state=made-up")
    expect(page.locator("main")).to_contain_text("belongs to no sign-in that was begun in this")
    assert "code" not in page.url
    check_by_axe(page)
    page.goto("/salesforce/callback?error=x&error_description=%3Cscript%3Ealert(1)%3C/script%3E")
    expect(page.locator("main")).not_to_contain_text("alert")
    page.goto("/connections/forged/sign-in")
    there.choose(page)
    answers: list[str] = []
    page.context.on(
        "request", lambda each: answers.append(each.url) if "/callback?" in each.url else None
    )
    popup = opened(page)
    log_in(popup)
    allow(popup)
    expect(said(page)).to_contain_text("is connected")
    page.goto(answers[-1])
    expect(page.locator("main")).to_contain_text("was taken before and counts only once")
    other = there.pages.signed_in("erin@example.com")
    other.goto(answers[-1])
    expect(other.locator("main")).to_contain_text("belongs to no sign-in that was begun in this")
    there.pages.expected.clear()


def test_a_fifth_sign_in_of_a_user_is_stopped_before_it_ends_the_oldest(there: There) -> None:
    page = there.pages.signed_in()
    for number in range(1, 6):
        there.make(page, f"Fifth{number}")
    for number in range(1, 5):
        there.connect(page, f"Fifth{number}")
    page.goto("/connections/fifth5/sign-in")
    there.choose(page)
    page.keyboard.press("Tab")
    expect(page.locator("#host-said")).to_contain_text("4 sign-ins")
    before = len(page.context.pages)
    page.get_by_role("button", name="Connect with Salesforce").click()
    expect(page.locator("#host-said")).to_contain_text("Fifth1")
    assert len(page.context.pages) == before
    check_by_axe(page)
    # By another name of the host nobody knows before that it is the same user.
    there.choose(page, f"http://localhost:{urlsplit(there.org.url).port}")
    popup = opened(page)
    log_in(popup)
    through(popup)
    expect(said(page)).to_contain_text("has 4 sign-ins to this org already")
    grants = there.org.control("grants", {}, method="GET")["grants"]
    assert sum(each["client_id"] == there.app for each in grants) == 4
    page.get_by_role("link", name="Share another connection").click()
    check_by_axe(page)
    page.get_by_role("radio", name="Fifth1").check()
    page.get_by_role("button", name="Share it").click()
    expect(card(page)).to_contain_text("Shared with")
    expect(card(page)).to_contain_text("4 of 4")


def test_a_sign_in_that_was_revoked_turns_health_to_error_and_is_connected_again(
    there: There,
) -> None:
    page = there.pages.signed_in()
    there.make(page, "Revoked")
    there.connect(page, "Revoked")
    there.org.control(f"grants?client_id={there.app}", {}, method="DELETE")
    page.goto("/connections/revoked")
    page.get_by_role("button", name="Check again").click()
    expect(card(page)).to_contain_text("Sign-in lost")
    expect(card(page)).to_contain_text("Connect to Salesforce again")
    expect(page.locator("#standing")).to_contain_text("Sign-in lost")
    check_by_axe(page)
    page.get_by_role("switch").check()
    expect(page.locator("#toasts")).to_contain_text("Revoked is on")
    page.goto("/connections?state=attention")
    row = page.get_by_role("row").filter(has_text="Revoked")
    expect(row).to_contain_text("Sign-in lost")
    check_by_axe(page)
    row.get_by_role("link", name="Connect again").click()
    with page.expect_popup() as popup:
        card(page).get_by_role("button", name="Connect again").click()
    log_in(popup.value)
    through(popup.value)
    expect(card(page)).to_contain_text("Connected")
    expect(page.locator("#standing")).not_to_contain_text("Sign-in lost")


def test_a_refresh_token_that_rotates_is_kept_and_goes_on(there: There) -> None:
    there.change(rotate_refresh_tokens=True)
    page = there.pages.signed_in()
    there.make(page, "Rotated")
    there.connect(page, "Rotated")
    page.goto("/connections/rotated")
    for _ in range(3):
        there.end_sessions()
        page.get_by_role("button", name="Check again").click()
        expect(page.locator("#toasts .toast")).to_contain_text("is connected")
        page.locator("#toasts").get_by_role("button", name="Close").click()
    expect(card(page)).to_contain_text("Connected")


def test_a_permission_that_is_missing_is_shown_with_what_it_is_for(there: There) -> None:
    there.org.control(
        "rights", {"user": USER, "permission": "ManageDataIntegrations", "given": False}
    )
    try:
        page = there.pages.signed_in()
        there.make(page, "Lacking")
        there.connect(page, "Lacking")
        expect(said(page).locator(".note.warn")).to_contain_text("lacks Manage Data Integrations")
        page.goto("/connections/lacking")
        page.get_by_role("button", name="Check again").click()
        toast = page.locator("#toasts .toast")
        expect(toast).to_contain_text("lacks Manage Data Integrations")
        expect(toast.locator(".toast-icon[data-warn]")).to_be_visible()
        expect(toast.locator(".toast-icon")).to_have_count(1)
        toast.get_by_role("button", name="Close").click()
        expect(card(page)).to_contain_text("Manage Data Integrations missing")
        expect(card(page)).to_contain_text("Runs go on without it")
        card(page).get_by_text("How to grant it").click()
        expect(card(page)).to_contain_text("Permission Sets")
        check_by_axe(page)
    finally:
        there.org.control("rights", {}, method="DELETE")
    page.get_by_role("button", name="Check again").click()
    expect(card(page)).to_contain_text("Manage Data Integrations granted")


def test_it_works_without_script_in_one_window(there: There) -> None:
    page = there.page("Plain", scripts=False, width=NARROW)
    page.locator("label").filter(has_text="My Domain").first.click()
    there.choose(page)
    page.get_by_role("button", name="Connect with Salesforce").click()
    page.get_by_label("Username").wait_for()
    log_in(page)
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/connections/plain")
    expect(page.locator("main")).to_contain_text("is connected")
    expect(card(page)).to_contain_text("Connected")


def test_it_works_by_keyboard_alone(there: There) -> None:
    page = there.page("Keys")
    page.get_by_role("radio", name="Production").or_(
        page.get_by_role("radio", name="My Domain")
    ).first.focus()
    for _ in range(3):
        if page.evaluate("document.activeElement.value") != "my_domain":
            page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type(there.org.url)
    there.choose(page)  # of several apps, the one of this test
    page.get_by_role("textbox", name="My Domain").focus()
    with page.expect_popup() as popup:
        page.keyboard.press("Enter")
    log_in(popup.value)
    with popup.value.expect_event("close"):
        popup.value.get_by_role("button", name="Allow").focus()
        popup.value.keyboard.press("Enter")
    expect(said(page)).to_contain_text("is connected")


def test_client_credentials_are_tried_before_they_are_kept_and_never_shown(there: There) -> None:
    page = there.page("Machine")
    page.get_by_role("link", name="Client credentials").click()
    check_by_axe(page)
    page.get_by_label("My Domain").fill(there.org.url)
    page.get_by_label("Consumer key").fill(there.app)
    page.get_by_label("Consumer secret").fill("not this one")
    page.get_by_role("button", name="Try and keep").click()
    expect(page.locator("#connect")).to_contain_text("was not connected")
    assert "not this one" not in page.content()
    check_by_axe(page)
    page.get_by_label("Consumer secret").fill(SECRET)
    page.get_by_role("button", name="Try and keep").click()
    expect(card(page)).to_contain_text("Client credentials")
    expect(card(page)).to_contain_text("Connected")
    assert SECRET not in page.content()


def test_a_key_is_made_here_and_its_certificate_given_to_the_app(there: There) -> None:
    page = there.page("Signed")
    page.get_by_role("link", name="JWT").click()
    check_by_axe(page)
    there.choose(page)
    page.get_by_label("Consumer key").fill(there.app)
    page.get_by_label("User name").fill(USER)
    page.get_by_role("button", name="Make a key and certificate here").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the certificate").click()
    certificate = Path(download.value.path()).read_text(encoding="ascii")
    assert certificate.startswith("-----BEGIN CERTIFICATE-----")
    check_by_axe(page)
    page.get_by_role("button", name="Try and keep").click()
    expect(page.locator("#connect")).to_contain_text("was not connected")
    there.change(certificate=certificate, permitted_users="admin_approved", pre_authorised=[USER])
    page.get_by_role("button", name="Try and keep").click()
    expect(card(page)).to_contain_text("JWT bearer")
    expect(card(page)).to_contain_text("Connected")
    expect(card(page)).to_contain_text("Download")


def test_an_app_in_use_is_not_deleted_and_its_secret_is_never_shown(there: There) -> None:
    page = there.pages.signed_in()
    there.make(page, "Used")
    there.connect(page, "Used")
    page.goto("/salesforce-apps")
    check_by_axe(page)
    page.get_by_role("link", name=there.app, exact=True).click()
    assert SECRET not in page.content()
    check_by_axe(page)
    page.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("while connections sign in through it: 'Used'")
    expect(dialog.get_by_role("button", name="Delete the app")).to_have_count(0)
    page.goto("/connections/used")
    card(page).get_by_role("link", name="Disconnect").click()
    expect(dialog).to_contain_text("Salesforce is told to take it back")
    dialog.get_by_role("button", name="Disconnect").click()
    expect(card(page)).to_contain_text("Not connected")
    grants = there.org.control("grants", {}, method="GET")["grants"]
    assert all(each["client_id"] != there.app for each in grants)


def test_another_org_at_the_same_address_stops_until_it_is_accepted(
    isthmus: Isthmus, org_template: Path, browser: Browser, place: Path
) -> None:
    for name in ("before.db", "after.db"):
        shutil.copy(org_template, place / name)
    with running_org(place / "before.db") as org:
        command = isthmus.set(**org.environment)
        port = urlsplit(org.url).port or 0
        with pages_of(command, browser) as pages:
            pages.add(ALICE, "--name", "Alice")
            page = pages.signed_in()
            _made_by_form(page, org)
            first = card(page).locator(".id code, .id span").first.inner_text()
            org.process.terminate()
            org.process.wait(20)
            with running_org(place / "after.db", port=port, number=2):
                page.get_by_role("button", name="Check again").click()
                expect(card(page)).to_contain_text("Other org")
                expect(card(page)).to_contain_text("now signs in to org")
                check_by_axe(page)
                card(page).get_by_role("link", name="Accept the new org").click()
                dialog = page.get_by_role("dialog")
                expect(dialog).to_contain_text("0 links between records and profiles")
                check_by_axe(page)
                dialog.get_by_role("button", name="Accept the new org").click()
                expect(card(page)).to_contain_text("Connected")
                expect(card(page)).not_to_contain_text(first)


def _made_by_form(page: Page, org: LocalOrg) -> None:
    page.goto("/connection-types/salesforce")
    page.get_by_label("Title").fill("Refreshed")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/connections/refreshed")
    page.goto("/connections/refreshed/sign-in?way=client_credentials")
    page.get_by_label("My Domain").fill(org.url)
    page.get_by_label("Consumer key").fill("localorg")
    page.get_by_label("Consumer secret").fill(SECRET)
    page.get_by_role("button", name="Try and keep").click()
    expect(card(page)).to_contain_text("Connected")
