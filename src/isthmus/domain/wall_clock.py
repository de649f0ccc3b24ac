"""What the clocks of a time zone show, and at which moment they show it, whatever its rules do."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from isthmus.domain.suggestions import did_you_mean

_SECOND = timedelta(seconds=1)
_AREAS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe"),
    *("Indian", "Pacific"),
)


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones, such as `Europe/Amsterdam`."""
    return frozenset(available_timezones() | {"UTC"})


@cache
def places() -> tuple[str, ...]:
    """The names that people choose from: UTC, and those that name a place as it is called now."""
    return ("UTC", *sorted(name for name in known_zones() if name.partition("/")[0] in _AREAS))


def trouble(name: str) -> str:
    """Why the text can't be a time zone, with what to do; empty where it can."""
    if name in known_zones():
        return ""
    shown = repr(name if len(name) <= 60 else f"{name[:57]}...")  # noqa: PLR2004
    return (
        f"{shown} is not a time zone. Write an IANA name such as Europe/Amsterdam or UTC."
        f"{did_you_mean(name[:60], sorted(known_zones()))}"
    )


def zone(name: str) -> ZoneInfo | None:
    """The time zone of that name; None where this machine doesn't know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_to_show(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where this machine doesn't know it.

    A store may come from a machine that knows more of them: what it holds can be looked at, and
    another zone be chosen.
    """
    return zone(name) or ZoneInfo("UTC")


def words(moment: datetime, name: str) -> str:
    """A moment on the clocks of the time zone of that name, and whose clocks these are.

    Where this machine doesn't know the zone, it is UTC.
    """
    place = zone_to_show(name or "UTC")
    local = moment.astimezone(place)
    return f"{local.day} {local:%B %Y, %H:%M} ({place.key})"


def shown(moment: datetime, place: ZoneInfo) -> datetime:
    """What the clocks there show at the moment, to the second, as a date and time without zone."""
    return moment.astimezone(place).replace(tzinfo=None, microsecond=0, fold=0)


def moment(wall: datetime, place: ZoneInfo) -> datetime:
    """When the clocks there show this, in UTC.

    What they show twice is the first of the two. What they skip is the moment after the gap. So
    what comes later on the clocks never comes earlier here.
    """
    before = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if shown(before, place) == wall:
        return before
    # It is skipped: `before` counts by the clocks before the gap, and so lies behind it.
    return _change(wall.replace(tzinfo=place, fold=1).astimezone(UTC), before, place)


def _change(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """The first second between the two at which the clocks stand as they do at `high`."""
    after = high.astimezone(place).utcoffset()
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(place).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


def moments(walls: Iterator[datetime], place: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """The moments after `after`, each once, of what the clocks show, which comes in order."""
    last = after
    for wall in walls:
        found = moment(wall, place)
        if found > last:
            yield found
            last = found
