"""The queries whose later pages are still to be fetched."""

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from localorg.errors import SalesforceError
from localorg.query.records import RecordPlan
from localorg.soql import Statement

LIFETIME = timedelta(days=2)
ID_LENGTH = 18
LOCATOR = re.compile(r"(01g[A-Za-z0-9]{15})-(\d{1,12})")


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A query's answer as it was found: the ids; the rows are read page by page."""

    statement: Statement
    plan: RecordPlan
    # All ids one after another, 18 characters each, which is a quarter of a list's memory.
    ids: str
    batch_size: int
    deleted_too: bool
    opened: datetime

    @property
    def total(self) -> int:
        """The number of records."""
        return len(self.ids) // ID_LENGTH

    def page(self, offset: int, size: int) -> list[str]:
        """Return up to `size` ids from the record number `offset` on, counted from 0."""
        end = min(offset + size, self.total)
        return [self.ids[n * ID_LENGTH : (n + 1) * ID_LENGTH] for n in range(offset, end)]


class Cursors:
    """The open cursors of an org; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[str, Cursor] = {}
        self._lock = threading.Lock()

    def keep(self, cursor_id: str, cursor: Cursor) -> None:
        """Keep a cursor under an id, and forget those that are too old."""
        with self._lock:
            oldest = cursor.opened - LIFETIME
            self._open = {key: kept for key, kept in self._open.items() if kept.opened > oldest}
            self._open[cursor_id] = cursor

    def find(self, locator: str, now: datetime) -> tuple[str, Cursor, int]:
        """Return the cursor's id, the cursor and the offset that a locator `01g...-2000` names.

        Raises:
            SalesforceError: INVALID_QUERY_LOCATOR where there is no such cursor, or none any more.

        """
        match = LOCATOR.fullmatch(locator)
        cursor = self._open.get(match[1]) if match else None
        if match is None or cursor is None or cursor.opened <= now - LIFETIME:
            raise invalid_locator()
        offset = int(match[2])
        if offset >= cursor.total:
            raise invalid_locator()
        return match[1], cursor, offset


def invalid_locator() -> SalesforceError:
    """400 INVALID_QUERY_LOCATOR."""
    return SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
