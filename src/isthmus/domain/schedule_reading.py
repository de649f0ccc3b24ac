"""From the plain form of a schedule to what is said in it. All that is wrong is found in one pass.

`{times_a_day: 4}`, `{days: [mon, fri], at: ["06:00"]}`, `{day: 31, at: ["06:00"]}`,
`{weekday: mon, of_month: last, at: ["06:00"]}`, `{cron: "0 6 * * 1-5"}` or `{by_hand: true}`, and
`timezone` beside all but the last.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cronsim import CronSim, CronSimError

from isthmus.domain import wall_clock
from isthmus.domain.suggestions import did_you_mean, suggestion
from isthmus.errors import Final as FinalError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LAST: Final = "last"
WEEKS: Final = ("first", "second", "third", "fourth", LAST)
LAST_DAY: Final = 31
"""Of a month, whatever its length."""

MOST_A_DAY: Final = 96
"""Each quarter of an hour: a connection that should follow Salesforce closer than that polls."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "times_a_day": (),
    "days": ("at",),
    "day": ("at",),
    "weekday": ("of_month", "at"),
    "cron": (),
    "by_hand": (),
}
"""The keys that a schedule has of each kind, named by the first of them."""

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_FIELDS = 5
_LONGEST_CRON = 200
_LONGEST_SHOWN = 60
_SOME_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - what cron means has no time zone

Path = tuple[str | int, ...]


class ScheduleInvalid(FinalError):
    """The schedule can't be read."""

    def __init__(self, troubles: Sequence[tuple[Path, str]]) -> None:
        """Keep each problem with the path to its place in the plain form."""
        super().__init__(" ".join(why for _, why in troubles))
        self.troubles = list(troubles)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What stands in a plain form, looked through."""

    kind: str  # of `KINDS`
    timezone: str = ""
    number: int = 0
    numbers: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    text: str = ""


def read(plain: object) -> Said:
    """What the plain form says. Raises `ScheduleInvalid`."""
    if not isinstance(plain, Mapping):
        why = f"{_shown(plain)} stands where a schedule belongs. Write times_a_day: 1, say."
        raise ScheduleInvalid([((), why)])
    reader = _Reader(plain)
    said = reader.said()
    if reader.troubles:
        raise ScheduleInvalid(reader.troubles)
    return said


class _Reader:
    """Looks through one plain form, and notes what is wrong."""

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self._plain = plain
        self.troubles: list[tuple[Path, str]] = []

    def said(self) -> Said:
        kind = self._kind()
        if not kind:
            return Said(kind="")
        return Said(
            kind=kind,
            timezone=self._timezone(),
            at=self._at() if "at" in KINDS[kind] else (),
            **self._by_kind(kind),
        )

    def _by_kind(self, kind: str) -> dict[str, Any]:
        match kind:
            case "times_a_day":
                return {"number": self._times_a_day()}
            case "days":
                return {"names": self._days()}
            case "day":
                return {"numbers": self._month_days()}
            case "weekday":
                day = self._one("weekday", DAYS, "a day")
                return {"names": (day, self._one("of_month", WEEKS, "a week of the month"))}
            case "cron":
                return {"text": self._cron()}
        if self._plain[kind] is not True:
            self._report(kind, f"{_shown(self._plain[kind])} stands where only true makes sense.")
        return {}

    def _report(self, key: str, message: str, *more: int) -> None:
        self.troubles.append(((key, *more), message))

    def _kind(self) -> str:
        """The kind, by its first key; empty, with a problem, where it can't be told."""
        found = [key for key in KINDS if key in self._plain]
        if len(found) == 1:
            self._report_others(found[0])
            return found[0]
        came = f"names {' and '.join(found)}" if found else "names none of them"
        why = (
            f"A schedule has one of {', '.join(list(KINDS)[:-1])} or by_hand, and this one "
            f"{came}. {_LIKE}"
        )
        self.troubles.append(((), why))
        return ""

    def _report_others(self, kind: str) -> None:
        zone = () if kind == "by_hand" else ("timezone",)
        allowed = (kind, *KINDS[kind], *zone)
        for key in self._plain:
            if key not in allowed:
                name = _shown(key)
                self._report(
                    str(key), f"{name} is not a key beside {kind}. {suggestion(str(key), allowed)}"
                )
        for key in KINDS[kind]:
            if key not in self._plain:
                self.troubles.append(((), f"A schedule with {kind} needs {key} too: {_NEEDS[key]}"))

    def _times_a_day(self) -> int:
        number = self._plain["times_a_day"]
        if _is_number(number) and 1 <= number <= MOST_A_DAY:
            return int(number)
        self._report(
            "times_a_day",
            f"{_shown(number)} is not a number of times a day. Write a whole number from 1 to "
            f"{MOST_A_DAY}, which is each quarter of an hour; for more, write cron.",
        )
        return 0

    def _days(self) -> tuple[str, ...]:
        found = set()
        for place, day in self._values("days", _NEEDS["days"]):
            if isinstance(day, str) and day in DAYS:
                found.add(day)
            else:
                why = f"{_shown(day)} is not a day. {_allowed(day, DAYS)}"
                self._report("days", why, *place)
        return tuple(day for day in DAYS if day in found)

    def _month_days(self) -> tuple[int, ...]:
        found = set()
        for place, day in self._values("day", _NEEDS["day"]):
            if _is_number(day) and 1 <= day <= LAST_DAY:
                found.add(int(day))
            else:
                why = (
                    f"{_shown(day)} is not a day of the month. Write a whole number from 1 to "
                    f"{LAST_DAY}; {LAST_DAY} means the last day of each month."
                )
                self._report("day", why, *place)
        return tuple(sorted(found))

    def _at(self) -> tuple[str, ...]:
        if "at" not in self._plain:
            return ()
        found = set()
        for place, given in self._values("at", _NEEDS["at"]):
            time = _TIME.fullmatch(given) if isinstance(given, str) else None
            if time is not None:
                found.add(f"{int(time[1]):02}:{time[2]}")
            else:
                why = (
                    f"{_shown(given)} is not a time. Write hours and minutes from 00:00 to "
                    f'23:59, such as "06:00".'
                )
                self._report("at", why, *place)
        if len(found) > MOST_A_DAY:
            self._report(
                "at", f"At most {MOST_A_DAY} times are allowed, and these are {len(found)}."
            )
        return tuple(sorted(found))

    def _values(self, key: str, needs: str) -> list[tuple[tuple[int, ...], Any]]:
        """The values of a list, each with its place; one by itself stands for a list of it."""
        given = self._plain[key]
        if not isinstance(given, list | tuple):
            return [((), given)]
        if not given:
            self._report(key, f"{key} is empty. {needs[:1].upper()}{needs[1:]}")
        return [((place,), each) for place, each in enumerate(given)]

    def _one(self, key: str, allowed: Sequence[str], what: str) -> str:
        if key not in self._plain:
            return ""
        given = self._plain[key]
        if isinstance(given, str) and given in allowed:
            return given
        self._report(key, f"{_shown(given)} is not {what}. {_allowed(given, allowed)}")
        return ""

    def _cron(self) -> str:
        given = self._plain["cron"]
        if not isinstance(given, str):
            self._report("cron", f"{_shown(given)} is no cron expression. {_CRON}")
            return ""
        text = " ".join(given.split())
        if why := cron_trouble(text):
            self._report("cron", why)
        return text

    def _timezone(self) -> str:
        given = self._plain.get("timezone", "")
        if not isinstance(given, str):
            given = str(given)
        if given and (why := wall_clock.trouble(given)):
            self._report("timezone", why)
        return given


_NEEDS: Final = {
    "at": 'write at least one time, such as at: ["06:00"].',
    "days": f"write at least one day of {', '.join(DAYS)}.",
    "day": f"write at least one day from 1 to {LAST_DAY}, which means the last.",
    "of_month": f"write one of {', '.join(WEEKS)}.",
}

_LIKE: Final = "Keep one, such as times_a_day: 1."

_CRON: Final = (
    "Write five fields with blanks between them: minute, hour, day of the month, month and day of "
    'the week, such as "0 6 * * 1-5".'
)


def cron_trouble(text: str) -> str:
    """Why the text is no cron expression that we take, with what to do; empty where it is one."""
    fields = len(text.split())
    if len(text) > _LONGEST_CRON:
        return f"A cron expression has at most {_LONGEST_CRON} characters here. {_CRON}"
    if fields != _FIELDS:
        return f"{_shown(text)} has {fields or 'no'} field{'' if fields == 1 else 's'}. {_CRON}"
    try:
        first = next(CronSim(text, _SOME_DAY), None)
    except CronSimError as error:
        what = str(error).removeprefix("Bad ").replace("-", " ")
        return f"The {what} in {_shown(text)} can't be read, or never comes. {_CRON}"
    if first is None:
        return f"{_shown(text)} names a day that never comes. {_CRON}"
    return ""


def _allowed(given: object, allowed: Sequence[str]) -> str:
    near = did_you_mean(given, allowed) if isinstance(given, str) else ""
    return f"Allowed: {', '.join(allowed)}.{near}"


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    if not isinstance(value, str | int | float | None):
        return "A list" if isinstance(value, list | tuple) else "A mapping"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 3]}..."
