"""Result pages that arrive shuffled, doubled, cut, changed or not at all."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from integration import set_up
from isthmus.errors import IsthmusError
from isthmus.importing import fetch
from isthmus.importing.engine import run_import
from isthmus.profiles.database import DatabaseGone
from named.wire import Tamper
from named.world import READ, World, outcome

LEADS = 40
PAGE = 10
RESULTS = r"/results\b"
NOT_FOUND = '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'


@pytest.fixture(autouse=True)
def _bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few records are read by Bulk jobs, too."""
    monkeypatch.setattr(fetch, "SMALL_INCREMENT", 0)


@pytest.fixture
def many(world: World) -> World:
    """An org of forty leads, with pages of ten, and a goal that reads them."""
    world.add_leads(LEADS)
    world.page_size(PAGE)
    world.goal(READ)
    return world


def goal_of(world: World) -> Any:
    return world.connection.goals.get()


def read_until_well(world: World) -> None:
    """Run, again where a run fails; the store has to end as the org is, each record once."""
    goal = goal_of(world)
    for _ in range(3):
        try:
            world.read(goal, full=True)
        except IsthmusError:
            continue
        break
    expected = sorted((f"{number}@example.com", str(number), 1) for number in range(LEADS))
    assert world.profiles("email", "title", "total") == expected
    assert world.number("record_link") == LEADS


def test_every_page_is_read_and_not_only_the_first(many: World) -> None:
    goal_run = many.read(goal_of(many))
    assert goal_run.counts.received == LEADS
    assert len(many.profiles("email")) == LEADS


def test_every_page_is_read_where_salesforce_does_not_list_the_pages(many: World) -> None:
    many.fault(
        "http",
        path="/resultPages",
        status=404,
        count=None,
        body=NOT_FOUND,
    )
    assert outcome(many.read(goal_of(many))) == {"created": LEADS}


def test_shuffled_results_give_the_same_store(world: World) -> None:
    world.page_size(PAGE)
    world.fault("shuffled_results", path="Lead", count=None)
    for number in range(3):
        world.add("Lead", *({"Email": "one@example.com", "Title": f"{number}"} for _ in range(15)))
    world.read(world.goal(READ))
    assert world.happened()[0] > 0
    assert world.profiles("email", "title") == [("one@example.com", "2")]


@pytest.mark.parametrize("skip", [0, 1, 3])
@pytest.mark.parametrize("kind", ["page_dropped", "page_repeated"])
def test_a_page_that_is_dropped_or_repeated_loses_and_doubles_nothing(
    many: World, kind: str, skip: int
) -> None:
    many.fault(kind, path="/results?", skip=skip)
    read_until_well(many)
    assert many.happened() == [1]


@pytest.mark.parametrize("kind", ["page_dropped", "page_repeated"])
def test_a_page_that_is_dropped_or_repeated_while_walking_loses_and_doubles_nothing(
    many: World, kind: str
) -> None:
    many.fault(
        "http",
        path="/resultPages",
        status=404,
        count=None,
        body=NOT_FOUND,
    )
    many.fault(kind, path="/results?", skip=1)
    read_until_well(many)


@pytest.mark.parametrize("framing", ["content_length", "chunked", "close"])
@pytest.mark.parametrize("after_bytes", [0, 700])
def test_a_cut_page_is_fetched_again(many: World, framing: str, after_bytes: int) -> None:
    many.fault("cut", path="/results?", after_bytes=after_bytes, framing=framing, skip=1, count=2)
    assert outcome(many.read(goal_of(many))) == {"created": LEADS}
    assert many.happened() == [2]


def without_last_row(body: bytes, _headers: dict[str, str]) -> bytes:
    return body[: body.rstrip(b"\n").rindex(b"\n") + 1]


def with_last_row_twice(body: bytes, _headers: dict[str, str]) -> bytes:
    return body + body[body.rstrip(b"\n").rindex(b"\n") + 1 :]


def announced(change: Tamper, rows: int) -> Tamper:
    """The change, with a header that says what the page then holds."""

    def changed(body: bytes, headers: dict[str, str]) -> bytes:
        headers["sforce-numberofrecords"] = str(rows)
        return change(body, headers)

    return changed


@pytest.mark.parametrize(
    "change",
    [
        without_last_row,
        with_last_row_twice,
        announced(without_last_row, PAGE - 1),
        announced(with_last_row_twice, PAGE + 1),
    ],
)
def test_a_page_with_a_row_too_few_or_too_many_is_not_taken(many: World, change: Tamper) -> None:
    many.wire.tamper("GET", RESULTS, change)
    read_until_well(many)


def test_a_missing_row_that_another_page_makes_up_for_by_a_double_is_noticed(many: World) -> None:
    many.wire.tamper("GET", RESULTS, announced(without_last_row, PAGE - 1))
    many.wire.tamper("GET", RESULTS, announced(with_last_row_twice, PAGE + 1))
    many.wire.spots[1].skip = 1
    read_until_well(many)


def read_the_rest(world: World, goal_run: Any) -> int:
    """Go on with a run as another process; how many pages it asks for."""
    before = world.asked("GET", "/results")
    going_on = set_up.again(goal_run)
    run_import(going_on)
    assert outcome(going_on) == {"created": LEADS}
    return world.asked("GET", "/results") - before


def test_a_database_session_killed_between_page_and_commit_loses_and_doubles_nothing(
    many: World,
) -> None:
    def kill(body: bytes, _headers: dict[str, str]) -> bytes:
        many.store.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name LIKE 'isthmus%' AND pid <> pg_backend_pid() "
            "AND state = 'idle in transaction' AND datname = current_database()"
        )
        return body

    many.wire.tamper("GET", RESULTS, kill)
    many.wire.spots[0].skip = 2
    goal_run = set_up.start(goal_of(many), many.salesforce)
    with pytest.raises(DatabaseGone):
        run_import(goal_run)
    assert 0 < read_the_rest(many, goal_run) < LEADS / PAGE
    assert many.profiles("total") == [(1,)] * LEADS


def test_a_session_ended_between_two_pages_is_renewed_and_every_page_comes_once(
    many: World,
) -> None:
    many.fault("session_expired", path="/results?", skip=2)
    assert outcome(many.read(goal_of(many))) == {"created": LEADS}


def later_stamp(body: bytes, _headers: dict[str, str]) -> bytes:
    """One row's stamp is an hour after the window: it was saved while the job ran."""
    return re.sub(rb"2026-01-31T12:0", rb"2026-01-31T13:0", body, count=1)


def test_a_row_outside_the_window_is_applied_once(world: World) -> None:
    world.add_leads(3)
    goal = world.goal(READ)
    world.wire.tamper("GET", RESULTS, later_stamp)
    world.read(goal)
    world.wait(2)
    assert outcome(world.read(goal, full=True)).keys() <= {"created", "unchanged"}
    assert world.profiles("total") == [(1,)] * 3


def empty(body: bytes, headers: dict[str, str]) -> bytes:
    headers["sforce-numberofrecords"] = "0"
    return body.partition(b"\n")[0] + b"\n"


def no_pages(_body: bytes, _headers: dict[str, str]) -> bytes:
    return b'{"resultPages":[],"done":true}'


def done_with_none(body: bytes, _headers: dict[str, str]) -> bytes:
    return re.sub(rb'"numberRecordsProcessed":\s*\d+', b'"numberRecordsProcessed":0', body)


def test_a_full_read_disguised_as_zero_records_fails_and_removes_nothing(many: World) -> None:
    goal = goal_of(many)
    many.read(goal)
    before = many.dump()
    many.wire.tamper("GET", r"/jobs/query/\w+$", done_with_none, times=9)
    many.wire.tamper("GET", RESULTS, empty, times=9)
    many.wire.tamper("GET", "/resultPages", no_pages)
    until = goal.read_until
    with pytest.raises(IsthmusError):
        many.read(goal, full=True)
    goal.refresh_from_db()
    assert (many.dump(), goal.read_until) == (before, until)


def nothing_at_all(_body: bytes, _headers: dict[str, str]) -> bytes:
    return b""


def html(_body: bytes, headers: dict[str, str]) -> bytes:
    headers["content-type"] = "text/html"
    headers.pop("sforce-numberofrecords", None)
    return b"<html><body>We are down for maintenance.</body></html>\n"


def an_error(_body: bytes, headers: dict[str, str]) -> bytes:
    headers.pop("sforce-numberofrecords", None)
    return b'[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred."}]'


@pytest.mark.parametrize("change", [empty, nothing_at_all, html, an_error])
@pytest.mark.parametrize("times", [1, 99])
def test_a_page_that_is_an_error_with_status_200_is_never_an_empty_page(
    many: World, change: Callable[[bytes, dict[str, str]], bytes], times: int
) -> None:
    many.wire.tamper("GET", RESULTS, change, times=times)
    goal = goal_of(many)
    try:
        goal_run = many.read(goal)
    except IsthmusError:
        assert many.number("profile") == 0
        goal.refresh_from_db()
        assert goal.read_until is None
    else:
        assert outcome(goal_run) == {"created": LEADS}
