"""Whatever is asked, the answer is records or one of Salesforce's errors, never a 500."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.localorg.query.in_process import BASE, Client
from unit.localorg.soql.sample_org import SampleOrg, load
from unit.localorg.soql.test_any_text import SALAD, mutations

FIELDS = (
    *("Id", "Name", "CreatedDate", "LastModifiedDate", "IsDeleted", "OwnerId", "Owner.Name"),
    *("CreatedBy.Email", "Phone", "Industry", "AnnualRevenue", "Description", "BillingAddress"),
    *("Address", "AccountId", "Account.Name", "Account.Parent.Owner.Name", "Status", "Owner.Type"),
    *("Birthdate", "Interests__c", "NumberOfEmployees", "Nope"),
)
FUNCTIONS = (
    *("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "GROUPING", "toLabel", "FORMAT"),
    *("CALENDAR_YEAR", "CALENDAR_QUARTER", "DAY_IN_WEEK", "DAY_ONLY", "HOUR_IN_DAY"),
    *("WEEK_IN_MONTH", "WEEK_IN_YEAR", "FISCAL_YEAR", "convertTimezone"),
)
VALUES = (
    *("'x'", "''", "'%a_'", "null", "true", "0", "-1.5", "1e300", "2026-01-31", "TODAY"),
    *("2026-01-31T10:00:00+01:00", "LAST_N_DAYS:30", "N_FISCAL_YEARS_AGO:2", "10:30:00Z"),
    *("'001000000000001'", "'O\\'Brien'"),
)
OBJECTS = ("Lead", "Contact", "Account", "Case", "User", "Group", "Opportunity", "RecordType")
CHILDREN = ("Contacts", "Cases", "ChildAccounts", "Opportunities", "Nobody")
field = st.sampled_from(FIELDS)


@st.composite
def subjects(draw: st.DrawFn) -> str:
    subject = draw(field)
    for name in draw(st.lists(st.sampled_from(FUNCTIONS), max_size=2)):
        subject = f"{name}({subject})"
    return subject


@st.composite
def conditions(draw: st.DrawFn) -> str:
    subject, value = draw(st.one_of(field, subjects())), draw(st.sampled_from(VALUES))
    form = draw(
        st.sampled_from(
            [
                "{0} {1} {2}",
                "NOT {0} {1} {2}",
                "{0} IN ({2}, null)",
                "{0} NOT IN ({2})",
                "{0} INCLUDES ({2})",
                "{0} LIKE {2}",
                "{0} IN (SELECT AccountId FROM Case WHERE Status {1} {2})",
                "({0} {1} {2} OR Id != null)",
            ]
        )
    )
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    return form.format(subject, operator, value)


@st.composite
def queries(draw: st.DrawFn, sources: tuple[str, ...] = OBJECTS, depth: int = 0) -> str:
    items = draw(st.lists(st.one_of(field, subjects()), min_size=1, max_size=3))
    if depth < 2 and draw(st.booleans()):
        items.append(f"({draw(queries(CHILDREN, depth + 1))})")
    parts = ["SELECT", ", ".join(items), "FROM", draw(st.sampled_from(sources))]
    parts += [f"WHERE {' AND '.join(draw(st.lists(conditions(), min_size=1, max_size=3)))}"]
    if draw(st.booleans()):
        grouped = ", ".join(draw(st.lists(subjects(), min_size=1, max_size=3)))
        parts.append(draw(st.sampled_from(["GROUP BY {}", "GROUP BY ROLLUP({})"])).format(grouped))
        parts.append(draw(st.sampled_from(["", "HAVING COUNT(Id) > 0"])))
    parts.append(draw(st.sampled_from(["", f"ORDER BY {draw(subjects())} DESC NULLS LAST"])))
    parts.append(draw(st.sampled_from(["", "LIMIT 2", "LIMIT 1 OFFSET 1"])))
    return " ".join(filter(None, parts))


@settings(
    max_examples=800, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.one_of(queries(), mutations(), SALAD.filter(bool)),
    resource=st.sampled_from(["query", "queryAll"]),
)
def test_any_query_answers_records_or_an_error(client: Client, text: str, resource: str) -> None:
    answer = client.query(text, resource)
    body: Any = answer.json
    if answer.status == 400:
        [error] = body
        assert error["errorCode"]
        assert error["message"]
        return
    assert answer.status == 200, answer.body
    assert body["totalSize"] >= len(body["records"])


@pytest.mark.parametrize("parameters", ["columns=true&q=", "explain="])
def test_every_good_query_has_columns_and_a_plan(
    client: Client, sample: SampleOrg, parameters: str
) -> None:
    for case in load("records.yaml"):
        query = sample.with_ids(case["query"])
        answer = client.get(f"{BASE}/query?{parameters}{quote(query)}")
        assert answer.status == 200, (query, answer.body)
