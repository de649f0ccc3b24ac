"""When records were made and changed: days and stamps in storage form, made fast."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from localorg.seed.chance import chance, weighted

DAY_SECONDS = 86_400
# Nothing is younger than this when an org is seeded, as if its users had just gone to lunch.
SETTLED = timedelta(minutes=15)
# The org's first day.
_FIRST_DAY = int(datetime(2004, 3, 1, tzinfo=UTC).timestamp()) // DAY_SECONDS
_EPOCH = date(1970, 1, 1).toordinal()
_OPENING_SECONDS = 7 * 3600
# One record in eight came in one of eight bulk loads, each within one second.
_LOADS = 8
_LOADED_SHARE = 8
# One record in so many was saved again by the system so many seconds before the latest moment.
_MAINTAINED_EVERY = 40
_MAINTAINED_BEFORE = 33 * DAY_SECONDS + 7
# Records that have been in the recycle bin for longer are gone.
_BIN_SECONDS = 14 * DAY_SECONDS


class Stamps(NamedTuple):
    """Seconds since 1970 of each row's creation, last change and last save."""

    created: list[int]
    modified: list[int]
    saved: list[int]


class _Days(dict[int, str]):
    def __missing__(self, day: int) -> str:
        text = self[day] = date.fromordinal(day + _EPOCH).isoformat()
        return text


class _Times(dict[int, str]):
    def __missing__(self, second: int) -> str:
        minutes, seconds = divmod(second, 60)
        hours, minutes = divmod(minutes, 60)
        text = self[second] = f"T{hours:02}:{minutes:02}:{seconds:02}.000Z"
        return text


_days = _Days()
_times = _Times()


def day_texts(seconds: Iterable[int]) -> list[str]:
    """Moments as the days they are on: `YYYY-MM-DD`."""
    days = _days
    return [days[second // DAY_SECONDS] for second in seconds]


def moment_texts(seconds: Iterable[int]) -> list[str]:
    """Moments as stored: `YYYY-MM-DDTHH:MM:SS.000Z`."""
    days, times = _days, _times
    return [days[second // DAY_SECONDS] + times[second % DAY_SECONDS] for second in seconds]


def seconds_of(stored: str) -> int:
    """Seconds since 1970 of a stored moment."""
    return int(datetime.fromisoformat(stored).timestamp())


def day_range(first: date, last: date, count: int) -> tuple[str, ...]:
    """`count` different draws of a day between two, both included, as stored."""
    rng = chance("days", first, last)
    start, end = first.toordinal() - _EPOCH, last.toordinal() - _EPOCH
    return tuple(_days[rng.randint(start, end)] for _ in range(count))


def first_second() -> int:
    """The moment at which the oldest records were made, in seconds since 1970."""
    return _FIRST_DAY * DAY_SECONDS + _OPENING_SECONDS


def latest_second(now: datetime) -> int:
    """The last moment at which anything may have happened in an org that is seeded at `now`.

    Raises ValueError where `now` has no time zone or leaves the org no past.
    """
    if now.tzinfo is None:
        message = f"The time of seeding has no time zone: {now}. Pass an aware datetime, as in UTC."
        raise ValueError(message)
    latest = int((now - SETTLED).timestamp())
    if latest // DAY_SECONDS <= _FIRST_DAY + 1:
        message = f"The time of seeding is {now}; records begin in March 2004. Pass a later time."
        raise ValueError(message)
    return latest


def stamps(rng: Random, rows: range, total: int, latest: int) -> Stamps:
    """The stamps of the rows numbered `rows` of the `total` that an object gets.

    Later rows are younger, more and more are made per year, in office hours, and nothing happens
    after `latest`. Rows of one bulk load share their stamps unless somebody changed them since.
    """
    created = [_creation(row, total, latest) for row in rows]
    modified = _later(rng, created, _until_change(), latest)
    saved = _later(rng, modified, _until_save(), latest)
    _maintain(rows, saved, latest)
    return Stamps(created, modified, saved)


def put_in_bin(rng: Random, kept: Stamps, rows: Sequence[int], latest: int) -> None:
    """Say that `rows` were deleted within the last two weeks."""
    for row in rows:
        deleted = latest - rng.randrange(_BIN_SECONDS)
        kept.modified[row] = max(kept.created[row], deleted)
        kept.saved[row] = kept.modified[row]


def _maintain(rows: range, saved: list[int], latest: int) -> None:
    """Let the system save some rows again, all in one second, as its maintenance does."""
    maintenance = latest - _MAINTAINED_BEFORE
    for place in range(-rows.start % _MAINTAINED_EVERY, len(rows), _MAINTAINED_EVERY):
        saved[place] = max(saved[place], maintenance)


def _creation(row: int, total: int, latest: int) -> int:
    period = max(total // _LOADS, 1)
    in_load = row % period - period // 2
    if 0 <= in_load < period // _LOADED_SHARE:
        row -= in_load
    span = (latest // DAY_SECONDS - 1 - _FIRST_DAY) * DAY_SECONDS
    day, second = divmod(int(span * (row / total) ** 0.5), DAY_SECONDS)
    return (_FIRST_DAY + day) * DAY_SECONDS + _OPENING_SECONDS + second // 2


def _later(rng: Random, moments: list[int], waits: Sequence[int], latest: int) -> list[int]:
    # The remainder keeps a wait that would end after `latest` inside what is left of the time,
    # without heaping such rows up on `latest`.
    return [
        moment + wait % (latest - moment + 1) if wait else moment
        for moment, wait in zip(moments, rng.choices(waits, k=len(moments)), strict=True)
    ]


@cache
def _until_change() -> tuple[int, ...]:
    """Waits in seconds: none for a third of the records, years for some."""
    rng = chance("changes")
    waits = [int(60 * 10 ** (rng.random() * 6.5)) for _ in range(4000)]
    return (*waits, *((0,) * 2000))


@cache
def _until_save() -> tuple[int, ...]:
    """Waits in seconds between a person's change and a later save by the system; mostly none."""
    return weighted({0: 94, 1: 2, 30: 1, 3600: 1, 7 * DAY_SECONDS: 1, 200 * DAY_SECONDS: 1})
