"""Goals that read only the records of a filter."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration import set_up
from isthmus.connections.org_troubles import filter_of
from isthmus.domain import filters
from isthmus.domain.segments.calendar import Calendar
from named.filter_rules import holds
from named.world import READ, World, outcome

ZONE = "Europe/Amsterdam"
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DUTCH = {"field": "Country", "is": ["NL"]}

VALUES: Mapping[str, list[Any]] = {
    "Title": [None, "Clerk", "clerk", "100%_off", "it's\\n", "É", "100x off"],
    "Country": [None, "NL", "nl", "BE"],
    "Price__c": [None, -1, 0, 12.5, 100],
    "Seen__c": [
        None,
        "2026-01-31T11:59:59.000+0000",
        "2026-01-01T00:00:00.000+0000",
        "2025-12-31T23:00:00.000+0000",
        "2025-12-31T22:59:59.000+0000",
        "2026-02-28T12:00:00.000+0000",
    ],
    "DoNotCall": [False, True],
}
_MOMENTS = ["2026-01-01", "2025-12-31", "2026-01-31T12:59:59+01:00", "2026-01-31"]
_SPANS: list[Any] = [{"days": 30}, {"months": 1}, {"days": 31, "weeks": 1}]

_TESTS: Mapping[str, Mapping[str, list[Any]]] = {
    "Title": {
        "is": ["CLERK", ["clerk", "É"], "it's\\n"],
        "is_not": ["Clerk", ["x", "é"]],
        "contains": ["0%_", "'s\\", "E"],
        "starts_with": ["1", "cl"],
        "is_empty": [True, False],
    },
    "Country": {"is": ["NL", ["BE", "FR"]], "is_not": ["nl"], "is_empty": [True, False]},
    "Price__c": {
        "is": [0, [12.5, 100]],
        "is_not": [0],
        "less_than": [0, 12.5],
        "at_most": [12.5],
        "more_than": [0],
        "at_least": [100, "12.5"],
        "between": [[0, 12.5], [-5, -1]],
        "is_empty": [True, False],
    },
    "Seen__c": {
        "is": [*_MOMENTS, ["2026-01-01", "2026-01-31T11:59:59Z"]],
        "is_not": _MOMENTS,
        "less_than": _MOMENTS,
        "at_most": _MOMENTS,
        "more_than": _MOMENTS,
        "at_least": _MOMENTS,
        "between": [["2025-12-31", "2026-01-01"], ["2026-01-01", "2026-01-31T12:00+01:00"]],
        "within_last": _SPANS,
        "within_next": _SPANS,
        "before_last": _SPANS,
        "is_empty": [True, False],
    },
    "DoNotCall": {"is": [True, False, [True, False]], "is_not": [True, [True, False]]},
}


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    field = draw(st.sampled_from(sorted(_TESTS)))
    operator = draw(st.sampled_from(sorted(_TESTS[field])))
    return {"field": field, operator: draw(st.sampled_from(_TESTS[field][operator]))}


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def rows() -> list[dict[str, Any]]:
    """Records of which each value of each field stands in several."""
    made = []
    for number in range(28):
        row = {
            name: values[(number * (place + 1)) % len(values)]
            for place, (name, values) in enumerate(VALUES.items())
        }
        made.append({name: value for name, value in row.items() if value is not None})
    return made


def test_conditions_hold_in_salesforce_as_they_do_in_plain_python(world: World) -> None:
    """Also that each record satisfies either a condition or its `not`."""
    made = rows()
    ids = world.add("Lead", *made)
    records = dict(zip(ids, made, strict=True))
    goal = replace(READ, filter=DUTCH)
    calendar = Calendar.at(NOW, ZONE)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(where=CONDITIONS)
    def same(where: dict[str, Any]) -> None:
        wanted = {each for each, row in records.items() if holds(where, row, NOW, ZoneInfo(ZONE))}
        for plain, expected in ((where, wanted), ({"not": where}, set(ids) - wanted)):
            tree = filter_of(replace(goal, filter=plain), world.salesforce.describe)
            soql = f"SELECT Id FROM Lead WHERE {filters.soql(tree, calendar)}"  # noqa: S608
            found = {record["Id"] for record in world.salesforce.query(soql)}
            assert found == expected, soql

    same()


def test_only_records_of_the_filter_are_read(world: World) -> None:
    world.add_leads(3, Country="NL")
    world.add("Lead", {"Email": "be@x.co", "Country": "BE"}, {"Email": "no@x.co"})
    goal = world.goal(replace(READ, filter=DUTCH))
    assert outcome(world.read(goal)) == {"created": 3}
    world.add(
        "Lead", {"Email": "late@x.co", "Country": "nl"}, {"Email": "fr@x.co", "Country": "FR"}
    )
    assert outcome(world.read(goal)) == {"created": 1}


def test_soql_text_filters_too(world: World) -> None:
    world.add("Lead", {"Email": "a@x.co", "Country": "BE"}, {"Email": "b@x.co", "Country": "NL"})
    goal = world.goal(replace(READ, filter={"soql": "Country = 'NL' OR Country = 'FR'"}))
    assert outcome(world.read(goal)) == {"created": 1}


@pytest.mark.parametrize("full", [False, True])
def test_a_record_that_stops_matching_is_left_alone(world: World, *, full: bool) -> None:
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Country": "NL", "Title": "Clerk"})
    goal = world.goal(replace(READ, filter=DUTCH))
    world.read(goal)
    world.change("Lead", lead, Country="BE", Title="Boss")
    assert outcome(world.read(goal, full=full)) == {}
    assert world.profiles("title") == [("Clerk",)]
    world.change("Lead", lead, Country="NL")
    assert outcome(world.read(goal)) == {"updated": 1}
    assert world.profiles("title") == [("Boss",)]


def test_a_full_read_knows_what_is_left_out_from_what_is_gone(world: World) -> None:
    """Also where more are left out than are asked for by their ids."""
    kept = world.add_leads(450, Country="NL")
    goal = world.goal(replace(READ, filter=DUTCH))
    world.read(goal)
    rows_ = [{"Id": each, "Country": "BE"} for each in kept[:420]]
    world.users({"operation": "update", "object": "Lead", "records": rows_})
    world.users({"operation": "hardDelete", "object": "Lead", "ids": kept[:5]})
    world.wait(2)
    found = outcome(world.read(goal, full=True))
    assert found == {"unchanged": 30, "removed": 5}
    links = "SELECT count(*) FROM store.record_link WHERE gone IS NULL"
    assert world.store.execute(links).fetchone() == (445,)


@pytest.mark.parametrize("full", [False, True])
def test_a_deleted_record_is_noticed_whatever_its_fields_say(world: World, *, full: bool) -> None:
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Country": "NL"})
    goal = world.goal(replace(READ, filter=DUTCH))
    world.read(goal)
    world.change("Lead", lead, Country="BE")
    world.delete("Lead", lead)
    assert outcome(world.read(goal, full=full)) == {"removed": 1}


def test_another_filter_takes_everything_again(world: World) -> None:
    world.add("Lead", {"Email": "a@x.co", "Country": "NL"}, {"Email": "b@x.co", "Country": "BE"})
    goal = world.goal(replace(READ, filter=DUTCH))
    world.read(goal)
    set_up.change_goal(goal, replace(READ, filter={"field": "Country", "is": ["NL", "BE"]}))
    assert outcome(world.read(goal)) == {"created": 1, "unchanged": 1}


def test_a_record_that_waits_is_forgotten_once_it_is_left_out(world: World) -> None:
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Country": "NL"})
    goal = world.goal(replace(READ, filter=DUTCH, create_profiles=False))
    assert outcome(world.read(goal)) == {"no_match": 1}
    assert outcome(world.read(goal)) == {"no_match": 1}
    world.change("Lead", lead, Country="BE")
    assert outcome(world.read(goal)) == {}
    assert world.number("record_link") == 1
    world.read(goal, full=True)
    assert world.number("record_link") == 0


def test_days_are_those_of_the_connection(world: World) -> None:
    goal = replace(READ, filter={"field": "CreatedDate", "is": "2026-01-31"})
    tree = filter_of(goal, world.salesforce.describe)
    assert filters.soql(tree, Calendar.at(NOW, "Asia/Tokyo")) == (
        "(CreatedDate >= 2026-01-30T15:00:00Z AND CreatedDate < 2026-01-31T15:00:00Z)"
    )


def test_numbers_are_written_with_all_their_digits(world: World) -> None:
    goal = replace(READ, filter={"field": "Total__c", "at_least": "12345678901234.05"})
    tree = filter_of(goal, world.salesforce.describe)
    assert filters.soql(tree, Calendar.at(NOW, ZONE)) == "Total__c >= 12345678901234.05"
    assert Decimal("12345678901234.05") == tree.operands[0]  # type: ignore[union-attr]
