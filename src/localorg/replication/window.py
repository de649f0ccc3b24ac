"""The span of time of a replication call, read and checked (reference 2.6)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from localorg.clock import rest_datetime, stored_datetime
from localorg.errors import SalesforceError

_MINUTE = timedelta(minutes=1)
# A plus sign that was sent without percent-encoding arrives as a space.
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """From `start` on and before `end`, both whole minutes in UTC."""

    start: datetime
    end: datetime

    @property
    def stored(self) -> tuple[str, str]:
        """Both ends as the store keeps moments."""
        return stored_datetime(self.start), stored_datetime(self.end)

    def check(self, now: datetime, *, most_days: int, shortest: timedelta) -> None:
        """Raise INVALID_REPLICATION_DATE for a window that the call can't answer.

        `most_days` is how far back it may begin; it has to be longer than `shortest`.
        """
        if self.start >= self.end:
            raise _invalid(
                f"startDate {_shown(self.start)} has to be before endDate {_shown(self.end)}; "
                "seconds are ignored"
            )
        if self.end - self.start <= shortest:
            raise _invalid(
                f"endDate {_shown(self.end)} has to be more than one minute after startDate "
                f"{_shown(self.start)}; seconds are ignored"
            )
        if self.start < _whole_minute(now) - timedelta(days=most_days):
            raise _invalid(
                f"startDate {_shown(self.start)} cannot be more than {most_days} days ago: use a "
                "later startDate, or compare all records"
            )


def window_of(start: str | None, end: str | None) -> Window:
    """The window of a request's parameters, its seconds cut off; raises 400."""
    return Window(start=_moment("start", start), end=_moment("end", end))


def covered(window: Window, now: datetime, open_since: datetime | None) -> str:
    """The moment up to which a client has seen everything, as JSON shows it.

    It is not after the window's end or the present, nor after the begin of the oldest transaction
    that is still open on the org, whose stamps are earlier than its commit.
    """
    moments = [window.end, now]
    if open_since is not None:
        moments.append(open_since)
    return _shown(min(moments))


def earliest_of_log(now: datetime, days: int, removed: str | None) -> str:
    """Since when all deletions are still known, as JSON shows it.

    That is `days` ago, or when the last record was deleted that is gone for good by now (`removed`,
    as the store keeps it).
    """
    earliest = _whole_minute(now) - timedelta(days=days)
    if removed is not None:
        earliest = max(earliest, datetime.fromisoformat(removed))
    return _shown(earliest)


def _moment(name: str, text: str | None) -> datetime:
    if not text:
        message = f"The parameter {name} is missing: a time such as 2026-01-31T10:00:00Z."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "MISSING_ARGUMENT", message)
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"+\1", text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _whole_minute(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        message = f"{name} is no time: {text}. Use one such as 2026-01-31T10:00:00Z"
        raise _invalid(message) from None


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _shown(moment: datetime) -> str:
    return rest_datetime(stored_datetime(moment))


def _invalid(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_REPLICATION_DATE", message)
