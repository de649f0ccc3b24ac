"""Runs that are disturbed, cut, killed or large."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import Connection

from integration import set_up
from integration.importing.histories import PROPERTIES, new_org
from integration.importing.side_by_side import SideBySide, chunks_of, dump
from isthmus.connections import results
from isthmus.connections.errors import CountMismatch, PageIncomplete, RunStopped
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.importing import engine, match, merge
from isthmus.importing.errors import RecordsMissing
from isthmus.profiles.database import DatabaseGone
from isthmus.salesforce import PageCut

GOAL = ImportGoal(
    key="leads",
    name="Leads",
    object=LEAD,
    match=(
        MatchRow(field="Id", identifier="ids"),
        MatchRow(field="Email", identifier="email"),
        MatchRow(field="Codes", identifier="codes"),
    ),
    fields=(
        ImportField(field="Title", property="title"),
        ImportField(field="Total", property="total", rule=MergeRule.SUM),
    ),
    create_profiles=True,
)


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    side_by_side = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)
    side_by_side.add_goal(GOAL)
    return side_by_side


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "wait_random_exponential", lambda **_given: lambda _state: 0)


def fill(both: SideBySide, records: int) -> None:
    for number in range(records):
        both.org.save("Lead", Email=f"{number}@x.co", Title=str(number), Total="1")
    both.org.seconds += 1


@contextmanager
def before_merge(happening: Callable[[], None], *, chunk: int = 1) -> Iterator[None]:
    """Something happens once, in the middle of a chunk."""
    left = [chunk]
    real = merge.merge

    def disturbed(*given: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            happening()
        real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "merge", disturbed)
        yield


def test_two_thousand_records_of_one_profile_take_few_statements(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.add_profile(email="a@x.co")
    for number in range(2000):
        both.org.save("Lead", Email="a@x.co", Title=str(number), Total="1")
    both.org.seconds += 1
    statements = count_statements(monkeypatch)
    goal_run = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    assert goal_run.counts.plain()["updated"] == 2000
    assert len(statements) < 150
    row = both.connection.execute("SELECT p_title, p_total FROM store.profile").fetchone()
    assert row == ("1999", 2000)


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    statements: list[object] = []
    real = psycopg.Connection.execute

    def counted(connection: Any, query: Any, *given: Any, **named: Any) -> Any:
        statements.append(query)
        return real(connection, query, *given, **named)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    return statements


def test_a_chain_of_two_hundred_records_that_share_identifiers_is_one_profile(
    both: SideBySide,
) -> None:
    for number in range(200):
        both.org.save("Lead", Codes=f"c{number};c{number + 1}")
    both.org.seconds += 1
    outcomes = [each.outcome for each in both.run("leads")]
    assert outcomes == ["created"] + ["updated"] * 199
    assert len(both.store.profiles) == 1


def test_a_profile_changed_by_somebody_else_in_the_middle_of_a_chunk_loses_nothing(
    both: SideBySide,
) -> None:
    profile = both.add_profile(email="0@x.co", total=1)
    fill(both, 3)
    both.store.profiles[profile]["total"] = 100

    def interfere() -> None:
        both.connection.execute("UPDATE store.profile SET p_total = 100")

    with interfering_before_lock(interfere):
        both.run("leads")
    assert both.store.profiles[profile]["total"] == 101


@contextmanager
def interfering_before_lock(happening: Callable[[], None]) -> Iterator[None]:
    """Something happens once, after the chunk's snapshot and before its locks."""
    left = [1]
    real = match.match

    def disturbed(*given: Any) -> None:
        real(*given)
        if left:
            left.pop()
            happening()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "match", disturbed)
        yield


def test_an_identifier_taken_by_somebody_else_in_the_middle_of_a_chunk_is_matched(
    both: SideBySide,
) -> None:
    fill(both, 2)
    made = []

    def take() -> None:
        row = both.connection.execute(
            "INSERT INTO store.profile (p_email) VALUES ('0@x.co') RETURNING profile_id"
        ).fetchone()
        assert row is not None
        number = both.definitions["email"].key
        both.connection.execute(
            "INSERT INTO store.identifier (property, value, profile_id) "
            "SELECT id, '0@x.co', %s FROM profiles_property WHERE key = %s",
            [row[0], number],
        )
        made.append(row[0])

    with interfering_before_lock(take):
        goal_run = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    assert goal_run.counts.created == 1
    assert goal_run.counts.updated == 1
    title = both.connection.execute(
        "SELECT p_title FROM store.profile WHERE profile_id = %s", made
    ).fetchone()
    assert title == ("0",)


def test_a_database_session_killed_in_the_middle_of_a_chunk_leaves_whole_chunks(
    both: SideBySide,
) -> None:
    fill(both, 9)
    goal = both.goals["leads"]

    def kill() -> None:
        both.connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'isthmus import' AND datname = current_database()"
        )

    with chunks_of(3), before_merge(kill, chunk=3), pytest.raises(DatabaseGone):
        set_up.run(engine.run_import, goal, both.salesforce)
    assert _count(both, "store.profile") == 6
    reached = both.connection.execute(
        "SELECT position ->> 1, counts ->> 'created' FROM connections_rungoal"
    ).fetchone()
    assert reached == (both.org.id("Lead", 6), "6")
    goal_run = set_up.run(engine.run_import, goal, both.salesforce)
    assert (goal_run.counts.unchanged, goal_run.counts.created) == (6, 3)
    totals = both.connection.execute("SELECT DISTINCT p_total FROM store.profile").fetchall()
    assert totals == [(1,)]


def _count(both: SideBySide, table: str) -> int:
    statement = psycopg.sql.SQL("SELECT count(*) FROM {}").format(
        psycopg.sql.Identifier(*table.split("."))
    )
    row = both.connection.execute(statement).fetchone()
    return int(row[0]) if row else 0


def test_two_imports_at_once_leave_what_one_after_the_other_leaves(both: SideBySide) -> None:
    fill(both, 40)
    again = set_up.new_goal(both.row, ImportGoal.from_plain({**GOAL.plain(), "key": "again"}))
    runs = [set_up.start(goal, both.salesforce) for goal in (both.goals["leads"], again)]
    with chunks_of(7):
        threads = [threading.Thread(target=_import_and_leave, args=[run]) for run in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [run.counts.received for run in runs] == [40, 40]
    assert _count(both, "store.profile") == 40
    assert _count(both, "store.record_link") == 80


def _import_and_leave(goal_run: GoalRun) -> None:
    """Run in a thread, which has a connection of Django's to itself."""
    try:
        engine.run_import(goal_run)
    finally:
        connections.close_all()


def test_a_run_that_is_stopped_keeps_its_chunks_and_the_next_does_the_rest(
    both: SideBySide,
) -> None:
    fill(both, 9)
    goal_run = set_up.start(
        both.goals["leads"], both.salesforce, cancelled=lambda: _count(both, "store.profile") > 3
    )
    with chunks_of(2), pytest.raises(RunStopped):
        engine.run_import(goal_run)
    assert _count(both, "store.profile") == 4
    both.goals["leads"].refresh_from_db()
    assert both.goals["leads"].read_until is None
    following = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    assert (following.counts.unchanged, following.counts.created) == (4, 5)


def test_the_stage_stays_until_the_run_ends_well(both: SideBySide) -> None:
    fill(both, 3)
    both.salesforce.bulk_query.processed = lambda rows: rows + 1
    with pytest.raises(RecordsMissing):
        both.run("leads")
    both.salesforce.bulk_query.processed = int
    stages = "SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'"
    assert both.connection.execute(stages).fetchone() == (2,)
    failed = both.goals["leads"].runs.get()
    goal_run = set_up.start(both.goals["leads"], both.salesforce)
    goal_run.run_goal = failed
    engine.run_import(set_up.again(goal_run))
    assert both.connection.execute(stages).fetchone() == (0,)


def test_a_job_that_counts_other_records_than_arrived_fails_the_run(both: SideBySide) -> None:
    fill(both, 3)
    both.salesforce.bulk_query.processed = lambda rows: rows + 1
    with pytest.raises(RecordsMissing, match="has 4 records and 3 arrived"):
        set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    assert _count(both, "store.profile") == 0


def cut_in_half(body: bytes) -> Iterable[bytes]:
    yield body[: len(body) // 2]
    raise PageCut("cut")


def without_last_row(body: bytes) -> Iterable[bytes]:
    yield body[: body.rstrip(b"\n").rindex(b"\n") + 1]


def inside_a_quote(body: bytes) -> Iterable[bytes]:
    yield body.rstrip(b'"\n')


@pytest.mark.parametrize("change", [cut_in_half, without_last_row, inside_a_quote])
def test_a_page_that_arrives_cut_is_fetched_again(
    both: SideBySide, change: Callable[[bytes], Iterable[bytes]]
) -> None:
    fill(both, 9)
    bulk = both.salesforce.bulk_query
    bulk.page_size, bulk.changes = 4, [change, change]
    assert len(both.run("leads")) == 9
    assert bulk.changes == []


def test_a_page_that_is_cut_each_time_fails_the_run(both: SideBySide) -> None:
    fill(both, 2)
    both.salesforce.bulk_query.changes = [without_last_row] * 9
    with pytest.raises(PageIncomplete, match="has 1 of the 2 records"):
        set_up.run(engine.run_import, both.goals["leads"], both.salesforce)


def test_bytes_that_the_database_refuses_do_not_stop_the_page(both: SideBySide) -> None:
    fill(both, 2)

    def spoil(body: bytes) -> Iterable[bytes]:
        return [body.replace(b'"0"', b'"a\x00b\xff\xed\xa0\x80"')]

    both.salesforce.bulk_query.changes = [spoil]
    set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    titles = both.connection.execute("SELECT p_title FROM store.profile ORDER BY 1").fetchall()
    assert titles == [("1",), ("ab\ufffd\ufffd\ufffd\ufffd",)]


def test_a_letter_that_is_split_between_two_pieces_arrives_whole(both: SideBySide) -> None:
    both.org.save("Lead", Email="a@x.co", Title="é😀\u2028")
    both.org.seconds += 1
    both.salesforce.bulk_query.changes = [lambda body: [bytes([each]) for each in body]]
    both.run("leads")
    assert both.store.profiles[1]["title"] == "é😀\u2028"


@pytest.mark.parametrize(
    "title", ['"', '""', "a\nb", "a\r\nb", "a,b", "\\.", "\\N", "\u2028", "'", "%s", "{}", "\t"]
)
def test_any_text_arrives_as_it_is(both: SideBySide, title: str) -> None:
    both.org.save("Lead", Email="a@x.co", Title=title)
    both.org.seconds += 1
    both.run("leads")
    assert both.store.profiles[1]["title"] == title


def test_columns_may_come_in_another_order(both: SideBySide) -> None:
    fill(both, 3)
    both.salesforce.bulk_query.header = lambda names: sorted(names, reverse=True)
    assert [each.outcome for each in both.run("leads")] == ["created"] * 3


def test_a_column_that_nobody_asked_for_fails_the_run(both: SideBySide) -> None:
    fill(both, 1)
    both.salesforce.bulk_query.header = lambda names: [*names, "Strange"]
    with pytest.raises(CountMismatch, match="Strange"):
        set_up.run(engine.run_import, both.goals["leads"], both.salesforce)


@pytest.mark.parametrize("change", [None, lambda _body: [b""]], ids=["header only", "no bytes"])
def test_an_empty_result_is_a_run_without_records(both: SideBySide, change: Any) -> None:
    both.salesforce.bulk_query.changes = [change] if change else []
    both.org.seconds += 1
    assert both.run("leads") == []


def test_a_second_full_run_changes_no_row(both: SideBySide) -> None:
    fill(both, 20)
    both.run("leads")
    rows = dump(both.connection)
    time.sleep(0.002)
    both.run("leads", full=True)
    assert dump(both.connection) == rows
