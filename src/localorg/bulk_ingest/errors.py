"""Why a job fails.

JobError                  the job goes no further; what is saved stays, the rest is not tried
RefusedUploadError        the upload can't be worked with at all: none of its records is tried
QuotaError                the day's batches are used up: the rest is in none of the results
"""

from http import HTTPStatus

from localorg.errors import SalesforceError


class JobError(Exception):
    """The job goes no further; the message is its errorMessage."""


class RefusedUploadError(JobError):
    """The upload can't be worked with at all."""


class QuotaError(JobError):
    """The day's batches are used up."""


class GoneError(Exception):
    """The job was deleted, or the org went back to a time before it."""


def invalid_job(message: str) -> SalesforceError:
    """400 INVALIDJOB."""
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOB", f"InvalidJob : {message}")


def wrong_state(message: str) -> SalesforceError:
    """400 INVALIDJOBSTATE."""
    text = f"InvalidJobState : {message}"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOBSTATE", text)


def too_large(size: str, most: str) -> SalesforceError:
    """413 EXCEEDED_MAX_SIZE_REQUEST; sizes with their units."""
    message = f"The data has {size}; {most} are allowed. Send it in several jobs."
    return SalesforceError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "EXCEEDED_MAX_SIZE_REQUEST", message
    )
