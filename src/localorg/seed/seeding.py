"""A whole org of made-up people."""

from collections.abc import Callable
from datetime import datetime

from localorg.seed.accounts import account_columns
from localorg.seed.batches import Batch, Plan, batches, put
from localorg.seed.cases import case_columns
from localorg.seed.contacts import contact_columns
from localorg.seed.leads import lead_columns
from localorg.seed.moments import latest_second
from localorg.seed.people import Columns, crowd
from localorg.seed.persons import person_account_columns
from localorg.store import Store

_CONTACTS_PER_ACCOUNT = 6


def seed(  # noqa: PLR0913 - the sizes of an org stand side by side
    store: Store,
    *,
    seed: int,
    leads: int,
    contacts: int,
    persons: int,
    cases: int,
    now: datetime,
) -> None:
    """Fill an empty org with so many leads, contacts, person accounts and cases.

    Contacts bring their business accounts with them; person accounts have their hidden contacts
    beside. The same arguments give the same rows. Everything happened at least a quarter of an
    hour before `now`, an aware time. Raises ValueError where the org is not empty, a number is
    negative, or `now` has no time zone.
    """
    _check(store, leads=leads, contacts=contacts, persons=persons, cases=cases)
    plan = Plan(
        store=store,
        seed=seed,
        latest=latest_second(now),
        acquainted=crowd(seed, leads + contacts + persons),
    )
    accounts = -(-contacts // _CONTACTS_PER_ACCOUNT)
    with store.loading():
        _fill(plan, "Account", accounts, account_columns)
        _fill(plan, "Contact", contacts, lambda batch: contact_columns(batch, accounts))
        _fill_persons(plan, persons)
        known = contacts + persons
        _fill(plan, "Lead", leads, lambda batch: lead_columns(batch, known))
        _fill(plan, "Case", cases, lambda batch: case_columns(batch, known))


def _check(store: Store, **counts: int) -> None:
    for name, count in counts.items():
        if count < 0:
            message = f"An org can't have {count} {name}. Pass 0 or more."
            raise ValueError(message)
    if not store.is_empty():
        message = "The org has records already; only an empty one can be seeded. Use a new file."
        raise ValueError(message)


def _fill(plan: Plan, object_name: str, total: int, columns: Callable[[Batch], Columns]) -> None:
    for batch in batches(plan, object_name, total):
        put(plan.store, object_name, columns(batch))


def _fill_persons(plan: Plan, total: int) -> None:
    prefix = plan.store.schema.object("Contact").key_prefix
    for batch in batches(plan, "Account", total, kind="person"):
        contact_ids = plan.store.ids.take(prefix, batch.count)
        accounts, contacts = person_account_columns(batch, contact_ids)
        put(plan.store, "Account", accounts)
        put(plan.store, "Contact", contacts)
