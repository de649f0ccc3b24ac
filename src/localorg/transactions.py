"""Transactions of the org's users that are still open: stamped, but not to be seen yet."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class OpenTransaction:
    """Changes that carry the stamp `began` and show from `commits` on."""

    began: datetime
    commits: datetime
    # Writes the changes with the stamp they are to carry.
    write: Callable[[datetime], None]


class OpenTransactions:
    """The open transactions of an org; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: list[OpenTransaction] = []
        self._lock = threading.Lock()

    def begin(self, transaction: OpenTransaction) -> None:
        """Keep a transaction open until the clock has come to its commit."""
        with self._lock:
            self._open.append(transaction)

    def earliest(self) -> datetime | None:
        """When the oldest open transaction began; None where there is none."""
        with self._lock:
            return min((entry.began for entry in self._open), default=None)

    def commit_due(self, now: datetime) -> None:
        """Write what is due, in the order of the commits."""
        with self._lock:
            due = sorted(
                (entry for entry in self._open if entry.commits <= now),
                key=lambda entry: entry.commits,
            )
            for entry in due:
                entry.write(entry.began)
                self._open.remove(entry)

    def roll_back_all(self) -> None:
        """Forget them."""
        with self._lock:
            self._open.clear()
