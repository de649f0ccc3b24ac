"""Errors that both kinds of jobs answer with."""

from http import HTTPStatus

from localorg.errors import SalesforceError


def invalid_locator() -> SalesforceError:
    """400 INVALID_QUERY_LOCATOR."""
    message = "invalid query locator"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_QUERY_LOCATOR", message)


def not_terminated() -> SalesforceError:
    """400 API_ERROR: the job can't be deleted yet."""
    message = "Error encountered when deleting the job because the job is not terminated"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "API_ERROR", message)
