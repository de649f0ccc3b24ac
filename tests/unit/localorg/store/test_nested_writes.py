import sqlite3
from collections.abc import Iterator

import anyio
import pytest

from localorg.schema import standard_schema
from localorg.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(":memory:", standard_schema())
    with store.write() as connection:
        connection.execute("CREATE TABLE thing (name TEXT)")
    yield store
    store.close()


def add(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("INSERT INTO thing VALUES (?)", (name,))


def names(store: Store) -> list[str]:
    with store.read() as connection:
        return [row[0] for row in connection.execute("SELECT name FROM thing ORDER BY name")]


def test_a_write_inside_a_write_is_a_part_of_it(store: Store) -> None:
    with store.write() as connection:
        add(connection, "outer")
        with store.write() as inner:
            add(inner, "inner")
        assert names(store) == ["inner", "outer"]
    assert names(store) == ["inner", "outer"]


def fail_inside(store: Store, name: str) -> None:
    with store.write() as connection:
        add(connection, name)
        raise KeyError


def test_a_part_that_fails_takes_only_itself_back(store: Store) -> None:
    with store.write() as connection:
        add(connection, "outer")
        with pytest.raises(KeyError):
            fail_inside(store, "inner")
        add(connection, "later")
    assert names(store) == ["later", "outer"]


def test_a_transaction_that_fails_takes_its_parts_back(store: Store) -> None:
    def insert_and_fail() -> None:
        with store.write():
            with store.write() as inner:
                add(inner, "inner")
            raise KeyError

    with pytest.raises(KeyError):
        insert_and_fail()
    assert names(store) == []


def test_a_thread_that_works_for_a_transaction_is_inside_it(store: Store) -> None:
    seen: list[str] = []

    def insert() -> None:
        with store.write() as connection:
            add(connection, "thread")

    def work_and_fail() -> None:
        with store.write():
            anyio.run(anyio.to_thread.run_sync, insert)
            seen.extend(names(store))
            raise KeyError

    with pytest.raises(KeyError):
        work_and_fail()
    assert seen == ["thread"]
    assert names(store) == []


def test_others_do_not_see_what_is_not_committed(store: Store) -> None:
    with store.write() as connection:
        add(connection, "new")
        other = sqlite3.connect(store.path)
        assert other.execute("SELECT count(*) FROM thing").fetchone() == (0,)
        other.close()
