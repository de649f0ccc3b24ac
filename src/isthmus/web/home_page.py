"""What Home shows of connections and profiles."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import timezone

from isthmus.connections import attention, due, overview
from isthmus.connections.attention import Day
from isthmus.connections.due import NextRun
from isthmus.connections.models import RunState
from isthmus.connections.overview import Overview, PastRun
from isthmus.profiles import growth
from isthmus.profiles.growth import Made
from isthmus.web import connection_words, paging, run_words
from isthmus.web.figures import Mark
from isthmus.web.words import State, ahead, plural

ROWS: Final = 8
"""Connections that are shown: favourites, then those that are troubled."""

DAYS: Final = 14

WIDTH: Final = 300.0
HEIGHT: Final = 56.0
LEAST: Final = 1.5
GAP_SHARE: Final = 0.3


@dataclass(frozen=True, kw_only=True)
class Row:
    """A connection."""

    of: Overview
    host: str
    health: State
    marks: Sequence[Mark]
    last: PastRun | None
    last_word: str  # what became of it, where no records say it
    records: int
    address: str  # of the last run
    next: NextRun
    next_ahead: str  # how long from now; empty: there is no time


def rows(every: Sequence[Overview], concerned: Collection[int] = ()) -> list[Row]:
    """The connections that are shown, with their days.

    Favourites come first, then those that are troubled, then those that something `concerned`.
    """
    chosen = sorted(every, key=lambda each: (each.id not in concerned, *_place(each)))
    chosen = sorted(chosen, key=lambda each: (not each.is_favourite, not each.is_troubled))[:ROWS]
    ids = [each.id for each in chosen]
    today, zone = timezone.localdate(), timezone.get_current_timezone()
    begins = datetime.combine(today - timedelta(days=DAYS - 1), time(), zone)
    days = attention.days(ids, begins, timezone.get_current_timezone_name())
    last = overview.last_runs(ids, 1)
    following = due.next_runs(ids)
    return [
        _row(
            each,
            marks(each.key, days.get(each.id, {}), today),
            last.get(each.id, []),
            following.get(each.id, due.NOTHING),
        )
        for each in chosen
    ]


def _place(of: Overview) -> tuple[bool, str, int]:
    return (not of.active, of.name.casefold(), of.id)


def _row(of: Overview, days: Sequence[Mark], runs: Sequence[PastRun], following: NextRun) -> Row:
    last = runs[-1] if runs else None
    return Row(
        of=of,
        host=connection_words.host(of.login_url),
        health=connection_words.health(of),
        marks=days,
        last=last,
        last_word=run_words.state(last.state).word if last else "",
        records=connection_words.records(last) if last else 0,
        address=connection_words.address("run", of.key, last.number) if last else "",
        next=following,
        next_ahead=ahead(following.at, timezone.now()) if following.at else "",
    )


def marks(key: str, days: Mapping[date, Day], today: date) -> list[Mark]:
    """The last days as a strip draws them, today at its end."""
    base = connection_words.address("runs", key)
    wanted = [today - timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    return [_mark(base, day, days.get(day)) for day in wanted]


def _mark(base: str, day: date, runs: Day | None) -> Mark:
    named = f"{day.day} {day:%b}"
    if runs is None:
        return Mark(kind="none", records=0, title=f"{named}: no run")
    parts = [plural(runs.runs, "run")]
    parts += [f"{runs.failed:,} failed"] if runs.failed else []
    parts += [f"{runs.problems:,} with problems"] if runs.problems else []
    parts.append(plural(runs.received, "record"))
    return Mark(
        kind=_kind(runs),
        records=runs.received,
        title=f"{named}: {', '.join(parts)}",
        address=f"{base}/{runs.number}",
    )


def _kind(runs: Day) -> str:
    if runs.failed:
        return "bad"
    if runs.problems:
        return "warn"
    if runs.finished:
        return "ok"
    return "run" if runs.is_open else "none"


@dataclass(frozen=True, kw_only=True)
class Column:
    """Profiles made in a length of time, as a bar of a chart and a row of the table behind it."""

    made: Made
    begins: str  # in words
    address: str  # of the profiles from its end backwards
    x: str
    y: str
    width: str
    height: str

    @property
    def title(self) -> str:
        """What is drawn, in words."""
        return f"{self.begins}: {plural(self.made.profiles, 'new profile')}"


def columns(made: Sequence[Made], words: str = "{0.day} {0:%b}") -> list[Column]:
    """A chart's bars, oldest first; the highest is as high as the chart."""
    most = max((each.profiles for each in made), default=0) or 1
    step = WIDTH / max(len(made), 1)
    return [
        Column(
            made=each,
            begins=words.format(each.span.begins),
            address=behind(each.span.ends),
            x=f"{place * step:.1f}",
            y=f"{HEIGHT - (height := _height(each.profiles, most)):.1f}",
            width=f"{step * (1 - GAP_SHARE):.1f}",
            height=f"{height:.1f}",
        )
        for place, each in enumerate(made)
    ]


def _height(number: int, most: int) -> float:
    return max(number / most * HEIGHT, LEAST) if number else 0.0


def behind(day: date) -> str:
    """The list of profiles, from the newest that was made before the day."""
    address = reverse("profiles")
    if day > timezone.localdate():
        return address
    first = growth.first_id(day, zone())
    return f"{address}?after={paging.written([str(first)])}"


def zone() -> ZoneInfo:
    """The time zone of whoever looks."""
    return ZoneInfo(timezone.get_current_timezone_name())


def heading(now: datetime) -> str:
    """Today and the time, for the head of the page."""
    local = timezone.localtime(now)
    return f"{local:%A} {local.day} {local:%B, %H:%M}"


def said_of(every: Sequence[Overview]) -> str:
    """How many connections are on, and how many run."""
    going = sum(each.open_state not in (None, RunState.QUEUED) for each in every)
    on = f"{sum(each.active for each in every):,} of {len(every):,} on"
    return f"{on} \u00b7 {going:,} running" if going else on


def between(made: Sequence[Made]) -> dict[str, Any]:
    """The least and the most of a day, for who does not see the chart."""
    numbers = [each.profiles for each in made] or [0]
    return {"least": min(numbers), "most": max(numbers)}
