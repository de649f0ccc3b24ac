from localorg.errors import RowError, SalesforceError


def test_a_row_error_is_a_line_of_a_bulk_result() -> None:
    error = RowError("REQUIRED_FIELD_MISSING", "Required fields are missing: [A, B]", ("A", "B"))
    assert error.as_bulk() == ("REQUIRED_FIELD_MISSING:Required fields are missing: [A, B]:A B --")


def test_a_row_error_without_fields_ends_with_two_dashes() -> None:
    error = RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    assert error.as_bulk() == "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"


def test_a_collection_calls_the_code_status_code() -> None:
    assert RowError("X", "y").as_collection() == {"statusCode": "X", "message": "y", "fields": []}


def test_a_request_error_is_an_array_and_leaves_unknown_fields_out() -> None:
    assert SalesforceError(404, "NOT_FOUND", "gone").body() == [
        {"message": "gone", "errorCode": "NOT_FOUND"}
    ]
