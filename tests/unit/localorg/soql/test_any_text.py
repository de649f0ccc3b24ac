"""Whatever text comes, parsing and compiling answer a query or one of Salesforce's errors."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localorg import soql
from localorg.errors import SalesforceError
from localorg.soql.statements import select_groups
from unit.localorg.soql.sample_org import SampleOrg, load

WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        r"""SELECT Id FROM Lead Contact Account Case User WHERE AND OR NOT IN LIKE INCLUDES EXCLUDES
        NULL true false ORDER BY ASC DESC NULLS FIRST LAST LIMIT OFFSET ALL ROWS FOR VIEW GROUP
        BY HAVING ROLLUP( CUBE( GROUPING(Name) USING SCOPE mine WITH USER_MODE WHEN THEN ELSE Owner
        User (SELECT Id FROM Contacts) (SELECT AccountId FROM Contact) SUM(AnnualRevenue)
        CALENDAR_YEAR(CreatedDate) HOUR_IN_DAY(convertTimezone(CreatedDate)) toLabel(Status)
        FORMAT(MAX(CreatedDate)) COUNT_DISTINCT(Company) 10:30:00Z alias
        COUNT() COUNT(Id) FIELDS(ALL) FIELDS(STANDARD) TYPEOF END Name Email Account.Name
        Owner.Email IsDeleted Contact.Account.Parent.Name CreatedDate Birthdate NumberOfEmployees
        Interests__c Address MailingAddress Description AnnualRevenue Status ( ) , . = != <> < <= >
        >= : '' 'x' '%_' 'a\_b' 'é' '\u00e9' '\ud800' '00Q000000000001AAA' 0 1 -1 1e999 5e20
        5000000000000000000000 2026-01-31 2026-02-31 2026-01-31T10:00:00Z
        0001-01-01T00:00:00+14:00 9999-12-31T23:59:59-12:00 TODAY LAST_N_DAYS:7
        N_YEARS_AGO:9999999999 THIS_WEEK ( SELECT""",
    )
)
SALAD = st.lists(WORDS, max_size=30).map(" ".join)
HEADS = st.sampled_from(
    ["SELECT Id FROM Lead WHERE ", "SELECT Name FROM Contact ORDER BY ", "SELECT "]
)
QUERIES = st.sampled_from(
    [case["query"] for name in ("queries.yaml", "records.yaml") for case in load(name)]
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A good query with a piece cut out and another put in."""
    text: str = draw(QUERIES)
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 8)))
    return text[:start] + draw(st.one_of(WORDS, st.text(max_size=3))) + text[end:]


@settings(
    max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.one_of(st.text(), SALAD, st.tuples(HEADS, SALAD).map("".join), mutations()))
def test_any_text_is_a_query_that_runs_or_a_salesforce_error(sample: SampleOrg, text: str) -> None:
    try:
        statement = sample.compile(text)
    except SalesforceError:
        return
    fragments = [soql.select_ids(statement), soql.select_count(statement)]
    if statement.groups is not None:
        fragments = [select_groups(statement, ["c0"], 10)]
    for fragment in fragments:
        sample.rows(fragment)  # SQLite takes it, whatever it finds
