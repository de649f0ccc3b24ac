"""Where values came from, and what they were before."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from integration.profiles.people import add, define_all
from isthmus.profiles import finding, history, looking, merging, properties
from isthmus.profiles.history import Asked, Change

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _properties(store: Connection[Any]) -> None:
    define_all()


def note(store: Connection[Any], profile_id: UUID, hours: float, **given: Any) -> None:
    store.execute(
        "INSERT INTO store.change (at, profile_id, run_goal, by, record_id, old)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [
            NOW - timedelta(hours=hours),
            profile_id,
            given.get("run_goal"),
            given.get("by"),
            given.get("record_id"),
            Jsonb(given["old"]),
        ],
    )


def changes(profile_id: UUID, **asked: Any) -> list[Change]:
    known = properties.definitions()
    with looking.session() as session:
        present = finding.read(session, [profile_id])[0].properties
        wanted = Asked(profile_id=profile_id, **{"most": 50, **asked})
        return history.changes(session, wanted, present, known)


def steps(found: list[Change]) -> list[dict[str, tuple[Any, Any]]]:
    return [{step.key: (step.before, step.after) for step in each.steps} for each in found]


def test_the_value_after_a_change_is_the_one_before_the_next_or_the_present_one(
    store: Connection[Any],
) -> None:
    profile_id = add(store, country="NL", events=3)
    note(store, profile_id, 1, old={"country": "BE"})
    note(store, profile_id, 2, old={"country": None, "events": 2})
    note(store, profile_id, 3, old={"country": "DE"})
    note(store, add(store), 1, old={"country": "another profile's"})
    assert steps(changes(profile_id)) == [
        {"country": ("BE", "NL")},
        {"country": (None, "BE"), "events": (2, 3)},
        {"country": ("DE", None)},
    ]


def test_the_history_of_one_property_is_of_it_alone(store: Connection[Any]) -> None:
    profile_id = add(store, country="NL", events=3)
    note(store, profile_id, 1, old={"events": 1})
    note(store, profile_id, 2, old={"country": "BE", "events": 0})
    assert steps(changes(profile_id, key="country")) == [{"country": ("BE", "NL")}]


def test_values_of_the_journal_are_typed_and_exact(store: Connection[Any]) -> None:
    profile_id = add(
        store, contract=Decimal("0.1"), birthday=date(1984, 5, 31), interests=["b"], vip=True
    )
    old = {"contract": None, "birthday": "1984-05-30", "interests": ["a"], "vip": False}
    note(store, profile_id, 1, old=old)
    store.execute(
        """UPDATE store.change SET old = old || '{"contract": 12345678901234567890.10}'"""
    )
    assert steps(changes(profile_id)) == [
        {
            "contract": (Decimal("12345678901234567890.10"), Decimal("0.1")),
            "vip": (False, True),
            "birthday": (date(1984, 5, 30), date(1984, 5, 31)),
            "interests": (["a"], ["b"]),
        }
    ]


def test_pages_of_changes_join_without_a_gap_also_within_one_moment(
    store: Connection[Any],
) -> None:
    profile_id = add(store, country="25", events=7)
    for number in range(25):
        # Five of each moment, as a run that merges profiles writes them.
        note(store, profile_id, 24 - number // 5, old={"country": str(number)})
    note(store, profile_id, 24.5, old={"events": 6})
    whole = changes(profile_id)
    assert len(whole) == 26
    paged: list[Change] = []
    after = None
    while page := changes(profile_id, most=4, after=after):
        paged += page
        after = page[-1].place
    assert steps(paged) == steps(whole)
    assert [each["country"] for each in steps(whole)[:-1]] == [
        (str(number), str(number + 1)) for number in reversed(range(25))
    ]


@pytest.mark.parametrize(
    ("at", "row"),
    [("x", "(0,1)"), ("2026-01-01", "(0,1)"), ("2026-01-01T00:00:00+00:00", "(0,1);--"), ("", "")],
)
def test_a_place_that_is_none_is_refused(at: str, row: str) -> None:
    with pytest.raises(ValueError, match=r"place|isoformat"):
        history.place(at, row)


def test_sources_are_the_newest_changes_of_each_property(store: Connection[Any]) -> None:
    profile_id = add(store, country="NL", events=3)
    note(store, profile_id, 2, old={"country": "BE", "events": 1}, run_goal=7, record_id="003x")
    note(store, profile_id, 1, old={"country": "DE"}, by="marit@example.com")
    with looking.session() as session:
        found = history.sources(session, profile_id)
    assert {key: (each.run_goal, each.by, each.record_id) for key, each in found.items()} == {
        "country": (None, "marit@example.com", None),
        "events": (7, None, "003x"),
    }


def test_a_merge_is_told_with_the_profile_that_went_away(store: Connection[Any]) -> None:
    survivor, loser = add(store, country="NL"), add(store, events=4)
    merging.merge(store, survivor, loser)
    (change,) = changes(survivor)
    assert change.merged == (loser,)
    assert steps([change]) == [{"events": (None, 4)}]
    with looking.session() as session:
        led = history.survivor(session, loser)
        assert led is not None
        assert led.profile_id == survivor
        assert [each.profile_id for each in history.merged(session, survivor, 5)] == [loser]
        assert history.survivor(session, survivor) is None


def test_the_journal_says_how_long_it_is_kept(store: Connection[Any]) -> None:
    with looking.session() as session:
        assert history.kept_days(session) == 30
    store.execute(
        """INSERT INTO store.keeping (days) VALUES ('{"change": 7}')
        ON CONFLICT (one) DO UPDATE SET days = excluded.days"""
    )
    with looking.session() as session:
        assert history.kept_days(session) == 7
    assert history.begins(7, NOW) == NOW - timedelta(days=7)


def test_moments_that_python_has_no_date_for_are_read_as_texts(store: Connection[Any]) -> None:
    profile_id = add(store)
    store.execute("UPDATE store.profile SET p_last_seen = '10000-01-01', p_birthday = 'infinity'")
    with looking.session() as session:
        (found,) = finding.read(session, [profile_id])
    assert str(found.properties["last_seen"]).startswith("10000-01-01")
    assert found.properties["birthday"] == "infinity"
