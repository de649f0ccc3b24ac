"""An org begins anew, as it would come from a new file."""

from dataclasses import asdict, dataclass
from datetime import datetime

from localorg.clock import Clock
from localorg.org import Org
from localorg.seed import seed
from localorg.store import IN_MEMORY, Store
from localorg.store.snapshots import put_back

# Made-up records of one kind that are made at once: more would take hours.
MOST_RECORDS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many made-up records of each kind an org gets, and the number they depend on."""

    seed: int = 1
    leads: int = 0
    contacts: int = 0
    persons: int = 0
    cases: int = 0


def reset_org(org: Org, sizes: Sizes, *, now: datetime | None, frozen: bool) -> None:
    """Make the records, ids and clock those of a new org; signed-in users stay signed in.

    The new org is born at `now`, an aware time, or else at the machine's time. It is made beside
    the old one, so that nobody sees it before it is whole.
    """
    clock = org.clock.another()
    if now is not None:
        clock.stand_at(now, frozen=frozen)
    store = Store(IN_MEMORY, org.schema, clock.now())
    fresh = Org(store, clock, org.settings, org.setup)
    try:
        fill(fresh, sizes)
        with org.store.maintaining():
            put_back(org.store, fresh.store.path)
            org.store.ids.restore(fresh.store.ids.state())
            _set_clock(org.clock, now, frozen=frozen)
            org.rewound()
    finally:
        fresh.close()


def fill(org: Org, sizes: Sizes) -> bool:
    """Fill an org with made-up records; False where it has records already."""
    if not org.store.is_empty():
        return False
    if any((sizes.leads, sizes.contacts, sizes.persons, sizes.cases)):
        seed(org.store, now=org.clock.now(), **asdict(sizes))
    return True


def _set_clock(clock: Clock, now: datetime | None, *, frozen: bool) -> None:
    if now is None:
        clock.reset()
    else:
        clock.stand_at(now, frozen=frozen)
