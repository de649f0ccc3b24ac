from typing import Any

import pytest

from unit.localorg.soql.sample_org import SampleOrg, load, soql_where

CASES = load("queries.yaml")
ROWS = [case for case in CASES if "rows" in case]
COUNTS = [case for case in CASES if "count" in case]


def _name(case: dict[str, Any]) -> str:
    text: str = case["query"]
    return f"{text} (all)" if case.get("all") else text


@pytest.mark.parametrize("case", ROWS, ids=_name)
def test_a_query_finds_its_records(sample: SampleOrg, case: dict[str, Any]) -> None:
    found = sample.found(case["query"], deleted_too=case.get("all", False))
    expected = case["rows"]
    if not case.get("ordered"):
        found, expected = sorted(found), sorted(expected)
    assert found == expected


@pytest.mark.parametrize("case", COUNTS, ids=_name)
def test_count_answers_the_number_of_records(sample: SampleOrg, case: dict[str, Any]) -> None:
    assert sample.count(case["query"], deleted_too=case.get("all", False)) == case["count"]


@pytest.mark.parametrize(
    "condition",
    [
        "Email = 'X@example.com'",
        "Email IN ('x@example.com', 'Y@EXAMPLE.COM')",
        "Email = 'zoë@example.com'",
        "Email LIKE 'X@exa%'",
        "Id = '00Q000000000001'",
        "Isthmus_Id__c = 'Some-Id'",
        "External_Ref__c = 'Ünique'",
        "SystemModstamp >= 2026-01-01T00:00:00Z AND SystemModstamp < 2026-01-02T00:00:00Z",
        "SystemModstamp = LAST_N_DAYS:2",
    ],
)
def test_a_filter_by_an_indexed_field_searches_by_its_index(
    sample: SampleOrg, condition: str
) -> None:
    plan = sample.plan(soql_where(condition))
    field = condition.split(maxsplit=1)[0]
    name = "sqlite_autoindex_Lead_1" if field == "Id" else f"Lead_{field}"
    assert f"SEARCH t0 USING INDEX {name}" in plan


def test_thousands_of_values_and_conditions_can_be_asked_for(sample: SampleOrg) -> None:
    values = ", ".join(f"'{number}'" for number in range(10_000))
    chain = " OR ".join(f"LastName = '{number}'" for number in range(3_000))
    found = sample.found(soql_where(f"External_Ref__c IN ({values})"))
    assert found == ["ann", "bob"]
    assert sample.found(soql_where(f"{chain} OR LastName = 'Dove'")) == ["dan"]


def test_fields_functions_select_what_their_group_names(sample: SampleOrg) -> None:
    def selected(group: str) -> set[str]:
        columns = sample.compile(
            f"{soql_where('Id != null', fields=f'FIELDS({group})')} LIMIT 200"
        ).columns
        return {column.field.name for column in columns}

    assert selected("custom") == {name for name in selected("ALL") if name.endswith("__c")}
    assert selected("STANDARD") == selected("ALL") - selected("CUSTOM")
    assert {"Id", "Name", "Address", "Tier__c"} < selected("ALL")


def test_selected_columns_keep_their_order_and_the_spelling_of_the_schema(
    sample: SampleOrg,
) -> None:
    query = "SELECT email, account.parent.NAME, id, ACCOUNT.name FROM contact"
    paths = [".".join(column.path) for column in sample.compile(query).columns]
    assert paths == ["Email", "Account.Parent.Name", "Id", "Account.Name"]
