"""A schedule and the switch by command: set, shown, and refused without a change."""

import json
from typing import Any

import pytest
from psycopg import Connection as Session
from typer.testing import CliRunner

from integration import set_up
from isthmus.cli import program
from isthmus.connections.models import Connection

pytestmark = pytest.mark.usefixtures("command_line")


@pytest.fixture
def bare(store: Session[Any]) -> Connection:
    """A connection that is on and that nobody has signed in to anything."""
    return set_up.new_connection("bare", name="Bare", authorization=None)


def said(*arguments: str, status: int = 0) -> str:
    answer = CliRunner().invoke(program.app, ["connection", *arguments])
    assert answer.exit_code == status, (arguments, answer.output)
    return answer.output


KINDS: tuple[tuple[list[str], dict[str, Any], str], ...] = (
    (["--times-a-day", "4"], {"times_a_day": 4}, "4 times a day"),
    (
        ["--days", "fri,mon", "--at", "18:00, 6:00"],
        {"days": ["mon", "fri"], "at": ["06:00", "18:00"]},
        "Monday and Friday at 06:00 and 18:00, UTC",
    ),
    (
        ["--day", "1", "--day", "31", "--at", "23:30"],
        {"day": [1, 31], "at": ["23:30"]},
        "On the 1st and last day of the month",
    ),
    (
        ["--weekday", "fri", "--of-month", "last", "--at", "06:00", "--timezone", "Asia/Tokyo"],
        {"weekday": "fri", "of_month": "last", "at": ["06:00"], "timezone": "Asia/Tokyo"},
        "last Friday of the month at 06:00, Asia/Tokyo",
    ),
    (["--cron", "0 6 * * 1-5"], {"cron": "0 6 * * 1-5"}, "06:00"),
)


def test_each_kind_is_set_and_shown_with_its_next_five_times(bare: Connection) -> None:
    for options, plain, words in KINDS:
        _set_and_shown(bare, options, plain, words)


def _set_and_shown(bare: Connection, options: list[str], plain: dict[str, Any], words: str) -> None:
    text = said("schedule", "bare", *options)
    assert words in " ".join(text.split())
    assert text.count(" in ") >= 5
    told = json.loads(said("schedule", "bare", "--json"))
    assert (told["connection"], told["schedule"]) == ("bare", plain)
    assert len(told["next_times"]) == 5
    assert told["note"].startswith("Paused: nobody is signed in to Salesforce.")
    bare.refresh_from_db()
    assert bare.schedule == plain
    assert bare.due_at is not None


def test_it_is_switched_and_goes_by_hand(bare: Connection) -> None:
    said("schedule", "bare", "--times-a-day", "1")
    assert "Bare is off." in said("switch", "bare", "off")
    bare.refresh_from_db()
    assert (bare.active, bare.due_at) == (False, None)
    text = said("schedule", "bare")
    assert "Off: nothing starts by itself." in text
    assert json.loads(said("schedule", "bare", "--json"))["next_times"] == []
    assert "off" in said("list")
    said("switch", "bare", "on")
    said("switch", "bare", "on")
    bare.refresh_from_db()
    assert bare.active
    assert bare.due_at is not None
    assert "By hand only" in said("schedule", "bare", "--by-hand")
    bare.refresh_from_db()
    assert bare.due_at is None


SENSELESS: tuple[list[str], ...] = (
    ["schedule", "bare", "--cron", ""],
    ["schedule", "bare", "--at", "06:00"],
    ["schedule", "bare", "--timezone", "UTC"],
    ["schedule", "bare", "--days", "", "--at", "06:00"],
    ["schedule", "bare", "--days", "mon", "--at", ""],
    ["schedule", "bare", "--day", "99999999999999999999", "--at", "06:00"],
    ["schedule", "bare", "--times-a-day", "two"],
    ["schedule", "bare", "--cron", "x" * 10_000],
    ["schedule", "bare", "--cron", "\u202e* * * * *"],
    ["schedule", "bare", "--times-a-day", "1", "--timezone", "../../etc/passwd"],
    ["schedule", "bare", "--times-a-day", "1", "--timezone", "Etc/\x00UTC"],
    ["switch", "bare", "maybe"],
    ["switch", "bare"],
)


def test_what_makes_no_sense_changes_nothing(bare: Connection) -> None:
    for arguments in SENSELESS:
        said(*arguments, status=2)
    bare.refresh_from_db()
    assert (bare.schedule, bare.active) == ({"by_hand": True}, True)


def test_a_connection_that_is_not_there_is_said(bare: Connection) -> None:
    for arguments in (
        ["schedule", "bear"],
        ["schedule", "bear", "--by-hand"],
        ["switch", "*", "on"],
    ):
        assert "bare" in said(*arguments, status=2)
