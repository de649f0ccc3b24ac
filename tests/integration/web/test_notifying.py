"""Pages about who hears of runs, and about the mail server."""

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integration.letters import post_office
from integration.letters.conftest import ended
from integration.letters.post_office import PostOffice
from integration.set_up import new_connection
from integration.web.conftest import seen
from isthmus.connections import letters, mail_server, secrets, webhook_setting
from isthmus.connections.models import Connection, Letter, MailServer, RunState
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User

PAGE = "/connections/acme"
SERVER = {
    "host": "smtp.example.com",
    "port": "587",
    "security": "starttls",
    "username": "isthmus",
    "password": "a secret password",
    "sender": "isthmus@example.com",
}


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    alice.sees_personal_data = True
    alice.save()
    return signed_in(alice)


@pytest.fixture
def blind(alice: User, signed_in: Callable[[User], Client]) -> Client:
    """An editor who may not see personal data."""
    return signed_in(accounts.add("eve@example.com", "a quiet harbour", role=Role.EDITOR))


@pytest.fixture
def acme(store: Any) -> Connection:
    return new_connection(name="Acme", notify_to=["ops@example.com", "crm@example.com"])


def _seal(browser: Client, form: str, page: str = PAGE) -> str:
    text = browser.get(page).content.decode()
    found: list[str] = re.findall(rf'id="{form}.*?name="seen" value="([^"]+)"', text, re.DOTALL)
    return found[0]


def _shown(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def _saved() -> tuple[list[str], str]:
    row = Connection.objects.get(key="acme")
    return row.notify_to, row.notify_when


def test_addresses_are_added_and_removed(browser: Client, acme: Connection) -> None:
    page = _shown(browser.get(PAGE))
    assert "2 people hear of problems and failures" in page
    assert 'value="alice@example.com"' in page, "accounts are suggested"
    answer = browser.post(
        f"{PAGE}/notify",
        {
            "seen": _seal(browser, "notify-form"),
            "address": ["crm@example.com", "alice@example.com"],
            "more": "bi@example.com, it@example.com",
            "when": "every",
        },
        follow=True,
    )
    to = ["crm@example.com", "alice@example.com", "bi@example.com", "it@example.com"]
    assert _saved() == (to, "every")
    assert "4 people hear of every run." in _shown(answer)


@pytest.mark.parametrize(
    ("part", "form", "given"),
    [
        ("notify", "notify-form", {"address": ["ops@example.com"], "when": "every"}),
        ("notify", "notify-form", {"more": "nobody", "when": "every"}),
        ("webhook", "webhook-form", {"url": ""}),
        ("webhook", "webhook-form", {"url": "https://example.com/hook"}),
        ("webhook", "webhook-form", {"url": "ftp://example.com"}),
        ("webhook/test", "webhook-form", {}),
        ("about", "about", {"description": "Trade fair"}),
    ],
)
def test_the_fold_that_was_open_stays_open_whatever_comes_of_it(
    browser: Client, acme: Connection, part: str, form: str, given: dict[str, Any]
) -> None:
    fold = '<details class="fold" open>'
    assert fold not in _shown(browser.get(PAGE))
    sent = {"seen": _seal(browser, form), **given}
    assert fold in _shown(browser.post(f"{PAGE}/{part}", sent, follow=True))


def test_each_bad_address_is_named_and_nothing_is_saved(browser: Client, acme: Connection) -> None:
    answer = browser.post(
        f"{PAGE}/notify",
        {
            "seen": _seal(browser, "notify-form"),
            "address": ["ops@example.com"],
            "more": "nobody, a@b@c, OPS@example.com, \u202e@example.com",
            "when": "problems",
        },
    )
    assert answer.status_code == 422
    page = _shown(answer)
    for said in (
        "'nobody' is not an e-mail",
        "'a@b@c' is not an",
        "'OPS@example.com' stands twice",
    ):
        assert said in page
    assert _saved()[0] == ["ops@example.com", "crm@example.com"]


def test_of_two_who_change_it_the_second_is_told(browser: Client, acme: Connection) -> None:
    seal = _seal(browser, "notify-form")
    Connection.objects.update(notify_to=["other@example.com"])
    answer = browser.post(
        f"{PAGE}/notify", {"seen": seal, "address": ["ops@example.com"], "when": "problems"}
    )
    assert answer.status_code == 409
    assert "is now other@example.com" in re.sub(r"</?q>", "", _shown(answer))
    assert _saved()[0] == ["other@example.com"]


def test_who_may_not_see_personal_data_sees_how_many_and_changes_only_when(
    blind: Client, acme: Connection
) -> None:
    whole = ""
    for path in (PAGE, f"{PAGE}/yaml", f"{PAGE}/document.yaml"):
        whole += _shown(blind.get(path))
    assert "2 people hear" in whole
    assert "@example.com" not in whole.replace("eve@example.com", "")
    assert "ops" not in str(_unsealed(_seal(blind, "notify-form")))
    answer = blind.post(
        f"{PAGE}/notify",
        {
            "seen": _seal(blind, "notify-form"),
            "address": ["mine@example.com"],
            "more": "mine@example.com",
            "when": "failures",
        },
    )
    assert answer.status_code == 302
    assert _saved() == (["ops@example.com", "crm@example.com"], "failures")


def _unsealed(seal: str) -> dict[str, Any]:
    from isthmus.web import edits

    return edits.unseal("connection acme notify", seal)


def test_the_set_up_document_has_addresses_for_those_who_may_see_and_set_them(
    browser: Client, acme: Connection
) -> None:
    assert "notify: {to: [ops@example.com, crm@example.com]}" in _shown(browser.get(f"{PAGE}/yaml"))


def test_a_webhooks_secret_is_shown_once(browser: Client, acme: Connection) -> None:
    url = "https://example.com/hook"
    answer = browser.post(f"{PAGE}/webhook", {"seen": _seal(browser, "webhook-form"), "url": url})
    row = Connection.objects.get(key="acme")
    secret = secrets.unseal(row.sealed_webhook_secret)
    assert (row.webhook_url, answer.status_code) == (url, 200)
    assert secret in _shown(answer)
    assert answer["Cache-Control"] == "no-store"
    assert secret not in _shown(browser.get(PAGE))
    again = browser.post(f"{PAGE}/webhook/secret")
    other = secrets.unseal(Connection.objects.get(key="acme").sealed_webhook_secret)
    assert secret not in _shown(again)
    assert other in _shown(again)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/", "by https only"),
        ("https://127.0.0.1/", "no address of the public internet"),
        ("hello", "no web address"),
    ],
)
def test_a_webhook_that_may_not_be_called_is_refused(
    browser: Client, acme: Connection, url: str, says: str
) -> None:
    answer = browser.post(f"{PAGE}/webhook", {"seen": _seal(browser, "webhook-form"), "url": url})
    assert answer.status_code == 422
    assert says in _shown(answer)
    assert Connection.objects.get(key="acme").webhook_url == ""


def test_a_test_event_says_what_came_of_it(
    browser: Client, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = post_office.free_port()
    monkeypatch.setenv("ISTHMUS_WEBHOOK_HOSTS", "localhost:*")
    webhook_setting.set_webhook(acme, f"http://localhost:{port}/")
    acme.save()
    answer = browser.post(f"{PAGE}/webhook/test", follow=True)
    assert "localhost can't be reached" in _shown(answer)


def test_the_mail_server_is_saved_and_its_password_never_shown(browser: Client, store: Any) -> None:
    answer = browser.post("/mail", {"seen": seen(browser, "/mail"), **SERVER}, follow=True)
    assert "The mail server was saved." in _shown(answer)
    server = mail_server.current()
    assert server is not None
    assert (server.host, server.password) == ("smtp.example.com", "a secret password")
    assert "a secret password" not in _shown(browser.get("/mail"))
    kept = {**SERVER, "password": "", "port": "2525"}
    browser.post("/mail", {"seen": seen(browser, "/mail"), **kept})
    server = mail_server.current()
    assert server is not None
    assert (server.port, server.password) == (2525, "a secret password")


def test_the_password_that_is_kept_goes_to_no_other_host(browser: Client, store: Any) -> None:
    browser.post("/mail", {"seen": seen(browser, "/mail"), **SERVER})
    stolen = {**SERVER, "password": "", "host": "evil.example.com"}
    answer = browser.post("/mail", {"seen": seen(browser, "/mail"), **stolen})
    assert answer.status_code == 422
    assert "is not sent to another host" in _shown(answer)
    assert MailServer.objects.get().host == "smtp.example.com"


def test_two_who_change_the_mail_server_are_told(browser: Client, store: Any) -> None:
    seal = seen(browser, "/mail")
    browser.post("/mail", {"seen": seal, **SERVER})
    answer = browser.post("/mail", {"seen": seal, **SERVER, "host": "other.example.com"})
    assert answer.status_code == 409
    assert MailServer.objects.get().host == "smtp.example.com"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("host", "two words", "is no host"),
        ("port", "70000", "65535"),
        ("sender", "nobody", "is not an e-mail address"),
        ("username", "", "A password goes with a user name"),
        ("password", "a\u202eb", "only visible ones"),
    ],
)
def test_a_mail_server_that_cannot_be_is_refused(
    browser: Client, store: Any, field: str, value: str, says: str
) -> None:
    answer = browser.post("/mail", {"seen": seen(browser, "/mail"), **SERVER, field: value})
    assert answer.status_code == 422
    assert says in _shown(answer)
    assert "a secret password" not in _shown(answer)
    assert not MailServer.objects.exists()


def test_a_server_of_the_environment_is_shown_and_not_changed(
    browser: Client, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_SMTP_URL", "smtp://me:p%40ss@smtp.example.com?security=none")
    monkeypatch.setenv("ISTHMUS_SMTP_FROM", "isthmus@example.com")
    page = _shown(browser.get("/mail"))
    assert "smtp.example.com" in page
    assert "p@ss" not in page
    assert "p%40ss" not in page
    assert "goes over the network unencrypted" in page
    answer = browser.post("/mail", {"seen": "x", **SERVER})
    assert answer.status_code in (400, 422)
    assert not MailServer.objects.exists()
    assert "can't be changed here" in _shown(browser.post("/mail/unset"))


def test_a_setting_of_the_environment_that_cannot_be_used_is_said(
    browser: Client, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_SMTP_URL", "smtp.example.com:587")
    assert "ISTHMUS_SMTP_URL can't be used" in _shown(browser.get("/mail"))


def test_a_test_letter_arrives_and_what_waits_follows(
    browser: Client, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from isthmus.connections import sending

    letters.post_run(ended(acme, RunState.FAILED))
    sending.send_mail()
    office = PostOffice(port=post_office.free_port())
    mail_server.save(
        mail_server.Server(
            host="localhost",
            port=office.port,
            security=mail_server.Security.NONE,
            sender="isthmus@example.com",
        )
    )
    page = _shown(browser.get("/mail"))
    assert "1 waits, the oldest since" in page
    assert "No mail server is set up." in page
    with post_office.opened(office):
        answer = browser.post("/mail/test", {"to": "alice@example.com"})
        assert "has taken a test e-mail to alice@example.com" in _shown(answer)
        assert sending.send_mail() == 1
    assert len(office.taken) == 3
    assert Letter.objects.get().sent_at is not None


@pytest.fixture
def lost(acme: Connection, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    """A mail server that is down, for which a letter waits and another was given up."""
    from isthmus.connections import sending

    office = PostOffice(port=post_office.free_port())
    monkeypatch.setenv("ISTHMUS_SMTP_URL", office.url)
    monkeypatch.setenv("ISTHMUS_SMTP_FROM", "isthmus@example.com")
    letters.post_run(ended(acme, RunState.FAILED))
    Letter.objects.update(written_at=timezone.now() - sending.GIVE_UP)
    sending.send_mail()
    letters.post_run(ended(acme, RunState.FAILED))
    sending.send_mail()
    assert sorted(each.given_up_at is None for each in Letter.objects.all()) == [False, True]
    return office


def test_what_waits_and_what_was_given_up_is_tried_again_now(
    browser: Client, lost: PostOffice
) -> None:
    from isthmus.connections import sending

    page = _shown(browser.get("/mail"))
    assert "Try again now" in page
    assert "crm@example.com" in page
    assert "refused the connection" in page
    assert browser.get("/mail/again").status_code == 405
    with post_office.opened(lost):
        assert sending.send_mail() == 0, "neither is due"
        answer = browser.post("/mail/again", follow=True)
        assert "2 are tried again now" in _shown(answer)
        assert sending.send_mail() == 2
    assert len(lost.taken) == 4
    page = _shown(browser.get("/mail"))
    assert "crm@example.com" not in page
    assert "Try again now" not in page
    answer = browser.post("/mail/again", follow=True)
    assert "Nothing waits to be tried again." in _shown(answer)


def test_who_got_nothing_is_masked_and_a_webhook_is_named_by_its_host(
    alice: User, signed_in: Callable[[User], Client], lost: PostOffice
) -> None:
    url = "https://hooks.example.com/secret-path"
    Connection.objects.update(webhook_url=url)
    now, acme = timezone.now(), Connection.objects.get()
    Letter.objects.create(
        channel=Letter.WEBHOOK, key="x", connection=acme, given_up_at=now, missed=[url]
    )
    page = _shown(signed_in(alice).get("/mail"))
    assert "Who got nothing" in page
    assert "Webhook at hooks.example.com" in page
    assert "secret-path" not in page
    assert "crm@example.com" not in page


def test_it_is_said_on_the_page_of_a_connection_that_no_mail_server_is_set_up(
    browser: Client, acme: Connection
) -> None:
    assert "No mail server is set up, so nobody gets these e-mails" in _shown(browser.get(PAGE))


def test_no_two_things_of_the_page_have_one_id(browser: Client, acme: Connection) -> None:
    ids = re.findall(r' id="([^"]+)"', browser.get(PAGE).content.decode())
    assert sorted(ids) == sorted(set(ids))
