"""A browser that looks at the pages, and minds everything that goes wrong in it."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from journeys.processes import Isthmus

REQUIRED = os.environ.get("ISTHMUS_BROWSER") == "required"
"""CI sets it: a browser that is missing there is a failure, not a skip."""

NAMES = ("chromium", "chromium-browser", "google-chrome")
# It asks nobody but the pages, and works in a container.
SWITCHES = [
    *["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    *["--disable-component-update", "--disable-sync"],
]
ALICE, PASSWORD = "alice@example.com", "a quiet harbour"
WIDE, NARROW = 1400, 390
HEIGHT = 900
PATIENCE_MS = 15_000
_REFUSED = re.compile(r"Failed to load resource: .* status of (\d+)")
_OF_FORMS = frozenset({409, 422})
_CONTRASTS = ("light", "dark")


def chromium() -> Path:
    """The browser of this machine; where there is none, whoever asks is skipped."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    message = f"needs Chromium: none of {', '.join(NAMES)} is on the PATH"
    if REQUIRED:
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def started() -> Iterator[Browser]:
    """The browser, without a window. While it runs, this thread has a running event loop."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(kw_only=True)
class Pages:
    """The pages of a running `isthmus web`."""

    isthmus: Isthmus
    address: str
    browser: Browser
    expected: set[int] = field(default_factory=set)
    """Statuses of answers that are no trouble, besides those of refused forms."""
    troubles: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def anybody(self, *, width: int = WIDE, scripts: bool = True) -> Page:
        """A browser of somebody who isn't signed in."""
        context = self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": HEIGHT},
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        self.contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", self._mind)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        return page

    def signed_in(
        self, email: str = ALICE, password: str = PASSWORD, *, width: int = WIDE, **given: Any
    ) -> Page:
        """A browser of somebody who is signed in, on the first page."""
        page = self.anybody(width=width, **given)
        page.goto("/sign-in")
        self.sign_in(page, email, password)
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page

    def sign_in(self, page: Page, email: str, password: str = PASSWORD) -> None:
        """Fill in the form of signing in, and send it."""
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()

    def add(self, email: str, *options: str, password: str = PASSWORD) -> None:
        """Make an account by command."""
        words = ("user", "add", email, "--password-stdin", *options)
        ended = self.isthmus.run(*words, stdin=f"{password}\n")
        assert ended.status == 0, ended

    def _mind(self, message: ConsoleMessage) -> None:
        """Errors of scripts and of the policy on content are both said on the console."""
        if message.type not in {"error", "warning"}:
            return
        refused = _REFUSED.match(message.text)
        if refused and int(refused.group(1)) in _OF_FORMS | self.expected:
            return
        self.troubles.append(f"{message.location.get('url', '')}: {message.text}")

    def end(self) -> None:
        """Close what was opened, and fail where something went wrong in it."""
        for context in self.contexts:
            context.close()
        assert self.troubles == [], self.troubles


def check_by_axe(page: Page, *, widths: tuple[int, ...] = (WIDE, NARROW)) -> None:
    """Fail where axe finds something in the page, in light and dark, on each width.

    The page has to follow the system in light and dark, as it does for whoever chose neither.
    """
    before = page.viewport_size
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in _CONTRASTS:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [f"{width} px, {scheme}: {each}" for each in violations(page)]
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)
    assert found == [], f"{page.url}\n" + "\n".join(found)


def violations(page: Page) -> list[str]:
    """What axe finds in the page as it is now: the rule, and the elements that break it."""
    # The browser's own tools may do what the policy on content denies to the page itself.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']} ({rule['help']}): " + "; ".join(_described(node) for node in rule["nodes"])
        for rule in result["violations"]
    ]


def _described(node: dict[str, Any]) -> str:
    reason = node["failureSummary"].splitlines()[-1].strip()
    return f"{node['html'][:200]} - {reason}"


def _axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def eventually(page: Page, holds: Callable[[], bool], patience_ms: int = PATIENCE_MS) -> None:
    """Wait until something holds, while the page goes on."""
    waited = 0
    while not holds():
        assert waited < patience_ms, "it never came to hold"
        page.wait_for_timeout(50)
        waited += 50
