"""Looking for profiles on pages."""

from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from integration.profiles.people import add, define, define_all
from isthmus.profiles import finding, looking, merging, properties, searching
from isthmus.profiles.errors import NotComparable, TooSlow
from isthmus.profiles.models import Segment
from isthmus.profiles.searching import Search


@pytest.fixture(autouse=True)
def _properties(store: Connection[Any]) -> None:
    define_all()


def search(after: UUID | None = None, most: int = 50, **wanted: Any) -> list[UUID]:
    with looking.session() as session:
        known = properties.definitions()
        return searching.search(session, Search(**wanted), known, after=after, most=most)


def link(store: Connection[Any], profile_id: UUID, record_id: str) -> None:
    store.execute(
        "INSERT INTO store.record_link (profile_id, goal, record_id, object)"
        " VALUES (%s, 1, %s, 'Lead')",
        [profile_id, record_id],
    )


def test_pages_go_from_the_newest_or_the_oldest_and_miss_none(store: Connection[Any]) -> None:
    ids = [add(store, country="NL") for _ in range(7)]
    for oldest_first, expected in ((False, ids[::-1]), (True, ids)):
        for where in (None, {"property": "country", "is": ["nl"]}):
            found: list[UUID] = []
            while page := search(
                found[-1] if found else None, 3, where=where, oldest_first=oldest_first
            ):
                found += page
            assert found == expected


def test_known_ones_are_those_with_an_identifier_each_once(store: Connection[Any]) -> None:
    ids = []
    for number in range(5):
        ids.append(add(store, country="NL", email=f"{number}@example.com", number=number))
        add(store, country="NL")
    for where in (None, {"property": "country", "is": ["NL"]}):
        for oldest_first, expected in ((False, ids[::-1]), (True, ids)):
            wanted = {"known": True, "where": where, "oldest_first": oldest_first}
            first = search(None, 3, **wanted)
            assert [*first, *search(first[-1], 3, **wanted)] == expected
    assert search(known=True, value="3@example.com") == [ids[3]]


def test_a_profile_is_found_by_identifier_own_id_and_record_id(store: Connection[Any]) -> None:
    add(store, email="b@example.com")
    wanted = add(store, email="a@example.com", number=7)
    link(store, wanted, "00Q000000000001EAA")
    for value in (
        *(" A@example.COM", "7", str(wanted), str(wanted).upper()),
        *("00Q000000000001", "00Q000000000001EAA"),
    ):
        assert search(value=value) == [wanted], value
    for value in ("a@example", "8", "00Q000000000002", "x\0y", "", "{", "' OR 1=1 --"):
        assert wanted not in search(value=value) or not value


def test_the_id_of_a_profile_that_was_merged_finds_the_one_it_became(
    store: Connection[Any],
) -> None:
    survivor, loser = add(store), add(store)
    merging.merge(store, survivor, loser)
    assert search(value=str(loser)) == [survivor]


def test_identifier_and_property_have_to_hold_both(store: Connection[Any]) -> None:
    add(store, email="a@example.com", country="NL")
    assert len(search(value="a@example.com", where={"property": "country", "is": ["NL"]})) == 1
    assert search(value="a@example.com", where={"property": "country", "is": ["BE"]}) == []


def test_values_with_per_cent_signs_and_quotes_are_values(store: Connection[Any]) -> None:
    wanted = add(store, country="100% 'x' \\ %s")
    add(store, country="1000")
    assert search(where={"property": "country", "contains": "0% 'X' \\ %s"}) == [wanted]


def test_a_condition_that_does_not_fit_is_said(store: Connection[Any]) -> None:
    with pytest.raises(NotComparable, match="takes"):
        search(where={"property": "events", "contains": "1"})


def test_a_search_ends_when_its_time_is_over(store: Connection[Any]) -> None:
    with pytest.raises(TooSlow), looking.session(50) as session:
        session.execute("SELECT pg_sleep(5)")


def test_lines_have_what_was_asked_for_in_the_order_of_the_ids(store: Connection[Any]) -> None:
    first = add(store, email="a@example.com", country="NL")
    second = add(store, phones=["1", "2"])
    link(store, second, "00Q000000000001EAA")
    shown = [properties.definitions()[key] for key in ("country", "events")]
    with looking.session() as session:
        lines = searching.lines(session, [second, first], shown)
    assert [each.profile_id for each in lines] == [second, first]
    assert [dict(each.values) for each in lines] == [
        {"country": None, "events": None},
        {"country": "NL", "events": None},
    ]
    assert [each.identifiers for each in lines] == [
        (("phones", "1"), ("phones", "2")),
        (("email", "a@example.com"),),
    ]
    assert [each.objects for each in lines] == [("Lead",), ()]


def test_a_segment_whose_conditions_no_longer_fit_spoils_no_other(store: Connection[Any]) -> None:
    define("shoes")
    profile_id = add(store, country="NL")
    Segment.objects.create(key="gone", name="Gone", where={"property": "boots", "is": ["x"]})
    Segment.objects.create(key="dutch", name="Dutch", where={"property": "country", "is": ["NL"]})
    Segment.objects.create(key="other", name="Other", where={"property": "shoes", "is": ["x"]})
    with looking.session() as session:
        inside, broken = finding.memberships(session, profile_id, "Europe/Amsterdam")
    assert [each.key for each in inside] == ["dutch"]
    assert list(broken) == ["gone"]
