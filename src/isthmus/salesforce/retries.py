"""When a request is sent again, and after which pause."""

from collections.abc import Callable

from tenacity import RetryCallState, Retrying, stop_after_attempt
from tenacity.retry import retry_base

from isthmus.salesforce.errors import (
    ConnectionLost,
    HostUnreachable,
    RateLimited,
    ServerFault,
    ServerUnavailable,
    UnexpectedAnswer,
)
from isthmus.salesforce.settings import ClientSettings, Clock

_PASSING = (ConnectionLost, RateLimited, ServerUnavailable)
_DOUBTFUL = (ServerFault, UnexpectedAnswer)
_DOUBTFUL_TRIES = 3


def attempts(settings: ClientSettings, clock: Clock, *, repeatable: bool) -> Retrying:
    """Call this with a function: it is run until it works or trying again makes no sense."""
    return Retrying(
        retry=_WorthRepeating(repeatable=repeatable),
        stop=stop_after_attempt(settings.tries),
        wait=_pause(settings, clock),
        sleep=clock.sleep,
        reraise=True,
    )


class _WorthRepeating(retry_base):
    def __init__(self, *, repeatable: bool) -> None:
        self._repeatable = repeatable

    def __call__(self, retry_state: RetryCallState) -> bool:
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None else None
        if isinstance(error, HostUnreachable):
            return True  # Nothing was sent, so everything may be sent.
        if isinstance(error, _DOUBTFUL):
            return self._repeatable and retry_state.attempt_number < _DOUBTFUL_TRIES
        return self._repeatable and isinstance(error, _PASSING)


def _pause(settings: ClientSettings, clock: Clock) -> Callable[[RetryCallState], float]:
    """Growing pauses with jitter, so that many threads do not come back at the same moment."""

    def seconds(state: RetryCallState) -> float:
        longest = settings.first_pause_seconds * 2.0 ** (state.attempt_number - 1)
        return min(longest, settings.longest_pause_seconds) * (0.5 + clock.random() / 2)

    return seconds
