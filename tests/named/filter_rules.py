"""A second opinion on filters: conditions over a record's values in plain Python."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from isthmus.domain.segments import Span
from isthmus.domain.segments.calendar import after, before

DAY = 10


def holds(where: Mapping[str, Any], row: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> bool:
    """Whether the record with these values meets the conditions."""
    if "all" in where:
        return all(holds(part, row, now, zone) for part in where["all"])
    if "any" in where:
        return any(holds(part, row, now, zone) for part in where["any"])
    if "not" in where:
        return not holds(where["not"], row, now, zone)
    return _compared(where, row, now, zone)


def _compared(
    where: Mapping[str, Any], row: Mapping[str, Any], now: datetime, zone: ZoneInfo
) -> bool:
    ((operator, wanted),) = ((key, each) for key, each in where.items() if key != "field")
    value = row.get(where["field"])
    if operator == "is_empty":
        return (value is None) is wanted
    if operator == "is_not":
        return not _is(value, wanted, zone)
    if value is None:
        return False
    tests: dict[str, Callable[[], Any]] = {
        "is": lambda: _is(value, wanted, zone),
        "contains": lambda: wanted.lower() in value.lower(),
        "starts_with": lambda: value.lower().startswith(wanted.lower()),
        **dict.fromkeys(
            ("within_last", "within_next", "before_last"),
            lambda: _relative(operator, _moment(value, zone), wanted, now.astimezone(zone)),
        ),
    }
    test = tests.get(operator, lambda: _ranged(operator, value, wanted, zone))
    return bool(test())


def _moment(text: str, zone: ZoneInfo) -> datetime:
    found = datetime.fromisoformat(text.replace("+0000", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _span_of(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment and the one behind the last."""
    if len(text) == DAY:
        day = date.fromisoformat(text)
        return tuple(  # type: ignore[return-value]
            datetime(each.year, each.month, each.day, tzinfo=zone)
            for each in (day, day + timedelta(days=1))
        )
    first = _moment(text, zone)
    return first, first + timedelta(seconds=1)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and value[:2] == "20"


def _is(value: Any, wanted: Any, zone: ZoneInfo) -> bool:
    if isinstance(wanted, list):
        return any(_is(value, each, zone) for each in wanted)
    if value is None:
        return False
    if _is_time(value):
        first, end = _span_of(wanted, zone)
        return first <= _moment(value, zone) < end
    if isinstance(value, str):
        return value.lower() == str(wanted).lower()
    return bool(value == wanted)


def _relative(operator: str, value: datetime, wanted: Mapping[str, int], now: datetime) -> bool:
    span = Span(**wanted)
    if operator == "within_last":
        return before(now, span) <= value <= now
    if operator == "within_next":
        return now <= value <= after(now, span)
    return value < before(now, span)


def _ranged(operator: str, value: Any, wanted: Any, zone: ZoneInfo) -> bool:
    if operator == "between":
        low, high = wanted
        return _ranged("at_least", value, low, zone) and _ranged("at_most", value, high, zone)
    if _is_time(value):
        moment = _moment(value, zone)
        first, end = _span_of(wanted, zone)
        of_time: dict[str, bool] = {
            "less_than": moment < first,
            "at_most": moment < end,
            "more_than": moment >= end,
            "at_least": moment >= first,
        }
        return of_time[operator]
    number = float(wanted)
    found: dict[str, bool] = {
        "less_than": value < number,
        "at_most": value <= number,
        "more_than": value > number,
        "at_least": value >= number,
    }
    return found[operator]
