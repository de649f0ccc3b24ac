"""Errors that both kinds of jobs answer with."""

from http import HTTPStatus

from localorg.bulk.states import State
from localorg.errors import SalesforceError


def invalid_locator() -> SalesforceError:
    """400 INVALID_QUERY_LOCATOR."""
    message = "invalid query locator"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_QUERY_LOCATOR", message)


def not_terminated() -> SalesforceError:
    """400 API_ERROR: the job can't be deleted yet."""
    message = "Error encountered when deleting the job because the job is not terminated"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "API_ERROR", message)


def already_ended(state: State) -> SalesforceError:
    """400 INVALIDJOBSTATE: a job that is over can't be aborted."""
    name = "Completed" if state is State.JOB_COMPLETE else state.value
    message = f"Aborting already {name} Job not allowed"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOBSTATE", message)
