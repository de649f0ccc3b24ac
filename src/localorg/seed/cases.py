"""Cases: of contacts and persons, and of people who only left an e-mail address."""

from typing import Any

from localorg.schema import CASE_MIRRORS
from localorg.schema.service import (
    CASE_ORIGINS,
    CASE_PRIORITIES,
    CASE_REASONS,
    CASE_TYPES,
)
from localorg.seed import pools
from localorg.seed.batches import Batch, read_beside, retire, system_columns
from localorg.seed.chance import filled, skewed, weighted
from localorg.seed.moments import moment_texts, seconds_of
from localorg.seed.oddities import make_odd
from localorg.seed.people import Columns, Row, full_names, people
from localorg.seed.phrases import phrases
from localorg.seed.statuses import closing_statuses, pool_of_statuses

_PRIORITIES = weighted(dict(zip(CASE_PRIORITIES, (1, 6, 3), strict=True)))
_CONTACT_SHARE = 0.7
# Those below it but not of a contact still come from an address that a contact has.
_UNLINKED_SHARE = 0.8
_SUPPLIED = ("SuppliedName", "SuppliedEmail", "SuppliedPhone", "SuppliedCompany")
_FOLLOW_UP_SHARE = 0.02
_REMARKED_SHARE = 0.6
_FIRST_NUMBER = 1000
_SUPPLIED_COMPANY_LENGTH = 80
_ALIKE = ("Subject", "ContactId", "AccountId", *CASE_MIRRORS, *_SUPPLIED)
_EMAIL = 5
_CONTACTS = (
    "SELECT Id, AccountId, CreatedDate, Phone, MobilePhone, Email, Fax FROM Contact "
    "WHERE rowid BETWEEN ? AND ? AND IsDeleted = 0"
)


def case_columns(batch: Batch, contacts: int) -> Columns:
    """Cases, most of them of contacts, of which the table has `contacts`."""
    rng, count = batch.rng, batch.count
    columns: Columns = {
        "CaseNumber": [f"{_FIRST_NUMBER + row:08}" for row in batch.rows],
        "Subject": rng.choices(filled(phrases("subjects"), 0.98), k=count),
        "Description": rng.choices(pools.remarks(_REMARKED_SHARE), k=count),
        "Status": rng.choices(pool_of_statuses(batch.object_type), k=count),
        "Priority": rng.choices(_PRIORITIES, k=count),
        "Origin": rng.choices(CASE_ORIGINS, k=count),
        "Type": rng.choices(filled(CASE_TYPES, 0.6), k=count),
        "Reason": rng.choices(filled(CASE_REASONS, 0.4), k=count),
        **_strangers(batch),
    }
    make_odd(batch, columns, batch.object_type, {"Title": "Subject", "Email": "SuppliedEmail"})
    _attach(batch, columns, read_beside(batch, _CONTACTS, contacts))
    retire(batch, columns, _ALIKE)
    return columns | _closing(batch, columns) | system_columns(batch) | _follow_ups(batch, columns)


def _strangers(batch: Batch) -> Columns:
    """What somebody says of themselves who is no contact."""
    known = people(batch.rng, batch.count, batch.plan.acquainted, batch.positions)
    length = _SUPPLIED_COMPANY_LENGTH
    return {
        "SuppliedName": full_names(known),
        "SuppliedEmail": known["Email"],
        "SuppliedPhone": known["Phone"],
        "SuppliedCompany": [company[:length].strip() for company in known["Company"]],
    }


def _attach(batch: Batch, columns: Columns, contacts: list[Row]) -> None:
    """Give most cases a contact; some of the others come from an address of a contact."""
    columns |= {name: [None] * batch.count for name in ("ContactId", "AccountId", *CASE_MIRRORS)}
    if not contacts:
        return
    for row in range(batch.count):
        draw = batch.rng.random()
        if draw < _CONTACT_SHARE:
            _attach_one(batch, columns, row, skewed(batch.rng, contacts))
        elif draw < _UNLINKED_SHARE:
            columns["SuppliedEmail"][row] = skewed(batch.rng, contacts)[_EMAIL]


def _attach_one(batch: Batch, columns: Columns, row: int, contact: Row) -> None:
    columns["ContactId"][row], columns["AccountId"][row], made, *mirrored = contact
    for name, value in zip(CASE_MIRRORS, mirrored, strict=True):
        columns[name][row] = value
    said = contact[_EMAIL] if columns["Origin"][row] == "Web" else None
    for name, value in zip(_SUPPLIED, (None, said, None, None), strict=True):
        columns[name][row] = value
    _begin_after(batch, row, seconds_of(made))


def _begin_after(batch: Batch, row: int, moment: int) -> None:
    """Nobody has a case before they are a contact."""
    for seconds in batch.stamps:
        seconds[row] = max(seconds[row], moment)


def _closing(batch: Batch, columns: Columns) -> dict[str, list[Any]]:
    closing = closing_statuses(batch.object_type)
    closed = [status in closing for status in columns["Status"]]
    moments = moment_texts(batch.stamps.modified)
    return {
        "IsClosed": list(map(int, closed)),
        "ClosedDate": [
            moment if done else None for moment, done in zip(moments, closed, strict=True)
        ],
        "IsEscalated": [int(status == "Escalated") for status in columns["Status"]],
    }


def _follow_ups(batch: Batch, columns: Columns) -> Columns:
    """Some cases belong to an earlier one that has not been deleted."""
    parents: list[str | None] = [None] * batch.count
    rows = batch.part_of(_FOLLOW_UP_SHARE)
    for row, parent in zip(rows[1:], rows, strict=False):
        if parent < row and not columns["IsDeleted"][parent]:
            parents[row] = batch.ids[parent]
    return {"ParentId": parents}
