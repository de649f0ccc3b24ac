"""Working alerts out, round after round."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from isthmus.connections import alerts
from isthmus.profiles import database

_OVERLAP: Final = timedelta(minutes=5)
"""Moments of runs are those of other machines, and are written a little before they can be seen."""


@dataclass(kw_only=True)
class Alerting:
    """Remembers up to when the results of goals were looked at."""

    clock: Callable[[], datetime] = timezone.now
    _since: datetime | None = None
    _is_settling: bool = True  # the first round: what did not start before is about to

    def evaluate(self) -> alerts.Evaluation | None:
        """Work the alerts out once; None where another process does it at this moment."""
        now = self.clock()
        with database.reached():
            found = alerts.evaluate(now, since=self._since, settling=self._is_settling)
        self._is_settling = False
        if found is not None:
            self._since = now - _OVERLAP
        return found
