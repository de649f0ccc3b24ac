"""Leads: open ones, closed ones, and converted ones that go on as contacts."""

from localorg.schema.people import LEAD_STATUSES
from localorg.seed import pools
from localorg.seed.batches import Batch, flags, read_beside, retire, system_columns
from localorg.seed.chance import weighted
from localorg.seed.facts import bounces, business_facts, person_facts
from localorg.seed.moments import first_second, seconds_of
from localorg.seed.oddities import make_odd
from localorg.seed.people import Columns, Row, full_names, people

_OPEN, _WORKING, _CONVERTED, _LOST = LEAD_STATUSES
_STATUSES = weighted({_OPEN: 9, _WORKING: 7, _LOST: 4})
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_ODD_NAMES = {"Mailing" + part: part for part in _ADDRESS}
_ALIKE = ("FirstName", "LastName", "Name", "Email", "Company")
_REMARKED_SHARE = 0.1
_UNREAD = weighted({0: 4, 1: 1})
_CONVERTED_SHARE = 0.06
_LONGEST_COURTSHIP = 200 * 86_400
# What a converted lead has in common with its contact, and then the account's name.
_HANDED_ON = ("Salutation", "FirstName", "LastName", "Name", "Email", "Phone", "MobilePhone")
_CONTACTS = (
    "SELECT Contact.Id, Contact.AccountId, Contact.CreatedDate, Contact.Salutation, "
    "Contact.FirstName, Contact.LastName, Contact.Name, Contact.Email, Contact.Phone, "
    "Contact.MobilePhone, Account.Name "
    "FROM Contact JOIN Account ON Account.Id = Contact.AccountId "
    "WHERE Contact.rowid BETWEEN ? AND ? AND Contact.IsDeleted = 0"
)


def lead_columns(batch: Batch, contacts: int) -> Columns:
    """Leads; some became contacts, of which the table has `contacts`."""
    rng, count, latest = batch.rng, batch.count, batch.plan.latest
    columns = people(rng, count, batch.plan.acquainted, batch.positions)
    for name in ("Origin", "Mailbox", "Domain"):
        del columns[name]
    columns["Fax"] = columns.pop("HomePhone")
    columns["Status"] = rng.choices(_STATUSES, k=count)
    columns["IsUnreadByOwner"] = rng.choices(_UNREAD, k=count)
    columns["Description"] = rng.choices(pools.remarks(_REMARKED_SHARE), k=count)
    columns |= business_facts(rng, count) | person_facts(rng, count, latest)
    make_odd(batch, columns, batch.object_type, _ODD_NAMES)
    columns["Name"] = full_names(columns)
    columns |= bounces(rng, columns["Email"], latest)
    retire(batch, columns, _ALIKE)
    _convert(batch, columns, read_beside(batch, _CONTACTS, contacts))
    return columns | system_columns(batch)


def _convert(batch: Batch, columns: Columns, contacts: list[Row]) -> None:
    """Let some of the leads have become some of the `contacts`."""
    rows = batch.part_of(_CONVERTED_SHARE)[: len(contacts)]
    chosen = batch.rng.sample(contacts, len(rows))
    columns |= {
        "IsConverted": flags(batch.count, rows),
        "ConvertedContactId": [None] * batch.count,
        "ConvertedAccountId": [None] * batch.count,
        "ConvertedDate": [None] * batch.count,
    }
    for row, contact in zip(rows, chosen, strict=True):
        _hand_on(batch, columns, row, contact)


def _hand_on(batch: Batch, columns: Columns, row: int, contact: Row) -> None:
    contact_id, account_id, created, *shared, company = contact
    columns["ConvertedContactId"][row] = contact_id
    columns["ConvertedAccountId"][row] = account_id
    columns["ConvertedDate"][row] = created[:10]
    columns["Status"][row] = _CONVERTED
    columns["Company"][row] = company
    for name, value in zip(_HANDED_ON, shared, strict=True):
        columns[name][row] = value
    converted = seconds_of(created)
    courtship = batch.rng.randrange(_LONGEST_COURTSHIP)
    batch.stamps.created[row] = max(converted - courtship, first_second())
    batch.stamps.modified[row] = batch.stamps.saved[row] = converted
