"""What became of one row of a call or job."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.errors import Retryable
from isthmus.salesforce.error_codes import kind_of_row_code
from isthmus.salesforce.errors import SalesforceError

_STATUS_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_FIELDS_END = "--"


@dataclass(frozen=True, kw_only=True)
class RowError:
    """Why Salesforce refused a row, in its own words."""

    code: str
    """Such as `REQUIRED_FIELD_MISSING`; empty where the text has none."""
    message: str
    fields: tuple[str, ...] = ()

    @property
    def kind(self) -> type[SalesforceError]:
        """The error class of the code."""
        return kind_of_row_code(self.code, self.message)

    @property
    def retryable(self) -> bool:
        """Whether the same row may work when it is sent again."""
        return issubclass(self.kind, Retryable)


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """One row of a collections call, in the order of the records sent."""

    id: str | None
    success: bool
    errors: tuple[RowError, ...] = ()


def parse_row_error(text: str) -> RowError:
    """The parts of a failed result's `sf__Error`.

    It reads `CODE:message:field1 field2 --`; the message may hold colons and line breaks, so only
    the first and the last colon count. A text of another form is a message without a code.
    Source: Bulk API 2.0 guide, Get Job Failed Record Results.
    """
    code, colon, rest = text.partition(":")
    if not colon or not _STATUS_CODE.fullmatch(code):
        return RowError(code="", message=text)
    message, colon, named = rest.rpartition(":")
    if not colon or not named.rstrip().endswith(_FIELDS_END):
        return RowError(code=code, message=rest)
    fields = re.split(r"[\s,]+", named.rstrip().removesuffix(_FIELDS_END))
    return RowError(code=code, message=message, fields=tuple(filter(None, fields)))


def read_row_result(found: Mapping[str, Any]) -> RowResult:
    """A row of a collections answer, where the code is called `statusCode`."""
    return RowResult(
        id=found.get("id"),
        success=bool(found.get("success")),
        errors=tuple(_read_row_error(error) for error in found.get("errors") or ()),
    )


def _read_row_error(found: Mapping[str, Any]) -> RowError:
    return RowError(
        code=str(found.get("statusCode") or found.get("errorCode") or ""),
        message=str(found.get("message") or ""),
        fields=tuple(map(str, found.get("fields") or ())),
    )
