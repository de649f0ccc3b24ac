"""One value of one profile changed by hand."""

import threading
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections
from psycopg import Connection, sql

from integration.profiles.people import add, define_all, held
from integration.stored import identifiers
from isthmus.domain.values import plain
from isthmus.profiles import editing, merging, properties, schema
from isthmus.profiles.editing import Edit
from isthmus.profiles.errors import ChangedMeanwhile, NotThere, ProfileFull, ValueHeld, WriterBusy

MARIT = "marit@example.com"


@pytest.fixture(autouse=True)
def _properties(store: Connection[Any]) -> None:
    define_all()


def change(profile_id: UUID, key: str, value: Any, seen: Any = None) -> bool:
    return editing.change(
        Edit(profile_id=profile_id, property=key, value=value, seen=plain(seen), by=MARIT)
    )


def journal(store: Connection[Any]) -> list[tuple[Any, ...]]:
    return store.execute("SELECT profile_id, run_goal, by, old FROM store.change").fetchall()


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("full_name", "Zoe", "Zoë"),
        ("country", None, "NL"),
        ("country", "NL", None),
        ("events", 14, 15),
        ("contract", Decimal("1.10"), Decimal("1.20")),
        ("vip", True, False),
        ("birthday", date(1984, 5, 30), date(1984, 5, 31)),
        ("last_seen", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 6, UTC)),
        ("interests", ["a"], ["b", "a"]),
        ("interests", ["a"], None),
        ("email", "a@example.com", "b@example.com"),
        ("number", 1, 2),
        ("phones", ["1", "2"], ["2", "3"]),
    ],
)
def test_a_value_of_any_type_is_changed_and_the_journal_says_by_whom(
    store: Connection[Any], key: str, before: Any, after: Any
) -> None:
    profile_id = add(store, **({} if before is None else {key: before}))
    store.execute("UPDATE store.profile SET updated_at = '2020-01-01'")
    assert change(profile_id, key, after, before)
    assert held(store, profile_id, key) == after
    assert [row[:3] for row in journal(store)] == [(profile_id, None, MARIT)]
    kind = properties.column_type(properties.definitions()[key])
    row = store.execute(
        sql.SQL("SELECT old = jsonb_build_object({}, {}::{}) FROM store.change").format(
            sql.Literal(key), sql.Literal(before), kind
        )
    ).fetchone()
    assert row == (True,)
    moments = store.execute(
        "SELECT p.updated_at = c.at, p.updated_at > now() - interval '1 minute'"
        " FROM store.profile AS p JOIN store.change AS c USING (profile_id)"
    )
    assert moments.fetchone() == (True, True)


def test_the_same_value_changes_nothing(store: Connection[Any]) -> None:
    profile_id = add(store, contract=Decimal("1.50"), email="a@example.com")
    store.execute("UPDATE store.profile SET updated_at = '2020-01-01'")
    assert not change(profile_id, "contract", Decimal("1.5"), Decimal("1.50"))
    assert not change(profile_id, "email", "A@example.com", "a@example.com")
    assert journal(store) == []
    row = store.execute("SELECT updated_at::date FROM store.profile").fetchone()
    assert row == (date(2020, 1, 1),)


def test_texts_are_kept_in_lower_case_where_the_property_says_so(store: Connection[Any]) -> None:
    profile_id = add(store)
    assert change(profile_id, "email", "ÉMILE@Example.COM")
    assert held(store, profile_id, "email") == "émile@example.com"
    assert change(profile_id, "phones", ["A1", "a1", "B2"])
    assert held(store, profile_id, "phones") == ["a1", "b2"]
    assert identifiers(store) == {
        ("email", "émile@example.com", profile_id),
        ("phones", "a1", profile_id),
        ("phones", "b2", profile_id),
    }


def test_identifiers_are_exactly_those_that_the_profile_holds(store: Connection[Any]) -> None:
    profile_id = add(store, email="a@example.com", number=7, phones=["1", "2"])
    assert change(profile_id, "phones", ["2", "3"], ["1", "2"])
    assert change(profile_id, "email", None, "a@example.com")
    assert change(profile_id, "number", 8, 7)
    assert identifiers(store) == {
        ("number", "8", profile_id),
        ("phones", "2", profile_id),
        ("phones", "3", profile_id),
    }


def test_a_value_that_another_profile_holds_is_refused_and_the_other_is_named(
    store: Connection[Any],
) -> None:
    other = add(store, email="a@example.com", phones=["1"])
    profile_id = add(store, email="b@example.com", phones=["2"])
    before = identifiers(store)
    with pytest.raises(ValueHeld, match=r"a@example\.com") as refused:
        change(profile_id, "email", "A@Example.com", "b@example.com")
    assert refused.value.holder == other
    with pytest.raises(ValueHeld):
        change(profile_id, "phones", ["2", "1"], ["2"])
    assert identifiers(store) == before
    assert journal(store) == []
    assert held(store, profile_id, "email") == "b@example.com"


def test_the_same_value_may_be_an_identifier_in_two_properties(store: Connection[Any]) -> None:
    add(store, phones=["7"])
    profile_id = add(store)
    assert change(profile_id, "number", 7)


def test_what_changed_since_it_was_shown_is_told_and_kept(store: Connection[Any]) -> None:
    profile_id = add(store, country="NL")
    assert change(profile_id, "country", "BE", "NL")
    with pytest.raises(ChangedMeanwhile) as told:
        change(profile_id, "country", "DE", "NL")
    assert told.value.now == "BE"
    assert held(store, profile_id, "country") == "BE"
    # Both wanted the same.
    assert not change(profile_id, "country", "BE", "NL")
    assert len(journal(store)) == 1


def test_two_at_once_lose_nothing(store: Connection[Any]) -> None:
    profile_id = add(store, events=0)
    told: list[str] = []

    def edit(value: int) -> None:
        try:
            change(profile_id, "events", value, 0)
            told.append("saved")
        except ChangedMeanwhile:
            told.append("told")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=edit, args=(value,)) for value in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["saved", "told", "told", "told"]
    assert len(journal(store)) == 1


def test_a_profile_or_property_that_is_not_there_is_said(store: Connection[Any]) -> None:
    with pytest.raises(NotThere, match="gone"):
        change(uuid4(), "country", "NL")
    with pytest.raises(NotThere, match="no property"):
        change(add(store), "shoes", "NL")


def test_it_waits_for_whoever_writes_many_profiles_and_then_writes_on_top(
    store: Connection[Any],
) -> None:
    profile_id = add(store, country="NL")
    finished: list[float] = []

    def edit() -> None:
        change(profile_id, "country", "BE", "NL")
        finished.append(time.monotonic())
        connections.close_all()

    with store.transaction():
        store.execute(merging.QUERIES["wait_for_writer"])
        thread = threading.Thread(target=edit)
        thread.start()
        _until_somebody_waits(store)
        assert not finished
        asked = store.execute("SELECT clock_timestamp()").fetchone()
    thread.join()
    # An export that looked while it waited finds the change the next time.
    after = store.execute("SELECT updated_at > %s FROM store.profile", asked).fetchone()
    assert finished
    assert after == (True,)


def _until_somebody_waits(store: Connection[Any]) -> None:
    for _ in range(500):
        row = store.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchone()
        if row and row[0]:
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waited")


def test_who_writes_many_profiles_for_too_long_is_not_waited_for(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editing, "LONGEST_WAIT", "50ms")
    profile_id = add(store, country="NL")
    with store.transaction():
        store.execute(merging.QUERIES["wait_for_writer"])
        with pytest.raises(WriterBusy):
            change(profile_id, "country", "BE", "NL")
    assert held(store, profile_id, "country") == "NL"


def test_a_profile_that_would_no_longer_fit_a_row_stays_as_it_is(store: Connection[Any]) -> None:
    profile_id = add(store, country="NL")
    store.execute(
        """CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'row is too big' USING ERRCODE = '54000'; END $$"""
    )
    store.execute(
        "CREATE TRIGGER too_full BEFORE UPDATE ON store.profile EXECUTE FUNCTION is_full()"
    )
    with pytest.raises(ProfileFull, match="Shorten"):
        change(profile_id, "country", "x" * 400, "NL")
    assert held(store, profile_id, "country") == "NL"
    assert journal(store) == []


def test_a_store_from_before_gains_the_column_in_all_its_partitions(store: Connection[Any]) -> None:
    store.execute("ALTER TABLE store.change DROP COLUMN by")
    schema.install(store)
    schema.install(store)
    tables = store.execute(
        "SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM pg_attribute"
        " WHERE attrelid = inhrelid AND attname = 'by' AND NOT attisdropped))"
        " FROM pg_inherits WHERE inhparent = 'store.change'::regclass"
    ).fetchone()
    assert tables is not None
    assert tables[0] == tables[1] > 5
    profile_id = add(store)
    assert change(profile_id, "country", "NL")
    schema.keep_partitions(store, date(2031, 1, 1))
    store.execute(
        "INSERT INTO store.change (at, profile_id, by, old) VALUES ('2031-01-02', %s, 'x', '{}')",
        [profile_id],
    )
