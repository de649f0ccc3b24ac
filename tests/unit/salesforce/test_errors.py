import inspect
import pickle
from typing import Any

import pytest

from isthmus.errors import Final, Retryable
from isthmus.salesforce import SalesforceError, errors
from isthmus.salesforce.error_codes import error_of, kind_of_row_code, known_codes
from isthmus.salesforce.wire import Response
from unit.salesforce.scripted import cases, refuses, says

ERRORS = cases("errors.yaml")
CLASSES = [
    found
    for _, found in inspect.getmembers(errors, inspect.isclass)
    if issubclass(found, SalesforceError)
]
ABSTRACT = {errors.SalesforceError, errors.BulkJobError, errors.BulkJobFailed}


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case['code']}-{case['status']}")
def test_an_answer_becomes_the_error_of_its_code_or_status(case: dict[str, Any]) -> None:
    error = error_of(refuses(case["code"], case["words"], case["status"]))
    assert type(error).__name__ == case["class"]
    assert isinstance(error, Retryable) is case["again"]
    assert (error.status, error.code, error.words) == (case["status"], case["code"], case["words"])


@pytest.mark.parametrize(
    "case",
    [case for case in ERRORS if case["code"] in known_codes()],
    ids=lambda case: case["code"],
)
def test_a_row_with_the_same_code_has_the_same_class(case: dict[str, Any]) -> None:
    assert kind_of_row_code(case["code"], case["words"]).__name__ == case["class"]


def test_a_row_with_a_code_that_nobody_knows_is_refused_for_good() -> None:
    assert kind_of_row_code("SOMETHING_NEW") is errors.RecordRefused
    assert kind_of_row_code("") is errors.RecordRefused


def test_the_table_of_cases_has_every_code_that_the_client_knows() -> None:
    assert known_codes() <= {case["code"] for case in ERRORS}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_is_either_retryable_or_final(kind: type[SalesforceError]) -> None:
    sides = [issubclass(kind, Retryable), issubclass(kind, Final)]
    assert sum(sides) == (0 if kind in ABSTRACT else 1)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_stands_in_the_tree(kind: type[SalesforceError]) -> None:
    assert kind is errors.BulkJobError or kind.__name__ in (errors.__doc__ or "")


def test_the_message_has_the_request_the_words_and_the_next_step_but_not_the_query() -> None:
    answer = Response(
        status=400,
        body=b'[{"errorCode": "MALFORMED_QUERY", "message": "unexpected token: FORM"}]',
        target="GET /services/data/v62.0/query",
    )
    error = error_of(answer)
    assert str(error) == (
        "GET /services/data/v62.0/query was answered 400: MALFORMED_QUERY: unexpected token: FORM. "
        "Correct the query."
    )
    assert error.path == "GET /services/data/v62.0/query"


def test_named_fields_are_kept() -> None:
    found = [{"errorCode": "INVALID_FIELD", "message": "no", "fields": ["Foo__c", "Bar__c"]}]
    assert error_of(says(found, 400)).fields == ("Foo__c", "Bar__c")


def test_an_html_page_is_read_as_its_text() -> None:
    page = (
        b"<html><head><style>p {color: red}</style><script>alert(1)</script></head>"
        b"<body><h1>Down for\n\n maintenance</h1> &amp; back soon</body></html>"
    )
    error = error_of(says(page, 503))
    assert type(error) is errors.ServerUnavailable
    assert error.words == "Down for maintenance & back soon"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"[null]", b"\xff\xfe<", b"7"])
def test_a_body_that_says_nothing_still_makes_an_error(body: bytes) -> None:
    error = error_of(says(body, 500))
    assert type(error) is errors.ServerFault
    assert error.code == ""


def test_an_xml_error_is_read_as_its_text() -> None:
    body = b"<Errors><Error><errorCode>X</errorCode><message>broken</message></Error></Errors>"
    assert error_of(says(body, 400)).words == "X broken"


def test_an_access_token_in_the_words_is_hidden() -> None:
    error = error_of(refuses("INVALID_FIELD", "bad: 00Dxx0000001gPL!AQ0AQ.secret here"))
    assert "secret" not in str(error)
    assert error.words == "bad: (access token) here"


def test_words_without_end_are_cut() -> None:
    assert len(error_of(says(b"x" * 100_000, 500)).words) == 2000


def test_an_error_survives_a_process_boundary_with_what_it_knows() -> None:
    error = error_of(refuses("INVALID_FIELD", "no such column"))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(copy), str(copy), copy.code) == (errors.SchemaChanged, str(error), "INVALID_FIELD")
