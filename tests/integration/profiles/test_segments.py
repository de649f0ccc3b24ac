"""Conditions as SQL, asked of a real store."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection, sql

from integration.profiles.segments_strategies import DOCUMENTS, MOMENTS, TEXTS, profiles
from isthmus.domain.segments import SegmentError, Span, parse, plain
from isthmus.domain.segments.calendar import after, before
from isthmus.profiles.properties import column_type
from isthmus.profiles.segments import predicate, sample, segment_count
from unit.domain.segments_rules import (
    NOW,
    TIMEZONE,
    Case,
    Evaluator,
    Profile,
    cases,
    lower,
    properties,
)

DUTCH = {"property": "country", "is": "NL"}


@pytest.fixture(scope="module")
def store(new_database: Callable[[], str]) -> Iterator[Connection[Any]]:
    """A store with the properties of the cases and no profiles, for all tests of this file."""
    with psycopg.connect(new_database(), autocommit=True) as connection:
        for definition in properties().values():
            connection.execute(
                sql.SQL("ALTER TABLE store.profile ADD COLUMN {} {}").format(
                    sql.Identifier(definition.column), column_type(definition)
                )
            )
        yield connection


@pytest.fixture
def filled(store: Connection[Any]) -> Iterator[Connection[Any]]:
    """The store in a transaction that is taken back."""
    with store.transaction(force_rollback=True):
        yield store


def _insert(connection: Connection[Any], profile: Profile) -> None:
    row = {
        "profile_id": profile.id,
        "created_at": profile.created,
        "updated_at": profile.changed,
        **{properties()[key].column: value for key, value in profile.values.items()},
    }
    connection.execute(
        sql.SQL("INSERT INTO store.profile ({}) VALUES ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        ),
        row,
    )
    if profile.known:
        connection.execute(
            "INSERT INTO store.identifier (profile_id, property, value) VALUES (%s, 1, %s)",
            [profile.id, str(profile.id)],
        )


def _members(
    connection: Connection[Any], where: Any, now: datetime = NOW, timezone: str = TIMEZONE
) -> set[uuid.UUID]:
    condition = parse(where, properties())
    holds = predicate(condition, properties(), now=now, timezone=timezone)
    query = sql.SQL("SELECT p.profile_id FROM store.profile AS p WHERE {}").format(holds)
    return {row[0] for row in connection.execute(query)}


def _profile(**values: Any) -> Profile:
    return Profile(id=uuid.uuid4(), values=values)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.rule)
def test_a_rule_has_the_members_that_its_case_says(filled: Connection[Any], case: Case) -> None:
    for profile in case.profiles.values():
        _insert(filled, profile)
    found = _members(filled, case.where, case.now, case.timezone)
    assert {name for name, each in case.profiles.items() if each.id in found} == case.members


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_the_database_and_plain_python_agree(store: Connection[Any], data: st.DataObject) -> None:
    where = data.draw(DOCUMENTS)
    people = data.draw(profiles(where))
    condition = parse(where, properties())
    evaluator = Evaluator(now=NOW, timezone=TIMEZONE)
    expected = {each.id for each in people if evaluator.holds(condition, each)}
    with store.transaction(force_rollback=True):
        for each in people:
            _insert(store, each)
        assert _members(store, where) == expected
        assert _members(store, {"not": where}) == {each.id for each in people} - expected
    assert parse(plain(condition), properties()) == condition


@settings(max_examples=200, deadline=None)
@given(text=TEXTS)
def test_the_evaluator_knows_lower_case_as_the_database_does(
    store: Connection[Any], text: str
) -> None:
    (found,) = _row(store, 'SELECT lower(%s COLLATE "pg_c_utf8")', [text])
    assert found == lower(text)


def _row(connection: Connection[Any], query: str, values: Sequence[Any]) -> Any:
    return connection.execute(query.encode(), values).fetchone()


@settings(max_examples=200, deadline=None)
@given(moment=MOMENTS, months=st.integers(0, 200), days=st.integers(0, 5_000))
def test_spans_are_counted_as_the_database_counts_intervals(
    store: Connection[Any], moment: datetime, months: int, days: int
) -> None:
    wall = moment.replace(tzinfo=None)
    query = (
        "SELECT %(moment)s::timestamp - make_interval(months => %(months)s, days => %(days)s), "
        "%(moment)s::timestamp + make_interval(months => %(months)s, days => %(days)s)"
    )
    earlier, later = store.execute(
        query, {"moment": wall, "months": months, "days": days}
    ).fetchone() or (None, None)
    span = Span(months=months, days=days)
    assert (before(wall, span), after(wall, span)) == (earlier, later)


def test_every_profile_meets_either_a_condition_or_its_not(filled: Connection[Any]) -> None:
    for values in ({}, {"country": "NL"}, {"country": ""}, {"country": "BE"}):
        _insert(filled, _profile(**values))
    for operator in ("is", "is_not", "contains", "starts_with"):
        where = {"property": "country", operator: "NL"}
        both = [_members(filled, where), _members(filled, {"not": where})]
        assert not both[0] & both[1]
        assert len(both[0] | both[1]) == 4


def test_a_predicate_stands_in_copy(filled: Connection[Any]) -> None:
    dutch = _profile(country="100% 'NL'\\")
    _insert(filled, dutch)
    _insert(filled, _profile(country="BE"))
    where = parse({"property": "country", "is": "100% 'nl'\\"}, properties())
    query = sql.SQL("COPY (SELECT p.profile_id FROM store.profile AS p WHERE {}) TO STDOUT").format(
        predicate(where, properties(), now=NOW, timezone=TIMEZONE)
    )
    with filled.cursor() as cursor, cursor.copy(query) as rows:
        assert [row[0] for row in rows.rows()] == [str(dutch.id)]


def test_a_predicate_with_a_per_cent_sign_stands_beside_parameters(
    filled: Connection[Any],
) -> None:
    _insert(filled, _profile(country="100%s off", employees=5))
    where = parse({"property": "country", "contains": "%S O"}, properties())
    query = sql.SQL(
        "SELECT count(*) FROM store.profile AS p WHERE {} AND p.p_employees = %(number)s"
    ).format(predicate(where, properties(), now=NOW, timezone=TIMEZONE))
    assert filled.execute(query, {"number": 5}).fetchone() == (1,)


def test_the_count_is_exact(filled: Connection[Any]) -> None:
    for country in ("NL", "nl", "BE", None):
        _insert(filled, _profile(country=country))
    dutch = parse(DUTCH, properties())
    assert segment_count(filled, dutch, properties(), now=NOW, timezone=TIMEZONE) == 2


def test_a_sample_is_the_first_ten_members(filled: Connection[Any]) -> None:
    ids = [uuid.UUID(int=number) for number in range(30)]
    for profile_id in reversed(ids):
        country = "NL" if profile_id.int % 2 else "BE"
        _insert(filled, Profile(id=profile_id, values={"country": country}))
    found = sample(filled, parse(DUTCH, properties()), properties(), now=NOW, timezone=TIMEZONE)
    assert found == [each for each in ids if each.int % 2][:10]


def test_the_clock_that_is_passed_decides_and_not_that_of_the_database(
    filled: Connection[Any],
) -> None:
    seen = datetime(2031, 1, 1, tzinfo=UTC)
    _insert(filled, _profile(seen=seen))
    where = {"property": "seen", "within_last": {"days": 1}}
    assert len(_members(filled, where, seen + timedelta(hours=1), "UTC")) == 1
    assert len(_members(filled, where, seen - timedelta(hours=1), "UTC")) == 0


def test_the_settings_of_the_session_do_not_change_what_a_day_is(filled: Connection[Any]) -> None:
    _insert(filled, _profile(seen=datetime(2024, 2, 3, 12, tzinfo=UTC)))
    filled.execute("SET LOCAL timezone = 'Pacific/Kiritimati'")
    filled.execute("SET LOCAL datestyle = 'SQL, DMY'")
    assert len(_members(filled, {"property": "seen", "is": "2024-02-03"})) == 1


def test_a_profile_is_looked_up_by_its_id_in_the_primary_key(filled: Connection[Any]) -> None:
    where = parse({"system": "profile_id", "is": str(uuid.uuid4())}, properties())
    filled.execute("SET LOCAL enable_seqscan = off")
    plan = filled.execute(
        sql.SQL("EXPLAIN SELECT FROM store.profile AS p WHERE {}").format(
            predicate(where, properties(), now=NOW, timezone=TIMEZONE)
        )
    ).fetchall()
    assert any("Index Cond" in line for (line,) in plan)


def test_a_property_that_is_gone_is_named() -> None:
    condition = parse(DUTCH, properties())
    with pytest.raises(SegmentError, match="'country', which is no longer there"):
        predicate(condition, {}, now=NOW, timezone=TIMEZONE)


def test_an_unknown_time_zone_is_named() -> None:
    with pytest.raises(SegmentError, match="'Mars/Olympus'"):
        predicate(parse(DUTCH, properties()), properties(), now=NOW, timezone="Mars/Olympus")
