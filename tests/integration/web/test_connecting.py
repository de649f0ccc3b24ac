"""The pages of signing in to Salesforce: what they show to whom, take and refuse."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from psycopg import Connection as Session

from integration.connections import orgs
from integration.set_up import new_connection
from integration.web.conftest import PASSWORD, seen
from isthmus.connections import authorizations, client_apps, keeping_sign_ins, removing, sharing
from isthmus.connections.models import App, Authorization, Connection, SignInAttempt
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from localorg.testing import LocalOrg

PAGE = "/connections/acme"
SIGN_IN = f"{PAGE}/sign-in"
SECRET = "localorg-secret"
HOSTILE = "<script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}'\""


@pytest.fixture(scope="module")
def org_process() -> Iterator[LocalOrg]:
    with orgs.serving_org() as found:
        yield found


@pytest.fixture
def org(org_process: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> LocalOrg:
    monkeypatch.setenv("ISTHMUS_SALESFORCE_HOSTS", "127.0.0.1:*")
    orgs.renew(org_process)
    return org_process


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    return new_connection("acme", authorization=None, org_id="", name="Acme")


@pytest.fixture
def app(store: Session[Any]) -> App:
    return client_apps.save("Isthmus", "localorg", SECRET)


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Iterator[Client]:
    with override_settings(ALLOWED_HOSTS=["testserver", "localhost"]):
        found = signed_in(alice)
        found.defaults["HTTP_HOST"] = "localhost:8000"
        yield found


def text(answer: Any) -> str:
    return str(answer.content.decode())


def chosen(org: LocalOrg, app: App, **more: str) -> dict[str, str]:
    return {"host": "my_domain", "my_domain": org.url, "app": str(app.id), **more}


def begun(browser: Client, org: LocalOrg, app: App, **more: str) -> str:
    """The address at Salesforce that the page leads to."""
    page = text(browser.post(f"{SIGN_IN}/browser", chosen(org, app, **more)))
    found = re.search(r'href="([^"]+)" data-go', page)
    assert found, page
    return found[1].replace("&amp;", "&")


def came_back(browser: Client, answer: dict[str, str]) -> Any:
    return browser.get("/salesforce/callback", answer)


def test_the_page_leads_to_salesforce_with_the_callback_and_comes_back_to_a_window(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    address = begun(browser, org, app, window="new")
    query = parse_qs(urlsplit(address).query)
    assert query["redirect_uri"] == ["http://localhost:8000/salesforce/callback"]
    assert browser.get(f"{SIGN_IN}/browser/state").json()["outcome"] == ""
    answer = came_back(browser, orgs.answered(address))
    assert answer.status_code == 200
    assert "is connected" in text(answer)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert browser.get(f"{SIGN_IN}/browser/state").json()["outcome"] == "connected"
    page = text(browser.get(PAGE))
    assert "Connected" in page
    assert "integration@localorg.example" in page
    assert "1 of 4" in page
    assert SECRET not in page


def test_without_a_window_of_its_own_the_answer_leads_to_the_connection(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    answer = came_back(browser, orgs.answered(begun(browser, org, app)))
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert "is connected" in text(browser.get(PAGE))


def test_an_answer_counts_in_the_session_that_asked_and_once(
    browser: Client,
    acme: Connection,
    org: LocalOrg,
    app: App,
    signed_in: Callable[[User], Client],
    alice: User,
) -> None:
    answer = orgs.answered(begun(browser, org, app, window="new"))
    assert came_back(Client(), answer).status_code == 400
    assert came_back(signed_in(alice), answer).status_code == 400
    assert not Authorization.objects.exists()
    assert came_back(browser, answer).status_code == 200
    again = came_back(browser, answer)
    assert again.status_code == 400
    assert "counts only once" in text(again)


def test_what_salesforce_says_is_shown_as_text(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    state = parse_qs(urlsplit(begun(browser, org, app, window="new")).query)["state"][0]
    given = {"state": state, "error": "x", "error_description": HOSTILE * 500}
    page = text(came_back(browser, given))
    assert "<script>alert" not in page
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert "alert(1)" in page
    for each in ("\0", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "a" * 10_000):
        assert browser.get("/salesforce/callback", {"state": each, "code": each}).status_code == 400


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("https://evil.example", "is not a host that secrets may be sent to"),
        ("http://acme.my.salesforce.com", "is not a host that secrets may be sent to"),
        ("", "Type the org"),
        ("a\0b", "can&#x27;t be stored"),
        (HOSTILE, "is not a host that secrets may be sent to"),
    ],
)
def test_nothing_is_begun_at_a_host_that_is_not_salesforces(
    browser: Client, acme: Connection, app: App, host: str, why: str
) -> None:
    given = {"host": "my_domain", "my_domain": host, "app": str(app.id)}
    answer = browser.post(f"{SIGN_IN}/browser", given)
    assert answer.status_code == 422
    assert why in text(answer)
    assert "<script>alert" not in text(answer)
    assert not SignInAttempt.objects.exists()


def test_what_was_typed_is_said_as_it_was_understood(
    browser: Client, acme: Connection, app: App
) -> None:
    page = text(browser.get(SIGN_IN, {"host": "my_domain", "my_domain": "acme--uat"}))
    assert "acme--uat.sandbox.my.salesforce.com" in page
    assert "login.salesforce.com" in text(browser.get(SIGN_IN))


def test_people_come_back_to_the_public_address_and_are_sent_there_first(
    browser: Client, acme: Connection, app: App
) -> None:
    given = {"host": "production", "app": str(app.id)}
    with override_settings(PUBLIC_URL="https://isthmus.example"):
        answer = browser.post(f"{SIGN_IN}/browser", given)
        assert answer.status_code == 422
        assert "Open them at https://isthmus.example" in text(answer)
        shown = text(browser.get("/salesforce-apps"))
        assert "https://isthmus.example/salesforce/callback" in shown
    with override_settings(PUBLIC_URL="http://isthmus.example"):
        assert "by https only" in text(browser.post(f"{SIGN_IN}/browser", given))
    assert not SignInAttempt.objects.exists()


def test_without_an_app_administrators_enter_one_and_others_are_told_whom_to_ask(
    browser: Client, acme: Connection, signed_in: Callable[[User], Client]
) -> None:
    assert "Save the app" in text(browser.get(SIGN_IN))
    given = {"name": "Isthmus", "client_id": "key", "client_secret": "s", "next": SIGN_IN}
    erin = accounts.add("erin@example.com", PASSWORD, name="Erin", role=Role.EDITOR)
    page = text(signed_in(erin).get(SIGN_IN))
    assert "Ask an administrator" in page
    assert "Alice" in page
    assert "Save the app" not in page
    assert browser.post("/new-salesforce-app", given)["Location"] == SIGN_IN
    given["next"] = "https://evil.example"
    given["name"] = "Other"
    assert browser.post("/new-salesforce-app", given)["Location"] == "/"


def test_client_credentials_are_kept_only_where_they_work(
    browser: Client, acme: Connection, org: LocalOrg
) -> None:
    page = f"{SIGN_IN}?way=client_credentials"
    given = {"my_domain": org.url, "client_id": "localorg", "client_secret": "wrong secret"}
    answer = browser.post(page, given)
    assert answer.status_code == 422
    assert "was not connected" in text(answer)
    assert "wrong secret" not in text(answer)
    assert not Authorization.objects.exists()
    assert browser.post(page, given | {"client_secret": SECRET}).status_code == 302
    assert "Client credentials" in text(browser.get(PAGE))
    for address in (PAGE, SIGN_IN, page, "/authorizations"):
        assert SECRET not in text(browser.get(address))
    shared = browser.post(page, given | {"my_domain": "https://login.salesforce.com"})
    assert "doesn&#x27;t take client credentials" in text(shared)


def logged(store: Session[Any]) -> list[Any]:
    """What the audit log has of connections and sign-ins: who, how, what, act and columns."""
    rows = store.execute(
        "SELECT who, how, kind, act, changes FROM store.audit"
        " WHERE kind IN ('connection', 'sign-in') ORDER BY id"
    ).fetchall()
    assert SECRET not in str(rows)
    return [(*of, sorted(changes)) for *of, changes in rows]


BY_ALICE = ("alice@example.com", "page")


def test_connecting_by_a_form_is_logged(
    store: Session[Any], browser: Client, acme: Connection, org: LocalOrg
) -> None:
    before = len(logged(store))
    page = f"{SIGN_IN}?way=client_credentials"
    given = {"my_domain": org.url, "client_id": "localorg", "client_secret": "wrong secret"}
    assert browser.post(page, given).status_code == 422
    assert logged(store)[before:] == []
    assert browser.post(page, given | {"client_secret": SECRET}).status_code == 302
    made, connected = logged(store)[before:]
    assert made[:4] == (*BY_ALICE, "sign-in", "made")
    assert {"login_url", "client_id", "sealed_secret"} <= set(made[4])
    assert connected == (*BY_ALICE, "connection", "changed", ["authorization_id", "org_id"])


def test_connecting_in_the_browser_is_logged_as_done_by_whoever_came_back(
    store: Session[Any], browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    before = len(logged(store))
    came_back(browser, orgs.answered(begun(browser, org, app)))
    assert {each[:4] for each in logged(store)[before:]} == {
        (*BY_ALICE, "sign-in", "made"),
        (*BY_ALICE, "connection", "changed"),
    }


def test_accepting_another_org_is_logged(
    store: Session[Any], browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    came_back(browser, orgs.answered(begun(browser, org, app)))
    Connection.objects.filter(id=acme.id).update(org_id="00D000000000009AAA")
    before = len(logged(store))
    assert browser.post(f"{SIGN_IN}/new-org").status_code == 302
    first, *others = logged(store)[before:]
    assert first == (*BY_ALICE, "connection", "changed", ["org_id"])
    assert {each[:2] for each in others} <= {BY_ALICE}
    assert "org" in text(browser.get("/audit?kind=connection")).lower()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "The private key cannot be read"),
        (b"a" * 40_000, "The file has 40,000 bytes"),
        (b"-----BEGIN NOTHING-----", "was not connected"),
        (b"", "is empty"),
    ],
)
def test_a_file_that_is_no_key_is_refused_in_words(
    browser: Client, acme: Connection, org: LocalOrg, content: bytes, why: str
) -> None:
    given = {
        "host": "my_domain",
        "my_domain": org.url,
        "client_id": "localorg",
        "username": "integration@localorg.example",
        "key": SimpleUploadedFile("key.pem", content),
    }
    answer = browser.post(f"{SIGN_IN}?way=jwt", given)
    assert answer.status_code == 422
    assert why in text(answer)
    assert not Authorization.objects.exists()


def test_a_key_that_was_made_here_is_only_for_whoever_made_it(
    browser: Client, acme: Connection, signed_in: Callable[[User], Client], alice: User
) -> None:
    page = f"{SIGN_IN}?way=jwt"
    answer = browser.post(page, {"make": "on", "host": "production", "client_id": "typed.before"})
    assert "typed.before" in text(answer)
    certificate = browser.get(f"{SIGN_IN}/certificate.crt")
    assert b"BEGIN CERTIFICATE" in certificate.content
    assert b"PRIVATE" not in certificate.content
    assert signed_in(alice).get(f"{SIGN_IN}/certificate.crt").status_code == 404
    browser.post(page, {"forget": "on"})
    assert browser.get(f"{SIGN_IN}/certificate.crt").status_code == 404


def test_an_app_is_changed_without_its_secret_being_shown_and_two_do_not_overwrite(
    browser: Client, app: App, alice: User, signed_in: Callable[[User], Client]
) -> None:
    page = f"/salesforce-apps/{app.id}"
    before = seen(browser, page)
    sealed = bytes(App.objects.get().sealed_secret)
    given = {"name": "Renamed", "client_id": "localorg", "client_secret": "", "seen": before}
    assert browser.post(page, given).status_code == 302
    row = App.objects.get()
    assert (row.name, bytes(row.sealed_secret)) == ("Renamed", sealed)
    answer = browser.post(page, given | {"name": "Theirs"})
    assert answer.status_code == 409
    assert App.objects.get().name == "Renamed"
    fresh = {"name": "Renamed", "client_id": "localorg", "seen": seen(browser, page)}
    browser.post(page, fresh | {"without_secret": "on"})
    assert bytes(App.objects.get().sealed_secret) == b""
    assert browser.post("/new-salesforce-app", {"name": HOSTILE, "client_id": "x"}).status_code in (
        302,
        422,
    )
    assert "<script>alert" not in text(browser.get("/salesforce-apps"))


def test_asking_whether_an_app_can_go_deletes_nothing(browser: Client, app: App) -> None:
    page = f"/salesforce-apps/{app.id}/delete"
    assert "Delete the app" in text(browser.get(page))
    assert App.objects.count() == 1
    assert browser.post(page).status_code == 302
    assert App.objects.count() == 0
    assert browser.get(page).status_code == 404


def test_a_shared_authorization_goes_with_its_last_user(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    came_back(browser, orgs.answered(begun(browser, org, app)))
    new_connection("other", authorization=None, org_id="", name="Other")
    number = Authorization.objects.get().id
    page = "/connections/other/sign-in?way=share"
    assert "Acme" in text(browser.get(page))
    assert browser.post(page, {"connection": "nobody"}).status_code == 422
    assert browser.post(page, {"connection": "acme"}).status_code == 302
    assert "Shared with" in text(browser.get(PAGE))
    asked = text(browser.get(f"{SIGN_IN}/disconnect"))
    assert "The authorization stays" in asked
    browser.post(f"{SIGN_IN}/disconnect")
    assert orgs.grants(org) == 1
    assert "take it back" in text(browser.get("/connections/other/sign-in/disconnect"))
    browser.post(f"/authorizations/{number}/disconnect")
    assert not Authorization.objects.exists()


def test_viewers_see_who_is_connected_and_no_button(
    browser: Client,
    acme: Connection,
    org: LocalOrg,
    app: App,
    bob: User,
    signed_in: Callable[[User], Client],
) -> None:
    came_back(browser, orgs.answered(begun(browser, org, app)))
    viewer = signed_in(bob)
    for address in (PAGE, "/authorizations"):
        page = text(viewer.get(address))
        assert "integration@localorg.example" in page
        main = page[page.index("<main") :]
        assert not [word for word in ("Connect again", "Disconnect", "Check") if f">{word}" in main]
    assert viewer.post(f"{SIGN_IN}/browser").status_code == 403


def test_a_page_with_many_authorizations_takes_as_many_statements_as_with_one(
    browser: Client, store: Session[Any]
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(database) as found:
            assert browser.get("/authorizations").status_code == 200
        return len(found)

    new_connection("c0")
    one = statements()
    for number in range(1, 60):
        new_connection(f"c{number}")
    assert statements() == one


def levels(browser: Client, address: str) -> list[tuple[str, str]]:
    """What the next page says of what was done, with how it is said."""
    said = r'<div class="note (ok|warn|bad)" role="\w+"><svg.*?</svg><p>(.*?)</p></div>'
    return re.findall(said, text(browser.get(address)))


def test_a_permission_that_is_missing_is_a_warning_wherever_a_sign_in_is_looked_at(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    lacking = {"permission": "ManageDataIntegrations", "given": False}
    org.control("POST", "rights", lacking)
    came_back(browser, orgs.answered(begun(browser, org, app)))
    [(level, words)] = levels(browser, PAGE)
    assert level == "warn"
    assert "lacks Manage Data Integrations" in words
    for address in (f"{SIGN_IN}/check", f"/authorizations/{Authorization.objects.get().id}/check"):
        browser.post(address)
        [(level, words)] = levels(browser, PAGE)
        assert level == "warn", address
        assert "lacks Manage Data Integrations" in words
    came_back(browser, orgs.answered(begun(browser, org, app, window="new")))
    assert browser.get(f"{SIGN_IN}/browser/state").json()["lacks"] is True
    org.control("DELETE", "rights")
    browser.post(f"{SIGN_IN}/check")
    [(level, words)] = levels(browser, PAGE)
    assert level == "ok"
    assert "lacks" not in words
    came_back(browser, orgs.answered(begun(browser, org, app, window="new")))
    assert browser.get(f"{SIGN_IN}/browser/state").json()["lacks"] is False


def test_all_connections_let_go_of_an_authorization_or_none(
    browser: Client,
    acme: Connection,
    org: LocalOrg,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came_back(browser, orgs.answered(begun(browser, org, app)))
    row = Authorization.objects.get()
    sharing.share(new_connection("other", authorization=None, org_id="", name="Other"), row)

    def broken(_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(authorizations, "drop_unused", broken)
        with pytest.raises(RuntimeError):
            browser.post(f"/authorizations/{row.id}/disconnect")
    assert row.connections.count() == 2
    browser.post(f"/authorizations/{row.id}/disconnect")
    assert "2 connections" in levels(browser, "/authorizations")[-1][1]
    assert not Authorization.objects.exists()
    assert orgs.grants(org) == 0


def test_whoever_may_not_connect_any_more_brings_no_answer_in(
    browser: Client, acme: Connection, org: LocalOrg, app: App, alice: User, bob: User
) -> None:
    answer = orgs.answered(begun(browser, org, app, window="new"))
    User.objects.filter(id=alice.id).update(role=Role.VIEWER)
    refused = came_back(browser, answer)
    assert refused.status_code == 400
    assert "Your role here does not include connecting" in text(refused)
    User.objects.filter(id=alice.id).update(role=Role.EDITOR)
    browser.logout()
    assert "aren\u2019t signed in" in text(came_back(browser, answer))
    assert not Authorization.objects.exists()


def test_another_person_in_the_same_browser_brings_no_answer_in(
    browser: Client, acme: Connection, org: LocalOrg, app: App, alice: User
) -> None:
    answer = orgs.answered(begun(browser, org, app, window="new"))
    accounts.add("erin@example.com", PASSWORD, name="Erin", role=Role.EDITOR)
    browser.post("/sign-out")
    browser.post("/sign-in", {"email": "erin@example.com", "password": PASSWORD})
    refused = came_back(browser, answer)
    assert refused.status_code == 400
    assert "belongs to no sign-in" in text(refused)
    assert not Authorization.objects.exists()
    assert orgs.grants(org) == 0


def test_an_answer_for_a_connection_or_an_app_that_is_gone_changes_nothing(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    answer = orgs.answered(begun(browser, org, app))
    App.objects.all().delete()
    assert came_back(browser, answer).status_code == 400
    answer = orgs.answered(begun(browser, org, client_apps.save("Again", "localorg", SECRET)))
    removing.delete_connection(acme)
    assert came_back(browser, answer).status_code == 400
    assert not Authorization.objects.exists()


def test_a_connection_that_goes_while_salesforce_answers_leaves_no_grant_there(
    browser: Client,
    acme: Connection,
    org: LocalOrg,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = orgs.answered(begun(browser, org, app, window="new"))
    look = keeping_sign_ins.look

    def looking(*given: Any) -> Any:
        removing.delete_connection(Connection.objects.get())
        return look(*given)

    monkeypatch.setattr(keeping_sign_ins, "look", looking)
    page = text(came_back(browser, answer))
    assert "was not connected" in page
    assert orgs.grants(org) == 0
    assert not Authorization.objects.exists()


def test_the_page_of_the_answer_is_guarded(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    for given in ({"code": "aPrx", "state": "made up"}, orgs.answered(begun(browser, org, app))):
        answer = came_back(browser, given)
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert given["code"] not in text(answer)
    assert browser.cookies["sessionid"]["httponly"]
    assert browser.cookies["sessionid"]["samesite"] == "Lax"


def test_no_other_host_gets_into_the_callback(
    browser: Client, acme: Connection, org: LocalOrg, app: App
) -> None:
    for name in ("HTTP_HOST", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO"):
        answer = browser.post(
            f"{SIGN_IN}/browser",
            chosen(org, app),
            **{name: "evil.example"},  # type: ignore[arg-type]
        )
        assert "evil.example" not in text(answer)
        assert answer.status_code == (400 if name == "HTTP_HOST" else 200)


def test_nothing_is_posted_without_the_token_of_a_page(
    alice: User, acme: Connection, app: App, store: Session[Any]
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    new_connection("signed_in")
    number = Connection.objects.get(key="signed_in").authorization_id
    for address in (
        SIGN_IN,
        f"{SIGN_IN}?way=share",
        f"{SIGN_IN}/browser",
        f"{SIGN_IN}/check",
        f"{SIGN_IN}/disconnect",
        f"{SIGN_IN}/new-org",
        f"/authorizations/{number}/check",
        f"/authorizations/{number}/disconnect",
        "/new-salesforce-app",
        f"/salesforce-apps/{app.id}",
        f"/salesforce-apps/{app.id}/delete",
    ):
        answer = browser.post(address)
        assert answer.status_code == 403, address
        assert "too old" in text(answer)
