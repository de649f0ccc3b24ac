"""What the log says of pages that are asked for: their names, and nothing that people typed."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from isthmus import logs
from isthmus.people.models import User


def said(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [logs.document(each) for each in caplog.records if each.name == "isthmus.requests"]
    caplog.clear()
    return found


@pytest.fixture(autouse=True)
def _as_json(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="isthmus.requests")


def test_a_page_has_a_line_with_its_name_and_not_its_address(
    alice: User, signed_in: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    browser = signed_in(alice)
    said(caplog)
    browser.get("/profiles?value=ada@example.com", headers={"User-Agent": "ada"})
    (line,) = said(caplog)
    assert line["ms"] >= 0
    fixed = {name: line[name] for name in ("level", "event", "method", "route", "status")}
    assert fixed == {
        "level": "info",
        "event": "request",
        "method": "GET",
        "route": "profiles",
        "status": 200,
    }
    assert set(line) == {*fixed, "ms", "time", "process"}
    assert "ada" not in str(line)


def test_what_is_nowhere_has_no_name(caplog: pytest.LogCaptureFixture) -> None:
    Client().get("/nobody/ada@example.com")
    (line,) = said(caplog)
    assert (line["status"], line.get("route")) == (404, None)
    Client().generic("ADA", "/health")
    (line,) = said(caplog)
    assert (line["method"], line["status"]) == ("other", 405)


def test_programs_that_watch_leave_no_lines_while_all_is_well(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Client().get("/health")
    Client(REMOTE_ADDR="127.0.0.1").get("/metrics")
    assert said(caplog) == []
    Client(REMOTE_ADDR="10.0.0.1").get("/metrics")
    assert [(each["route"], each["status"]) for each in said(caplog)] == [("metrics", 401)]
