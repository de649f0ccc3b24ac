"""Numbers, moments and spans of time as people read them."""

from datetime import UTC, datetime, tzinfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_KIB = 1024
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def grouped(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def span(seconds: float) -> str:
    """A length of time: `0.4 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`."""
    if round(seconds, 1) < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def moment(when: datetime | None, zone: tzinfo | None = None) -> str:
    """A moment to the minute, on the clock of `zone` (by default this machine's)."""
    if when is None:
        return "-"
    return when.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def between(start: datetime | None, end: datetime | None) -> str:
    """How long something took, or has taken so far."""
    if start is None:
        return "-"
    return span(max(0.0, ((end or datetime.now(UTC)) - start).total_seconds()))


def rate(records: int, seconds: float) -> str:
    """Records a second; empty where there is too little to tell."""
    return f"{records / seconds:,.0f}/s" if records and seconds > 0 else ""


def size(count: float) -> str:
    """An amount of bytes."""
    for unit in _UNITS:
        if count < _KIB or unit == _UNITS[-1]:
            break
        count /= _KIB
    return f"{count:,.0f} {unit}" if unit == "bytes" else f"{count:,.1f} {unit}"


def plural(number: int, one: str, several: str = "") -> str:
    """A number with its noun: `1 goal`, `2 goals`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
