from http import HTTPStatus

from localorg.dml import Change
from localorg.errors import RowError, SalesforceError

# What a record route answers with another status than 400.
_STATUS = {
    "ENTITY_IS_DELETED": HTTPStatus.NOT_FOUND,
    "INVALID_CROSS_REFERENCE_KEY": HTTPStatus.NOT_FOUND,
}


def request_error(change: Change) -> SalesforceError:
    """The failure of a request about one record."""
    error: RowError = change.errors[0]
    # The record itself is not found only where no field is to blame.
    status = HTTPStatus.BAD_REQUEST if error.fields else _STATUS.get(error.code)
    return error.as_request_error(status or HTTPStatus.BAD_REQUEST)
