"""The queries whose later pages are still to be fetched."""

import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from localorg.errors import SalesforceError
from localorg.query.places import Places
from localorg.query.plan import RecordPlan

LIFETIME = timedelta(days=2)
# All cursors together remember so many places, 200 MB; the oldest are closed where it is more.
MOST_PLACES = 25_000_000
LOCATOR = re.compile(r"(01g[A-Za-z0-9]{15})-(\d{1,12})")


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """A query's answer as it was found: where the rows are; they are read page by page."""

    user_id: str
    plan: RecordPlan
    places: Places
    # The highest id of the object when the places were read; what came later is not meant.
    highest_id: str
    batch_size: int
    deleted_too: bool
    opened: datetime

    @property
    def total(self) -> int:
        """The number of records."""
        return len(self.places)


class Cursors:
    """The open cursors of an org; safe to use from several threads."""

    def __init__(self, most_places: int = MOST_PLACES) -> None:
        """Start with none; remember up to `most_places` places in all."""
        self._open: dict[str, Cursor] = {}
        self._most_places = most_places
        self._lock = threading.Lock()

    def keep(self, cursor_id: str, cursor: Cursor) -> None:
        """Keep a cursor under an id, and forget those that are too old or too much."""
        with self._lock:
            oldest = cursor.opened - LIFETIME
            kept = {key: entry for key, entry in self._open.items() if entry.opened > oldest}
            places = cursor.total + sum(entry.total for entry in kept.values())
            while kept and places > self._most_places:
                places -= kept.pop(next(iter(kept))).total
            self._open = kept | {cursor_id: cursor}

    def find(self, locator: str, user_id: str, now: datetime) -> tuple[str, Cursor, int]:
        """Return the cursor's id, the cursor and the offset that a locator `01g...-2000` names.

        Raises:
            SalesforceError: INVALID_QUERY_LOCATOR where the user has no such cursor, or none any
                more.

        """
        match = LOCATOR.fullmatch(locator)
        cursor = self._open.get(match[1]) if match else None
        if match is None or cursor is None or cursor.opened <= now - LIFETIME:
            raise invalid_locator()
        offset = int(match[2])
        if offset >= cursor.total or cursor.user_id != user_id:
            raise invalid_locator()
        return match[1], cursor, offset

    def clear(self) -> None:
        """Close all cursors."""
        with self._lock:
            self._open = {}


def invalid_locator() -> SalesforceError:
    """400 INVALID_QUERY_LOCATOR."""
    return SalesforceError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
