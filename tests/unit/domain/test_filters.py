"""Filters read, refused and written as SOQL, without an org."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.domain import filters
from isthmus.domain.filters import FilterError, FilterField, check_text, moves_with_time
from isthmus.domain.segments.calendar import Calendar

TYPES = {
    "Country": "string",
    "Status": "picklist",
    "Kinds__c": "multipicklist",
    "OwnerId": "reference",
    "Total__c": "double",
    "Day__c": "date",
    "Seen__c": "datetime",
    "Yes__c": "boolean",
    "Birthdate": "date",
    "Clock__c": "time",
    "Owner.Name": "string",
}
CALENDAR = Calendar.at(datetime(2026, 3, 29, 12, tzinfo=UTC), "Europe/Amsterdam")


def field(name: str) -> FilterField:
    if name not in TYPES:
        raise FilterError(f"no {name}")
    return FilterField(name=name, type=TYPES[name])


def written(plain: Any) -> str:
    return filters.soql(filters.parse(plain, field), CALENDAR)


@pytest.mark.parametrize(
    ("plain", "soql"),
    [
        ({"field": "Country", "is": "NL"}, "Country IN ('NL')"),
        (
            {"field": "Country", "is_not": ["a", "b"]},
            "(Country NOT IN ('a', 'b') OR Country = null)",
        ),
        ({"field": "Country", "is": "o'\\n\n"}, "Country IN ('o\\'\\\\n\\n')"),
        ({"field": "Country", "contains": "5%_"}, "Country LIKE '%5\\%\\_%'"),
        (
            {"not": {"field": "Country", "starts_with": "x"}},
            "((NOT Country LIKE 'x%') OR Country = null)",
        ),
        ({"not": {"field": "Country", "is_empty": True}}, "Country != null"),
        ({"field": "Kinds__c", "any_of": ["a", "b"]}, "Kinds__c INCLUDES ('a', 'b')"),
        (
            {"field": "Kinds__c", "all_of": ["a", "b"]},
            "(Kinds__c INCLUDES ('a') AND Kinds__c INCLUDES ('b'))",
        ),
        (
            {"field": "Kinds__c", "none_of": ["a"]},
            "(Kinds__c EXCLUDES ('a') OR Kinds__c = null)",
        ),
        (
            {"not": {"field": "Kinds__c", "all_of": ["a", "b"]}},
            "(Kinds__c EXCLUDES ('a') OR Kinds__c EXCLUDES ('b') OR Kinds__c = null)",
        ),
        ({"field": "OwnerId", "is": "005000000000001"}, "OwnerId IN ('005000000000001AAA')"),
        (
            {"not": {"field": "Total__c", "between": [1, 2.5]}},
            "(Total__c < 1 OR Total__c > 2.5 OR Total__c = null)",
        ),
        ({"field": "Yes__c", "is_not": True}, "Yes__c != true"),
        (
            {"field": "Day__c", "within_last": {"days": 28}},
            "(Day__c >= 2026-03-01 AND Day__c <= 2026-03-29)",
        ),
        (
            {"field": "Seen__c", "is": "2026-03-29"},
            "(Seen__c >= 2026-03-28T23:00:00Z AND Seen__c < 2026-03-29T22:00:00Z)",
        ),
        (
            {"not": {"any": [{"field": "Yes__c", "is": True}, {"field": "Owner.Name", "is": "A"}]}},
            "(Yes__c != true AND (Owner.Name NOT IN ('A') OR Owner.Name = null))",
        ),
        ({"soql": "A = 1 OR B = 2"}, "(A = 1 OR B = 2)"),
    ],
)
def test_conditions_become_soql(plain: Any, soql: str) -> None:
    assert written(plain) == soql


@pytest.mark.parametrize(
    ("plain", "path"),
    [
        ("NL", ()),
        (None, ()),
        ({}, ()),
        ({"all": []}, ("all",)),
        ({"all": [{"field": "Country"}]}, ("all", 0)),
        ({"field": "Country", "is": "a", "contains": "b"}, ()),
        ({"field": "Country", "is": 5}, ("is",)),
        ({"field": 5, "is": 5}, ("field",)),
        ({"field": "No pe", "is": 5}, ("field",)),
        ({"field": "Nope", "is": "x"}, ("field",)),
        ({"field": "Country", "less_than": "b"}, ("less_than",)),
        ({"field": "Country", "is": "a", "match_case": True}, ("match_case",)),
        ({"field": "Status", "contains": "b"}, ("contains",)),
        ({"field": "OwnerId", "is": "nobody"}, ("is",)),
        ({"field": "Kinds__c", "any_of": ["a;b"]}, ("any_of",)),
        ({"field": "Yes__c", "is_empty": True}, ("is_empty",)),
        ({"field": "Day__c", "is": "1066-10-14"}, ("is",)),
        ({"field": "Birthdate", "is": "1990-01-01"}, ("is",)),
        ({"field": "Clock__c", "is_empty": True}, ("field",)),
        ({"any": [{"soql": "A = 1"}]}, ("any", 0, "soql")),
        ({"soql": "A = 1", "all": []}, ("all",)),
        ({"soql": 5}, ("soql",)),
    ],
)
def test_what_is_no_filter_is_refused_at_its_place(plain: Any, path: tuple[Any, ...]) -> None:
    with pytest.raises(FilterError) as caught:
        filters.parse(plain, field)
    assert caught.value.path == path
    assert str(caught.value)


def test_only_emptiness_can_be_asked_of_a_birthday() -> None:
    assert written({"field": "Birthdate", "is_empty": False}) == "Birthdate != null"


def test_nesting_and_numbers_have_limits() -> None:
    deep: Any = {"field": "Country", "is": "NL"}
    for _ in range(30):
        deep = {"not": deep}
    with pytest.raises(FilterError, match="nested 20 deep"):
        filters.outline(deep)
    many = {"any": [{"field": "Country", "is": "NL"}] * 201}
    with pytest.raises(FilterError, match="at most 200 conditions"):
        filters.outline(many)


@pytest.mark.parametrize(
    "text",
    [
        "Country = 'NL' AND (Email != null OR NOT Name LIKE 'A\\'%')",
        "CreatedDate > LAST_N_DAYS:30",
        "Seen__c >= 2026-01-31T12:00:00+01:00 AND Total__c < -1.5e3",
        "Owner.Name = 'order by limit ( \" '",
        "Kinds__c INCLUDES ('a;b', 'c')",
        "DISTANCE(Place__c, GEOLOCATION(1.5, -2), 'km') < 5",
        "Order__c = 1 AND Limit__c != 2 AND Owner.Group__c = 'x'",
        "CALENDAR_YEAR(CreatedDate) = 2026",
    ],
)
def test_conditions_of_a_where_are_taken(text: str) -> None:
    assert check_text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a = 1 LIMIT 5",
        "a = 1 order\nby b",
        "a = 1) OR (b = 2",
        "(a = 1",
        "a = 'x",
        "a = 'x\\'",
        "a = 1; DELETE",
        "a = 1 -- b",
        'a = "x"',
        "Id IN (SELECT Id FROM Lead)",
        "a = 1 FOR UPDATE",
        "a = 1 WITH SECURITY_ENFORCED",
        "a = 1 GROUP BY b HAVING COUNT(Id) > 1",
        "a = 1 OFFSET 5",
        "a = 1\0",
        "x" * 10_001,
    ],
)
def test_what_is_more_than_a_condition_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        check_text(text)


@given(st.text(max_size=60))
def test_texts_of_all_kinds_stay_within_their_quotes(text: str) -> None:
    try:
        found = written({"field": "Country", "contains": text})
    except FilterError:
        return
    check_text(found)


@given(st.text(alphabet="()'\\ aA=\n\"", max_size=30))
def test_what_is_taken_closes_no_parenthesis_that_stands_around_it(text: str) -> None:
    try:
        check_text(text)
    except FilterError:
        return
    depth, quoted, escaped = 0, False, False
    for letter in text:
        if quoted and not escaped:
            escaped, quoted = letter == "\\", letter != "'"
        elif quoted:
            escaped = False
        else:
            quoted = letter == "'"
            depth += {"(": 1, ")": -1}.get(letter, 0)
        assert depth >= 0
    assert (depth, quoted) == (0, False)


def test_what_moves_with_time_is_known() -> None:
    moves = filters.parse({"not": {"field": "Seen__c", "within_last": {"days": 3}}}, field)
    stays = filters.parse({"field": "Seen__c", "less_than": "2026-01-01"}, field)
    assert not isinstance(moves, str)
    assert not isinstance(stays, str)
    assert moves_with_time(moves)
    assert not moves_with_time(stays)
