"""What all tests share: a line for each Salesforce client that localorg was tried with, or not."""

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import pytest

_TRIED = ("passed", "failed", "error")
_CLIENTS = "tests/conformance/test_"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """A command that is tried in this process says where its log goes; later tests don't follow."""
    ours, root = logging.getLogger("isthmus"), logging.getLogger()
    kept = [(each, each.handlers, each.propagate, each.level) for each in (ours, root)]
    yield
    for each, handlers, propagate, level in kept:
        each.handlers, each.propagate = handlers, propagate
        each.setLevel(level)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print each client, its version and how many tests it played, or that it was skipped."""
    clients = Counter(client for _, client in _client_reports(terminalreporter))
    failed = Counter(c for outcome, c in _client_reports(terminalreporter) if outcome != "passed")
    for client, count in sorted(clients.items()):
        result = f"{failed[client]} of {count} failed" if failed[client] else f"{count} passed"
        terminalreporter.write_line(f"localorg with {client}: {result}")
    for client, count in sorted(_skipped(terminalreporter).items()):
        terminalreporter.write_line(f"localorg with {client}: {count} skipped, not installed")


def _client_reports(terminalreporter: Any) -> Iterator[tuple[str, str]]:
    for outcome in _TRIED:
        for report in terminalreporter.stats.get(outcome, []):
            if isinstance(report, pytest.TestReport) and report.when == "call":
                yield from ((outcome, str(v)) for k, v in report.user_properties if k == "client")


def _skipped(terminalreporter: Any) -> "Counter[str]":
    paths = (report.nodeid.split("::")[0] for report in terminalreporter.stats.get("skipped", []))
    names = (PurePath(path).stem.removeprefix("test_") for path in paths if _CLIENTS in path)
    return Counter(name.replace("_", "-") for name in names)
