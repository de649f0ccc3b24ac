"""`isthmus web`: the pages from a real process."""

import http.cookiejar
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from journeys.processes import Going, Isthmus, free_port

PASSWORD = "a quiet harbour"
END_SECONDS = 5


class Browser:
    """Asks like a browser: keeps cookies, follows, and sends a page's token back with its form."""

    def __init__(self, address: str) -> None:
        self.address = address
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def get(self, path: str, **headers: str) -> Any:
        return self._open(path, None, headers)

    def send(self, path: str, **values: str) -> Any:
        page = self.get(path).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token is not None
        values["csrfmiddlewaretoken"] = token.group(1)
        return self._open(path, urllib.parse.urlencode(values).encode(), {})

    def _open(self, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own process, by http
            self.address + path, body, headers
        )
        return self.opener.open(request)


@contextmanager
def serving(isthmus: Isthmus) -> Iterator[tuple[Browser, Going]]:
    port = free_port()
    with isthmus.start("web", "--port", str(port)) as going:
        going.wait_for("Pages: ")
        browser = Browser(f"http://localhost:{port}")
        for _ in range(200):
            try:
                browser.get("/health")
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield browser, going


def end(going: Going) -> None:
    asked = time.monotonic()
    going.process.send_signal(signal.SIGINT)
    assert going.process.wait(30) == 0
    assert time.monotonic() - asked < END_SECONDS


def test_pages_from_the_first_start_to_the_next_one(isthmus: Isthmus) -> None:
    with serving(isthmus) as (browser, going):
        going.wait_for("with this code: ")
        going.wait_for("\n")
        code = re.findall(r"with this code: ([A-Z0-9-]{19})", going.said)[0]
        given = {"name": "Alice", "email": "alice@example.com", "password": PASSWORD}
        page = browser.send("/start", code=code, **given)
        assert page.url.endswith("/people")
        assert "Alice" in page.read().decode()
        end(going)
    assert [user["email"] for user in isthmus.json("user", "list")["users"]] == [
        "alice@example.com"
    ]
    with serving(isthmus) as (browser, going):
        page = browser.send("/sign-in", email="alice@example.com", password=PASSWORD)
        assert page.url.endswith("/people")
        assert "code" not in going.said
        styles = re.findall(r'href="(/static/[^"]+\.css)"', page.read().decode())
        assert len(styles) == 3
        for path in styles:
            answer = browser.get(path, **{"Accept-Encoding": "gzip"})
            assert answer.headers["Content-Encoding"] == "gzip"
            assert "immutable" in answer.headers["Cache-Control"]
        end(going)


def test_a_session_outlives_the_process_that_it_began_in(isthmus: Isthmus) -> None:
    isthmus.run("user", "add", "alice@example.com", "--password-stdin", stdin=f"{PASSWORD}\n")
    with serving(isthmus) as (browser, going):
        browser.send("/sign-in", email="alice@example.com", password=PASSWORD)
        end(going)
    with serving(isthmus) as (later, going):
        browser.address = later.address
        assert browser.get("/people").url.endswith("/people")


def test_a_port_that_is_taken_is_said(isthmus: Isthmus) -> None:
    with serving(isthmus) as (browser, _going):
        port = browser.address.rpartition(":")[2]
        ended = isthmus.run("web", "--port", port)
        assert ended.status == 1
        assert port in ended.err
        assert "--port" in ended.err


@pytest.mark.parametrize("port", ["0", "x", "70000"])
def test_what_is_no_port_is_misuse(shared_isthmus: Isthmus, port: str) -> None:
    assert "port" in shared_isthmus.expect("web", "--port", port, status=2).err
