"""API calls of an org on pages: figures, rows behind, the share, and runs that wait."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import IMPORT
from integration.set_up import ORG_ID, new_connection, new_goal
from integration.web.conftest import post, seen
from isthmus.connections import calls
from isthmus.connections.models import Authorization, Connection, Org, OrgCalls, Run, RunState
from isthmus.domain.call_shares import WORDS, hour_of
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.salesforce import Usage

NAME = "<script>alert(1)</script>\u202e Acme"


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    del store
    connection = new_connection(name=NAME)
    Authorization.objects.update(org_id=ORG_ID, org_name=NAME)
    new_goal(connection, IMPORT)
    calls.measure(ORG_ID, Usage(used=32_292, maximum=100_000))
    org = Org.objects.get()
    now = hour_of(timezone.now())
    for each, hours, number in (
        (connection.id, 0, 4_000),
        (connection.id, 3, 2_000),
        (999, 3, 120),
    ):
        OrgCalls.objects.create(
            org=org, connection=each, hour=now - timedelta(hours=hours), calls=number
        )
    Run.objects.create(connection=connection, number=1, state=RunState.FINISHED, api_calls=210)
    return connection


@pytest.fixture
def administrator(alice: User, signed_in: Callable[[User], Client]) -> Client:
    return signed_in(alice)


@pytest.fixture
def editor(alice: User, signed_in: Callable[[User], Client]) -> Client:
    del alice
    return signed_in(accounts.add("e@example.com", "a quiet harbour", role=Role.EDITOR))


def text(answer: Any) -> str:
    shown = re.sub(r"<(script|style|svg).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split())


def hours_of(answer: Any) -> list[str]:
    """The calls in each row of the table by hour."""
    _, _, table = answer.content.decode().partition('id="hours"')
    return re.findall(r'data-label="Calls">([\d,]+)<', table)


def test_the_card_says_what_is_left_who_used_it_and_what_the_next_run_needs(
    administrator: Client, acme: Connection
) -> None:
    said = text(administrator.get(f"/connections/{acme.key}"))
    assert "API calls 61,588 of 100,000 left" in said
    assert "6,120 by Isthmus, 32,292 by others" in said
    assert "The next run needs about 210." in said
    assert "Isthmus may use 50,000 (50 %) ( change )" in said


def test_only_administrators_are_offered_to_change_the_share(
    editor: Client, acme: Connection
) -> None:
    assert "( change )" not in text(editor.get(f"/connections/{acme.key}"))
    page = text(editor.get(f"/orgs/{ORG_ID}"))
    assert "Isthmus may use 50 % of the org\u2019s API calls." in page
    assert post(editor, f"/orgs/{ORG_ID}/share", share_percent="60").status_code == 403
    assert Org.objects.get().share_percent == 50


def test_the_page_has_the_rows_behind_and_they_add_up(
    administrator: Client, acme: Connection
) -> None:
    answer = administrator.get(f"/orgs/{ORG_ID}")
    assert hours_of(answer) == ["4,000", "2,000", "120"]
    said = text(answer)
    assert "6,000 None Deleted connections 120" in said
    assert f"/connections/{acme.key}/runs" in answer.content.decode()
    assert "<script>alert" not in answer.content.decode()


def test_the_page_asks_the_same_number_of_questions_however_many_rows(
    administrator: Client, acme: Connection
) -> None:
    with CaptureQueriesContext(database) as few:
        administrator.get(f"/orgs/{ORG_ID}")
    org, now = Org.objects.get(), hour_of(timezone.now())
    for number in range(20):
        each = new_connection(f"more{number}")
        for hours in range(24):
            OrgCalls.objects.create(
                org=org, connection=each.id, hour=now - timedelta(hours=hours), calls=1
            )
    with CaptureQueriesContext(database) as many:
        answer = administrator.get(f"/orgs/{ORG_ID}")
    assert len(many) == len(few)
    assert len(hours_of(answer)) == 483
    del acme


def test_an_administrator_changes_the_share_and_waiting_runs_are_woken(
    administrator: Client, acme: Connection
) -> None:
    later = timezone.now() + timedelta(hours=20)
    run = Run.objects.create(
        connection=acme, number=2, state=RunState.WAITING, wait_until=later, message="Used up."
    )
    assert "goes on" in text(administrator.get(f"/connections/{acme.key}"))
    waiting = text(administrator.get(f"/connections/{acme.key}/runs/2"))
    assert "The run waits for API calls." in waiting
    assert "Used up. API calls of the org" in waiting
    values = {"share_percent": "75", "seen": seen(administrator, f"/orgs/{ORG_ID}")}
    answer = administrator.post(f"/orgs/{ORG_ID}/share", values, follow=True)
    assert "Isthmus may use 75 % of the org\u2019s API calls now." in text(answer)
    run.refresh_from_db()
    assert run.wait_until is not None
    assert run.wait_until <= timezone.now()
    assert Org.objects.get().share_percent == 75


def test_a_lower_share_wakes_nobody(administrator: Client, acme: Connection) -> None:
    later = timezone.now() + timedelta(hours=20)
    Run.objects.create(connection=acme, number=2, state=RunState.WAITING, wait_until=later)
    values = {"share_percent": "10", "seen": seen(administrator, f"/orgs/{ORG_ID}")}
    assert administrator.post(f"/orgs/{ORG_ID}/share", values).status_code == 302
    assert Run.objects.get(number=2).wait_until == later


def test_the_second_of_two_who_change_the_share_is_told(
    administrator: Client, acme: Connection
) -> None:
    del acme
    before = seen(administrator, f"/orgs/{ORG_ID}")
    values = {"share_percent": "75", "seen": before}
    assert administrator.post(f"/orgs/{ORG_ID}/share", values).status_code == 302
    second = administrator.post(f"/orgs/{ORG_ID}/share", {"share_percent": "20", "seen": before})
    assert second.status_code == 409
    assert "Somebody else changed this meanwhile" in text(second)
    assert Org.objects.get().share_percent == 75


@pytest.mark.parametrize("typed", ["", "0", "101", "x", "5.5", "\x00", "9" * 400])
def test_what_is_no_share_is_refused_in_words(
    administrator: Client, acme: Connection, typed: str
) -> None:
    del acme
    values = {"share_percent": typed, "seen": seen(administrator, f"/orgs/{ORG_ID}")}
    answer = administrator.post(f"/orgs/{ORG_ID}/share", values)
    assert answer.status_code == 422
    assert WORDS in text(answer)
    assert Org.objects.get().share_percent == 50


@pytest.mark.parametrize("key", ["nothing", "%00", "00D000000000009AAA", "a" * 500])
def test_an_org_that_is_not_there_is_not_found(administrator: Client, key: str) -> None:
    assert administrator.get(f"/orgs/{key}").status_code == 404
    assert administrator.post(f"/orgs/{key}/share", {"share_percent": "5"}).status_code == 404


def test_a_used_share_is_said_with_when_more_is_free(
    administrator: Client, acme: Connection
) -> None:
    Org.objects.update(share_percent=6)
    said = text(administrator.get(f"/connections/{acme.key}"))
    assert "Isthmus has used its share. More are free" in said


def test_a_connection_whose_org_was_asked_nothing_shows_no_figures(
    administrator: Client, store: Session[Any]
) -> None:
    del store
    new_connection("other", org_id="")
    assert "API calls" not in text(administrator.get("/connections/other"))
