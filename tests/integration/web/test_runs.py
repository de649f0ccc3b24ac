"""Runs on pages: live, with the rows behind each number, the log, and one record's story."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as django_connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import Connection, sql

from integration.web.conftest import PASSWORD
from integration.web.planted import NAME, RECORD, SECRETS, World, plant
from isthmus.connections import reading
from isthmus.connections.models import EXPORT, Authorization, Goal, Run, RunGoal, RunState
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User

RUN = "/connections/acme/runs/1"
HOSTILE = "<script>alert(1)</script>\u202e\"' " + "x" * 9_000


@pytest.fixture
def world(store: Connection[Any]) -> World:
    return plant(store)


@pytest.fixture
def editor(alice: User, signed_in: Callable[[User], Client]) -> Client:
    User.objects.filter(id=alice.id).update(sees_personal_data=True)
    return signed_in(alice)


@pytest.fixture
def blind(alice: User, signed_in: Callable[[User], Client]) -> Client:
    user = accounts.add("frank@example.com", PASSWORD, role=Role.VIEWER, sees_personal_data=False)
    return signed_in(user)


def page(browser: Client, address: str, **query: Any) -> str:
    answer = browser.get(address, query)
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def log_of(browser: Client, address: str, **query: Any) -> list[dict[str, str]]:
    answer = browser.get(address, query)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def note(store: Connection[Any], part: RunGoal, **values: Any) -> None:
    """A row of `run_record`, or of `run_problem` where it has a code."""
    names = {"run_goal": part.id, **values}
    table = "run_problem" if "code" in values else "run_record"
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier("store", table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(map(sql.Placeholder, names)),
    )
    store.execute(statement, names)


def under_way(world: World, **values: Any) -> RunGoal:
    """The planted run is going on, and a process works on it."""
    Run.objects.filter(id=world.run.id).update(state=RunState.RUNNING, finished_at=None)
    began = timezone.now() - timedelta(seconds=20)
    given = {"state": RunState.RUNNING, "finished_at": None, "started_at": began, **values}
    RunGoal.objects.filter(id=world.run_goal.id).update(**given)
    return RunGoal.objects.get(id=world.run_goal.id)


def hold(store: Connection[Any], world: World) -> None:
    from isthmus.connections.runs import RUN_LOCK

    store.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, world.connection.id])


def test_every_number_of_a_run_leads_to_its_rows(editor: Client, world: World) -> None:
    shown = page(editor, RUN)
    for query in ("goal=leads_in", "goal=leads_in&amp;outcome=updated", "outcome=updated"):
        assert f'href="{RUN}/rows?{query}"' in shown
    assert f'href="{RUN}/rows?goal=leads_in&amp;code=%2A&amp;fields=1"' in shown
    rows = page(editor, f"{RUN}/rows", goal="leads_in", outcome="updated")
    assert RECORD in rows
    assert str(world.profile_id) in rows
    assert "The profile was updated." in rows
    assert f"/connections/acme/records/{RECORD}" in rows
    assert RECORD not in page(editor, f"{RUN}/rows", outcome="created")


def test_the_rows_of_every_outcome_are_as_many_as_the_run_counted(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    counted = {"created": 3, "removed": 2, "failed": 4, "skipped": 5}
    part = world.run_goal
    part.counts = {
        "received": 15,
        "updated": 1,
        "created": 3,
        "removed": 2,
        "failed": {"too_large": 4},
        "skipped": {"no_match": 5},
    }
    part.save()
    reasons = {"failed": "too_large", "skipped": "no_match"}
    for outcome, number in counted.items():
        for _ in range(number):
            record = f"00Q{uuid4().hex[:15]}"
            note(store, part, outcome=outcome, reason=reasons.get(outcome), record_id=record)
    for outcome, number in counted.items():
        shown = page(editor, f"{RUN}/rows", outcome=outcome)
        assert shown.count('<tr class="run-line">') == number
        assert f"{number} in" in shown


def test_unchanged_records_are_said_to_be_counted_and_not_listed(
    editor: Client, world: World
) -> None:
    assert "counted, not listed" in page(editor, f"{RUN}/rows", outcome="unchanged")


def test_skipped_in_the_newest_run_lists_all_that_are_left_out_now(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    store.execute(
        "INSERT INTO store.record_link (goal, record_id, object, reason)"
        " SELECT %s, '00Q' || lpad(n::text, 15, '0'), 'Lead', 'no_match'"
        " FROM generate_series(10, 79) AS n",
        [world.goal.id],
    )
    query = {"goal": "leads_in", "outcome": "skipped", "reason": "no_match"}
    first = page(editor, f"{RUN}/rows", **query)
    assert first.count('<tr class="run-line">') == 50
    assert "all records that the goal leaves out" in first
    after = first.split("after=")[1].split('"')[0].replace("%3D", "=")
    second = page(editor, f"{RUN}/rows", **query, after=after)
    assert second.count('<tr class="run-line">') == 20
    # The same number of all goals together, where one of them has it, leads to the same rows.
    world.run_goal.counts = {**world.run_goal.counts, "skipped": {"no_match": 70}}
    world.run_goal.save()
    RunGoal.objects.create(run=world.run, key="others_in", direction="import", state="finished")
    whole = page(editor, f"{RUN}/rows", outcome="skipped", reason="no_match")
    assert whole.count('<tr class="run-line">') == 50
    # In an older run they are not known any more, and that is said.
    later = Run.objects.create(connection=world.connection, number=2, state=RunState.FINISHED)
    RunGoal.objects.create(
        run=later, goal=world.goal, key="leads_in", direction="import", started_at=timezone.now()
    )
    old = page(editor, f"{RUN}/rows", **query)
    assert '<tr class="run-line">' not in old
    assert "not listed again" in old


@pytest.mark.parametrize("text", [RECORD, RECORD[:15], "profile"])
def test_a_record_is_searched_by_its_id_or_by_its_profile(
    editor: Client, world: World, text: str, store: Connection[Any]
) -> None:
    record = "00Q000000000001EAA"  # what 15 characters are completed to
    note(store, world.run_goal, outcome="created", record_id=record)
    asked = str(world.profile_id) if text == "profile" else text
    shown = page(editor, f"{RUN}/rows", q=asked)
    assert '<tr class="run-line">' in shown
    nothing = page(editor, f"{RUN}/rows", q="00Q000000000009EAA")
    assert "Nothing is known of it" in nothing
    assert "neither a record id" in page(editor, f"{RUN}/rows", q="Zinnia")


def test_a_record_that_the_run_left_as_it_was_is_told_with_its_last_outcome(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    later = Run.objects.create(connection=world.connection, number=2, state=RunState.FINISHED)
    RunGoal.objects.create(
        run=later, goal=world.goal, key="leads_in", direction="import", started_at=timezone.now()
    )
    shown = page(editor, "/connections/acme/runs/2/rows", q=RECORD)
    assert "this run noted nothing new. It is updated since run #1" in shown


def test_problems_come_by_cause_with_an_explanation_and_a_next_step(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    for number in range(3):
        note(
            store,
            world.run_goal,
            code="DUPLICATE_VALUE",
            message=f"duplicate value found on record with id: 00300000000000{number}",
            record_id=f"00Q{number:015}",
        )
    shown = page(editor, f"{RUN}/problems")
    assert shown.count('<details class="cause"') == 2
    assert "duplicate value found on record with id: 003000000000000" in shown
    assert "Merge the two records in Salesforce" in shown
    cause = shown.split(f"{RUN}/rows?")[1].split('"')[0].replace("&amp;", "&")
    rows = editor.get(f"{RUN}/rows?{cause}").content.decode()
    assert rows.count('<tr class="run-line">') == 3
    lines = log_of(editor, f"{RUN}/log.csv?{cause}")
    assert [line["code"] for line in lines] == ["DUPLICATE_VALUE"] * 3


def test_the_log_is_the_store_line_by_line(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    for number in range(200):
        note(store, world.run_goal, outcome="created", record_id=f"00Q{number:015}")
        note(store, world.run_goal, code="x", message=f'Line\n{number}, "q"', field="F")
    answer = editor.get(f"{RUN}/log.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="acme-run-1.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.streaming
    lines = log_of(editor, f"{RUN}/log.csv")
    kept = store.execute(
        "SELECT record_id, profile_id, field, code, message FROM store.run_problem"
        " UNION ALL SELECT record_id, profile_id, NULL, coalesce(reason, outcome), NULL"
        " FROM store.run_record"
    ).fetchall()
    wanted = [tuple("" if cell is None else str(cell) for cell in row) for row in kept]
    names = ("record id", "profile id", "field", "code", "message")
    got = [
        tuple(line[name] if name != "message" or line["field"] else "" for name in names)
        for line in lines[1:-2]
    ]
    assert sorted(got) == sorted(wanted)
    assert (lines[0]["code"], lines[-1]["code"]) == ("started", "problems")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_the_log_is_a_formula(
    editor: Client, world: World, store: Connection[Any], begin: str
) -> None:
    words = f"{begin}HYPERLINK(1)"
    note(store, world.run_goal, code="X", message=words, field=words)
    (line,) = log_of(editor, f"{RUN}/log.csv", goal="leads_in", code="X")
    assert line["message"] == line["field"] == f"'{words}"
    # The command line's log is for programs: it has the words as they are.
    raw = b"".join(map(bytes, reading.log_csv(world.run))).decode()
    assert f"'{words}" not in raw


def test_salesforces_words_and_our_values_are_hidden_without_the_right(
    blind: Client, editor: Client, world: World, store: Connection[Any]
) -> None:
    part = world.run_goal
    note(store, part, code="DUPLICATE_VALUE", message=f"duplicate of {NAME}", record_id=RECORD)
    note(store, part, code="too_long", message=f"It holds \u201c{NAME}\u201d.", value=NAME)
    part.message = f"Salesforce refused 9 of the first 9 rows, all with X: {NAME} is bad. Again."
    part.save()
    addresses = [
        RUN,
        f"{RUN}/problems",
        f"{RUN}/rows?code=*",
        f"/connections/acme/records/{RECORD}",
    ]
    for address in (*addresses, f"{RUN}/rows?q={RECORD}"):
        shown = page(blind, address)
        assert not [secret for secret in SECRETS if secret in shown], address
    text = str(log_of(blind, f"{RUN}/log.csv"))
    assert not [secret for secret in SECRETS if secret in text]
    assert "Another record in Salesforce already has the value" in text
    assert "hidden" in page(blind, f"{RUN}/problems")
    assert NAME in page(editor, f"{RUN}/problems")
    assert RECORD in page(blind, f"{RUN}/rows?code=*")


def test_a_value_that_is_a_word_of_the_problem_is_not_told_by_what_is_hidden(
    blind: Client, world: World, store: Connection[Any]
) -> None:
    words = "Birthdate does not fit Birthday (date); the property was left as it is."
    for value in ("property", "e"):
        note(
            store, world.run_goal, code="wrong_type", message=words, value=value, field="Birthdate"
        )
    for address in (f"{RUN}/problems", f"{RUN}/rows?code=*"):
        shown = page(blind, address)
        assert words in shown, address
    messages = [line["message"] for line in log_of(blind, f"{RUN}/log.csv", code="wrong_type")]
    assert messages == [words, words]


def test_hostile_words_are_shown_as_text(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    part = world.run_goal
    note(store, part, code="X", message=HOSTILE, field=HOSTILE[:200], record_id=RECORD)
    part.message = HOSTILE
    part.save()
    Run.objects.filter(id=world.run.id).update(message=HOSTILE, asked_by=HOSTILE)
    world.connection.name = HOSTILE
    world.connection.save()
    addresses = [RUN, f"{RUN}/problems", f"{RUN}/rows?code=*", "/connections/acme/runs"]
    for address in (*addresses, f"/connections/acme/records/{RECORD}"):
        assert "<script>alert" not in page(editor, address), address


@pytest.mark.parametrize(
    "address",
    [
        "/connections/nothing/runs",
        "/connections/acme/runs/99",
        "/connections/acme/runs/99999999999999999999",
        "/connections/acme/runs?state=odd",
        f"{RUN}/rows?goal=nothing",
        f"{RUN}/rows?outcome=odd",
        f"{RUN}/rows?reason=%00",
        f"{RUN}/rows?code=%00",
        f"{RUN}/rows?q=%00",
        f"{RUN}/log.csv?goal=nothing",
        f"{RUN}/log.csv?code=%00",
        "/connections/acme/records/Zinnia",
        "/connections/acme/records/00Q000000000009EAA",
        "/connections/acme%00/runs",
    ],
)
def test_what_is_not_there_is_not_found(editor: Client, world: World, address: str) -> None:
    assert editor.get(address).status_code == 404


@pytest.mark.parametrize("after", ["x", "W10=", "WzFd", "e30=", "WyJhIl0="])
@pytest.mark.parametrize(
    "address",
    [
        f"{RUN}/rows",
        f"{RUN}/rows?code=*",
        f"/connections/acme/records/{RECORD}",
        f"{RUN}/rows?goal=leads_in&outcome=skipped&reason=no_match",
        "/connections/acme/runs",
    ],
)
def test_a_cursor_that_is_none_is_refused(
    editor: Client, world: World, address: str, after: str
) -> None:
    sign = "&" if "?" in address else "?"
    assert editor.get(f"{address}{sign}after={after}").status_code in (200, 400, 404)


def test_a_running_run_is_polled_and_one_that_ended_is_not(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    headers = {"HX-Request": "true", "HX-Target": "live"}
    under_way(world, step="merge", done=400, total=1000, tries=1)
    hold(store, world)
    live = editor.get(RUN, headers=headers)
    assert live.status_code == 200
    shown = live.content.decode()
    assert 'hx-trigger="every 2s"' in shown
    assert "matching and merging" in shown
    assert "40 %" in shown
    assert "20 a second" in shown or "19 a second" in shown
    assert "left" in shown
    Run.objects.update(state=RunState.FINISHED, finished_at=timezone.now())
    ended = editor.get(RUN, headers=headers)
    assert ended.status_code == 286
    assert 'hx-trigger="every 2s"' not in ended.content.decode()
    assert editor.get(RUN).status_code == 200


def test_a_pace_that_is_not_known_is_not_said(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    hold(store, world)
    for more in ({"tries": 2}, {"total": None}, {"done": 1}):
        under_way(world, **{"step": "merge", "done": 400, "total": 1000, "tries": 1, **more})
        assert "about" not in page(editor, RUN), more


def test_counts_of_a_goal_that_goes_on_are_no_error_and_say_what_is_still_to_do(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    under_way(world, counts={"received": 1000, "created": 300})
    hold(store, world)
    shown = page(editor, RUN)
    assert "700 still to do" in shown
    assert "do not add up" not in shown


def test_counts_that_do_not_add_up_are_an_error(editor: Client, world: World) -> None:
    world.run_goal.counts = {"received": 10, "created": 7}
    world.run_goal.save()
    assert "10 records were received and 7 are accounted for" in page(editor, RUN)


def test_a_run_without_its_process_is_said_to_be_left_behind(editor: Client, world: World) -> None:
    under_way(world)
    shown = page(editor, RUN)
    assert "Left behind" in shown
    assert "Nothing is lost" in shown


def test_a_failed_run_says_why_at_the_top(editor: Client, world: World) -> None:
    Run.objects.update(state=RunState.FAILED, message="The sign-in was refused. Store it again.")
    shown = page(editor, RUN)
    assert shown.index("The sign-in was refused.") < shown.index("received")


def test_a_run_is_stopped_and_a_second_time_that_is_said_in_words(
    editor: Client, blind: Client, world: World, store: Connection[Any]
) -> None:
    under_way(world)
    hold(store, world)
    assert ">Stop</button>" in page(editor, RUN)
    assert ">Stop</button>" not in page(blind, RUN)
    assert blind.post(f"{RUN}/stop").status_code == 403
    answer = editor.post(f"{RUN}/stop", follow=True)
    assert Run.objects.get().state == RunState.STOPPING
    assert "ends after what is under way" in answer.content.decode()
    Run.objects.update(state=RunState.FINISHED)
    again = editor.post(f"{RUN}/stop", follow=True).content.decode()
    assert "can&#x27;t be stopped: it is finished" in again


def many_runs(world: World, number: int, goals: int) -> None:
    for each in range(2, number + 2):
        run = Run.objects.create(
            connection=world.connection,
            number=each,
            state=RunState.FAILED if each % 5 == 0 else RunState.FINISHED,
            started_at=timezone.now(),
            finished_at=timezone.now(),
        )
        RunGoal.objects.bulk_create(
            RunGoal(run=run, goal=world.goal, key="leads_in", direction="import", state="finished")
            for _ in range(goals)
        )


def test_the_list_of_runs_has_pages_and_a_filter(editor: Client, world: World) -> None:
    many_runs(world, 60, 1)
    shown = page(editor, "/connections/acme/runs")
    assert shown.count("Download log<") == 50
    assert "Run #61<" in shown
    after = shown.split("after=")[1].split('"')[0].replace("%3D", "=")
    rest = page(editor, "/connections/acme/runs", after=after)
    assert rest.count("Download log<") == 11
    failed = page(editor, "/connections/acme/runs", state="failed")
    assert failed.count("Download log<") == 12
    assert f'href="{RUN}/log.csv"' in rest


@pytest.mark.parametrize(
    "address", ["/connections/acme/runs", RUN, f"{RUN}/rows", f"{RUN}/problems"]
)
def test_a_page_asks_the_database_as_often_however_many_rows_there_are(
    editor: Client, world: World, store: Connection[Any], address: str
) -> None:
    with CaptureQueriesContext(django_connection) as few:
        page(editor, address)
    many_runs(world, 20, 3)
    for number in range(40):
        goal = Goal.objects.create(
            connection=world.connection,
            key=f"g{number}",
            direction=EXPORT,
            position=number + 9,
            document=world.goal.document,
        )
        part = RunGoal.objects.create(
            run=world.run, goal=goal, key=goal.key, direction=EXPORT, state="finished"
        )
        note(store, part, outcome="created", record_id=f"00Q{number:015}")
        note(store, part, code="X", message=f"Words {number}")
    with CaptureQueriesContext(django_connection) as many:
        page(editor, address)
    assert len(many) == len(few)


def test_one_records_story_tells_what_every_run_did_newest_first(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    later = Run.objects.create(connection=world.connection, number=2, state=RunState.FINISHED)
    part = RunGoal.objects.create(
        run=later, goal=world.goal, key="leads_in", direction="import", started_at=timezone.now()
    )
    note(store, part, outcome="skipped", reason="ambiguous", record_id=RECORD)
    shown = page(editor, f"/connections/acme/records/{RECORD}")
    assert shown.index(">Run #2<") < shown.index(">Run #1<")
    assert "It matches several profiles." in shown
    assert "Linked" in shown
    whole = page(editor, f"/connections/acme/records/{world.profile_id}")
    assert RECORD in whole
    assert ">Run #2<" in whole


def test_a_profile_that_waits_is_told_with_the_reason(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    profile = uuid4()
    goal = Goal.objects.create(
        connection=world.connection, key="out", direction=EXPORT, position=2, document={}
    )
    store.execute(
        "INSERT INTO store.export_hold (profile_id, next_at, goal, failures, code)"
        " VALUES (%s, now(), %s, 5, 'STRING_TOO_LONG')",
        [profile, goal.id],
    )
    store.execute(
        "INSERT INTO store.export_skip (profile_id, goal, run_goal, reason)"
        " VALUES (%s, %s, %s, 'held')",
        [profile, goal.id, world.run_goal.id],
    )
    shown = page(editor, f"/connections/acme/records/{profile}")
    assert "Refused 5 times in a row" in shown
    assert "A value is longer than its field." in shown
    assert "since run #1" in shown


def followed(browser: Client, address: str) -> list[str]:
    """The pages of a list, one after the other."""
    pages = [page(browser, address)]
    while following := re.search(r'href="([^"]*after=[^"]*)">Next', pages[-1]):
        pages.append(page(browser, unescape(following[1])))
        assert len(pages) < 10
    return pages


def test_what_is_of_one_moment_is_on_one_of_the_pages(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    at, part = timezone.now(), world.run_goal
    for number in range(60):
        note(
            store,
            part,
            at=at,
            record_id=RECORD,
            profile_id=world.profile_id,
            code="wrong_type",
            field="Birthdate",
            property=f"p{number:02}",
            message=f"Birthdate for <p{number:02}>",
        )
    for address in (f"{RUN}/rows?code=wrong_type", f"/connections/acme/records/{RECORD}"):
        told = "".join(followed(editor, address))
        missing = [n for n in range(60) if told.count(f"Birthdate for &lt;p{n:02}&gt;") != 1]
        assert missing == [], address


def test_what_was_done_to_several_records_of_a_profile_at_once_is_told_of_each(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    at, records = timezone.now(), [f"00Q{number:012}AAA" for number in range(100, 160)]
    for record in records:
        store.execute(
            "INSERT INTO store.record_link (record_id, goal, profile_id, object)"
            " VALUES (%s, %s, %s, 'Lead')",
            [record, world.goal.id, world.profile_id],
        )
        note(store, world.run_goal, at=at, outcome="updated", record_id=record)
    pages = followed(editor, f"/connections/acme/records/{world.profile_id}")
    told = "".join(each[each.index('id="rows"') :] for each in pages)
    assert [each for each in records if each not in told] == []


def test_another_connections_record_is_not_told(
    editor: Client, world: World, store: Connection[Any]
) -> None:
    from integration.set_up import new_connection

    new_connection("other")
    assert editor.get(f"/connections/other/records/{RECORD}").status_code == 404


def test_a_run_that_failed_for_a_lost_sign_in_leads_to_connecting_again(
    world: World, editor: Client, blind: Client
) -> None:
    Run.objects.update(state=RunState.FAILED, message="The sign-in is lost.")
    assert "#authorization" not in page(editor, RUN)
    Authorization.objects.update(lost_at=timezone.now(), lost_reason="revoked")
    assert 'href="/connections/acme#authorization"' in page(editor, RUN)
    assert "#authorization" not in page(blind, RUN)
    Run.objects.update(state=RunState.FINISHED)
    assert "#authorization" not in page(editor, RUN)
