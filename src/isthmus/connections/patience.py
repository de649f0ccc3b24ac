"""How long a run tries again before it gives up."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from isthmus.errors import Final

WAIT_SETTING = "ISTHMUS_LIMIT_WAIT_SECONDS"
_NAP_SECONDS = 0.1


class SettingRefused(Final):
    """A setting of how long something is waited for can't be used."""


def seconds_of(setting: str, *, usual: int, most: int, then: str) -> float:
    """What the environment says, in seconds; `usual` where it says nothing. At most `most`.

    `then` is what happens in that case, in words. Raises `SettingRefused`.
    """
    given = os.environ.get(setting, str(usual))
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= most:
        raise SettingRefused(
            f"{setting} is {given!r}. Give a number of seconds above 0 and up to {most}, or "
            f"leave it out: then {then} {usual} seconds."
        )
    return seconds


def limit_wait() -> float:
    """How long a run waits for API calls, in seconds. Raises `SettingRefused`."""
    return seconds_of(WAIT_SETTING, usual=900, most=86_400, then="a run waits")


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
        return limit_wait() if self.limit_seconds is None else self.limit_seconds


def pause(seconds: float, ended: Callable[[], bool]) -> None:
    """Wait, or less where somebody asks for an end."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and not ended():
        time.sleep(min(left, _NAP_SECONDS))
