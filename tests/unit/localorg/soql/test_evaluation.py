"""Queries made by a grammar find what a small evaluation of their conditions in Python finds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.localorg.soql.sample_org import STAMP, SampleOrg, load, soql_where

LEADS: dict[str, dict[str, Any]] = {
    name: {"CreatedDate": STAMP, "SystemModstamp": STAMP, **record}
    for name, record in load("data.yaml")["records"]["Lead"].items()
    if not record.get("IsDeleted")
}
Test = Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Condition:
    """A condition in SOQL, and what it means."""

    soql: str
    test: Test


def _less(value: Any, other: Any) -> bool:
    return value is not None and other is not None and value < other


def _equal(value: Any, other: Any) -> bool:
    return bool(value == other)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "!=": lambda value, other: not _equal(value, other),
    "<": _less,
    "<=": lambda value, other: _less(value, other) or (value is not None and value == other),
    ">": lambda value, other: _less(other, value),
    ">=": lambda value, other: _less(other, value) or (value is not None and value == other),
}


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return str(value)


TEXTS = {"LastName", "FirstName", "Company", "City", "Email", "Rating", "LeadSource"}
NUMBERS = {"NumberOfEmployees", "AnnualRevenue", "Annual_Spend__c", "Loyalty_Points__c"}
MOMENTS = {"CreatedDate", "SystemModstamp", "Last_Purchase__c"}


def _values(field: str) -> list[Any]:
    return sorted({record[field] for record in LEADS.values() if record.get(field) is not None})


@st.composite
def comparisons(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(TEXTS | NUMBERS)))
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    ordered = operator not in {"=", "!="}
    values = [value for value in _values(field) if not (ordered and not _plain(value))]
    value = draw(st.sampled_from([*values, *([] if ordered else [None])]))
    if isinstance(value, str) and draw(st.booleans()):
        value = value.upper()
    soql = f"{field} {operator} {_literal(value)}"
    compare = OPERATORS[operator]
    return Condition(soql, lambda row: compare(_folded(row.get(field)), _folded(value)))


def _plain(value: Any) -> bool:
    """Whether a text sorts alike everywhere: not among letters that only some alphabets have."""
    return not isinstance(value, str) or value.isascii()


@st.composite
def moments(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(MOMENTS)))
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    value = draw(st.sampled_from(_values(field)))
    compare = OPERATORS[operator]
    return Condition(f"{field} {operator} {value}", lambda row: compare(row.get(field), value))


@st.composite
def memberships(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(TEXTS | NUMBERS)))
    values = draw(st.lists(st.sampled_from([*_values(field), None]), min_size=1, max_size=4))
    wanted = {_folded(value) for value in values}
    negative = draw(st.booleans())
    listed = ", ".join(map(_literal, values))
    soql = f"{field} {'NOT IN' if negative else 'IN'} ({listed})"
    return Condition(soql, lambda row: (_folded(row.get(field)) in wanted) != negative)


@st.composite
def likes(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(["LastName", "FirstName", "Email"]))
    part = draw(st.sampled_from(["a", "E", "ar", "o", "com", "v"]))
    return Condition(
        f"{field} LIKE '%{part}%'", lambda row: part.lower() in (_folded(row.get(field)) or "")
    )


@st.composite
def choices(draw: st.DrawFn) -> Condition:
    entries = draw(st.lists(st.sampled_from(["Analytics", "Events", "Automation"]), min_size=1))
    negative = draw(st.booleans())
    operator = "EXCLUDES" if negative else "INCLUDES"
    listed = ", ".join(map(_literal, entries))

    def test(row: dict[str, Any]) -> bool:
        chosen = set((row.get("Interests__c") or "").split(";"))
        return bool(chosen & set(entries)) != negative

    return Condition(f"Interests__c {operator} ({listed})", test)


def _joined(parts: list[Condition], word: str) -> Condition:
    soql = f" {word} ".join(f"({part.soql})" for part in parts)
    hold = all if word == "AND" else any
    return Condition(soql, lambda row: hold(part.test(row) for part in parts))


def _opposite(part: Condition) -> Condition:
    return Condition(f"NOT ({part.soql})", lambda row: not part.test(row))


SINGLE = st.one_of(comparisons(), moments(), memberships(), likes(), choices())
CONDITIONS = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        st.builds(_joined, st.lists(inner, min_size=2, max_size=4), st.sampled_from(["AND", "OR"])),
        inner.map(_opposite),
    ),
    max_leaves=8,
)


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(condition=CONDITIONS)
def test_a_condition_finds_the_records_that_it_describes(
    sample: SampleOrg, condition: Condition
) -> None:
    expected = sorted(name for name, record in LEADS.items() if condition.test(record))
    assert sorted(sample.found(soql_where(condition.soql))) == expected
