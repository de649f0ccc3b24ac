"""Lines of the log: complete for programs, short for people, and without a value."""

import json
import logging
import sys
from typing import Any

import pytest

from isthmus import logs


def record(event: str, name: str = "isthmus.runs", **facts: Any) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, __file__, 1, event, None, None)
    made.created = 1_790_000_000.25
    made.event, made.facts = event, facts
    return made


def failed(message: str, error: Exception, name: str = "isthmus.runs") -> logging.LogRecord:
    try:
        raise error
    except type(error):
        return logging.LogRecord(name, logging.ERROR, __file__, 1, message, None, sys.exc_info())


def test_a_line_for_programs_is_one_object_with_time_level_and_event() -> None:
    text = logs.JsonLines().format(record("goal ended", connection="acme", run=3, goal=None))

    assert "\n" not in text
    line = json.loads(text)
    assert line.pop("process") > 0
    assert line == {
        "time": "2026-09-21T14:13:20.250Z",
        "level": "info",
        "event": "goal ended",
        "connection": "acme",
        "run": 3,
    }


def test_a_line_for_people_leaves_out_counts_that_are_zero() -> None:
    counts = {"received": 5, "created": 0, "skipped": {"no_match": 2}, "failed": {}}

    text = logs.TextLines().format(record("goal ended", connection="acme", counts=counts))

    assert text.endswith("goal ended connection=acme counts={received: 5, skipped: {no_match: 2}}")


def test_an_error_that_nobody_foresaw_shows_its_class_and_place_and_none_of_its_words() -> None:
    error = ValueError("Key (email)=(ada@example.com) already exists")
    line = failed("goal failed in a way that was not foreseen", error)

    for formatter in (logs.JsonLines(), logs.TextLines()):
        text = formatter.format(line)
        assert "ValueError" in text
        assert "test_logs.py" in text
        assert "ada@example.com" not in text


def test_of_what_a_library_says_only_that_it_spoke_is_kept() -> None:
    text = logs.JsonLines().format(
        failed("cannot send ada@example.com", OSError("ada@example.com"), name="urllib3.pool")
    )

    assert "ada@example.com" not in text
    assert json.loads(text)["event"] == "message of urllib3.pool"
    assert json.loads(text)["error"] == "OSError"


@pytest.mark.parametrize(("everything", "said"), [(True, 2), (False, 1)])
def test_only_errors_are_said_where_not_everything_is_asked_for(
    capsys: pytest.CaptureFixture[str], *, everything: bool, said: int
) -> None:
    logs.configure(as_json=True, everything=everything)
    logging.getLogger("isthmus.runs").info("step")
    logging.getLogger("isthmus.runs").error("set back")
    assert len(capsys.readouterr().err.splitlines()) == said
