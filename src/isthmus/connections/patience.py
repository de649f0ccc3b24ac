"""How long a run tries again before it gives up."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WAIT_SETTING = "ISTHMUS_LIMIT_WAIT_SECONDS"
_NAP_SECONDS = 0.1


def _limit_wait() -> float:
    return float(os.environ.get(WAIT_SETTING, "900"))


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Pauses between tries, and waiting for API calls."""

    pauses: Sequence[float] = (1, 5, 20, 60)
    """Seconds before each next try of a goal that met something which may pass. Defaults to four
    more tries, beyond those of the client, over a minute and a half."""

    most_tries: int = 100
    """How often a goal is begun in one run in all, also by processes that were killed: one that
    ends its process every time must end some day. Defaults to 100."""

    limit_seconds: float | None = None
    """How long a run waits when the org has no API calls left. Defaults to the environment's
    `ISTHMUS_LIMIT_WAIT_SECONDS`, or 15 minutes."""

    @property
    def wait_seconds(self) -> float:
        """The pause of a run that waits for API calls."""
        return _limit_wait() if self.limit_seconds is None else self.limit_seconds


def pause(seconds: float, ended: Callable[[], bool]) -> None:
    """Wait, or less where somebody asks for an end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not ended():
        time.sleep(min(left, _NAP_SECONDS))
