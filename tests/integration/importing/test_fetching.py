"""What arrives from Salesforce is all there is, each record once, or nothing is applied."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from psycopg import Connection, sql

from integration import set_up
from integration.importing.histories import PROPERTIES, new_org
from integration.importing.side_by_side import SideBySide, dump
from isthmus.connections import results
from isthmus.connections.errors import PageIncomplete
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.importing import engine, fetch, rest_pages
from isthmus.importing.errors import RecordsMissing
from isthmus.salesforce import (
    DailyLimitReached,
    PageReference,
    QueryPage,
    QueryTimedOut,
    Updated,
    WindowRefused,
)
from model.fake_org import moment
from model.fake_salesforce import FakePage

GOAL = ImportGoal(
    key="leads",
    name="Leads",
    object=LEAD,
    match=(MatchRow(field="Id", identifier="ids"), MatchRow(field="Email", identifier="email")),
    fields=(
        ImportField(field="Title", property="title"),
        ImportField(field="Total", property="total", rule=MergeRule.SUM),
    ),
    create_profiles=True,
)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "wait_random_exponential", lambda **_given: lambda _state: 0)


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    """Ten leads on three pages."""
    side_by_side = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)
    side_by_side.salesforce.bulk_query.page_size = 4
    side_by_side.add_goal(GOAL)
    add(side_by_side, 10)
    return side_by_side


def add(both: SideBySide, records: int) -> None:
    for number in range(records):
        both.org.save("Lead", Email=f"{number}@x.co", Title=str(number), Total="1")
    both.org.seconds += 1


def fails(both: SideBySide, error: type[Exception], words: str) -> None:
    """A run fails, and changes neither the store nor where the next one begins."""
    goal = both.goals["leads"]
    goal.refresh_from_db()
    before, until = dump(both.connection), goal.read_until
    with pytest.raises(error, match=words):
        set_up.run(engine.run_import, goal, both.salesforce)
    goal.refresh_from_db()
    assert (dump(both.connection), goal.read_until) == (before, until)


@contextmanager
def listing(
    both: SideBySide, change: Callable[[list[Any]], list[Any]], times: int
) -> Iterator[None]:
    """The list of a job's pages is another one, so many times."""
    bulk, left = both.salesforce.bulk_query, [times]
    real = bulk.pages

    def pages(job_id: str) -> Iterator[PageReference]:
        left[0] -= 1
        listed = list(real(job_id))
        return iter(change(listed) if left[0] >= 0 else listed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "pages", pages, raising=False)
        yield


CHANGES: dict[str, Callable[[list[Any]], list[Any]]] = {
    "only the first page": lambda pages: pages[:1],
    "no page": lambda _pages: [],
    "a page left out": lambda pages: [pages[0], pages[2]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_pages_that_are_not_listed_are_noticed_and_all_is_asked_again(
    both: SideBySide, change: Callable[[list[Any]], list[Any]]
) -> None:
    with listing(both, change, times=2):
        both.run("leads")
    assert len(both.salesforce.bulk_query.queries) == 3


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_pages_that_are_never_listed_fail_the_run(
    both: SideBySide, change: Callable[[list[Any]], list[Any]]
) -> None:
    with listing(both, change, times=99):
        fails(both, RecordsMissing, r"has 10 records and \d arrived")


def test_a_page_that_is_listed_twice_is_read_once(both: SideBySide) -> None:
    with listing(both, lambda pages: [*pages, pages[0]], times=1):
        both.run("leads")
    assert len(both.salesforce.bulk_query.queries) == 1


@contextmanager
def other_pages(both: SideBySide, swaps: dict[str, str], times: int) -> Iterator[None]:
    """Some locators give the page of another one, so many times."""
    bulk, left = both.salesforce.bulk_query, [times]
    real = bulk.page

    @contextmanager
    def page(job_id: str, locator: str | None = None) -> Iterator[FakePage]:
        swapped = swaps.get(locator or "0")
        if swapped is not None:
            left[0] -= 1
            locator = (swapped if swapped != "0" else None) if left[0] >= 0 else locator
        with real(job_id, locator) as found:
            yield found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "page", page)
        yield


def test_a_page_in_the_place_of_another_is_noticed_although_the_count_is_right(
    both: SideBySide,
) -> None:
    with other_pages(both, {"4": "0"}, times=1):
        both.run("leads")
    assert len(both.salesforce.bulk_query.queries) == 2


def test_a_page_that_is_always_in_the_place_of_another_fails_the_run(both: SideBySide) -> None:
    with other_pages(both, {"4": "0"}, times=99):
        fails(both, RecordsMissing, "some records twice")


def test_a_job_that_says_zero_where_there_are_records_fails_the_run(both: SideBySide) -> None:
    both.run("leads")
    both.org.save("Lead", both.org.id("Lead", 1), Title="new")
    both.org.seconds += 1
    with zero_records(both):
        fails(both, RecordsMissing, "0 records arrived, and Salesforce counts 10 of them")


@contextmanager
def zero_records(both: SideBySide) -> Iterator[None]:
    """A new version, so that all is read, and no job has any record."""
    set_up.change_goal(both.goals["leads"], GOAL)
    bulk = both.salesforce.bulk_query
    real = bulk.create

    def create(soql: str, *, deleted: bool) -> Any:
        job = real(soql, deleted=deleted)
        bulk.jobs[job.id] = (bulk.jobs[job.id][0], [])
        return job

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "create", create)
        yield


def test_a_count_that_salesforce_does_not_give_is_done_without(both: SideBySide) -> None:
    def time_out(_soql: str, **_given: Any) -> int:
        raise QueryTimedOut

    both.salesforce.count = time_out  # type: ignore[method-assign,assignment]
    goal_run = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    assert goal_run.counts.created == 10
    assert both.connection.execute("SELECT FROM store.record_link").rowcount == 10


def test_records_that_left_the_window_between_count_and_read_are_no_trouble(
    both: SideBySide,
) -> None:
    both.run("leads")
    for number in (1, 2):
        both.org.save("Lead", both.org.id("Lead", number), Title="new")
    both.org.seconds += 1
    counts = [2, 1]
    both.salesforce.count = lambda _soql, **_given: counts.pop(0)  # type: ignore[method-assign]
    real = both.salesforce.query_pages

    def change_first(soql: str, *, deleted: bool) -> Iterator[QueryPage]:
        both.org.save("Lead", both.org.id("Lead", 2), Title="newer")
        return real(soql, deleted=deleted)

    both.salesforce.query_pages = change_first  # type: ignore[method-assign]
    goal_run = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    assert (goal_run.counts.received, counts) == (1, [])


def test_few_changes_are_read_without_a_job(both: SideBySide) -> None:
    both.run("leads")
    both.org.save("Lead", both.org.id("Lead", 1), Title="new")
    both.org.save("Lead", both.org.id("Lead", 2), IsDeleted="true")
    both.org.seconds += 1
    both.run("leads")
    assert len(both.salesforce.bulk_query.queries) == 1


def test_many_changes_are_read_by_a_job(both: SideBySide, monkeypatch: pytest.MonkeyPatch) -> None:
    both.run("leads")
    for number in range(1, 4):
        both.org.save("Lead", both.org.id("Lead", number), Title="new")
    both.org.seconds += 1
    monkeypatch.setattr(fetch, "SMALL_INCREMENT", 2)
    both.run("leads")
    assert len(both.salesforce.bulk_query.queries) == 2


def test_an_increment_without_changes_asks_for_no_record(both: SideBySide) -> None:
    both.run("leads")
    both.org.seconds += 1

    def never(*_given: Any, **_named: Any) -> Any:
        pytest.fail("Nothing changed, and records are asked for.")

    both.salesforce.query_pages = never  # type: ignore[method-assign]
    assert both.run("leads") == []


@pytest.mark.parametrize("times", [1, 99])
def test_a_page_that_misses_records_is_read_again(both: SideBySide, times: int) -> None:
    both.run("leads")
    both.org.save("Lead", both.org.id("Lead", 1), Title="new")
    both.org.save("Lead", both.org.id("Lead", 2), Title="new")
    both.org.seconds += 1
    left = [times]
    real = both.salesforce.query_pages

    def pages(soql: str, *, deleted: bool) -> Iterable[QueryPage]:
        left[0] -= 1
        for page in real(soql, deleted=deleted):
            body = b'{"records": []}' if left[0] >= 0 else page.body
            yield QueryPage(body=body, records=0, total=page.total)

    both.salesforce.query_pages = pages  # type: ignore[method-assign,assignment]
    if times == 1:
        both.run("leads")
    else:
        fails(both, PageIncomplete, "has 2 records and 0 of them arrived")


def test_a_query_that_finds_nothing_where_salesforce_counts_records_fails_the_run(
    both: SideBySide,
) -> None:
    both.run("leads")
    both.org.save("Lead", both.org.id("Lead", 1), Title="new")
    both.org.seconds += 1
    empty = QueryPage(body=b'{"records": []}', records=0, total=0)
    both.salesforce.query_pages = lambda _soql, **_given: iter([empty])  # type: ignore[method-assign]
    fails(both, RecordsMissing, "0 records arrived, and Salesforce counts 1")


def test_odd_characters_of_a_page_by_rest_do_not_stop_it(both: SideBySide) -> None:
    both.run("leads")
    title = 'a\0b\\u0000 "q" \u2028 😀 é\ud800'
    both.org.save("Lead", both.org.id("Lead", 1), Title=title)
    both.org.seconds += 1
    goal_run = set_up.run(engine.run_import, both.goals["leads"], both.salesforce)
    rows = both.connection.execute("SELECT p_title FROM store.profile WHERE p_email = '0@x.co'")
    assert rows.fetchall() == [('ab\\u0000 "q" \u2028 😀 é\ufffd',)]
    assert "2 bytes are no text" in goal_run.run_goal.message


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0.0"), ("1", "1.0"), ("-1.5", "-1.5"), ("0.001", "0.001"), ("0.0001", "1.0E-4"),
        ("9999999", "9999999.0"), ("10000000", "1.0E7"), ("139000000", "1.39E8"),
        ("-12345678.25", "-1.234567825E7"), ("1.0E7", "1.0E7"), ("0.1", "0.1"),
        ("123456789012345678", "1.2345678901234568E17"), ("1e-7", "1.0E-7"), ("null", None),
    ],
)  # fmt: skip
def test_numbers_by_rest_are_written_as_a_job_writes_them(
    store: Connection[Any], number: str, text: str | None
) -> None:
    statement = sql.SQL("SELECT {}").format(
        rest_pages.java_double(sql.SQL("json_extract_path_text(%s::json, 'a')"))
    )
    row = store.execute(statement, [f'{{"a": {number}}}']).fetchone()
    assert row == (text,)


def test_the_next_window_begins_where_salesforce_says_that_all_is_known(
    both: SideBySide,
) -> None:
    both.org.seconds += 100
    covered = moment(40)
    both.salesforce.updated = lambda *_given: Updated(  # type: ignore[method-assign]
        ids=(), latest_date_covered=covered
    )
    goal = both.goals["leads"]
    goal_run = set_up.run(engine.run_import, goal, both.salesforce)
    goal.refresh_from_db()
    assert (goal.read_until, goal_run.run_goal.window_to) == (covered, both.org.now)


def test_an_org_that_does_not_say_what_is_known_is_read_all_the_same(both: SideBySide) -> None:
    def refuse(_name: str, _start: datetime, _end: datetime) -> Updated:
        raise WindowRefused

    both.salesforce.updated = refuse  # type: ignore[method-assign,assignment]
    both.run("leads")
    both.goals["leads"].refresh_from_db()
    assert both.goals["leads"].read_until == both.org.now


def test_a_daily_limit_in_the_middle_keeps_what_is_there(both: SideBySide) -> None:
    expected = both.expected("leads")
    goal_run = set_up.start(both.goals["leads"], both.salesforce)
    bulk, left = both.salesforce.bulk_query, [2]
    real = bulk.page

    def page(job_id: str, locator: str | None = None) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise DailyLimitReached
        return real(job_id, locator)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "page", page)
        with pytest.raises(DailyLimitReached):
            engine.run_import(goal_run)
    following = set_up.again(goal_run)
    engine.run_import(following)
    both.compare(expected, following)
    assert len(bulk.queries) == 1
