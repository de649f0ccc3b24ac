"""A person with a browser: opens a URL, logs in, allows what is asked, follows to the end.

Run as a program it is what `BROWSER` can name: `python person.py URL`.
"""

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

USERNAME = "integration@localorg.example"
PASSWORD = "localorg"
_MOST_PAGES = 5


@dataclass
class Form(HTMLParser):
    """The first form of a page: where it goes, its fields and the button that is chosen."""

    action: str | None = None
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = given.get("action", "")
        if self.action is None or "name" not in given:
            return
        if tag == "input":
            self.fields[given["name"]] = given.get("value", "")
        if tag == "button" and given.get("value") == "allow":
            self.fields[given["name"]] = "allow"


def log_in_and_allow(url: str) -> str:
    """The last page's text."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    place, page = _opened(browser, url)
    for _ in range(_MOST_PAGES):
        form = Form()
        form.feed(page)
        if form.action is None:
            return page
        known = {"username": USERNAME, "password": PASSWORD}
        fields = form.fields | {name: known[name] for name in known if name in form.fields}
        place, page = _opened(browser, urljoin(place, form.action), urlencode(fields).encode())
    raise AssertionError(f"There is a form on every page, at last at {place}: {page}")


def _opened(browser: OpenerDirector, url: str, data: bytes | None = None) -> tuple[str, str]:
    with browser.open(url, data, timeout=30) as answer:
        return answer.url, answer.read().decode()


if __name__ == "__main__":
    log_in_and_allow(sys.argv[1])
