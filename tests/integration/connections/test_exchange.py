"""Which profiles came and went through a connection: what stays, what moves, and what is told."""

import csv
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from psycopg import Connection as Session

from integration.connections.worlds import EXPORT, IMPORT, ended
from integration.exchanges import counted, exchanged, rows, sums
from integration.set_up import new_connection, new_goal
from isthmus.connections import exchange, removing
from isthmus.connections.exchange import Unique, Wanted
from isthmus.connections.models import Goal, RunGoal, RunState
from isthmus.profiles import merging, schema
from isthmus.worker.housekeeping import Housekeeping

MONDAY, TUESDAY, FRIDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 6)


@pytest.fixture
def goals(store: Session[Any]) -> tuple[Goal, Goal, Goal]:
    """Two imports and an export of one connection."""
    connection = new_connection()
    return (
        new_goal(connection, IMPORT),
        new_goal(connection, replace(IMPORT, key="contacts_in", name="Import contacts")),
        new_goal(connection, EXPORT),
    )


def add(store: Session[Any]) -> UUID:
    row = store.execute("INSERT INTO store.profile DEFAULT VALUES RETURNING profile_id").fetchone()
    assert row is not None
    return UUID(str(row[0]))


def went(store: Session[Any], goal: Goal, profile: UUID, day: date, again: int = 0) -> None:
    """A profile that went by a goal on a day."""
    exchanged(store, goal, {day: 1})
    store.execute(
        "UPDATE store.exchanged_profile SET profile_id = %s, again = %s"
        " WHERE goal = %s AND profile_id NOT IN (SELECT profile_id FROM store.profile)",
        [profile, again, goal.id],
    )
    if again:
        store.execute("UPDATE store.exchanged_sum SET firsts = 0 WHERE goal = %s", [goal.id])


def test_two_profiles_that_become_one_count_once_from_the_earlier_day_on(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    leads, contacts, out = goals
    survivor, loser, bystander = add(store), add(store), add(store)
    went(store, leads, survivor, TUESDAY)
    went(store, contacts, loser, MONDAY)
    went(store, out, survivor, FRIDAY)
    went(store, out, loser, TUESDAY)
    went(store, out, bystander, FRIDAY)
    merging.merge(store, survivor, loser)
    one = leads.connection_id
    assert set(rows(store)) == {
        (survivor, one, contacts.id, 0, MONDAY, False),
        (survivor, one, leads.id, leads.id, TUESDAY, False),
        (survivor, one, out.id, 0, TUESDAY, True),
        (bystander, one, out.id, 0, FRIDAY, True),
    }
    assert sums(store) == counted(store)
    found = exchange.over_time(leads.connection)
    assert found.imported.new == {MONDAY: 1}
    assert found.lines[leads.id].new == {TUESDAY: 1}


def test_merging_profiles_that_never_went_writes_nothing(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    survivor, loser = add(store), add(store)
    went(store, goals[0], survivor, MONDAY)
    before = store.execute("SELECT ctid, * FROM store.exchanged_profile").fetchall()
    merging.merge(store, survivor, loser)
    assert store.execute("SELECT ctid, * FROM store.exchanged_profile").fetchall() == before


def test_a_goal_that_is_deleted_goes_on_counting_under_its_name(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    leads, _, out = goals
    connection, number = leads.connection, leads.id
    exchanged(store, leads, {MONDAY: 2})
    exchanged(store, out, {MONDAY: 3})
    with transaction.atomic():
        removing.delete_goal(leads)
    assert exchange.unique(connection) == Unique(imported=2, exported=3)
    found = exchange.over_time(connection)
    (gone,) = [goal for goal in found.goals if goal.deleted]
    assert (gone.id, gone.key, gone.title, gone.exported) == (
        number,
        "leads_in",
        "Import leads",
        False,
    )
    assert found.lines[number].new == {MONDAY: 2}


def test_a_goal_that_exchanged_nothing_leaves_no_trace_when_it_is_deleted(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    with transaction.atomic():
        removing.delete_goal(goals[0])
    assert store.execute("SELECT count(*) FROM store.exchanged_gone").fetchone() == (0,)


def test_a_deleted_connection_takes_its_counts_along(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    exchanged(store, goals[0], {MONDAY: 2})
    other = new_goal(new_connection("other"), IMPORT)
    exchanged(store, other, {MONDAY: 1})
    with transaction.atomic():
        removing.delete_goal(goals[0])
    removing.delete_connection(goals[1].connection)
    assert [row[1] for row in rows(store)] == [other.connection_id]
    assert sums(store) == counted(store)
    assert store.execute("SELECT count(*) FROM store.exchanged_gone").fetchone() == (0,)


def test_small_sums_become_one_once_a_day(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    for _ in range(3):
        exchanged(store, goals[0], {MONDAY: 1, TUESDAY: 2})
    survivor, loser = add(store), add(store)
    went(store, goals[2], survivor, FRIDAY)
    went(store, goals[2], loser, FRIDAY)
    before = sums(store)
    Housekeeping().keep()
    assert sums(store) == before == counted(store)
    assert store.execute("SELECT count(*) FROM store.exchanged_sum").fetchone() == (3,)


def test_pages_of_profiles_go_from_the_latest_day_back_and_leave_none_out(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    leads, contacts, _ = goals
    exchanged(store, leads, {MONDAY: 3, FRIDAY: 4})
    exchanged(store, contacts, {TUESDAY: 5})
    both = Wanted(goals=[leads.id, contacts.id], one_goal=False)
    seen: list[exchange.Exchanged] = []
    while part := exchange.profiles(
        store, both, (seen[-1].day, seen[-1].profile_id) if seen else None, 5
    ):
        seen += part
    assert [each.day for each in seen] == [FRIDAY] * 4 + [TUESDAY] * 5 + [MONDAY] * 3
    assert {each.profile_id for each in seen} == {row[0] for row in rows(store)}
    some = Wanted(goals=both.goals, one_goal=False, since=MONDAY, until=TUESDAY)
    assert len(exchange.profiles(store, some, None, 100)) == 8


def test_the_csv_has_each_day_with_new_profiles_and_no_formulas(
    store: Session[Any], goals: tuple[Goal, Goal, Goal]
) -> None:
    leads, contacts, out = goals
    contacts.document["name"] = '=HYPERLINK("x")'
    contacts.save()
    exchanged(store, leads, {MONDAY: 2, FRIDAY: 1})
    exchanged(store, contacts, {FRIDAY: 1})
    with transaction.atomic():
        removing.delete_goal(leads)
    found = exchange.over_time(out.connection)
    lines = list(csv.reader(exchange.csv_lines(found, neutral=True)))
    assert lines == [
        list(exchange.HEADER),
        ["2026-03-02", "import", "", "", "", "2", "2"],
        ["2026-03-06", "import", "", "", "", "2", "4"],
        ["2026-03-06", "import", "contacts_in", '\'=HYPERLINK("x")', "", "1", "1"],
        ["2026-03-02", "import", "leads_in", "Import leads", "yes", "2", "2"],
        ["2026-03-06", "import", "leads_in", "Import leads", "yes", "1", "3"],
    ]
    late = list(csv.reader(exchange.csv_lines(found, since=TUESDAY)))
    assert [line[0] for line in late[1:]] == ["2026-03-06"] * 3
    assert late[1][-2:] == ["2", "4"], "all so far are counted from the beginning"


@pytest.fixture
def old_store(store: Session[Any]) -> Callable[[], None]:
    """Takes the tables of now away, and makes that of before."""

    def make() -> None:
        store.execute(
            "DROP TABLE store.exchanged_profile, store.exchanged_sum, store.exchanged_gone;"
            "CREATE TABLE store.exported_profile (profile_id uuid NOT NULL,"
            " connection integer NOT NULL, PRIMARY KEY (connection, profile_id))"
        )

    return make


def test_a_store_of_before_keeps_its_counts(
    store: Session[Any], goals: tuple[Goal, Goal, Goal], old_store: Callable[[], None]
) -> None:
    leads, contacts, out = goals
    leads.connection.timezone = "Asia/Tokyo"
    leads.connection.save()
    run = ended(leads.connection, dict.fromkeys(goals, RunState.FINISHED))
    late = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # in Tokyo it is Tuesday
    run.goals.update(started_at=late)
    gone = ended(leads.connection, {new_goal(leads.connection, replace(EXPORT, key="x")): "x"})  # type: ignore[dict-item]
    gone.goals.update(finished_at=late + timedelta(days=3))
    Goal.objects.filter(key="x").delete()
    assert RunGoal.objects.filter(goal=None, direction="export").exists()
    profiles = [add(store) for _ in range(4)]
    store.execute("UPDATE store.profile SET created_at = '2026-01-05T00:00Z'")
    store.execute(
        "UPDATE store.profile SET created_at = '2026-03-06T01:00Z' WHERE profile_id = %s",
        [profiles[1]],
    )
    for record, goal, profile, sent_at in (
        ("a", leads, profiles[0], None),
        ("b", leads, profiles[0], None),
        ("c", leads, profiles[1], None),
        ("d", contacts, profiles[0], None),
        ("e", out, profiles[2], late - timedelta(days=1)),
        ("f", out, profiles[3], None),  # matched, and never sent
    ):
        store.execute(
            "INSERT INTO store.record_link (record_id, goal, profile_id, object, sent_at)"
            " VALUES (%s, %s, %s, 'Lead', %s)",
            [record, goal.id, profile, sent_at],
        )
    old_store()
    store.execute(
        "INSERT INTO store.exported_profile (connection, profile_id) SELECT %s, unnest(%s::uuid[])",
        [leads.connection_id, profiles[1:3]],
    )
    schema.install(store)
    one = leads.connection_id
    assert set(rows(store)) == {
        (profiles[0], one, leads.id, 0, TUESDAY, False),
        (profiles[0], one, contacts.id, contacts.id, TUESDAY, False),
        (profiles[1], one, leads.id, 0, FRIDAY, False),
        (profiles[2], one, out.id, 0, MONDAY, True),
        (profiles[1], one, -one, 0, FRIDAY, True),
    }
    assert sums(store) == counted(store)
    assert exchange.unique(leads.connection) == Unique(imported=2, exported=2)
    (unknown,) = [goal for goal in exchange.over_time(leads.connection).goals if goal.deleted]
    assert (unknown.title, unknown.exported) == ("Deleted goals", True)
    schema.install(store)
    assert len(rows(store)) == 5
    assert store.execute("SELECT to_regclass('store.exported_profile')").fetchone() == (None,)


def test_a_time_zone_that_the_database_does_not_know_stops_no_upgrade(
    store: Session[Any], goals: tuple[Goal, Goal, Goal], old_store: Callable[[], None]
) -> None:
    connection = goals[0].connection
    connection.timezone = "Mars/Olympus"
    connection.save()
    old_store()
    store.execute(
        "INSERT INTO store.exported_profile (connection, profile_id) VALUES (%s, %s)",
        [connection.id, add(store)],
    )
    schema.install(store)
    assert len(rows(store)) == 1
