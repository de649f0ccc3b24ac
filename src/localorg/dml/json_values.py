"""Values as JSON has them: which kinds a field takes, and what Salesforce says of the others."""

from collections.abc import Mapping
from typing import Any

from localorg.errors import RowError, SalesforceError, json_parser_error
from localorg.schema import Field

_WHOLE_TYPES = frozenset({"int", "long"})
_PLAIN_TYPES = frozenset({"boolean", "date", "datetime", "time"})


def json_text(field: Field, value: Any) -> str:
    """A JSON value as text; raises JSON_PARSER_ERROR where its kind is not the field's."""
    if isinstance(value, str):
        return value
    if not _fits(field, value):
        raise _unreadable(_type(field), _token(value))
    return repr(value).lower()


def as_json_error(field: Field, value: Any, error: RowError) -> RowError:
    """What is no value of the field is a mistake of the request in JSON: JSON_PARSER_ERROR."""
    if error.code == "INVALID_TYPE_ON_FIELD_IN_RECORD":
        raise _unreadable(_type(field), _token(value))
    return error


def null_of_boolean() -> SalesforceError:
    """JSON_PARSER_ERROR: a checkbox is either true or false."""
    return _unreadable("boolean", "null value null")


def _fits(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return field.type == "boolean"
    if isinstance(value, float):
        # 5.0 is no whole number here, though it is one in CSV.
        return field.is_number and field.type not in _WHOLE_TYPES
    return isinstance(value, int) and field.is_number


def _type(field: Field) -> str:
    return field.type if field.is_number or field.type in _PLAIN_TYPES else "string"


def _token(value: Any) -> str:
    """What Salesforce's reader calls a JSON value, with the value as JSON writes it."""
    if isinstance(value, bool):
        return "VALUE_TRUE value true" if value else "VALUE_FALSE value false"
    if isinstance(value, Mapping):
        return "START_OBJECT value {"
    if isinstance(value, list):
        return "START_ARRAY value ["
    kinds = {int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}
    return f"{kinds[type(value)]} value {value}"


def _unreadable(kind: str, found: str) -> SalesforceError:
    return json_parser_error(
        f"Cannot deserialize instance of {kind} from {found} or request may be missing a "
        "required field at [line:1, column:1]"
    )
