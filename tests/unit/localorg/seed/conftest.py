from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from localorg.schema import standard_schema
from localorg.seed import seed
from localorg.store import IN_MEMORY, Store, quoted

Record = dict[str, Any]
Records = Callable[[str], list[Record]]
NewOrg = Callable[..., Store]

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)


def read_records(store: Store, object_name: str) -> list[Record]:
    object_type = store.schema.object(object_name)
    names = [field.name for field in object_type.columns]
    columns = ", ".join(map(quoted, names))
    with store.read() as connection:
        statement = "".join(
            ("SELECT ", columns, " FROM ", quoted(object_type.name), " ORDER BY Id")
        )
        return [dict(zip(names, row, strict=True)) for row in connection.execute(statement)]


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def org() -> Iterator[Store]:
    """An org to look at; nobody may change it."""
    store = Store(IN_MEMORY, standard_schema(), NOW)
    seed(store, seed=7, leads=3000, contacts=2400, persons=900, cases=1500, now=NOW)
    yield store
    store.close()


@pytest.fixture(scope="session")
def records(org: Store) -> Records:
    """All records of an object of the org, deleted ones too, in the order of their ids."""
    read: dict[str, list[Record]] = {}

    def of(object_name: str) -> list[Record]:
        if object_name not in read:
            read[object_name] = read_records(org, object_name)
        return read[object_name]

    return of


@pytest.fixture
def new_org() -> Iterator[NewOrg]:
    """Make an org of one's own: `new_org(leads=10, ...)`; what is not named is empty."""
    made: list[Store] = []

    def make(**wishes: Any) -> Store:
        store = Store(IN_MEMORY, standard_schema(), NOW)
        made.append(store)
        nothing: dict[str, Any] = {
            "seed": 1,
            "leads": 0,
            "contacts": 0,
            "persons": 0,
            "cases": 0,
            "now": NOW,
        }
        seed(store, **(nothing | wishes))
        return store

    yield make
    for store in made:
        store.close()
