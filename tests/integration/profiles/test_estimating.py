"""Estimates of how many meet conditions, held against the exact number."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection, sql

from integration.conftest import serving
from integration.profiles.segments_strategies import DOCUMENTS, profiles
from integration.profiles.test_segments import _insert
from isthmus.domain.segments import parse
from isthmus.profiles import estimating
from isthmus.profiles.estimating import Asked, estimated
from isthmus.profiles.properties import column_type
from isthmus.profiles.segments import predicate, segment_count
from unit.domain.segments_rules import NOW, TIMEZONE, properties

MANY = 60_000
PATIENT = [(400, 5_000)]


@pytest.fixture(scope="module")
def store(new_database: Callable[[], str]) -> Iterator[Connection[Any]]:
    """A store with the properties of the cases and no profiles."""
    with psycopg.connect(new_database(), autocommit=True) as connection:
        for definition in properties().values():
            connection.execute(
                sql.SQL("ALTER TABLE store.profile ADD COLUMN {} {}").format(
                    sql.Identifier(definition.column), column_type(definition)
                )
            )
        yield connection


@pytest.fixture(scope="module")
def big(new_database: Callable[[], str]) -> Iterator[Connection[Any]]:
    """A store of many profiles: countries in runs, as imports make them, and numbers mixed."""
    conninfo = new_database()
    with serving(conninfo), psycopg.connect(conninfo, autocommit=True) as connection:
        for definition in properties().values():
            connection.execute(
                sql.SQL("ALTER TABLE store.profile ADD COLUMN {} {}").format(
                    sql.Identifier(definition.column), column_type(definition)
                )
            )
        connection.execute(
            "INSERT INTO store.profile (p_country, p_employees, p_email)"
            " SELECT CASE WHEN n %% 20000 < 7000 THEN 'NL' ELSE 'BE' END, hashint4(n) %% 1000,"
            "   CASE WHEN n < 40 THEN 'x@example.com' END || repeat(' ', 200)"
            " FROM generate_series(1, %s) AS n",
            [MANY],
        )
        connection.execute("ANALYZE store.profile")
        yield connection


def _where(document: Any) -> sql.Composed:
    return predicate(parse(document, properties()), properties(), now=NOW, timezone=TIMEZONE)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_small_store_is_counted_exactly(store: Connection[Any], data: st.DataObject) -> None:
    where = data.draw(DOCUMENTS)
    people = data.draw(profiles(where))
    condition = parse(where, properties())
    with store.transaction(force_rollback=True):
        for each in people:
            _insert(store, each)
        exact = segment_count(store, condition, properties(), now=NOW, timezone=TIMEZONE)
        (found,) = estimated(store, [_where(where)], seed=1, looks=PATIENT) or []
    assert (found.number, found.low, found.high) == (exact, exact, exact)
    assert (found.total, found.exact) == (len(people), True)


CONDITIONS = [
    {"property": "employees", "less_than": 0},
    {"property": "employees", "at_least": 990},
    {"property": "country", "is": "nl"},
    {"not": {"property": "country", "is": "nl"}},
    {"property": "email", "starts_with": "x@"},
    {"property": "employees", "is_empty": True},
    {"property": "employees", "is_empty": False},
    {"any": [{"property": "country", "is": "NL"}, {"property": "employees", "more_than": 500}]},
]


def test_the_range_of_an_estimate_holds_the_exact_number_nearly_always(
    big: Connection[Any],
) -> None:
    wheres = [_where(each) for each in CONDITIONS]
    exact = [
        segment_count(big, parse(each, properties()), properties(), now=NOW, timezone=TIMEZONE)
        for each in CONDITIONS
    ]
    seeds = random.Random(7).sample(range(100_000), 40)
    held = 0
    for seed in seeds:
        found = estimated(big, wheres, seed=seed, looks=PATIENT) or []
        assert len(found) == len(CONDITIONS)
        for each, number in zip(found, exact, strict=True):
            assert not each.exact
            assert each.low <= each.number <= each.high <= each.total
            assert abs(each.total - MANY) < MANY / 50
            held += each.low <= number <= each.high
    assert held >= 0.93 * len(seeds) * len(CONDITIONS)


def test_an_estimate_says_something(big: Connection[Any]) -> None:
    half, *_ = estimated(big, [_where(CONDITIONS[0])], seed=3, looks=PATIENT) or []
    assert half.high - half.low < MANY / 8
    assert abs(half.number - MANY / 2) < MANY / 10


def _seeded(big: Connection[Any], seed: int) -> Any:
    return estimated(big, [_where(CONDITIONS[2])], seed=seed, looks=PATIENT)


def test_an_estimate_is_steady_for_a_seed_and_another_for_another(big: Connection[Any]) -> None:
    assert _seeded(big, 1) == _seeded(big, 1)
    assert len({str(_seeded(big, seed)) for seed in range(6)}) > 1


def test_conditions_that_take_too_long_are_asked_of_fewer_pages_and_then_given_up(
    big: Connection[Any],
) -> None:
    slow = sql.Composed([sql.SQL("(pg_sleep(0.0002) IS NOT NULL)")])
    (found,) = estimated(big, [slow], seed=1, looks=[(1_000, 20), (5, 3_000)]) or []
    assert found.number >= 0.9 * MANY
    assert found.high - found.low > MANY / 100
    assert estimated(big, [slow], seed=1, looks=[(1_000, 20), (5, 1)]) is None


def test_an_estimate_never_takes_longer_than_it_may() -> None:
    assert sum(patience for _, patience in estimating.LOOKS) < 200


def _asked(document: Any) -> Asked:
    return Asked(
        condition=parse(document, properties()), properties=properties(), timezone=TIMEZONE
    )


def test_the_exact_number_is_counted_or_said_to_take_too_long(
    big: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = estimating.count(_asked({"property": "employees", "is_empty": False}))
    assert counted is not None
    assert counted.number == MANY
    monkeypatch.setattr(estimating, "COUNT_MS", 1)
    assert estimating.count(_asked({"property": "country", "contains": "n"})) is None


def test_about_how_many_have_a_value_is_what_the_statistics_say(big: Connection[Any]) -> None:
    found = estimating.filled()
    assert abs(found["p_country"] - MANY) < MANY / 50
    assert found["p_email"] < MANY / 50
    big.execute("ALTER TABLE store.profile ADD COLUMN IF NOT EXISTS p_new text")
    assert "p_new" not in estimating.filled()
