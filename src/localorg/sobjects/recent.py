"""The records that each user made or changed last, for the list of recent items."""

import threading
from collections import OrderedDict, defaultdict

_MOST_PER_OBJECT = 20


class RecentRecords:
    """The ids of recent records per user and object; safe to use from several threads.

    They are kept in memory only: a list of recent items is a convenience, not a record.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._ids: defaultdict[tuple[str, str], OrderedDict[str, None]] = defaultdict(OrderedDict)
        self._lock = threading.Lock()

    def add(self, user_id: str, object_name: str, record_id: str) -> None:
        """Put a record first."""
        with self._lock:
            ids = self._ids[user_id, object_name]
            ids[record_id] = None
            ids.move_to_end(record_id)
            if len(ids) > _MOST_PER_OBJECT:
                ids.popitem(last=False)

    def of(self, user_id: str, object_name: str) -> list[str]:
        """The ids of a user's recent records of an object, the latest first."""
        with self._lock:
            return list(reversed(self._ids.get((user_id, object_name), ())))

    def clear(self) -> None:
        """Forget them."""
        with self._lock:
            self._ids.clear()
