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

_ASLEEP: Final = timedelta(minutes=4)
"""Between two rounds: nobody worked meanwhile."""


@dataclass(kw_only=True)
class Alerting:
    """Remembers up to when the results of goals were looked at."""

    clock: Callable[[], datetime] = timezone.now
    settles: bool = True
    _since: datetime | None = None
    _last: datetime | None = None  # round

    def evaluate(self) -> alerts.Evaluation | None:
        """Work the alerts out once; None where another process does it at this moment."""
        now = self.clock()
        # After a beginning, or a time in which the machine slept or had no database, what did not
        # start is about to.
        slept = self._last is None or now - self._last > _ASLEEP
        self._last = now
        with database.reached():
            found = alerts.evaluate(now, since=self._since, settling=slept and self.settles)
        if found is not None:
            self._since = now - _OVERLAP
        return found
