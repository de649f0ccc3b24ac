"""What Salesforce does with records of one object and not of others."""

from collections.abc import Mapping

from localorg.dml.change import Change
from localorg.dml.persons import (
    PERSON_ONLY,
    add_person_contacts,
    copy_to_accounts,
    copy_to_contacts,
    give_person_contact_ids,
    show_on_cases,
    take_contacts_account,
)
from localorg.dml.reading import Target, read_only
from localorg.dml.sql import Row
from localorg.dml.writer import Writer
from localorg.schema import CASE_CLOSED_STATUSES, CASE_MIRRORS
from localorg.store import BUSINESS_RECORD_TYPE_ID, PERSON_RECORD_TYPE_ID, quoted

_CASE_NUMBER_DIGITS = 8
_LAST_CASE_NUMBER = "".join(("SELECT max(CaseNumber) FROM ", quoted("Case")))


class ObjectRules:
    """The rules that hold for every object; those of one object override them."""

    # Columns whose present values the rules want to see.
    watched: tuple[str, ...] = ()

    def __init__(self, writer: Writer, target: Target) -> None:
        """Rule over one chunk of changes."""
        self.writer = writer
        self._required = tuple(
            field.name for field in target.object_type.fields.values() if field.required
        )

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change that may not be; `row` is the present record, None on insert."""

    def required(self, values: Row, row: Row | None) -> tuple[str, ...]:  # noqa: ARG002 - overridden
        """The fields that have to have a value."""
        return self._required

    def complete(self, values: Row, row: Row | None) -> None:
        """Add the values that follow from the others."""

    def before_insert(self, rows: list[Row]) -> None:
        """Add to rows what only the org can give."""

    def after_insert(self, ids: list[str]) -> None:
        """Write what follows on other records."""

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Write what follows on other records."""


def full_name(values: Row, row: Row | None) -> str:
    """The compound Name of a person."""
    merged = (row or {}) | values
    return " ".join(str(merged[part]) for part in ("FirstName", "LastName") if merged.get(part))


class LeadRules(ObjectRules):
    """Converted leads are over; the name is composed."""

    watched = ("IsConverted", "Name", "FirstName", "LastName")

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change of a converted lead."""
        if row is not None and row["IsConverted"]:
            change.fail("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")

    def complete(self, values: Row, row: Row | None) -> None:
        """Compose the name."""
        if "FirstName" in values or "LastName" in values:
            values["Name"] = full_name(values, row)


class ContactRules(ObjectRules):
    """A person account's contact is the account's other half; cases show parts of a contact."""

    watched = ("IsPersonAccount", "Name", "FirstName", "LastName")

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change that would move a person's contact to another account."""
        if row is not None and row["IsPersonAccount"] and "AccountId" in change.values:
            change.errors.append(read_only("AccountId"))

    def complete(self, values: Row, row: Row | None) -> None:
        """Compose the name."""
        if "FirstName" in values or "LastName" in values:
            values["Name"] = full_name(values, row)

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Change the person accounts and the cases of the contacts alike."""
        copy_to_accounts(self.writer, ids, touched)
        if not touched.isdisjoint(CASE_MIRRORS.values()):
            show_on_cases(self.writer, "ContactId", ids)


class AccountRules(ObjectRules):
    """An account is a business or a person; a person has a contact."""

    watched = (
        *("IsPersonAccount", "RecordTypeId", "Name", "FirstName", "LastName"),
        "PersonContactId",
    )

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change that brings fields of the other kind of account."""
        values = change.values
        is_person = _is_person(values, row)
        if row is not None and is_person != bool(row["IsPersonAccount"]):
            change.errors.append(read_only("RecordTypeId"))
        wrong = [name for name in values if (name == "Name" if is_person else name in PERSON_ONLY)]
        wrong = [name for name in wrong if values[name] is not None and values[name] != 0]
        if wrong:
            names = ", ".join(wrong)
            message = f"Account: bad field names on insert/update call: {names}"
            change.fail("INVALID_FIELD_FOR_INSERT_UPDATE", message, *wrong)

    def required(self, values: Row, row: Row | None) -> tuple[str, ...]:
        """A business has a name, a person a last name."""
        return ("LastName",) if _is_person(values, row) else ("Name",)

    def complete(self, values: Row, row: Row | None) -> None:
        """Compose a person's name; settle the kind of a new account."""
        is_person = _is_person(values, row)
        if row is None:
            values["IsPersonAccount"] = int(is_person)
            if values.get("RecordTypeId") is None:
                values["RecordTypeId"] = BUSINESS_RECORD_TYPE_ID
        if is_person and ("FirstName" in values or "LastName" in values):
            values["Name"] = full_name(values, row)

    def before_insert(self, rows: list[Row]) -> None:
        """Give persons the ids of their contacts."""
        give_person_contact_ids(self.writer, rows)

    def after_insert(self, ids: list[str]) -> None:
        """Make the contacts of the persons."""
        add_person_contacts(self.writer, ids)

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Change the contacts of the persons alike."""
        copy_to_contacts(self.writer, ids, touched)


def _is_person(values: Row, row: Row | None) -> bool:
    record_type = values.get("RecordTypeId")
    if record_type is None:
        return row is not None and bool(row["IsPersonAccount"])
    return record_type == PERSON_RECORD_TYPE_ID


class CaseRules(ObjectRules):
    """A case has a number, knows whether it is closed, and shows parts of its contact."""

    watched = ("Status", "IsClosed", "ClosedDate")

    def complete(self, values: Row, row: Row | None) -> None:
        """Close or reopen the case as its status says."""
        if values.get("Status") is None:
            return
        closed = values["Status"] in CASE_CLOSED_STATUSES
        was_closed = row is not None and bool(row["IsClosed"])
        values["IsClosed"] = int(closed)
        if closed != was_closed:
            values["ClosedDate"] = self.writer.stamp if closed else None
        elif row is not None:
            values["ClosedDate"] = row["ClosedDate"]

    def before_insert(self, rows: list[Row]) -> None:
        """Number the cases on; a case is its contact's account's unless it says otherwise."""
        last = self.writer.connection.execute(_LAST_CASE_NUMBER).fetchone()[0]
        for number, row in enumerate(rows, int(last or 0) + 1):
            row["CaseNumber"] = str(number).zfill(_CASE_NUMBER_DIGITS)
        take_contacts_account(self.writer, rows)

    def after_insert(self, ids: list[str]) -> None:
        """Show the contacts."""
        show_on_cases(self.writer, "Id", ids)

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Show the contacts where they may be others now."""
        if "ContactId" in touched:
            show_on_cases(self.writer, "Id", ids)


_RULES: Mapping[str, type[ObjectRules]] = {
    "Lead": LeadRules,
    "Contact": ContactRules,
    "Account": AccountRules,
    "Case": CaseRules,
}


def rules_of(writer: Writer, target: Target) -> ObjectRules:
    """The rules for one chunk of changes of the target's object."""
    return _RULES.get(target.object_type.name, ObjectRules)(writer, target)
