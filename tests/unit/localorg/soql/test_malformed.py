import itertools
import re
from typing import Any

import pytest

from unit.localorg.soql.sample_org import SampleOrg, load, refusal, soql_where

CASES = load("malformed.yaml")
POINTED = re.compile(r"\n(.*)\n( *)\^\nERROR at Row:(\d+):Column:(\d+)\n(.*)", re.DOTALL)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["query"] or "nothing")
def test_a_wrong_statement_is_refused_in_salesforces_words(
    sample: SampleOrg, case: dict[str, Any]
) -> None:
    error = refusal(sample, case["query"])
    assert (error.status, error.code) == (400, case["code"])
    if "column" not in case:
        assert error.message == case["message"]
        return
    pointed = POINTED.fullmatch(error.message)
    assert pointed is not None, error.message
    assert pointed[5] == case["message"]
    assert int(pointed[4]) == case["column"]


@pytest.mark.parametrize("case", load("excerpts.yaml"), ids=lambda case: case["query"])
def test_the_caret_stands_under_the_place(sample: SampleOrg, case: dict[str, str]) -> None:
    message = refusal(sample, case["query"]).message
    assert message.startswith(case["excerpt"] + "\n")


def test_a_statement_of_more_than_100_000_characters_is_refused(sample: SampleOrg) -> None:
    query = "SELECT Id FROM Lead".ljust(100_001)
    assert sample.compile(query[:-1])
    error = refusal(sample, query)
    assert error.code == "MALFORMED_QUERY"
    assert "100000" in error.message


def test_a_string_of_more_than_4_000_characters_is_refused(sample: SampleOrg) -> None:
    assert sample.found(soql_where(f"Name = '{'x' * 4000}'")) == []
    error = refusal(sample, soql_where(f"Name = '{'x' * 4001}'"))
    assert error.code == "MALFORMED_QUERY"
    assert "the maximum is 4000" in error.message


def test_brackets_nested_without_end_are_too_complicated(sample: SampleOrg) -> None:
    depth = 20_000
    query = soql_where(f"{'(' * depth}Name = 'x'{')' * depth}")
    assert refusal(sample, query).code == "QUERY_TOO_COMPLICATED"


@pytest.mark.parametrize("ending", ["", "GROUP BY Status"])
def test_thousands_of_columns_are_too_complicated(sample: SampleOrg, ending: str) -> None:
    def counts(number: int) -> str:
        listed = ", ".join(f"COUNT(Id) c{place}" for place in range(number))
        return f"{soql_where('Id != null', fields=listed)} {ending}"

    assert sample.compile(counts(1_900)).groups is not None
    assert refusal(sample, counts(1_901)).code == "QUERY_TOO_COMPLICATED"


def _nested(depth: int, width: int, last: str) -> str:
    word = " AND " if depth % 2 else " OR "
    inner = f"({_nested(depth - 1, width, last)})" if depth else last
    return word.join(["NOT FirstName IN ('x', null, 'é')"] * width + [inner])


@pytest.mark.parametrize("width", [1, 5, 40])
def test_conditions_nested_in_conditions_are_understood_up_to_40_levels(
    sample: SampleOrg, width: int
) -> None:
    last = "City != null"
    assert isinstance(sample.found(soql_where(_nested(40, width, last))), list)
    assert refusal(sample, soql_where(_nested(80, 1, last))).code == "QUERY_TOO_COMPLICATED"


def test_brackets_on_both_sides_are_understood(sample: SampleOrg) -> None:
    condition = "City = null"
    for word in ("AND", "OR") * 5:
        condition = f"({condition}) {word} ({condition})"
    assert sample.found(soql_where(condition)) == ["dan", "eve"]


def test_more_than_30_000_values_are_too_complicated(sample: SampleOrg) -> None:
    few, many = (f"NumberOfEmployees IN ({'1,' * count}2)" for count in (29_000, 40_000))
    assert sample.found(soql_where(few)) == []
    assert refusal(sample, soql_where(many)).code == "QUERY_TOO_COMPLICATED"


def test_more_than_55_parents_are_too_complicated(sample: SampleOrg) -> None:
    steps = ("ReportsTo", "MasterRecord")
    paths = [path for length in (1, 2, 3, 4, 5) for path in itertools.product(steps, repeat=length)]
    fields = [".".join((*path, "Id")) for path in paths]
    assert sample.compile(soql_where("Id != null", "Contact", ", ".join(fields[:55])))
    error = refusal(sample, soql_where("Id != null", "Contact", ", ".join(fields[:56])))
    assert error.code == "QUERY_TOO_COMPLICATED"


def test_more_than_20_sub_queries_are_refused(sample: SampleOrg) -> None:
    def children(number: int) -> str:
        return soql_where(
            "Id != null", "Account", ", ".join(["(SELECT Id FROM Contacts)"] * number)
        )

    assert "duplicate field selected" in refusal(sample, children(20)).message
    assert "a query can have 20 sub-queries at most" in refusal(sample, children(21)).message


def test_sub_queries_are_nested_four_levels_deep_at_most(sample: SampleOrg) -> None:
    def nested(levels: int) -> str:
        source = "ChildAccounts" if levels < most else "Account"
        inner = f", ({nested(levels - 1)})" if levels else ""
        return soql_where("Id != null", source, f"Id{inner}")

    most = 4
    assert sample.compile(nested(most))
    most = 5
    message = refusal(sample, nested(most)).message
    assert "sub-queries can be nested 4 levels deep at most" in message
