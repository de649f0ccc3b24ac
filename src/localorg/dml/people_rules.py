"""What Salesforce does with leads, contacts and accounts and not with other records."""

from localorg.dml.change import Change
from localorg.dml.object_rules import ObjectRules, PersonRules, full_name
from localorg.dml.options import SaveOptions
from localorg.dml.persons import (
    add_person_contacts,
    copy_to_accounts,
    copy_to_contacts,
    give_person_contact_ids,
    hide_contacts,
    only_contacts,
    person_only,
    show_contacts,
    show_on_cases,
)
from localorg.dml.reading import Target, read_only
from localorg.dml.sql import Row
from localorg.dml.writer import Writer
from localorg.errors import RowError
from localorg.schema import CASE_MIRRORS
from localorg.store import BUSINESS_RECORD_TYPE_ID, PERSON_RECORD_TYPE_ID


class LeadRules(PersonRules):
    """Converted leads are over for all but a few users."""

    watched = ("IsConverted", "Name", "FirstName", "LastName")

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change of a converted lead."""
        if row is not None and row["IsConverted"] and not self.options.edit_converted_leads:
            change.fail("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


class ContactRules(PersonRules):
    """A person account's contact is the account's other half; cases show parts of a contact."""

    watched = ("IsPersonAccount", "Name", "FirstName", "LastName")

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change that would move a person's contact to another account."""
        if row is not None and row["IsPersonAccount"] and "AccountId" in change.values:
            change.errors.append(read_only("AccountId"))

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

    def __init__(self, writer: Writer, target: Target, options: SaveOptions) -> None:
        """Rule over one chunk of changes."""
        super().__init__(writer, target, options)
        # The single contacts of businesses that are to become persons, by the account's id.
        self._contacts: dict[str, Row] = {}
        # Account id -> contact id, of accounts that become persons and of those that cease to be.
        self._hide: dict[str, str] = {}
        self._show: dict[str, str] = {}

    def prepare(self, changes: list[Change], current: dict[str, Row]) -> None:
        """Find the contacts that businesses would become persons with."""
        becoming = [
            str(change.id)
            for change in changes
            if _is_person(change.values, current.get(change.id or ""))
            and not current.get(change.id or "", {}).get("IsPersonAccount", 1)
        ]
        if becoming:
            self._contacts = only_contacts(self.writer, becoming)

    def refuse(self, change: Change, row: Row | None) -> None:
        """Fail a change that brings fields of the other kind of account."""
        values = change.values
        is_person = _is_person(values, row)
        if row is not None and is_person != bool(row["IsPersonAccount"]):
            self._refuse_kind(change, is_person=is_person)
            return
        only = person_only(self.writer.store.schema)
        wrong = [name for name in values if (name == "Name" if is_person else name in only)]
        wrong = [name for name in wrong if values[name] is not None and values[name] != 0]
        if wrong:
            change.errors.append(_bad_names(wrong))

    def _refuse_kind(self, change: Change, *, is_person: bool) -> None:
        """Fail a change of the kind of account that says more, or that has no single contact."""
        others = [name for name in change.values if name != "RecordTypeId"]
        if others:
            change.errors.append(_bad_names(others))
        elif is_person and change.id not in self._contacts:
            message = (
                f"The account {change.id} can't become a person account: it needs exactly one "
                "contact"
            )
            change.fail("INVALID_PERSON_ACCOUNT_OPERATION", message, "RecordTypeId")

    def required(self, values: Row, row: Row | None) -> tuple[str, ...]:
        """A business has a name, a person a last name."""
        if _is_person(values, row):
            own = {"Name", "LastName"}
            return ("LastName", *(name for name in self.object_type.required if name not in own))
        only = person_only(self.writer.store.schema)
        return tuple(name for name in self.object_type.required if name not in only)

    def complete(self, values: Row, row: Row | None) -> None:
        """Compose a person's name; settle the kind of a new account."""
        is_person = _is_person(values, row)
        if row is None:
            values["IsPersonAccount"] = int(is_person)
            if values.get("RecordTypeId") is None and self.default_kind is None:
                values["RecordTypeId"] = BUSINESS_RECORD_TYPE_ID
        elif is_person != bool(row["IsPersonAccount"]):
            self._change_kind(values, row, is_person=is_person)
        if is_person and ("FirstName" in values or "LastName" in values):
            values["Name"] = full_name(values, row)

    def _change_kind(self, values: Row, row: Row, *, is_person: bool) -> None:
        account_id = str(row["Id"])
        values["IsPersonAccount"] = int(is_person)
        if is_person:
            contact = self._contacts[account_id]
            values["PersonContactId"], values["Name"] = contact["Id"], contact["Name"]
        else:
            values["PersonContactId"] = None

    def before_update(self, changes: list[Change], current: dict[str, Row]) -> None:
        """Note which accounts become persons or cease to be."""
        for change in changes:
            account_id = str(change.id)
            row = current[account_id]
            is_person = _is_person(change.values, row)
            if is_person and not row["IsPersonAccount"]:
                self._hide[account_id] = str(self._contacts[account_id]["Id"])
            elif row["IsPersonAccount"] and not is_person:
                self._show[account_id] = str(row["PersonContactId"])

    def before_insert(self, rows: list[Row]) -> None:
        """Give persons the ids of their contacts."""
        super().before_insert(rows)
        give_person_contact_ids(self.writer, rows)

    def after_insert(self, ids: list[str]) -> None:
        """Make the contacts of the persons."""
        add_person_contacts(self.writer, ids)

    def after_update(self, ids: list[str], touched: set[str]) -> None:
        """Change the contacts of the persons alike."""
        if self._hide:
            hide_contacts(self.writer, self._hide)
        if self._show:
            show_contacts(self.writer, self._show)
        copy_to_contacts(self.writer, ids, touched)


def _bad_names(names: list[str]) -> RowError:
    message = f"Account: bad field names on insert/update call: {', '.join(names)}"
    return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(names))


def _is_person(values: Row, row: Row | None) -> bool:
    record_type = values.get("RecordTypeId")
    if record_type is None:
        return row is not None and bool(row["IsPersonAccount"])
    return record_type == PERSON_RECORD_TYPE_ID
