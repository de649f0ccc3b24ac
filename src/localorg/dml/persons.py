"""The two halves of a person account, and what cases show of a contact, kept equal."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from localorg.dml.sql import Row, marks, select_by
from localorg.dml.writer import Writer
from localorg.schema import CASE_MIRRORS, Schema
from localorg.store import quoted

_STAMPS = ("LastModifiedDate", "LastModifiedById", "SystemModstamp")
_ON_BOTH_KINDS = frozenset({"Name", "Phone", "Fax", "OwnerId"})
_CONTACT_PREFIX = "003"


def person_only(schema: Schema) -> frozenset[str]:
    """The fields that only a person account has."""
    return frozenset(schema.person_fields) - _ON_BOTH_KINDS


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
    pairs = {**_pairs(writer.store.schema), **{name: name for name in same}}
    pairs |= {"PersonContactId": "Id", "Id": "AccountId"}
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
    pairs = _pairs(writer.store.schema)
    columns = {theirs: ours for ours, theirs in pairs.items() if ours in touched}
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
    pairs = _pairs(writer.store.schema)
    columns = {ours: theirs for ours, theirs in pairs.items() if theirs in touched}
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


def only_contacts(writer: Writer, account_ids: Sequence[str]) -> dict[str, Row]:
    """The contact of each account that has exactly one: its Id and Name, by the account's id."""
    columns = ("Id", "AccountId", "Name", "IsDeleted")
    found: dict[str, list[Row]] = {}
    for row in select_by(writer.connection, "Contact", columns, "AccountId", account_ids):
        if not row["IsDeleted"]:
            found.setdefault(str(row["AccountId"]), []).append(row)
    return {account_id: rows[0] for account_id, rows in found.items() if len(rows) == 1}


def hide_contacts(writer: Writer, contacts: Mapping[str, str]) -> None:
    """Make contacts the hidden halves of accounts that became persons: account id -> contact id.

    The account keeps its owner and its own numbers for phone and fax; the rest is the contact's.
    """
    ids = tuple(contacts.values())
    _change_kind(writer, ids, is_person=True)
    own = {"Phone", "Fax", "OwnerId"}
    copy_to_accounts(writer, ids, set(_pairs(writer.store.schema).values()) - own)
    copy_to_contacts(writer, tuple(contacts), own)


def show_contacts(writer: Writer, contacts: Mapping[str, str]) -> None:
    """Make hidden contacts plain ones of accounts that became businesses: account -> contact id.

    The account keeps its composed name and loses what only persons have.
    """
    _change_kind(writer, tuple(contacts.values()), is_person=False)
    lost = person_only(writer.store.schema)
    columns = (field for field in writer.store.schema.object("Account").columns)
    blanks = ", ".join(
        f"{quoted(field.name)} = {0 if field.type == 'boolean' else 'NULL'}"
        for field in columns
        if field.name in lost
    )
    condition = (" WHERE Id IN (", marks(len(contacts)), ")")
    statement = "".join(("UPDATE Account SET ", blanks, *condition))
    writer.connection.execute(statement, tuple(contacts))


def _change_kind(writer: Writer, contact_ids: Sequence[str], *, is_person: bool) -> None:
    stamps = ", ".join(f"{name} = ?" for name in _STAMPS)
    condition = (" WHERE Id IN (", marks(len(contact_ids)), ")")
    statement = "".join(("UPDATE Contact SET IsPersonAccount = ?, ", stamps, *condition))
    now = (writer.stamp, writer.user_id, writer.stamp)
    writer.connection.execute(statement, (int(is_person), *now, *contact_ids))


def relate_cases(writer: Writer, cases: Sequence[Row]) -> None:
    """Complete new case rows: a contact's case is its account's, a person's its hidden contact's.

    What a row says itself stays.
    """
    _take_contacts_account(writer, cases)
    without = [row for row in cases if row.get("AccountId") and not row.get("ContactId")]
    ids = [row["AccountId"] for row in without]
    found = select_by(writer.connection, "Account", ("Id", "PersonContactId"), "Id", ids)
    contacts = {account["Id"]: account["PersonContactId"] for account in found}
    for row in without:
        row["ContactId"] = contacts.get(row["AccountId"])


def _take_contacts_account(writer: Writer, cases: Iterable[Row]) -> None:
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


@lru_cache(maxsize=8)
def _pairs(schema: Schema) -> Mapping[str, str]:
    """Account's column -> Contact's column."""
    account, contact = schema.object("Account"), schema.object("Contact")
    return MappingProxyType(
        {
            ours: theirs
            for ours, theirs in schema.person_fields.items()
            if account.field(ours).stored and contact.field(theirs).stored
        }
    )


def _assignments(columns: dict[str, str]) -> str:
    return ", ".join(f"{quoted(name)} = source.{quoted(of)}" for name, of in columns.items())
