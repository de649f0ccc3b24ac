"""Webhooks: signed calls to a real HTTP server, and to no other place."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integration import set_up
from integration.letters.conftest import ended
from isthmus.connections import (
    letters,
    secrets,
    sending,
    trying,
    webhook_setting,
    webhooks,
)
from isthmus.connections.models import Connection, Letter, RunState

SECRET = "a secret of the tests"


class Taker:
    """What takes calls: keeps them, and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.headers = 200, dict[str, str]()
        taker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taker.calls.append((self.path, dict(self.headers), body))
                self.send_response(taker.status)
                for name, value in {"Content-Length": "0", **taker.headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - so it is called

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://localhost:{self.port}/hook?for=acme"


@pytest.fixture
def taker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Taker]:
    made = Taker()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    monkeypatch.setenv("ISTHMUS_WEBHOOK_HOSTS", "localhost:*")
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def hooked(store: Any, taker: Taker) -> Connection:
    row = set_up.new_connection(name="Acme \u202e<b>")
    assert webhook_setting.set_webhook(row, taker.url, secret=SECRET) == ""
    row.save()
    return row


def _post(row: Connection) -> Letter:
    letters.post_run(ended(row, RunState.FAILED, started_at=timezone.now()))
    return Letter.objects.latest("id")


def _again() -> None:
    Letter.objects.filter(sent_at=None).update(due_at=timezone.now(), held_until=None)


def test_a_call_is_signed_and_says_what_came_of_the_run(hooked: Connection, taker: Taker) -> None:
    letter = _post(hooked)
    assert sending.call_webhooks() == 1
    letter.refresh_from_db()
    assert letter.sent_at is not None
    ((path, headers, body),) = taker.calls
    assert path == "/hook?for=acme"
    said = json.loads(body)
    assert (said["type"], said["run"]["number"], said["run"]["state"]) == (
        ("run.ended", 1, "failed")
    )
    assert said["connection"] == {"key": "acme", "name": "Acme \u202e<b>"}
    assert headers["Isthmus-Event-Id"] == said["id"]
    parts = dict(each.split("=", 1) for each in headers["Isthmus-Signature"].split(","))
    signed = hmac.new(SECRET.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256)
    assert hmac.compare_digest(parts["v1"], signed.hexdigest())


def test_a_call_that_is_refused_comes_again_under_the_same_id(
    hooked: Connection, taker: Taker
) -> None:
    taker.status = 503
    letter = _post(hooked)
    assert sending.call_webhooks() == 0
    letter.refresh_from_db()
    assert "answers 503" in letter.trouble
    assert letter.due_at > timezone.now()
    taker.status = 204
    _again()
    assert sending.call_webhooks() == 1
    first, second = (headers["Isthmus-Event-Id"] for _, headers, _ in taker.calls)
    assert first == second


def test_a_webhook_that_is_gone_is_not_called_again(hooked: Connection, taker: Taker) -> None:
    taker.status = 410
    letter = _post(hooked)
    sending.call_webhooks()
    letter.refresh_from_db()
    assert letter.given_up_at is not None


def test_a_call_that_was_given_up_is_lost_until_the_webhook_takes_one(
    hooked: Connection, taker: Taker
) -> None:
    taker.status = 410
    _post(hooked)
    sending.call_webhooks()
    assert letters.standing()[1].lost.letters == 1
    taker.status = 200
    assert sending.try_again() == 1
    assert sending.call_webhooks() == 1
    assert letters.standing()[1].lost.letters == 0


def test_a_redirect_is_not_followed(hooked: Connection, taker: Taker) -> None:
    taker.status, taker.headers = 307, {"Location": f"http://localhost:{taker.port}/elsewhere"}
    letter = _post(hooked)
    sending.call_webhooks()
    letter.refresh_from_db()
    assert "leads elsewhere, which is not followed" in letter.trouble
    assert [path for path, _, _ in taker.calls] == ["/hook?for=acme"]


def test_one_webhook_that_is_down_keeps_no_other(
    hooked: Connection, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = set_up.new_connection("dead")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    webhook_setting.set_webhook(dead, f"http://localhost:{port}/", secret=SECRET)
    dead.save()
    first, second = _post(dead), _post(dead)
    last = _post(hooked)
    assert sending.call_webhooks() == 1
    for each in (first, second, last):
        each.refresh_from_db()
    assert (first.tries, second.tries, last.tries) == (1, 0, 1)
    assert "can't be reached" in first.trouble


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.1.2.3/hook",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://0.0.0.0/",
        "http://example.com/",
        "ftp://example.com/",
        "https://user:password@example.com/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com/ x",
        "https://example.com:99999/",
        "https://",
        "example.com/hook",
    ],
)
def test_what_is_in_this_network_or_not_https_is_refused(url: str) -> None:
    assert webhook_setting.trouble(url)


def test_a_host_of_the_internet_is_taken() -> None:
    assert webhook_setting.trouble("https://hooks.example.com:8443/services/T0?x=y") == ""


def test_a_name_that_leads_into_this_network_is_not_connected_to(
    taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that is looked at is the one that is connected to: it is asked for once."""
    asked = []

    def rebinding(host: str, port: int, **_more: object) -> list[Any]:
        asked.append(host)
        address = "93.184.215.14" if len(asked) > 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    url = f"https://rebinding.example.com:{taker.port}/"
    with pytest.raises(webhook_setting.WebhookRefused, match="no address of the public internet"):
        webhooks.call(url, b"{}", secret=SECRET, event="evt_1")
    assert asked == ["rebinding.example.com"]
    assert taker.calls == []


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[str, int]] = []

    def resolve(_host: str, port: int, **_more: object) -> list[Any]:
        places = ("10.0.0.1", "93.184.215.14")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in places]

    def connect(place: tuple[str, int], _seconds: float) -> socket.socket:
        made.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(webhooks.WebhookTrouble, match="can't be reached"):
        webhooks.call("https://hooks.example.com/", b"{}", secret=SECRET, event="evt_1")
    assert made == [("93.184.215.14", 443)]


def test_a_webhook_that_keeps_silent_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_WEBHOOK_HOSTS", "localhost:*")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://localhost:{silent.getsockname()[1]}/"
        with pytest.raises(webhooks.WebhookTrouble, match="did not answer in time"):
            webhooks.call(url, b"{}", secret=SECRET, event="evt_1", answer_seconds=0.2)


def test_a_test_event_says_what_came_of_it(hooked: Connection, taker: Taker) -> None:
    assert trying.try_webhook(hooked).is_good
    assert json.loads(taker.calls[0][2])["type"] == "test"
    taker.status = 500
    found = trying.try_webhook(hooked)
    assert (found.is_good, "answers 500" in found.words) == (False, True)


def test_a_webhook_keeps_its_secret_and_a_new_one_gets_one(store: Any) -> None:
    row = set_up.new_connection()
    made = webhook_setting.set_webhook(row, "https://example.com/a")
    assert len(made) > 40
    assert webhook_setting.set_webhook(row, "https://example.com/b") == ""
    assert secrets.unseal(row.sealed_webhook_secret) == made
    assert webhook_setting.renew(row) != made
    webhook_setting.set_webhook(row, "")
    assert (row.webhook_url, row.sealed_webhook_secret) == ("", b"")


def test_a_webhook_that_was_taken_away_is_not_called(hooked: Connection, taker: Taker) -> None:
    _post(hooked)
    Connection.objects.update(webhook_url="", sealed_webhook_secret=b"")
    assert sending.call_webhooks() == 1
    assert taker.calls == []
    assert not Letter.objects.exists()


def test_the_example_of_the_manual_tells_our_calls_from_others(
    hooked: Connection, taker: Taker
) -> None:
    manual = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(manual.split("```python\n")[1].split("```")[0], names)  # noqa: S102 - our own manual
    trying.try_webhook(hooked)
    ((_, headers, body),) = taker.calls
    check, header = names["is_from_isthmus"], headers["Isthmus-Signature"]
    assert check(SECRET, header, body)
    assert not check("another secret of theirs", header, body)
    assert not check(SECRET, header, body + b" ")
    assert not check(SECRET, header, body, within_seconds=-1)
