"""The two halves of a person account, and what cases show of a contact, kept equal."""

from collections.abc import Iterable, Sequence

from localorg.dml.sql import Row, marks, select_by
from localorg.dml.writer import Writer
from localorg.schema import CASE_MIRRORS, PERSON_FIELDS
from localorg.store import quoted

_STAMPS = ("LastModifiedDate", "LastModifiedById", "SystemModstamp")
_ON_BOTH_KINDS = frozenset({"Name", "Phone", "Fax", "OwnerId"})
# Fields that only a person account has.
PERSON_ONLY = frozenset(PERSON_FIELDS) - _ON_BOTH_KINDS
_CONTACT_PREFIX = "003"
_COMPOUNDS = frozenset({"PersonMailingAddress", "PersonOtherAddress"})
# Account's column -> Contact's column.
_PAIRS = {ours: theirs for ours, theirs in PERSON_FIELDS.items() if ours not in _COMPOUNDS}


def give_person_contact_ids(writer: Writer, rows: Iterable[Row]) -> None:
    """Set PersonContactId in the new account rows that are persons."""
    persons = [row for row in rows if row["IsPersonAccount"]]
    for row, contact_id in zip(
        persons, writer.store.ids.take(_CONTACT_PREFIX, len(persons)), strict=True
    ):
        row["PersonContactId"] = contact_id


def add_person_contacts(writer: Writer, account_ids: Sequence[str]) -> None:
    """Make the hidden contacts of the person accounts among new accounts."""
    same = ("CreatedDate", "CreatedById", "IsDeleted", "IsPersonAccount", *_STAMPS)
    pairs = _PAIRS | {name: name for name in same} | {"PersonContactId": "Id", "Id": "AccountId"}
    statement = "".join(
        (
            "INSERT INTO Contact (",
            ", ".join(map(quoted, pairs.values())),
            ") SELECT ",
            ", ".join(map(quoted, pairs)),
            " FROM Account WHERE IsPersonAccount = 1 AND Id IN (",
            marks(len(account_ids)),
            ")",
        )
    )
    writer.connection.execute(statement, tuple(account_ids))


def copy_to_contacts(writer: Writer, account_ids: Sequence[str], touched: set[str]) -> None:
    """Give the hidden contacts what changed on their person accounts, and the same stamps."""
    columns = {theirs: ours for ours, theirs in _PAIRS.items() if ours in touched}
    statement = "".join(
        (
            "UPDATE Contact SET ",
            _assignments(columns | {name: name for name in _STAMPS}),
            " FROM Account AS source WHERE source.IsPersonAccount = 1",
            " AND Contact.Id = source.PersonContactId AND source.Id IN (",
            marks(len(account_ids)),
            ")",
        )
    )
    writer.connection.execute(statement, tuple(account_ids))


def copy_to_accounts(writer: Writer, contact_ids: Sequence[str], touched: set[str]) -> None:
    """Give person accounts what changed on their hidden contacts, and the same stamps."""
    columns = {ours: theirs for ours, theirs in _PAIRS.items() if theirs in touched}
    statement = "".join(
        (
            "UPDATE Account SET ",
            _assignments(columns | {name: name for name in _STAMPS}),
            " FROM Contact AS source WHERE source.IsPersonAccount = 1",
            " AND Account.Id = source.AccountId AND source.Id IN (",
            marks(len(contact_ids)),
            ")",
        )
    )
    writer.connection.execute(statement, tuple(contact_ids))


def take_contacts_account(writer: Writer, cases: Iterable[Row]) -> None:
    """Set AccountId in the new case rows that name a contact and no account."""
    without = [row for row in cases if row.get("ContactId") and not row.get("AccountId")]
    ids = [row["ContactId"] for row in without]
    found = select_by(writer.connection, "Contact", ("Id", "AccountId"), "Id", ids)
    accounts = {contact["Id"]: contact["AccountId"] for contact in found}
    for row in without:
        row["AccountId"] = accounts.get(row["ContactId"])


def show_on_cases(writer: Writer, column: str, ids: Sequence[str]) -> None:
    """Let the cases whose `column` has one of `ids` show their contacts' present details.

    No stamp changes, as is so with every mirrored field of Salesforce's.
    """
    of_contact = " FROM Contact WHERE Contact.Id = ContactId)"
    details = ", ".join(
        "".join((quoted(ours), " = (SELECT ", quoted(theirs), of_contact))
        for ours, theirs in CASE_MIRRORS.items()
    )
    condition = (" WHERE ", quoted(column), " IN (", marks(len(ids)), ")")
    statement = "".join(("UPDATE ", quoted("Case"), " SET ", details, *condition))
    writer.connection.execute(statement, tuple(ids))


def _assignments(columns: dict[str, str]) -> str:
    return ", ".join(f"{quoted(name)} = source.{quoted(of)}" for name, of in columns.items())
