"""Transactions of the org's users that are still open: stamped, but not to be seen yet."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenTransaction:
    """Changes that carry the stamp `began` and show from `commits` on."""

    began: datetime
    commits: datetime
    # Writes the changes with the stamp they are to carry.
    write: Callable[[datetime], None]
    # What it is about, in words for those who list the open ones.
    about: Mapping[str, Any] = field(default_factory=dict)


class OpenTransactions:
    """The open transactions of an org; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[int, OpenTransaction] = {}
        self._numbers = 0
        self._lock = threading.Lock()
        # One commit at a time. A transaction stays among the open ones until it is written, so
        # that nobody takes its time for complete before its changes can be seen.
        self._committing = threading.RLock()

    def begin(self, transaction: OpenTransaction) -> int:
        """Keep a transaction open until the clock has come to its commit; answers its number."""
        with self._lock:
            self._numbers += 1
            self._open[self._numbers] = transaction
            return self._numbers

    def earliest(self) -> datetime | None:
        """When the oldest open transaction began; None where there is none."""
        if not self._open:
            return None
        with self._lock:
            return min((entry.began for entry in self._open.values()), default=None)

    def listed(self) -> dict[int, OpenTransaction]:
        """The open ones by their numbers, oldest first."""
        with self._lock:
            return dict(self._open)

    def has_due(self, now: datetime) -> bool:
        """Whether the clock has come to the commit of one; costs nothing where none is open."""
        if not self._open:
            return False
        with self._lock:
            return any(entry.commits <= now for entry in self._open.values())

    def commit_due(self, now: datetime) -> None:
        """Write what is due, in the order of the commits; one that fails is rolled back."""
        if not self.has_due(now):
            return
        with self._committing:
            entries = self.listed().items()
            due = [(entry.commits, number) for number, entry in entries if entry.commits <= now]
            for _, number in sorted(due):
                try:
                    self.commit(number)
                except Exception:  # noqa: BLE001 - it is logged
                    # Nobody waits for this: the org's users would see the message.
                    _LOG.exception("The transaction %s was rolled back", number)

    def commit(self, number: int) -> bool:
        """Write one now, whenever it is due; False where there is none such."""
        with self._committing:
            entry = self._open.get(number)
            if entry is None:
                return False
            try:
                entry.write(entry.began)
            finally:
                # What can't be written does not hold the org's time back for ever.
                self.roll_back(number)
            return True

    def roll_back(self, number: int) -> bool:
        """Forget one; False where there is none such."""
        with self._lock:
            return self._open.pop(number, None) is not None

    def roll_back_all(self) -> None:
        """Forget them."""
        with self._lock:
            self._open.clear()
