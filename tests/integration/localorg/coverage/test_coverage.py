"""The page of coverage and the manual name every route, and no other."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from localorg import coverage
from localorg.app import create_app
from localorg.front_door import CONTROL_PREFIX
from localorg.org import Org

MANUAL = Path(coverage.__file__).with_name("README.md")


@pytest.fixture
def routes(org: Org) -> Iterator[set[tuple[str, str]]]:
    """Method and path of everything that the program answers."""
    app = create_app(org)
    yield {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route) and route.methods
        for method in route.methods - {"HEAD"}
    }
    org.close()


def test_every_route_has_an_entry_and_every_entry_a_route(routes: set[tuple[str, str]]) -> None:
    answered = {(m, p) for m, p in routes if not p.startswith(CONTROL_PREFIX)}
    entries = [each for area in coverage.areas() for each in area.resources]
    named = {each.route for each in entries if each.state != coverage.ABSENT}
    assert named == answered
    assert not answered & {each.route for each in entries if each.state == coverage.ABSENT}


def test_the_manual_names_every_control_endpoint(routes: set[tuple[str, str]]) -> None:
    manual = MANUAL.read_text()
    control = {(m, p.replace(":int", "")) for m, p in routes if p.startswith(CONTROL_PREFIX)}
    missing = {f"{m} {p}" for m, p in control if f"{m} {p}" not in manual}
    # An endpoint that takes PUT and POST alike is named by one of them.
    missing -= {f"PUT {p}" for m, p in control if m == "POST" and f"POST {p}" in manual}
    missing -= {f"POST {p}" for m, p in control if m == "PUT" and f"PUT {p}" in manual}
    assert missing == set()


def test_a_state_that_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="Allowed are 'complete', 'absent', and 'partial: '"):
        coverage._resource("GET /limits", "mostly")  # noqa: SLF001
