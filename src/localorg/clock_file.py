"""A kept org's clock, which stands to the machine's as it did when the org was last served."""

from datetime import datetime, timedelta

from localorg.clock import Clock, ClockState
from localorg.store import Store

_CREATE = (
    "CREATE TABLE IF NOT EXISTS localorg_clock "
    "(only INTEGER PRIMARY KEY CHECK (only = 1), ahead_microseconds INTEGER NOT NULL, "
    "frozen_at TEXT)"
)
_SELECT = "SELECT ahead_microseconds, frozen_at FROM localorg_clock"
_UPSERT = (
    "INSERT INTO localorg_clock VALUES (1, ?, ?) ON CONFLICT (only) DO UPDATE SET "
    "ahead_microseconds = excluded.ahead_microseconds, frozen_at = excluded.frozen_at"
)
_MICROSECOND = timedelta(microseconds=1)


def keep_clock(clock: Clock, store: Store) -> None:
    """Set `clock` as the store's file says, and write each change of it there."""
    with store.write() as connection:
        connection.execute(_CREATE)
        row = connection.execute(_SELECT).fetchone()
    if row is not None:
        ahead, frozen_at = row
        moment = datetime.fromisoformat(frozen_at) if frozen_at else None
        clock.restore(ClockState(ahead=ahead * _MICROSECOND, frozen_at=moment))

    def write() -> None:
        state = clock.state()
        frozen_at = state.frozen_at.isoformat() if state.frozen_at else None
        with store.write() as connection:
            connection.execute(_UPSERT, (state.ahead // _MICROSECOND, frozen_at))

    clock.on_change(write)
