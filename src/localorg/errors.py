"""Errors that say themselves the way Salesforce does: an HTTP status, a code and a text.

SalesforceError   fails a whole request; a REST answer is an array with one error in it
RowError          one record's problem among others; a value, never raised
OAuthError        fails a request to the token endpoint; a JSON object of two keys
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


class SalesforceError(Exception):
    """A request fails with Salesforce's own status, code and text."""

    def __init__(
        self, status: int, code: str, message: str, fields: tuple[str, ...] | None = None
    ) -> None:
        """Keep what the answer shows; `fields` is left out of it where it is None."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields

    def body(self) -> list[dict[str, Any]]:
        """The JSON of the answer: `[{"message", "errorCode", "fields"?}]`."""
        answer: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            answer["fields"] = list(self.fields)
        return [answer]


class OAuthError(Exception):
    """A request to the token endpoint fails."""

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        """Keep the two texts of RFC 6749 and the HTTP status."""
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True)
class RowError:
    """One record's problem: `code` and `message` are Salesforce's, `fields` are API names."""

    code: str
    message: str
    fields: tuple[str, ...] = ()

    def as_collection(self) -> dict[str, Any]:
        """The error inside a result of a collection: note `statusCode`."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def as_bulk(self) -> str:
        """The text of `sf__Error` in a Bulk 2.0 result."""
        return (
            "".join((self.code, ":", self.message, ":", *(f"{name} " for name in self.fields)))
            + "--"
        )

    def as_request_error(self, status: int = HTTPStatus.BAD_REQUEST) -> SalesforceError:
        """The same problem as the failure of a request about this one record."""
        return SalesforceError(status, self.code, self.message, self.fields)


def not_found(message: str = "The requested resource does not exist") -> SalesforceError:
    """404 NOT_FOUND."""
    return SalesforceError(HTTPStatus.NOT_FOUND, "NOT_FOUND", message)


def invalid_session() -> SalesforceError:
    """401 INVALID_SESSION_ID: the access token is unknown, revoked or too old."""
    return SalesforceError(
        HTTPStatus.UNAUTHORIZED, "INVALID_SESSION_ID", "Session expired or invalid"
    )


def method_not_allowed(method: str, allowed: str) -> SalesforceError:
    """405 METHOD_NOT_ALLOWED; `allowed` is the list of the methods that the path takes."""
    message = f"HTTP Method '{method}' not allowed. Allowed are {allowed}"
    return SalesforceError(HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)


def invalid_type(name: str) -> SalesforceError:
    """400 INVALID_TYPE as a query or a Bulk job answers it; record routes answer `not_found()`."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        "be sure to append the '__c' after the entity name. Please reference your WSDL or the "
        "describe call for the appropriate names."
    )
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE", message)


def invalid_column(field: str, object_name: str) -> SalesforceError:
    """400 INVALID_FIELD as a record route answers it."""
    message = f"No such column '{field}' on sobject of type {object_name}"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", message)


def malformed_id(text: str) -> SalesforceError:
    """400 MALFORMED_ID."""
    return SalesforceError(HTTPStatus.BAD_REQUEST, "MALFORMED_ID", f"malformed id {text}")


def json_parser_error(message: str) -> SalesforceError:
    """400 JSON_PARSER_ERROR."""
    return SalesforceError(HTTPStatus.BAD_REQUEST, "JSON_PARSER_ERROR", message)
