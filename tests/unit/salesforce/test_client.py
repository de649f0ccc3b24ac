from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from isthmus.salesforce import (
    Field,
    InvalidArgument,
    OutcomeUnknown,
    QueryRefused,
    RowError,
    RowResult,
    Salesforce,
    SchemaChanged,
    UnexpectedAnswer,
)
from isthmus.salesforce.wire import Response
from unit.salesforce.scripted import DATA, says, signed_in

FIELD: dict[str, Any] = {
    "name": "LastName",
    "label": "Last Name",
    "type": "string",
    "length": 80,
    "precision": 0,
    "scale": 0,
    "digits": 0,
    "createable": True,
    "updateable": True,
    "nillable": False,
    "defaultedOnCreate": False,
    "filterable": True,
    "externalId": False,
    "idLookup": False,
    "unique": False,
    "caseSensitive": False,
    "custom": False,
    "calculated": False,
    "autoNumber": False,
    "restrictedPicklist": False,
    "picklistValues": [],
    "referenceTo": [],
    "relationshipName": None,
    "compoundFieldName": "Name",
}
RATING = {
    "active": False,
    "defaultValue": True,
    "label": "Hot!",
    "value": "Hot",
    "validFor": None,
}
LEAD: dict[str, Any] = {
    "name": "Lead",
    "label": "Lead",
    "labelPlural": "Leads",
    "keyPrefix": "00Q",
    "queryable": True,
    "fields": [FIELD, {**FIELD, "name": "OwnerId", "referenceTo": ["Group", "User"]}],
}
MODIFIED = "Mon, 05 Jan 2026 10:00:00 GMT"


def describe(**changes: Any) -> Field:
    org, _ = signed_in(says({**LEAD, "fields": [{**FIELD, **changes}]}))
    return org.describe("Lead").field("LastName")


def sent_query(url: str) -> str:
    return parse_qs(urlsplit(url).query)["q"][0]


def test_fields_are_found_in_any_casing_and_in_salesforces_order() -> None:
    org, transport = signed_in(says(LEAD))
    lead = org.describe("Lead")
    assert transport.targets[1] == f"GET {DATA}/sobjects/Lead/describe"
    assert (lead.name, lead.label_plural, lead.key_prefix, lead.queryable, lead.deletable) == (
        "Lead",
        "Leads",
        "00Q",
        True,
        False,
    )
    assert list(lead.fields) == ["lastname", "ownerid"]
    assert lead.field("OWNERID").reference_to == ("Group", "User")


def test_a_field_keeps_what_a_mapping_needs() -> None:
    field = describe(type="currency", precision=18, scale=2, length=0, externalId=True)
    assert (field.type, field.precision, field.scale, field.length) == ("currency", 18, 2, 0)
    assert (field.external_id, field.compound_field_name) == (True, "Name")


def test_a_field_keeps_its_picklist_values() -> None:
    (value,) = describe(picklistValues=[RATING], restrictedPicklist=True).picklist_values
    assert (value.value, value.label, value.active, value.default) == ("Hot", "Hot!", False, True)


@pytest.mark.parametrize(
    ("changes", "required"),
    [
        ({}, True),
        ({"createable": False}, False),
        ({"nillable": True}, False),
        ({"defaultedOnCreate": True}, False),
    ],
)
def test_a_field_is_required_when_nothing_else_gives_it_a_value(
    changes: dict[str, Any],
    required: bool,  # noqa: FBT001
) -> None:
    assert describe(**changes).required_on_create is required


def test_a_field_that_is_not_there_is_named_with_those_that_are() -> None:
    org, _ = signed_in(says(LEAD))
    with pytest.raises(SchemaChanged, match=r"no field 'Foo__c'.*LastName, OwnerId") as caught:
        org.describe("Lead").field("Foo__c")
    assert caught.value.fields == ("Foo__c",)


def test_an_unchanged_description_is_not_sent_again() -> None:
    org, transport = signed_in(
        says(LEAD, 200, {"Last-Modified": MODIFIED}), says(b"", 304), says({**LEAD, "label": "X"})
    )
    first = org.describe("Lead")
    assert "If-Modified-Since" not in transport.requests[1].headers
    assert org.describe("lead") is first
    assert transport.requests[2].headers["If-Modified-Since"] == MODIFIED
    assert org.describe("Lead").label == "X"


def test_pages_of_a_query_are_fetched_only_when_they_are_reached() -> None:
    first = {
        "totalSize": 3,
        "done": False,
        "nextRecordsUrl": f"{DATA}/query/01g-2",
        "records": [{"Id": "1"}, {"Id": "2"}],
    }
    org, transport = signed_in(says(first), says({"done": True, "records": [{"Id": "3"}]}))
    records = org.query("SELECT Id FROM Lead WHERE Name = 'A+B & Ü'")
    assert [next(records)["Id"], next(records)["Id"]] == ["1", "2"]
    assert transport.calls == 2
    assert [record["Id"] for record in records] == ["3"]
    assert transport.targets[1:] == [f"GET {DATA}/query", f"GET {DATA}/query/01g-2"]
    assert sent_query(transport.requests[1].url) == "SELECT Id FROM Lead WHERE Name = 'A+B & Ü'"


def test_query_all_asks_for_deleted_records_too() -> None:
    org, transport = signed_in(says({"done": True, "records": []}))
    assert list(org.query_all("SELECT Id FROM Lead")) == []
    assert transport.targets[1] == f"GET {DATA}/queryAll"


def test_a_count_is_the_total() -> None:
    org, _ = signed_in(says({"totalSize": 3222, "done": True, "records": []}))
    assert org.count("SELECT COUNT() FROM Lead") == 3222


LONG = "SELECT Id FROM Lead WHERE Name = 'x'".ljust(10_001)


def composite(status: int, body: object) -> Response:
    return says({"compositeResponse": [{"httpStatusCode": status, "body": body}]})


def test_a_count_of_deleted_records_too_asks_for_them() -> None:
    org, transport = signed_in(says({"totalSize": 7, "done": True, "records": []}))
    assert org.count("SELECT COUNT() FROM Lead", deleted=True) == 7
    assert transport.targets[-1] == f"GET {DATA}/queryAll"


def test_pages_come_as_salesforce_wrote_them() -> None:
    first = b'{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v62.0/query/01g-1",'
    first += b'"records":[{"Id":"1","Amount":1.0E7}]}'
    second = b'{"totalSize":2,"done":true,"records":[{"Id":"2"}]}'
    org, transport = signed_in(says(first), says(second))
    pages = list(org.query_pages("SELECT Id FROM Lead", deleted=True))
    assert [page.body for page in pages] == [first, second]
    assert [(page.records, page.total) for page in pages] == [(1, 2), (1, 2)]
    assert transport.targets[-2:] == [f"GET {DATA}/queryAll", f"GET {DATA}/query/01g-1"]


def test_a_page_that_is_html_is_asked_for_again() -> None:
    page = {"totalSize": 0, "done": True, "records": []}
    org, transport = signed_in(says(b"<html>Down</html>"), says(page))
    assert [found.total for found in org.query_pages("SELECT Id FROM Lead", deleted=False)] == [0]
    assert len(transport.targets) == 3


def test_a_page_that_is_a_list_is_an_error_of_ours() -> None:
    org, _ = signed_in(says([]))
    with pytest.raises(UnexpectedAnswer, match="not a page of records"):
        list(org.query_pages("SELECT Id FROM Lead", deleted=False))


def test_what_changed_comes_with_the_time_up_to_which_it_is_known() -> None:
    covered = "2026-01-31T10:20:00.000+0000"
    org, transport = signed_in(says({"ids": ["00Q1", "00Q2"], "latestDateCovered": covered}))
    start, end = (datetime(2026, 1, 31, 10, minute, tzinfo=UTC) for minute in (10, 30))
    found = org.updated("Lead", start, end)
    assert found.ids == ("00Q1", "00Q2")
    assert found.latest_date_covered == datetime(2026, 1, 31, 10, 20, tzinfo=UTC)
    asked = parse_qs(urlsplit(transport.requests[-1].url).query)
    assert asked == {"start": ["2026-01-31T10:10:00Z"], "end": ["2026-01-31T10:30:00Z"]}


def test_a_query_too_long_for_an_address_travels_in_a_body() -> None:
    org, transport = signed_in(composite(200, {"done": True, "records": [{"Id": "1"}]}))
    assert list(org.query(LONG)) == [{"Id": "1"}]
    assert transport.targets[1] == f"POST {DATA}/composite"
    (inner,) = orjson.loads(transport.bodies[1])["compositeRequest"]
    assert (inner["method"], sent_query(inner["url"])) == ("GET", LONG)


def test_a_long_query_is_refused_like_a_short_one() -> None:
    refusal = [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token"}]
    org, _ = signed_in(composite(400, refusal))
    with pytest.raises(QueryRefused, match="unexpected token"):
        list(org.query(LONG))


def test_versions_are_sorted_as_numbers() -> None:
    org, _ = signed_in(says([{"version": "100.0"}, {"version": "66.0"}, {"version": "62.0"}]))
    assert org.versions() == ["62.0", "66.0", "100.0"]


def test_the_time_is_the_servers() -> None:
    org, transport = signed_in(says([], 200, {"Date": MODIFIED}))
    assert org.server_time() == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert transport.targets[1] == "GET /services/data"


@pytest.mark.parametrize("headers", [{}, {"Date": "now"}])
def test_a_server_without_a_time_is_an_error(headers: dict[str, str]) -> None:
    org, _ = signed_in(says([], 200, headers))
    with pytest.raises(UnexpectedAnswer):
        org.server_time()


def test_updated_records_come_back_in_order_with_their_errors() -> None:
    refusal = {"statusCode": "STRING_TOO_LONG", "message": "too long", "fields": ["Title"]}
    org, transport = signed_in(
        says([{"id": "1", "success": True, "errors": []}, {"success": False, "errors": [refusal]}])
    )
    found = org.collections.update("Lead", [{"Id": "1", "Title": None}, {"Id": "2", "Title": "x"}])
    assert found == [
        RowResult(id="1", success=True),
        RowResult(
            id=None,
            success=False,
            errors=(RowError(code="STRING_TOO_LONG", message="too long", fields=("Title",)),),
        ),
    ]
    assert orjson.loads(transport.bodies[1]) == {
        "allOrNone": False,
        "records": [
            {"attributes": {"type": "Lead"}, "Id": "1", "Title": None},
            {"attributes": {"type": "Lead"}, "Id": "2", "Title": "x"},
        ],
    }


def test_assignment_rules_are_off_unless_one_is_named() -> None:
    org, transport = signed_in(says([{"success": True}]), says([{"success": True}]))
    org.collections.update("Lead", [{"Id": "1"}])
    org.collections.update("Lead", [{"Id": "1"}], assignment_rule_id="01Q000000000001AAA")
    sent = [request.headers["Sforce-Auto-Assign"] for request in transport.requests[1:]]
    assert sent == ["FALSE", "01Q000000000001AAA"]


def test_results_that_do_not_fit_the_rows_are_not_guessed() -> None:
    org, _ = signed_in(says([{"success": True}]))
    with pytest.raises(OutcomeUnknown, match=r"2 records .* 1 results"):
        org.collections.update("Lead", [{"Id": "1"}, {"Id": "2"}])


def test_records_are_retrieved_in_the_order_of_their_ids() -> None:
    org, transport = signed_in(says([{"Id": "1"}, None]))
    assert org.collections.retrieve("Lead", ["1", "2"], ["Id"]) == [{"Id": "1"}, None]
    assert transport.targets[1] == f"POST {DATA}/composite/sobjects/Lead"
    assert orjson.loads(transport.bodies[1]) == {"ids": ["1", "2"], "fields": ["Id"]}


@pytest.mark.parametrize("answer", [{"success": True}, [None], "x", None, 7])
def test_results_that_make_no_sense_leave_the_outcome_unknown(answer: object) -> None:
    org, _ = signed_in(says(answer))
    with pytest.raises(OutcomeUnknown):
        org.collections.update("Lead", [{"Id": "1"}])


@pytest.mark.parametrize(
    "answer", [[], {}, None, 7, "x", [7], {"fields": [{}]}, {"resultPages": 7}]
)
@pytest.mark.parametrize(
    "call",
    [
        lambda org: org.describe("Lead"),
        lambda org: list(org.query("SELECT Id FROM Lead")),
        lambda org: org.count("SELECT COUNT() FROM Lead"),
        lambda org: list(org.query(LONG)),
        lambda org: org.bulk_query.get("750"),
    ],
)
def test_json_of_another_shape_is_an_error_of_ours(
    call: Callable[[Salesforce], object], answer: object
) -> None:
    org, _ = signed_in(says(answer))
    with pytest.raises(UnexpectedAnswer):
        call(org)


def too_many_updated(org: Salesforce) -> object:
    return org.collections.update("Lead", [{"Id": "1"}] * 201)


def too_many_retrieved(org: Salesforce) -> object:
    return org.collections.retrieve("Lead", ["1"] * 2001, ["Id"])


@pytest.mark.parametrize("call", [too_many_updated, too_many_retrieved])
def test_more_than_one_call_takes_is_refused_before_it_is_sent(
    call: Callable[[Salesforce], object],
) -> None:
    org, transport = signed_in()
    with pytest.raises(InvalidArgument, match="at most") as caught:
        call(org)
    assert isinstance(caught.value, ValueError)
    assert transport.calls == 0


def test_no_records_are_no_call() -> None:
    org, transport = signed_in()
    assert org.collections.update("Lead", []) == []
    assert org.collections.retrieve("Lead", [], ["Id"]) == []
    assert transport.calls == 0
