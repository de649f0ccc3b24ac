"""How states, moments and lengths of time read on pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

NONE = "\u2013"
"""What stands where there is no number."""


@dataclass(frozen=True, kw_only=True)
class State:
    """How something stands: colour never alone."""

    kind: str  # ok, warn, bad, run or idle: the colour
    icon: str
    word: str


def moment(at: datetime, now: datetime) -> str:
    """The moment in the viewer's time zone, as short as it is still clear."""
    local, today = timezone.localtime(at), timezone.localtime(now)
    clock = f"{local:%H:%M}"
    days = (today.date() - local.date()).days
    if days in (-1, 0, 1):
        return f"{ {-1: 'tomorrow', 0: 'today', 1: 'yesterday'}[days] } {clock}"
    if local.year == today.year:
        return f"{local.day} {local:%b} {clock}"
    return f"{local.day} {local:%b %Y} {clock}"


def exact(at: datetime) -> str:
    """The moment in full, with the viewer's time zone."""
    local = timezone.localtime(at)
    name = timezone.get_current_timezone_name()
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S} {name}"


def span(length: timedelta | float | None) -> str:
    """A length of time in at most two units: `0.4 s`, `41 s`, `1 min 34 s`, `3 h 12 min`."""
    if length is None:
        return NONE
    seconds = length.total_seconds() if isinstance(length, timedelta) else length
    if seconds < 0.05:  # noqa: PLR2004 - less than a tenth, which would read as nothing
        return "under 0.1 s"
    if seconds < 10:  # noqa: PLR2004 - tenths tell something only of short times
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, name, below, lower in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return _two(whole // size, name, whole % size // below, lower)
    return _two(whole // 60, "min", whole % 60, "s") if whole >= 60 else f"{whole} s"  # noqa: PLR2004


def ahead(at: datetime, now: datetime) -> str:
    """How long from now on: `in 3 h 12 min`; `now` for what has passed."""
    seconds = (at - now).total_seconds()
    if seconds <= 0:
        return "now"
    return f"in {span(float(max(1, round(seconds))) if seconds < 60 else seconds)}"  # noqa: PLR2004


def _two(many: int, name: str, few: int, lower: str) -> str:
    return f"{many} {name} {few} {lower}" if few else f"{many} {name}"


def plural(number: int, one: str, several: str = "") -> str:
    """`1 profile`, `2 profiles`, `1,200 profiles`."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
