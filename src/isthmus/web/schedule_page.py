"""What the page of a connection shows of its schedule, and what was typed into the form of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Self

from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from isthmus.connections import due
from isthmus.connections.due import NextRun
from isthmus.connections.models import Connection
from isthmus.domain import schedule_words, schedules, wall_clock
from isthmus.domain.schedule_reading import DAYS, KINDS, LAST_DAY, MOST_A_DAY, WEEKS
from isthmus.domain.schedules import Schedule, ScheduleInvalid
from isthmus.web import words

TIMES: Final = 5
"""Times ahead that are shown."""

LABELS: Final = {
    "times_a_day": "Times a day",
    "days": "Days of the week",
    "day": "Days of the month",
    "weekday": "Weekday of the month",
    "cron": "Cron",
    "by_hand": "By hand only",
}
"""The kinds, as people choose them."""

_LONGEST: Final = 200
"""Characters of what is typed into one control; what is longer was not typed."""

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri")


_STARTS_NOW: Final = "starts now"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A schedule while it is edited: texts as they were typed, of all kinds."""

    kind: str = "times_a_day"
    times_a_day: str = "1"
    days: Sequence[str] = _WEEKDAYS
    day: Sequence[str] = ("1",)
    weekday: str = "mon"
    of_month: str = "first"
    cron: str = "0 6 * * 1-5"
    at: Sequence[str] = ("06:00",)
    timezone: str = ""
    added: bool = False  # whether there is room for one more time
    errors: Mapping[str, str] = field(default_factory=dict)  # by control; empty: of all

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """The draft that an unchanged form shows."""
        plain = schedule.as_plain()
        kind = next(key for key in KINDS if key in plain)
        days = plain.get("day", ())
        given: dict[str, Any] = {
            name: str(plain[name]) for name in ("weekday", "of_month", "cron") if name in plain
        }
        if kind == "times_a_day":
            given["times_a_day"] = str(plain[kind])
        if kind == "days":
            given["days"] = plain[kind]
        if kind == "day":
            given["day"] = [str(each) for each in (days if isinstance(days, list) else [days])]
        if "at" in plain:
            given["at"] = plain["at"]
        made = cls(kind=kind, timezone=plain.get("timezone", ""))
        return replace(made, **given)

    @classmethod
    def typed(cls, given: QueryDict) -> Self:
        """What was typed. A button may have added a time, or taken one away."""
        act = given.get("act", "")
        at = [_time_of_day(each) for each in given.getlist("at")[: MOST_A_DAY + 1]]
        if act.startswith("remove-") and act.removeprefix("remove-").isdecimal():
            place = int(act.removeprefix("remove-")[:4])
            at = [each for number, each in enumerate(at) if number != place]
        texts: dict[str, Any] = {
            name: given.get(name, "")[:_LONGEST].strip()
            for name in ("kind", "times_a_day", "weekday", "of_month", "cron", "timezone")
        }
        made = cls(
            days=given.getlist("days")[: len(DAYS)],
            day=given.getlist("day")[:LAST_DAY],
            at=[each for each in at if each],
            added=act == "add",
        )
        return replace(made, **texts)

    def plain(self) -> dict[str, Any]:
        """The plain form of the kind that was chosen; nothing else of it."""
        zone = {"timezone": self.timezone} if self.timezone else {}
        match self.kind:
            case "times_a_day":
                return {"times_a_day": _number(self.times_a_day), **zone}
            case "days":
                return {"days": list(self.days), "at": list(self.at), **zone}
            case "day":
                days = [_number(each) for each in self.day]
                return {"day": days, "at": list(self.at), **zone}
            case "weekday":
                chosen = {"weekday": self.weekday, "of_month": self.of_month}
                return {**chosen, "at": list(self.at), **zone}
            case "cron":
                return {"cron": self.cron, **zone}
        return {"by_hand": True}

    def read(self) -> Schedule:
        """The schedule. Raises `ScheduleInvalid` in the words that documents get."""
        if self.kind not in KINDS:
            raise ScheduleInvalid([(("kind",), "Choose one from the list.")])
        return schedules.read(self.plain())


def _number(text: str) -> Any:
    """The number; the text itself, which is refused as it stands, where it is none."""
    return int(text) if text.isascii() and text.isdecimal() else text


def _time_of_day(text: str) -> str:
    """The time with the colon that a telephone's digits lack; anything else as it was typed."""
    typed = text.strip()[:_LONGEST]
    if typed.isascii() and typed.isdecimal() and len(typed) in (3, 4):
        return f"{typed[:-2]}:{typed[-2:]}"
    return typed


def errors(of: ScheduleInvalid) -> dict[str, str]:
    """What is wrong, by the control at which it is said."""
    said: dict[str, str] = {}
    for path, why in of.troubles:
        name = str(path[0]) if path else ""
        said.setdefault(name, why)
    return said


@dataclass(frozen=True, kw_only=True)
class Time:
    """One of the next times."""

    at: datetime
    said: str  # in the viewer's time zone
    exact: str
    ahead: str  # how long from now


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The schedule as the page shows it: the stored one, or a draft."""

    draft: Draft
    words: str  # empty: it can't be read
    times: Sequence[Time]
    following: NextRun
    ahead: str  # when the stored one is due; empty: it is not
    zone: str  # in which the schedule is, by default
    viewers_zone: str
    is_draft: bool

    @property
    def starts_now(self) -> bool:
        """Whether a run is about to start, so that the page looks for it."""
        return self.ahead == _STARTS_NOW

    @property
    def trouble(self) -> str:
        """What is wrong with no control of its own."""
        own = self.draft.errors
        return next((own[name] for name in ("", "kind", "by_hand") if name in own), "")

    @property
    def others(self) -> Mapping[str, Any]:
        """What can be chosen."""
        return {
            "kinds": LABELS,
            "days": {day: schedule_words.NAMES[day] for day in DAYS},
            "month_days": [str(number) for number in range(1, LAST_DAY)],
            "last_day": str(LAST_DAY),
            "weeks": WEEKS,
            "most": MOST_A_DAY,
            "zones": zones(self.draft.timezone),
        }


_SELECTED: Final = SafeString(" selected")


@lru_cache(maxsize=64)
def zones(chosen: str) -> SafeString:
    """The time zones to choose from, as options; a chosen one is among them.

    They are hundreds and hardly ever others, so they are drawn once and not with each page.
    """
    known = list(wall_clock.places())
    odd = chosen and chosen not in known and not wall_clock.trouble(chosen)
    names = sorted([*known, chosen]) if odd else known
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((name, _SELECTED if name == chosen else "", name.replace("_", " ")) for name in names),
    )


def shown(row: Connection, draft: Draft | None = None) -> Shown:
    """What is shown of the connection's schedule, or of a draft of another one."""
    now = due.clock()
    following = due.next_run(row, now)
    try:
        stored = due.schedule_of(row)
    except ScheduleInvalid:
        stored = schedules.BY_HAND
    asked = draft or Draft.of(stored)
    said, times = "", []
    try:
        schedule = asked.read()
        said = schedule.words(row.timezone)
        times = schedule.next_times(now, row.timezone, TIMES)
    except ScheduleInvalid as error:
        asked = replace(asked, errors=errors(error))
    return Shown(
        draft=asked,
        words=said,
        times=[_time(at, now) for at in times],
        following=following,
        ahead=_ahead(following, now),
        zone=row.timezone,
        viewers_zone=timezone.get_current_timezone_name(),
        is_draft=draft is not None,
    )


def _time(at: datetime, now: datetime) -> Time:
    return Time(at=at, said=_said(at, now), exact=words.exact(at), ahead=words.ahead(at, now))


def _ahead(following: NextRun, now: datetime) -> str:
    if following.is_on and not following.word and following.at is not None:
        ahead = words.ahead(following.at, now)
        return _STARTS_NOW if ahead == "now" else f"next {ahead}"
    if following.is_queued and following.is_on:
        return following.word.lower() if following.is_going else "a run is queued"
    return following.word.lower() if following.is_paused or not following.is_on else ""


def _said(at: datetime, now: datetime) -> str:
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    days = (local.date() - today).days
    if days in (0, 1):
        return f"{'Tomorrow' if days else 'Today'} {local:%H:%M}"
    year = f" {local.year}" if local.year != today.year else ""
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"
