"""`isthmus web`: the pages from a real process."""

import http.cookiejar
import json
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import psycopg
import pytest

from isthmus import embedded
from journeys.processes import PATIENCE_SECONDS, Going, Isthmus, free_port

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
        assert urllib.parse.urlsplit(page.url).path == "/"
        assert "Alice" in page.read().decode()
        end(going)
    assert [user["email"] for user in isthmus.json("user", "list")["users"]] == [
        "alice@example.com"
    ]
    with serving(isthmus) as (browser, going):
        page = browser.send("/sign-in", email="alice@example.com", password=PASSWORD)
        assert urllib.parse.urlsplit(page.url).path == "/"
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


def status_of(browser: Browser, path: str) -> tuple[int, str]:
    try:
        answer = browser.get(path)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read().decode()


def test_health_says_whether_the_database_answers_and_pages_come_back_with_it(
    isthmus: Isthmus,
) -> None:
    with serving(isthmus) as (browser, going):
        assert status_of(browser, "/health") == (200, '{"status": "ok", "database": "ok"}')
        server = embedded.status(isthmus.home).process_id
        assert server is not None
        process = psutil.Process(server)
        process.kill()
        # It is a child of this process, which takes note of its end.
        process.wait(PATIENCE_SECONDS)

        status, body = status_of(browser, "/health")
        assert (status, json.loads(body)["status"]) == (503, "unavailable")
        status, body = status_of(browser, "/start")
        assert status == 503
        assert "database" in body
        assert "Traceback" not in body

        isthmus.expect("profiles", "count")  # which starts it again
        assert status_of(browser, "/health")[0] == 200
        assert status_of(browser, "/start")[0] == 200
        end(going)


def test_behind_a_proxy_with_https_cookies_and_answers_are_for_https_alone(
    isthmus: Isthmus,
) -> None:
    command = isthmus.set(ISTHMUS_URL="https://isthmus.example.com")
    with serving(command) as (browser, going):
        assert "Pages: https://isthmus.example.com" in going.said
        answer = browser.get("/start", Host="isthmus.example.com")
        cookies = answer.headers.get_all("Set-Cookie")
        assert len(cookies) == 1
        assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
        end(going)


@pytest.mark.parametrize("port", ["0", "x", "70000"])
def test_what_is_no_port_is_misuse(shared_isthmus: Isthmus, port: str) -> None:
    assert "port" in shared_isthmus.expect("web", "--port", port, status=2).err


def test_what_went_wrong_is_in_the_log_without_anybodys_data(isthmus: Isthmus) -> None:
    with (
        serving(isthmus) as (browser, going),
        embedded.running(isthmus.home) as server,
        psycopg.connect(server.conninfo, autocommit=True) as session,
    ):
        session.execute("ALTER TABLE people_user RENAME TO elsewhere")
        try:
            with pytest.raises(urllib.error.HTTPError) as caught:
                browser.get("/start?secret=zinnia@example.com")
        finally:
            session.execute("ALTER TABLE elsewhere RENAME TO people_user")
        assert caught.value.code == 500
        caught.value.close()
        going.wait_for("page failed")
        going.wait_for("ProgrammingError")
        assert going.said.count("page failed") == 1
        assert "zinnia" not in going.said
        assert "people_user" not in going.said
        end(going)
