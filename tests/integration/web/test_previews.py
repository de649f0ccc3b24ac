"""The page of a preview: counts, rows before and after, and who may see what."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from django.test import Client
from django.utils import timezone
from psycopg import sql
from psycopg.types.json import Jsonb

from integration.web.planted import EMAIL, NAME, RECORD, SECRETS, World, plant
from isthmus.connections import foreseen, previews
from isthmus.connections.models import Run, RunGoal, RunState
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles import database

PAGE = "/connections/acme/goals/leads_in/preview"
PASSWORD = "a quiet harbour"
OTHER = "00Q000000000002AAA"
SKIPPED = "00Q000000000003AAA"

SignIn = Callable[[User], Client]


@pytest.fixture
def world(store: Any) -> World:
    return plant(store)


class _Nobody:
    """Nobody takes the preview over."""

    def check(self, session: Any) -> None:
        pass


def _run(world: World, state: RunState) -> RunGoal:
    now = timezone.now()
    run = Run.every.create(
        connection=world.connection,
        preview=True,
        number=1,
        state=state,
        asked_by="Alice",
        started_at=now,
        finished_at=None if state == RunState.RUNNING else now,
    )
    return RunGoal.objects.create(
        run=run, goal=world.goal, key=world.goal.key, direction="import", state=state,
        started_at=now,
    )  # fmt: skip


@pytest.fixture
def told(world: World) -> RunGoal:
    """A preview that has come to its end."""
    part = _run(world, RunState.PROBLEMS)
    part.counts = {
        "received": 4,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "skipped": {"no_match": 1},
        "problems": 1,
    }
    part.seconds = {"download": 1.5, "merge": 0.6}
    made_of = previews.made_of(world.goal)
    part.foreseen = {"api_calls": 6, "made_of": made_of, "rows": 4}
    part.save()
    with foreseen.written(part.id, cast("Any", _Nobody())) as session:
        session.execute(
            sql.SQL(
                "INSERT INTO {} (n, record_id, profile_id, outcome, reason, before, after) VALUES"
                " (1, %s, %s, 'updated', NULL, %s, %s), (2, %s, NULL, 'created', NULL, NULL, %s),"
                " (3, %s, NULL, 'skipped', 'no_match', NULL, NULL)"
            ).format(foreseen.rows(part.id)),
            [
                RECORD,
                world.profile_id,
                Jsonb({"full_name": "<b>Zinnia</b>", "country": "NL"}),
                Jsonb({"full_name": NAME, "country": "BE"}),
                OTHER,
                Jsonb({"country": "DE"}),
                SKIPPED,
            ],
        )
        session.execute(
            sql.SQL(
                "INSERT INTO {} (record_id, field, property, code, message, value)"
                " VALUES (%s, 'Name', 'full_name', 'not_a_date', %s, %s)"
            ).format(foreseen.problems(part.id)),
            [RECORD, f"Name '{NAME}' does not fit", NAME],
        )
        session.execute(
            sql.SQL("INSERT INTO {} (value, n) VALUES (%s, 1)").format(foreseen.names(part.id)),
            [EMAIL],
        )
    return part


def _page(browser: Client, query: str = "") -> str:
    answer = browser.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    found: str = answer.content.decode()
    return found


def _blind() -> User:
    return accounts.add("carol@example.com", PASSWORD, name="Carol", role=Role.EDITOR)


@pytest.fixture
def seeing(alice: User, signed_in: SignIn) -> Client:
    alice.sees_personal_data = True
    alice.save()
    return signed_in(alice)


def test_before_there_is_a_preview_the_page_says_what_one_is(world: World, seeing: Client) -> None:
    page = _page(seeing)
    assert "A preview says what a run of this goal would do" in page
    assert f'action="{PAGE}/ask"' in page


def test_counts_come_first_and_each_leads_to_its_rows(told: RunGoal, seeing: Client) -> None:
    page = _page(seeing)
    assert "Nothing was written. Made" in page
    assert "in 2.1 s" in page
    assert "A run would need about 6 API calls." in page
    for outcome in ("created", "updated", "skipped"):
        assert f'href="{PAGE}?outcome={outcome}#rows"' in page
    assert f'href="{PAGE}?outcome=skipped&amp;reason=no_match#rows"' in page
    assert "No profile matches, and the goal creates none." in page


def test_rows_are_shown_before_and_after(told: RunGoal, seeing: Client) -> None:
    page = _page(seeing, "?outcome=updated")
    assert RECORD in page
    assert "&lt;b&gt;Zinnia&lt;/b&gt;" in page
    assert NAME in page
    assert "BE" in page
    assert OTHER not in page


@pytest.mark.parametrize("q", [RECORD, EMAIL, f" {EMAIL} "])
def test_any_record_is_searched(told: RunGoal, seeing: Client, q: str) -> None:
    page = _page(seeing, f"?q={q}")
    assert RECORD in page
    assert OTHER not in page


def test_a_profile_is_searched_by_its_id(told: RunGoal, world: World, seeing: Client) -> None:
    assert RECORD in _page(seeing, f"?q={world.profile_id}")


@pytest.mark.parametrize("query", ["", "?outcome=updated", "?code=*", f"?q={RECORD}"])
def test_without_the_right_no_value_is_shown(
    told: RunGoal, alice: User, signed_in: SignIn, query: str
) -> None:
    page = _page(signed_in(_blind()), query)
    assert not any(each in page for each in SECRETS)
    assert "Zinnia" not in page.replace("zinnia", "")


def test_without_the_right_nobody_is_found_by_a_value(
    told: RunGoal, alice: User, signed_in: SignIn
) -> None:
    browser = signed_in(_blind())
    right, wrong = _page(browser, f"?q={EMAIL}"), _page(browser, "?q=nobody@example.com")
    assert "No record or member of this preview has that record id or profile id." in right
    assert "No record or member of this preview has that record id or profile id." in wrong
    assert RECORD not in right


def test_problems_are_grouped_with_what_to_do(told: RunGoal, seeing: Client) -> None:
    page = _page(seeing)
    assert "Next step." in page
    assert f'href="{PAGE}?code=%2A#rows"' in page
    assert "Field left out" in _page(seeing, "?code=*")
    query = "?code=not_a_date&field=Name"
    assert f'href="{PAGE}{query.replace("&", "&amp;")}#rows"' in page
    assert "Field left out" in _page(seeing, query)
    for other in ("?code=not_a_date&field=Title", "?code=too_long&field=Name"):
        assert "Field left out" not in _page(seeing, other)


def test_where_not_all_problems_are_grouped_it_is_said(told: RunGoal, seeing: Client) -> None:
    words = "Of the first 200 problems that were noted."
    assert words not in _page(seeing)
    with database.connected(application="test") as session:
        session.execute(
            sql.SQL(
                "INSERT INTO {} (record_id, field, property, code, message, value) SELECT %s,"
                " 'Title', 'title', 'too_long', 'It is too long', NULL FROM generate_series(1, 250)"
            ).format(foreseen.problems(told.id)),
            [OTHER],
        )
    assert words in _page(seeing)
    assert words in _page(seeing, "?code=too_long&field=Title")


def test_a_changed_goal_is_told(told: RunGoal, world: World, seeing: Client) -> None:
    assert "The goal was changed after this preview." not in _page(seeing)
    goal = world.goal
    goal.document = {**goal.document, "create_profiles": True}
    goal.save()
    assert "The goal was changed after this preview." in _page(seeing)


def test_one_that_goes_on_is_polled_and_can_be_stopped(world: World, seeing: Client) -> None:
    part = _run(world, RunState.RUNNING)
    part.step, part.done, part.total = "download", 50, 200
    part.save()
    page = _page(seeing)
    assert 'hx-trigger="every 1s"' in page
    assert "25 %" in page
    assert f'action="{PAGE}/stop"' in page
    assert "Before and after" not in page


def test_once_it_has_ended_nothing_is_polled(told: RunGoal, seeing: Client) -> None:
    answer = seeing.get(PAGE, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="live")
    assert answer.status_code == 286
    assert 'hx-trigger="every 1s"' not in answer.content.decode()


def test_one_that_failed_says_why(world: World, seeing: Client) -> None:
    part = _run(world, RunState.FAILED)
    part.message = "Salesforce <doesn't> answer."
    part.save()
    page = _page(seeing)
    assert "The preview couldn\u2019t be made." in page
    assert "Salesforce &lt;doesn&#x27;t&gt; answer." in page


def test_a_preview_is_asked_for(world: World, seeing: Client) -> None:
    answer = seeing.post(f"{PAGE}/ask")
    assert answer.status_code == 302
    page = _page(seeing)
    signed = world.connection.authorization_id is not None
    assert ("Queued" in page) is signed


@pytest.mark.parametrize(
    "query",
    ["?outcome=nothing", "?outcome=updated%00", "?reason=%00", "?outcome=updated&reason=%00"],
)
def test_what_is_no_outcome_or_reason_is_nowhere(told: RunGoal, seeing: Client, query: str) -> None:
    assert seeing.get(f"{PAGE}{query}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00", "?q=" + "x" * 5000, "?q=%ED%A0%80", "?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "?q=%27%3B%20DROP%20TABLE", "?outcome=updated&reason=unheard_of",
    ],
)  # fmt: skip
def test_hostile_searches_find_nothing(told: RunGoal, seeing: Client, query: str) -> None:
    page = _page(seeing, query)
    assert RECORD not in page.split('id="found"')[1]
    assert "<script>alert" not in page


@pytest.mark.parametrize("after", ["%00", "WzFd", "e30=", "WyJ4Il0=", "bnVsbA=="])
def test_a_cursor_that_is_none_is_no_error_of_ours(
    told: RunGoal, seeing: Client, after: str
) -> None:
    assert seeing.get(f"{PAGE}?outcome=updated&after={after}").status_code in (200, 400)
