"""Whatever is done on a page: what it changed is in the audit log, with who did it, and no more."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone
from psycopg import Connection as Session
from psycopg import sql

from integration.set_up import ORG_ID
from integration.web.conftest import PASSWORD, seen
from integration.web.forms_of_pages import sent
from integration.web.planted import World, plant
from isthmus.connections import guards
from isthmus.connections.models import (
    App,
    Connection,
    Goal,
    MailServer,
    Org,
    Run,
    RunGoal,
    RunState,
)
from isthmus.domain.roles import Role
from isthmus.people import accounts, first_start
from isthmus.people.models import User
from isthmus.profiles import upkeep
from isthmus.profiles.models import Property, Segment

KINDS: Final = {
    "connection": "connections_connection",
    "goal": "connections_goal",
    "sign-in": "connections_authorization",
    "app": "connections_app",
    "org": "connections_org",
    "mail server": "connections_mailserver",
    "property": "profiles_property",
    "segment": "profiles_segment",
    "account": "people_user",
}
SECRETS: Final = ("a quieter harbour", "app-secret-41", PASSWORD)
Rows = dict[tuple[str, int], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that somebody does on a page."""

    given: Mapping[str, Any] = field(default_factory=dict)
    form: str = ""  # id of a form of the page whose controls are sent along
    page: str = ""  # where that form is, where it is not at the address itself
    titled: bool = False  # the page's first form is asked for what it showed
    query: Callable[[World], str] = lambda _: ""
    before: Callable[[World], object] = lambda _: None
    logged: frozenset[tuple[str, str]]  # kinds and acts of the entry


def logged(*said: str) -> frozenset[tuple[str, str]]:
    return frozenset((kind, act) for act, _, kind in (each.partition(" ") for each in said))


def waits(world: World) -> None:
    Run.objects.filter(id=world.run.id).update(state=RunState.CONFIRMING)
    part = RunGoal.objects.get(id=world.run_goal.id)
    guards.ask(part, guards.Size(updated=50, of=60), 1)


def asked(world: World) -> str:
    question = guards.question(Run.objects.get(id=world.run.id))
    assert question is not None
    return f"?{urlencode({'asked': question.token})}"


def runs(world: World) -> None:
    Run.objects.filter(id=world.run.id).update(state=RunState.RUNNING)


def mail_server(_: World) -> None:
    MailServer.objects.create(host="mail.example.com", sender="isthmus@example.com")


def unused_app(world: World) -> None:
    App.objects.filter(id=world.app.id).update(client_id="unused")


CONDITION: Final = {"c.0.subject": "property:country", "c.0.operator": "is", "c.0.value": "NL"}
NEW_PERSON: Final = {
    "email": "new@example.com",
    "name": "New",
    "role": "viewer",
    "password": SECRETS[0],
}
ACTS: Final[Mapping[str, Act]] = {
    "new-connection": Act(
        given={"name": "New one", "kind_of_org": "production", "timezone": "UTC"},
        logged=logged("made connection"),
    ),
    "connection-title": Act(
        given={"name": "Acme sales"}, titled=True, logged=logged("changed connection")
    ),
    "connection-about": Act(
        page="/connections/acme",
        form="about",
        given={"more": "CRM, EMEA", "description": "About it"},
        logged=logged("changed connection"),
    ),
    "connection-switch": Act(given={"active": ""}, logged=logged("changed connection")),
    "connection-asks-first": Act(
        page="/connections/acme",
        form="guard",
        given={"confirm_above": "20", "confirm_hours": "12"},
        logged=logged("changed connection"),
    ),
    "connection-schedule": Act(
        page="/connections/acme",
        form="schedule-form",
        given={"kind": "times_a_day", "times_a_day": "4"},
        logged=logged("changed connection"),
    ),
    "connection-notify": Act(
        page="/connections/acme",
        form="notify-form",
        given={"more": "ops@example.com"},
        logged=logged("changed connection"),
    ),
    "mail": Act(
        form="server",
        given={
            "host": "mail.example.com",
            "sender": "isthmus@example.com",
            "username": "isthmus",
            "password": SECRETS[1],
        },
        logged=logged("made mail server"),
    ),
    "unset-mail": Act(before=mail_server, logged=logged("deleted mail server")),
    "connection-run": Act(logged=logged("asked run")),
    "connection-first": Act(given={"first": "5", "goal": "leads_in"}, logged=logged("asked run")),
    "goal-first": Act(given={"first": "5"}, logged=logged("asked run")),
    "goal-only": Act(given={"only": "00Q000000000001AAA"}, logged=logged("asked run")),
    "connection-stop": Act(before=runs, logged=logged("stopped run")),
    "stop-run": Act(before=runs, logged=logged("stopped run")),
    "confirm-run": Act(before=waits, query=asked, logged=logged("confirmed run")),
    "refuse-run": Act(before=waits, logged=logged("refused run")),
    "connection-copy": Act(logged=logged("made connection", "made goal")),
    "connection-delete": Act(
        given={"typed": "acme", "name": "acme"},
        logged=logged("deleted connection", "deleted goal", "deleted sign-in"),
    ),
    "connection-disconnect": Act(logged=logged("changed connection", "deleted sign-in")),
    "disconnect-authorization": Act(logged=logged("changed connection", "deleted sign-in")),
    "goal-active": Act(given={"active": ""}, logged=logged("changed goal")),
    "goal-copy": Act(logged=logged("made goal", "changed goal")),
    "goal-delete": Act(logged=logged("deleted goal")),
    "goal": Act(
        form="goal", given={"name": "Other"}, logged=logged("changed goal", "made property")
    ),
    "new-segment": Act(
        given={"name": "Everybody", "key": "everybody", **CONDITION},
        form="segment",
        logged=logged("made segment"),
    ),
    "segment": Act(form="segment", given={"name": "The Dutch"}, logged=logged("changed segment")),
    "delete-segment": Act(logged=logged("deleted segment")),
    "new-property": Act(
        form="property",
        given={
            "key": "shoe",
            "label": "Shoe",
            "type": "text",
            "normalise": "none",
            "on_merge": "newer",
        },
        logged=logged("made property"),
    ),
    "goal-property": Act(
        given={
            "key": "hat",
            "label": "Hat",
            "type": "text",
            "normalise": "none",
            "on_merge": "newer",
        },
        logged=logged("made property"),
    ),
    "property": Act(
        form="property",
        given={"label": "Mail", "normalise": "lowercase", "on_merge": "newer", "personal": "on"},
        logged=logged("changed property"),
    ),
    "new-salesforce-app": Act(
        given={"name": "Another", "client_id": "another.key", "client_secret": SECRETS[1]},
        logged=logged("made app"),
    ),
    "salesforce-app": Act(
        form="app",
        given={"name": "Renamed", "client_id": "planted.key", "client_secret": SECRETS[1]},
        logged=logged("changed app"),
    ),
    "delete-salesforce-app": Act(before=unused_app, logged=logged("deleted app")),
    "new-person": Act(given=NEW_PERSON, logged=logged("made account")),
    "person": Act(
        form="person",
        given={"name": "Charles", "role": "editor", "is_active": "on"},
        logged=logged("changed account"),
    ),
    "person-password": Act(given={"password": SECRETS[0]}, logged=logged("changed account")),
    "own-password": Act(
        given={"old": PASSWORD, "current": PASSWORD, "password": SECRETS[0]},
        logged=logged("changed account"),
    ),
    "account": Act(
        form="account",
        given={"name": "Alice B", "timezone": "Europe/Amsterdam"},
        logged=logged("changed account"),
    ),
}

ELSEWHERE: Final[Mapping[str, str]] = {
    "first-start": "test_the_first_start_is_logged",
    "goal-move": "test_moving_a_goal_is_one_entry",
    "new-import-goal": "test_a_goal_that_is_made_on_its_page_is_logged",
    "new-export-goal": "saved by the same function as an import",
    "connection-begin": "begins a sign-in, which is kept or not in salesforce-callback",
    "salesforce-callback": "test_connecting_in_the_browser_is_logged_as_done_by_whoever_came_back",
    "connection-sign-in": "test_connecting_by_a_form_is_logged",
    "connection-accept-org": "test_accepting_another_org_is_logged",
    "connection-check": "asks Salesforce, and changes no set-up",
    "check-authorization": "asks Salesforce, and changes no set-up",
    "connection-favourite": "is each person's own",
    "resume": "test_letting_a_restored_store_go_on_is_logged",
    "alert-usual": "says of what Isthmus has found that it is usual; alerts are no set-up",
    "connection-webhook": "asks the network for the host; test_a_webhook_is_logged",
    "connection-webhook-secret": "test_a_webhook_is_logged",
    "connection-webhook-test": "only sends",
    "test-mail": "only sends",
    "mail-again": "only sends",
    "org-share": "test_the_share_of_an_org_is_logged",
    "profile-edit": "profiles have a journal of their own",
    "goal-preview-ask": "previews are no runs",
    "goal-preview-stop": "previews are no runs",
    "sign-in": "no set-up",
    "sign-out": "no set-up",
    "theme": "kept in the browser",
    "segment-estimate": "only counts",
    "segment-count": "only counts",
    "segment-sample": "only counts",
}
"""Addresses to post to that are not in the table, and why."""


def patterns() -> dict[str, URLPattern]:
    found = (each for each in get_resolver().url_patterns if isinstance(each, URLPattern))
    return {str(each.name): each for each in found}


@pytest.fixture
def world(store: Session[Any]) -> World:
    return plant(store)


@pytest.fixture
def browser(alice: User, signed_in: Callable[[User], Client]) -> Client:
    User.objects.filter(id=alice.id).update(sees_personal_data=True)
    return signed_in(alice)


def set_up_of(store: Session[Any]) -> Rows:
    """All columns that the log says it keeps: as it leaves out those that triggers name."""
    found: Rows = {}
    for kind, table in KINDS.items():
        row = store.execute(
            "SELECT tgargs FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE proname = 'audit_change' AND tgrelid = %s::regclass",
            [table],
        ).fetchone()
        assert row is not None
        ignored = row[0].decode().split("\0")[1].strip("{}").split(",")
        statement = sql.SQL("SELECT to_jsonb(each) FROM {} AS each").format(sql.Identifier(table))
        for (values,) in store.execute(statement):
            kept = {name: value for name, value in values.items() if name not in ignored}
            found[kind, values["id"]] = kept
    return found


def differences(before: Rows, after: Rows) -> set[tuple[str, int, str]]:
    """Kind, row id and column of all that is different; empty values of new rows are none."""
    found: set[tuple[str, int, str]] = set()
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        for name in {*(old or {}), *(new or {})} - {"id"}:
            pair = ((old or {}).get(name), (new or {}).get(name))
            only = pair[1] if old is None else pair[0]
            is_one = old is not None and new is not None
            empty = not is_one and (only is None or only in ("", "\\x") or only in ([], {}))
            if pair[0] != pair[1] and not empty:
                found.add((*key, name))
    return found


def written(store: Session[Any], behind: int) -> list[Any]:
    return store.execute(
        "SELECT kind, thing, changes, who, how, action, act FROM store.audit WHERE id > %s"
        " ORDER BY id",
        [behind],
    ).fetchall()


def last(store: Session[Any]) -> int:
    row = store.execute("SELECT coalesce(max(id), 0) FROM store.audit").fetchone()
    assert row is not None
    return int(row[0])


def test_every_address_to_post_to_is_tried_or_says_why_not() -> None:
    reads = {
        *("home", "health", "people", "properties", "property-page", "segments", "profiles"),
    }
    known = ACTS.keys() | ELSEWHERE.keys()
    unknown = [
        name
        for name, pattern in patterns().items()
        if name not in known | reads and _takes_posts(pattern)
    ]
    assert unknown == []


def _takes_posts(pattern: URLPattern) -> bool:
    """Whether the view lets POST through: those that only read say 405."""
    given = dict.fromkeys(pattern.pattern.converters, "1")
    places = {
        name: each.to_python("00000000-0000-0000-0000-000000000000")
        if type(each).__name__ == "UUIDConverter"
        else 1
        if type(each).__name__ == "IntConverter"
        else "x"
        for name, each in pattern.pattern.converters.items()
    }
    assert given.keys() == places.keys()
    view: Any = pattern.callback
    request = Client().request().wsgi_request
    request.method = "POST"
    closure = [cell.cell_contents for cell in view.__closure__ or ()]
    allowed = next((each for each in closure if isinstance(each, list | tuple)), None)
    return allowed is None or "POST" in allowed


@pytest.mark.parametrize("name", ACTS)
def test_what_is_done_on_a_page_is_in_the_log(
    store: Session[Any], world: World, browser: Client, name: str
) -> None:
    act = ACTS[name]
    charlie = accounts.add("charlie@example.com", PASSWORD, role=Role.VIEWER)
    act.before(world)
    pattern = patterns()[name]
    address = reverse(name, kwargs=world.named(str(pattern.pattern), charlie.id))
    given = dict(act.given)
    if act.form:
        given = {**sent(browser.get(act.page or address).content.decode(), act.form), **given}
    if act.titled:
        given["seen"] = seen(browser, act.page or "/connections/acme")
    before, behind = set_up_of(store), last(store)
    answer = browser.post(f"{address}{act.query(world)}", given)
    assert answer.status_code in (200, 302), answer.content.decode()[-3000:]
    entries = written(store, behind)
    assert {(kind, act) for kind, *_, act in entries} == act.logged
    told = {
        (kind, thing, column.partition(".")[0])
        for kind, thing, changes, *_ in entries
        if kind != "run"
        for column in changes
    }
    assert told == differences(before, set_up_of(store))
    assert {(who, how) for _, _, _, who, how, *_ in entries} == {("alice@example.com", "page")}
    assert len({action for *_, action, _ in entries}) == 1
    assert not [secret for secret in SECRETS if secret in str(entries)]


def test_tests_that_are_named_here_exist() -> None:
    named = {name for why in ELSEWHERE.values() for name in re.findall(r"\btest_\w+", why)}
    texts = [each.read_text() for each in Path(__file__).parent.glob("test_*.py")]
    missing = [name for name in named if not any(f"\ndef {name}(" in text for text in texts)]
    assert named
    assert missing == []


def test_the_first_start_is_logged(store: Session[Any]) -> None:
    code = first_start.new_code(timezone.now())
    given = {"code": code, "name": "Alice", "email": "alice@example.com", "password": PASSWORD}
    wrong = {**given, "code": "AAAA-AAAA-AAAA-AAAA"}
    assert Client().post("/start", wrong).status_code == 422
    assert written(store, 0) == []
    assert Client().post("/start", given).status_code == 302
    ((kind, _, changes, who, how, _, act),) = written(store, 0)
    assert (kind, act, who, how) == ("account", "made", "alice@example.com", "first start")
    assert changes["role"] == [None, "administrator"]
    assert changes["password"] == [None, {"secret": True}]


def test_moving_a_goal_is_one_entry(store: Session[Any], world: World, browser: Client) -> None:
    browser.post("/connections/acme/goals/leads_in/copy")
    copied = Goal.objects.exclude(key="leads_in").get()
    behind = last(store)
    given = {"to": "down", "past": copied.key}
    browser.post("/connections/acme/goals/leads_in/move", given)
    entries = written(store, behind)
    assert {tuple(changes) for _, _, changes, *_ in entries} == {("position",)}
    assert len({action for *_, action, _ in entries}) == 1


def test_a_webhook_is_logged(store: Session[Any], world: World, browser: Client) -> None:
    Connection.objects.filter(key="acme").update(webhook_url="https://hooks.example.com/key")
    behind = last(store)
    browser.post("/connections/acme/webhook/secret")
    ((kind, _, changes, who, *_),) = written(store, behind)
    assert (kind, who) == ("connection", "alice@example.com")
    assert changes == {"sealed_webhook_secret": [None, {"secret": True}]}


def test_the_share_of_an_org_is_logged(store: Session[Any], world: World, browser: Client) -> None:
    before = last(store)
    Org.objects.create(org_id=ORG_ID, calls_limit=100_000, calls_used=5, measured_at=timezone.now())
    Org.objects.update(calls_used=7)
    assert written(store, before) == []
    given = {"share_percent": "20", "seen": seen(browser, f"/orgs/{ORG_ID}")}
    assert browser.post(f"/orgs/{ORG_ID}/share", given).status_code == 302
    ((kind, _, changes, who, *_, act),) = written(store, before)
    assert (kind, act, who) == ("org", "changed", "alice@example.com")
    assert changes == {"share_percent": [50, 20]}


def test_reading_pages_leaves_nothing(store: Session[Any], world: World, browser: Client) -> None:
    behind = last(store)
    for address in ("/connections", "/connections/acme", "/people", "/audit", "/segments"):
        assert browser.get(address).status_code == 200
    assert written(store, behind) == []


def test_a_refused_change_leaves_nothing(
    store: Session[Any], world: World, browser: Client, alice: User
) -> None:
    behind = last(store)
    page = browser.get(f"/people/{alice.id}").content.decode()
    given = {**sent(page, "person"), "role": "viewer"}
    assert browser.post(f"/people/{alice.id}", given).status_code == 422
    assert browser.post("/connections/acme/title", {"name": ""}).status_code == 422
    assert written(store, behind) == []


def test_people_in_turn_in_one_process_are_told_apart(
    store: Session[Any], world: World, browser: Client, signed_in: Callable[[User], Client]
) -> None:
    carol = signed_in(accounts.add("carol@example.com", PASSWORD, role=Role.EDITOR))
    behind = last(store)
    for number, each in enumerate((browser, carol, browser, carol)):
        given = {"name": f"Title {number}", "seen": seen(each, "/connections/acme")}
        assert each.post("/connections/acme/title", given).status_code == 302
    Connection.objects.filter(key="acme").update(name="past all pages")
    assert [who for _, _, _, who, *_ in written(store, behind)] == [
        "alice@example.com",
        "carol@example.com",
        "alice@example.com",
        "carol@example.com",
        store.info.user,
    ]


def test_what_is_deleted_keeps_its_name_and_leads_nowhere(
    store: Session[Any], world: World, browser: Client
) -> None:
    Connection.objects.filter(key="acme").update(name="<b>Acme & Söhne</b>")
    number = world.connection.id
    browser.post("/connections/acme/delete")
    page = browser.get(f"/audit?connection={number}").content.decode()
    assert "Deleted the connection" in page
    assert "&lt;b&gt;Acme &amp; Söhne&lt;/b&gt;" in page
    assert 'href="/connections/acme"' not in page
    assert "Import leads" in page


def test_a_segment_keeps_its_values_from_those_who_may_not_see_them(
    world: World, signed_in: Callable[[User], Client], browser: Client
) -> None:
    blind = accounts.add("dora@example.com", PASSWORD, role=Role.ADMINISTRATOR)
    segment = Segment.objects.get(key="dutch")
    # Identifiers are personal data, also where nobody has said so.
    Property.objects.filter(key="email").update(personal=False)
    by_name = {"property": "full_name", "is": ["Zinnia"]}
    by_email = {"property": "email", "is": ["zinnia@example.com"]}
    segment.where = {"all": [by_name, by_email, segment.where]}
    segment.save()
    Connection.objects.filter(key="acme").update(notify_to=["zinnia@example.com"])
    goal = Goal.objects.get(id=world.goal.id)
    goal.document["filter"] = {"field": "Email", "is": ["zinnia@example.com"]}
    goal.save()
    for address in ("/audit", "/audit/log.csv"):
        for who, sees in ((browser, True), (signed_in(blind), False)):
            answer = who.get(address)
            body = b"".join(answer) if answer.streaming else answer.content
            assert (b"innia" in body) is sees, (address, sees)
            assert b"Country is NL" in body


def test_letting_a_restored_store_go_on_is_logged(browser: Client, store: Session[Any]) -> None:
    upkeep.note(store, upkeep.HELD, made_at="2026-01-31T12:30:00+00:00")
    browser.post("/resume")
    shown = re.sub("<[^>]+>", "", browser.get("/audit").content.decode())
    assert "Let the restored store go on" in shown
    row = store.execute("SELECT kind, act, how FROM store.audit ORDER BY id DESC").fetchone()
    assert row == ("store", "let go on", "page")
    browser.post("/resume")
    assert store.execute("SELECT count(*) FROM store.audit WHERE kind = 'store'").fetchone() == (1,)
