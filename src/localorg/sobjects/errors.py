from http import HTTPStatus
from typing import Any

from localorg.dml import Change
from localorg.errors import RowError, SalesforceError

# What a record route answers with another status than 400.
_STATUS = {
    "ENTITY_IS_DELETED": HTTPStatus.NOT_FOUND,
    "INSUFFICIENT_ACCESS_OR_READONLY": HTTPStatus.FORBIDDEN,
    "INVALID_CROSS_REFERENCE_KEY": HTTPStatus.NOT_FOUND,
}


class RecordError(SalesforceError):
    """A request about one record fails for several reasons; the first one gives the status."""

    def __init__(self, errors: list[SalesforceError]) -> None:
        """Keep all of them for the answer."""
        first = errors[0]
        super().__init__(first.status, first.code, first.message, first.fields)
        self._errors = errors

    def body(self) -> list[dict[str, Any]]:
        """The JSON of the answer: one entry for each reason."""
        return [entry for error in self._errors for entry in error.body()]


def request_error(change: Change) -> SalesforceError:
    """The failure of a request about one record."""
    errors = [_request_error(error) for error in change.errors]
    return errors[0] if len(errors) == 1 else RecordError(errors)


def _request_error(error: RowError) -> SalesforceError:
    # The record itself is not found only where no field is to blame.
    status = HTTPStatus.BAD_REQUEST if error.fields else _STATUS.get(error.code)
    return error.as_request_error(status or HTTPStatus.BAD_REQUEST)
