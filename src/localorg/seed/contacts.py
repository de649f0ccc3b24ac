"""Contacts of accounts, private contacts, and what person accounts are made of."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random

from localorg.seed import pools
from localorg.seed.batches import Batch, read_beside, retire, system_columns
from localorg.seed.chance import filled, skewed
from localorg.seed.facts import bounces, person_facts
from localorg.seed.localities import country_of
from localorg.seed.oddities import make_odd
from localorg.seed.people import Columns, Row, addresses, full_names, people
from localorg.seed.phrases import phrases

ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
# In which columns the losers of a merge resemble the winner.
ALIKE = ("FirstName", "LastName", "Name", "Email", "AccountId")
_REMARKED_SHARE = 0.08
_BORN_SHARE = 0.4
_PRIVATE_SHARE = 0.06
_SECOND_ADDRESS_SHARE = 0.04
_ASSISTED_SHARE = 0.02
_LED_SHARE = 0.08
_DEPARTMENT_SHARE = 0.5
_WEBSITE = re.compile(r"(?:https?://)?(?:www\.)?([a-z0-9-]+\.example)")
_ACCOUNTS = (
    "SELECT Id, BillingCountry, Website FROM Account "
    "WHERE rowid BETWEEN ? AND ? AND IsDeleted = 0 AND IsPersonAccount = 0"
)


def contact_columns(batch: Batch, accounts: int) -> Columns:
    """Contacts of the business accounts, of which the table has `accounts`."""
    columns = person_columns(batch)
    _employ(batch, columns, read_beside(batch, _ACCOUNTS, accounts))
    finish(batch, columns)
    retire(batch, columns, ALIKE)
    columns["ReportsToId"] = _superiors(batch, columns)
    return columns | system_columns(batch)


def person_columns(batch: Batch) -> Columns:
    """What a contact and a person account say of a person, named as on Contact.

    Beside them stand the columns Origin, Mailbox and Domain, which `finish` takes away.
    """
    rng, count = batch.rng, batch.count
    known = people(rng, count, batch.plan.acquainted, batch.positions)
    for part in ADDRESS:
        known["Mailing" + part] = known.pop(part)
    del known["Company"], known["Website"]
    known["Fax"] = [phone if row % 3 else None for row, phone in enumerate(known["HomePhone"])]
    return known | {
        "Department": rng.choices(filled(phrases("departments"), _DEPARTMENT_SHARE), k=count),
        "Birthdate": rng.choices(pools.birthdays(_BORN_SHARE), k=count),
        "Description": rng.choices(pools.remarks(_REMARKED_SHARE), k=count),
        **person_facts(rng, count, batch.plan.latest),
    }


def finish(batch: Batch, columns: Columns) -> None:
    """Write the oddities, and fill what depends on them."""
    for name in ("Origin", "Mailbox", "Domain"):
        del columns[name]
    make_odd(batch, columns, batch.plan.store.schema.object("Contact"), {})
    columns["Name"] = full_names(columns)
    columns |= bounces(batch.rng, columns["Email"], batch.plan.latest)
    columns["IsEmailBounced"] = [
        int(reason is not None) for reason in columns["EmailBouncedReason"]
    ]
    columns |= _second_addresses(batch, columns) | _assistants(batch, columns)


def _employ(batch: Batch, columns: Columns, accounts: Sequence[Row]) -> None:
    """Give the contacts accounts of their country and mostly an address at their domain."""
    rng = batch.rng
    staffs = _by_country(accounts)
    chosen = [_employer(rng, staffs.get(origin)) for origin in columns["Origin"]]
    columns["AccountId"] = [account and account[0] for account in chosen]
    domains = [account and _domain(account[2]) for account in chosen]
    for row, domain in enumerate(domains):
        if domain:
            columns["Domain"][row] = domain
    columns["Email"] = [
        new if new and old else old
        for new, old in zip(
            addresses(rng, columns["Mailbox"], columns["Domain"]), columns["Email"], strict=True
        )
    ]


def _employer(rng: Random, accounts: Sequence[Row] | None) -> Row | None:
    if accounts is None or rng.random() < _PRIVATE_SHARE:
        return None
    return skewed(rng, accounts)


def _by_country(accounts: Sequence[Row]) -> Mapping[str, Sequence[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for account in accounts:
        found[country_of(account[1]) or "united_states"].append(account)
    return found


def _domain(website: str | None) -> str | None:
    """The domain of a website as it is normally written, None for any other."""
    found = _WEBSITE.fullmatch(website or "")
    return found[1] if found else None


def _second_addresses(batch: Batch, columns: Columns) -> Columns:
    """Some have a second home: where somebody else of the batch lives."""
    others: Columns = {"Other" + part: [None] * batch.count for part in ADDRESS}
    for row in batch.rng.sample(range(batch.count), int(batch.count * _SECOND_ADDRESS_SHARE)):
        for part in ADDRESS:
            others["Other" + part][row] = columns["Mailing" + part][row - 1]
    return others


def _assistants(batch: Batch, columns: Columns) -> Columns:
    """Some have an assistant; the name and phone of somebody else of the batch."""
    found: Columns = {"AssistantName": [None] * batch.count, "AssistantPhone": [None] * batch.count}
    for row in batch.rng.sample(range(batch.count), int(batch.count * _ASSISTED_SHARE)):
        found["AssistantName"][row] = columns["Name"][row - 1][:40].strip()
        found["AssistantPhone"][row] = columns["Phone"][row - 1]
    return found


def _superiors(batch: Batch, columns: Columns) -> list[str | None]:
    """Some report to a colleague at the same account who has not been deleted."""
    heads: dict[str, str] = {}
    superiors: list[str | None] = []
    draws = batch.rng.choices(range(100), k=batch.count)
    rows = zip(batch.ids, columns["AccountId"], columns["IsDeleted"], draws, strict=True)
    for record_id, account_id, deleted, draw in rows:
        superiors.append(heads.get(account_id) if draw < _LED_SHARE * 100 else None)
        if account_id and not deleted:
            heads[account_id] = record_id
    return superiors
