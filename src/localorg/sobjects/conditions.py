"""Conditional requests for one record (reference 2.4): by its stamp, and an Account's by its hash.

A condition on a change is checked inside the transaction of the change, so that nobody can come in
between.
"""

import base64
import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from localorg.errors import SalesforceError
from localorg.schema import ObjectType
from localorg.store import quoted

_NAMES = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")
_PACKED = '-gzip"'


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordState:
    """What conditions compare a record by."""

    modified: datetime
    # In quotes, as the header has it; None for objects other than Account.
    etag: str | None

    def headers(self) -> dict[str, str]:
        """The headers that tell a client of it."""
        found = {"last-modified": format_datetime(self.modified, usegmt=True)}
        return found if self.etag is None else found | {"etag": self.etag}


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """The conditions of a request, by their headers' names in lower case."""

    asked: Mapping[str, str]

    def allow_reading(self, state: RecordState) -> bool:
        """Whether to answer with the record, or else with 304; raises 412."""
        self._check_unchanged(state)
        if "if-none-match" in self.asked and state.etag is not None:
            return not self._names(state.etag, "if-none-match")
        known = _moment(self.asked.get("if-modified-since"))
        return known is None or state.modified > known

    def check_writing(self, state: RecordState) -> None:
        """Raise 412 where the record may not be changed, 400 for a condition that is none."""
        for name in ("if-unmodified-since", "if-modified-since"):
            text = self.asked.get(name)
            if text is not None and _moment(text) is None:
                message = f"The header {name} is no date of RFC 1123: {text}"
                raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_HEADER", message)
        self._check_unchanged(state)
        if state.etag is not None and self._names(state.etag, "if-none-match"):
            raise _failed("if-none-match")
        known = _moment(self.asked.get("if-modified-since"))
        if known is not None and state.modified <= known:
            raise _failed("if-modified-since")

    def _check_unchanged(self, state: RecordState) -> None:
        if state.etag is not None and "if-match" in self.asked:
            if not self._names(state.etag, "if-match"):
                raise _failed("if-match")
            return
        known = _moment(self.asked.get("if-unmodified-since"))
        if known is not None and state.modified > known:
            raise _failed("if-unmodified-since")

    def _names(self, etag: str, name: str) -> bool:
        """Whether a list of entity tags has this one; a client may have got it compressed."""
        tags = [tag.strip() for tag in self.asked.get(name, "").split(",")]
        plain = [tag.replace("W/", "").replace(_PACKED, '"') for tag in tags]
        return "*" in plain or etag in plain


def conditions_of(headers: Mapping[str, str]) -> Conditions | None:
    """The conditions of a request, or None where it has none."""
    asked = {name: headers[name] for name in _NAMES if name in headers}
    return Conditions(asked=asked) if asked else None


def state_of(
    connection: sqlite3.Connection, object_type: ObjectType, record_id: str
) -> RecordState | None:
    """The state of a record; None where there is none, or where its object has no stamps."""
    if "lastmodifieddate" not in object_type.fields or object_type.source:
        return None
    stamp = "SystemModstamp" if "systemmodstamp" in object_type.fields else "LastModifiedDate"
    every = "*" if object_type.name == "Account" else quoted(stamp)
    parts = ("SELECT ", quoted(stamp), ", ", every, " FROM ", quoted(object_type.name))
    row = connection.execute("".join((*parts, " WHERE Id = ?")), (record_id,)).fetchone()
    if row is None or row[0] is None:
        return None
    etag = _hash(row) if object_type.name == "Account" else None
    return RecordState(modified=datetime.fromisoformat(row[0]).astimezone(UTC), etag=etag)


def _hash(row: tuple[object, ...]) -> str:
    # Not for security: it only has to change when the record does.
    digest = hashlib.sha1(repr(row).encode(), usedforsecurity=False).digest()
    return f'"{base64.b64encode(digest).decode()}"'


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _failed(name: str) -> SalesforceError:
    message = f"The precondition of the header {name} is not met: read the record again."
    return SalesforceError(HTTPStatus.PRECONDITION_FAILED, "PRECONDITION_FAILED", message)
