import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from localorg.clock import Clock, stored_datetime
from localorg.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Writer:
    """Who writes, when and where: what the records of one transaction share."""

    connection: sqlite3.Connection
    store: Store
    user_id: str
    # The moment of the transaction as the store keeps it.
    stamp: str


@contextmanager
def writing(store: Store, clock: Clock, user_id: str) -> Iterator[Writer]:
    """One transaction of a user's: committed at the block's end, rolled back where it raises."""
    with store.write() as connection:
        yield Writer(
            connection=connection,
            store=store,
            user_id=user_id,
            stamp=stored_datetime(clock.now()),
        )
