"""An org in a file keeps its people."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localorg.ids import number_of
from localorg.schema import standard_schema
from localorg.seed import change_records, seed
from localorg.store import Store

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
ALL_LEADS = "SELECT * FROM Lead ORDER BY Id"


@pytest.fixture
def open_org(tmp_path: Path) -> Callable[[], Store]:
    return lambda: Store(tmp_path / "org.db", standard_schema(), NOW)


def test_what_was_seeded_is_there_when_the_file_is_opened_again(
    open_org: Callable[[], Store],
) -> None:
    store = open_org()
    seed(store, seed=3, leads=250, contacts=100, persons=50, cases=80, now=NOW)
    with store.read() as connection:
        before = connection.execute(ALL_LEADS).fetchall()
    store.close()
    again = open_org()
    with again.read() as connection:
        assert connection.execute(ALL_LEADS).fetchall() == before
    assert not again.is_empty()
    assert number_of(again.ids.next("00Q")) == 251
    again.close()


def test_changes_of_a_reopened_org_are_those_of_one_that_stayed_open(
    open_org: Callable[[], Store], tmp_path: Path
) -> None:
    store = open_org()
    seed(store, seed=3, leads=250, contacts=0, persons=0, cases=0, now=NOW)
    store.close()
    again = open_org()
    other = Store(tmp_path / "other.db", standard_schema(), NOW)
    seed(other, seed=3, leads=250, contacts=0, persons=0, cases=0, now=NOW)
    assert change_records(again, "Lead", 20, 4, NOW) == change_records(other, "Lead", 20, 4, NOW)
    again.close()
    other.close()


def test_the_indexes_are_back_after_seeding(open_org: Callable[[], Store]) -> None:
    store = open_org()
    names = "SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name"
    with store.read() as connection:
        before = connection.execute(names).fetchall()
    seed(store, seed=3, leads=20, contacts=10, persons=5, cases=5, now=NOW)
    with store.read() as connection:
        assert connection.execute(names).fetchall() == before
    assert len(before) > 10
    store.close()
