"""When schedules are due, against times that were found by looking at each minute of a year."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.domain import schedule_reading, wall_clock
from isthmus.domain.schedules import BY_HAND, Schedule, ScheduleInvalid, read
from unit.domain import minute_by_minute
from unit.domain.minute_by_minute import CASES, MINUTE, SCHEDULES, YEAR, ZONES

START, END = (datetime(year, 1, 1, tzinfo=UTC) for year in (YEAR, YEAR + 1))


def expected() -> Iterator[Any]:
    for zone in ZONES:
        text = (CASES / f"{zone.replace('/', '-')}.txt").read_text(encoding="utf-8")
        for part in text.split("schedule ")[1:]:
            first, *days = part.splitlines()
            yield pytest.param(zone, json.loads(first), days, id=f"{zone} {first}")


@pytest.mark.parametrize(("zone", "plain", "days"), [*expected()])
def test_a_year_of_each_kind_in_four_time_zones(
    zone: str, plain: dict[str, Any], days: list[str]
) -> None:
    wanted = [
        datetime.fromisoformat(f"{YEAR}-{line[:5]}T{time}+00:00")
        for line in days
        for time in line[6:].split()
    ]
    assert wanted
    schedule = read(plain)
    found = schedule.next_times(START - timedelta(seconds=1), zone, len(wanted) + 1)
    assert found[:-1] == wanted
    assert found[-1] >= END
    # One after the other, as they fire, it is the same.
    walked, now = [], START - timedelta(seconds=1)
    while (now := schedule.next_times(now, zone, 1)[0]) < END:
        walked.append(now)
    assert walked == wanted


def test_every_schedule_of_the_year_is_among_the_expected_ones() -> None:
    told = {(param.values[0], json.dumps(param.values[1])) for param in expected()}
    assert told == {(zone, json.dumps(plain)) for zone in ZONES for plain in SCHEDULES}


CHANGES = {
    "Europe/Amsterdam": ["2026-03-29", "2026-10-25"],
    "Australia/Lord_Howe": ["2026-04-04", "2026-10-03"],  # half an hour
    "America/Havana": ["2026-03-08", "2026-11-01"],  # midnight is skipped, and comes twice
    "Asia/Beirut": ["2026-03-28", "2026-10-24"],  # the same
    "Pacific/Chatham": ["2026-04-04", "2026-09-26"],  # +12:45 and +13:45
    "Pacific/Apia": ["2011-12-29", "2011-12-30"],  # a day is skipped: +14 from then on
    "Pacific/Kiritimati": ["2026-06-01"],  # +14 always
    "Africa/Casablanca": ["2026-02-15", "2026-03-22"],  # back for a month
    "Asia/Pyongyang": ["2018-05-04"],  # its rule changed by half an hour
    "Asia/Kathmandu": ["2026-01-01"],  # +05:45
    "Antarctica/Troll": ["2026-03-29", "2026-10-25"],  # two hours
}
MOMENTS = st.sampled_from([(zone, day) for zone, days in CHANGES.items() for day in days])
TIMES = st.lists(
    st.builds("{:02}:{:02}".format, st.integers(0, 4) | st.just(23), st.integers(0, 59)),
    min_size=1,
    max_size=3,
)
DAYS = st.sampled_from(minute_by_minute.DAY_NAMES)
PLAIN = st.one_of(
    st.builds(lambda number: {"times_a_day": number}, st.integers(1, 96)),
    st.fixed_dictionaries({"days": st.lists(DAYS, min_size=3), "at": TIMES}),
    st.fixed_dictionaries(
        {"day": st.lists(st.integers(1, 31), min_size=1, max_size=20), "at": TIMES}
    ),
    st.fixed_dictionaries(
        {"weekday": DAYS, "of_month": st.sampled_from(schedule_reading.WEEKS), "at": TIMES}
    ),
    st.builds(
        lambda minute, hour, day, week: {"cron": f"{minute} {hour} {day} * {week}"},
        st.sampled_from(["*/7", "0,30", "15", "*", "5-20/5"]),
        st.sampled_from(["*", "*/2", "0-3", "2", "23,0,1"]),
        st.sampled_from(["*", "L", "1-31", "29"]),
        st.sampled_from(["*", "0", "sun,mon", "6-7"]),
    ),
)


@settings(max_examples=60, deadline=None)
@given(place=MOMENTS, plain=PLAIN)
def test_around_a_change_of_the_clocks_it_is_what_each_minute_says(
    place: tuple[str, str], plain: dict[str, Any]
) -> None:
    zone, day = place
    start = datetime.fromisoformat(f"{day}T00:00+00:00")
    end = start + timedelta(days=2)
    wanted = list(minute_by_minute.due(plain, zone, start, end))
    schedule = read(plain)
    found = schedule.next_times(start - timedelta(seconds=1), zone, len(wanted) + 1)
    assert [each for each in found if each < end] == wanted
    assert all(one < other for one, other in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(
    place=MOMENTS,
    plain=PLAIN,
    ahead=st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3)),
)
def test_the_next_times_are_those_after_any_moment(
    place: tuple[str, str], plain: dict[str, Any], ahead: timedelta
) -> None:
    """However fine the moment is at which somebody asks."""
    zone, day = place
    start = datetime.fromisoformat(f"{day}T00:00+00:00")
    schedule = read(plain)
    every = schedule.next_times(start, zone, 400)
    after = min(start + ahead, every[-3])
    assert schedule.next_times(after, zone, 2) == [each for each in every if each > after][:2]
    assert all(each.tzinfo is UTC for each in every)


def due(plain: dict[str, Any], zone: str, after: str, count: int = 3) -> list[str]:
    moments = read(plain).next_times(datetime.fromisoformat(after), zone, count)
    return [f"{each.astimezone(ZoneInfo(zone)):%d %H:%M %z}" for each in moments]


def test_a_skipped_time_is_due_right_after_the_gap_and_once() -> None:
    twice = {"times_a_day": 48}
    after = "2026-03-29T01:30+01:00"
    assert due(twice, "Europe/Amsterdam", after, 2) == ["29 03:00 +0200", "29 03:30 +0200"]
    one = {"days": ["sun"], "at": ["02:10", "02:50"]}
    assert due(one, "Europe/Amsterdam", after, 2) == ["29 03:00 +0200", "05 02:10 +0200"]


def test_a_doubled_time_is_due_the_first_time() -> None:
    one = {"days": ["sun"], "at": ["02:30"]}
    assert due(one, "Europe/Amsterdam", "2026-10-25T00:00+02:00", 2) == [
        "25 02:30 +0200",
        "01 02:30 +0100",
    ]
    # Asked for between the two, it has been.
    assert due(one, "Europe/Amsterdam", "2026-10-25T02:40+02:00", 1) == ["01 02:30 +0100"]


def test_a_midnight_that_is_skipped_is_due_at_one() -> None:
    daily = {"times_a_day": 1}
    assert due(daily, "America/Havana", "2026-03-07T12:00-05:00", 2) == [
        "08 01:00 -0400",
        "09 00:00 -0400",
    ]


def test_half_an_hour_is_skipped_where_the_clocks_go_so() -> None:
    often = {"cron": "*/15 2 * * *"}
    assert due(often, "Australia/Lord_Howe", "2026-10-04T01:59+10:30", 3) == [
        "04 02:30 +1100",
        "04 02:45 +1100",
        "05 02:00 +1100",
    ]


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"times_a_day": 1}, "Once a day at 00:00, UTC"),
        (
            {"times_a_day": 4, "timezone": "Asia/Tokyo"},
            "4 times a day, at 00:00, 06:00, 12:00 and 18:00, Asia/Tokyo",
        ),
        ({"times_a_day": 24}, "24 times a day, every hour from 00:00, UTC"),
        ({"times_a_day": 96}, "96 times a day, every 15 minutes from 00:00, UTC"),
        ({"times_a_day": 7}, "7 times a day, about every 3 h 25 min from 00:00, UTC"),
        (
            {"days": ["fri", "mon", "tue", "wed", "thu"], "at": ["18:00", "6:00"]},
            "Monday to Friday at 06:00 and 18:00, UTC",
        ),
        (
            {"days": ["mon", "tue", "thu", "sat"], "at": ["06:00"]},
            "Monday, Tuesday, Thursday and Saturday at 06:00, UTC",
        ),
        (
            {"days": ["mon", "tue", "wed", "sun"], "at": ["06:00"]},
            "Monday to Wednesday and Sunday at 06:00, UTC",
        ),
        ({"days": list(schedule_reading.DAYS), "at": ["06:00"]}, "Every day at 06:00, UTC"),
        ({"day": 31, "at": ["23:30"]}, "On the last day of the month at 23:30, UTC"),
        ({"day": [22, 1, 3], "at": "06:00"}, "On the 1st, 3rd and 22nd of the month at 06:00, UTC"),
        (
            {"day": 30, "at": ["06:00"]},
            "On the 30th of the month, or the last day of a shorter month, at 06:00, UTC",
        ),
        (
            {"weekday": "fri", "of_month": "last", "at": ["06:00", "06:00"]},
            "On the last Friday of the month at 06:00, UTC",
        ),
        (
            {"cron": "0 6 * * 1-5"},
            "Cron 0 6 * * 1-5: at 06:00 on Monday through Friday, UTC",
        ),
        ({"cron": "*/15 * * * *"}, "Cron */15 * * * *: every 15 minutes of every hour, UTC"),
        ({"by_hand": True}, "By hand only"),
    ],
)
def test_a_schedule_in_words(plain: dict[str, Any], words: str) -> None:
    assert read(plain).words("UTC") == words


@given(plain=PLAIN)
def test_its_plain_form_makes_the_same_schedule(plain: dict[str, Any]) -> None:
    schedule = read(plain)
    again = json.loads(json.dumps(schedule.as_plain()))
    assert read(again) == schedule
    assert schedule.words("UTC")


def test_by_hand_it_never_is_time() -> None:
    assert read({"by_hand": True}) == BY_HAND
    assert BY_HAND.next_times(START, "UTC", 5) == []
    assert BY_HAND.next_time(START, "UTC") is None


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from([*schedule_reading.KINDS, "at", "of_month", "timezone"]) | st.text()


@settings(max_examples=300, deadline=None)
@given(plain=st.dictionaries(KEYS, ODD, max_size=4) | ODD)
def test_whatever_comes_it_is_a_schedule_or_refused_in_words(plain: Any) -> None:
    try:
        assert isinstance(read(plain), Schedule)
    except ScheduleInvalid as error:
        said = [why for _, why in error.troubles]
    else:
        return
    assert said
    assert all(why.endswith((".", "?")) and len(why) < 1000 for why in said)


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(alphabet="0123456789*/,-#LWlwMONSUJAsunjan \t\u0660\u00b2\x00", max_size=30)
    | st.lists(
        st.sampled_from(["*", "1-5", "L", "LW", "MON#2", "5L", "*/0", "9" * 50, "60", "1,"])
    ).map(" ".join)
)
def test_any_text_is_a_cron_expression_or_refused(text: str) -> None:
    try:
        schedule = read({"cron": text})
    except ScheduleInvalid:
        return
    assert schedule.words("UTC").startswith("Cron ")
    found = schedule.next_times(START, "Australia/Lord_Howe", 3)
    assert found == sorted(set(found))


def test_a_time_zone_that_is_not_known_here_is_refused() -> None:
    with pytest.raises(ScheduleInvalid, match="is not a time zone"):
        read({"times_a_day": 1}).next_times(START, "Mars/Olympus", 1)


def test_places_to_choose_from_are_time_zones() -> None:
    assert {"UTC", "Europe/Amsterdam", "Australia/Lord_Howe"} < set(wall_clock.places())
    assert set(wall_clock.places()) <= wall_clock.known_zones()


def test_what_each_minute_says_is_found_by_looking_at_some_by_hand() -> None:
    """The other way of finding times is right where a person can check it."""
    start = datetime(2026, 3, 29, tzinfo=UTC)
    found = minute_by_minute.due(
        {"days": ["sun"], "at": ["02:30", "04:00"]},
        "Europe/Amsterdam",
        start,
        start + timedelta(hours=12),
    )
    assert list(found) == [start + timedelta(hours=1), start + timedelta(hours=2)]
    assert timedelta(minutes=1) == MINUTE
