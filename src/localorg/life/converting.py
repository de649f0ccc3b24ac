"""Lead conversion: leads become accounts, contacts and opportunities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localorg.dml import Change, Operation, SaveOptions, Target, Writer, save_chunk
from localorg.dml.matching import read_id
from localorg.dml.sql import Row, select_by, update_rows
from localorg.life.lead_mapping import (
    account_values,
    contact_values,
    opportunity_values,
    person_values,
)
from localorg.store import PERSON_RECORD_TYPE_ID

MOST_LEADS = 100
_QUEUE_PREFIX = "00G"
_Values = Callable[["Conversion"], Row]


@dataclass(slots=True, kw_only=True)
class Conversion:
    """One lead: what is asked for, and then what came of it, as with Salesforce's convertLead."""

    # Its key is the lead's id; it ends with the lead's id or with errors.
    change: Change
    # Defaults to the first status that stands for converted leads.
    converted_status: str | None = None
    # An existing account and contact; both are made where none is named.
    account_id: str | None = None
    contact_id: str | None = None
    # Who owns what is made. Defaults to the lead's owner.
    owner_id: str | None = None
    creates_opportunity: bool = True
    opportunity_name: str | None = None
    overwrites_lead_source: bool = False
    opportunity_id: str | None = None

    # The lead as it was.
    lead: Row | None = None
    is_person: bool = False

    def as_json(self) -> dict[str, object]:
        """The result, with the names of Salesforce's LeadConvertResult."""
        done = self.change.succeeded
        return {
            "leadId": self.change.id or self.change.key,
            "accountId": self.account_id if done else None,
            "contactId": self.contact_id if done else None,
            "opportunityId": self.opportunity_id if done else None,
            "success": done,
            "errors": [error.as_collection() for error in self.change.errors],
        }


def convert_leads(writer: Writer, conversions: Sequence[Conversion], options: SaveOptions) -> None:
    """Convert leads, each for itself: one that fails leaves nothing behind.

    All records that are made or changed carry the writer's stamp.
    """
    while True:
        todo = [each for each in conversions if not each.change.errors]
        asked = [(each.account_id, each.contact_id) for each in todo]
        writer.connection.execute("SAVEPOINT conversion")
        _Converting(writer, todo, options).run()
        failed = any(each.change.errors for each in todo)
        if failed:
            writer.connection.execute("ROLLBACK TO conversion")
            for each, (account_id, contact_id) in zip(todo, asked, strict=True):
                each.account_id, each.contact_id = account_id, contact_id
        writer.connection.execute("RELEASE conversion")
        if not failed:
            return


class _Converting:
    """One try to convert leads together, all of which have to succeed."""

    def __init__(
        self, writer: Writer, conversions: Sequence[Conversion], options: SaveOptions
    ) -> None:
        self._writer = writer
        self._schema = writer.store.schema
        self._options = options
        self._all = conversions
        self._statuses: list[str] = []

    def run(self) -> None:
        self._statuses = self._converted_statuses()
        self._read_leads()
        for each in self._open():
            self._check(each)
        self._check_targets()
        self._make_accounts()
        self._make_contacts()
        self._make_opportunities()
        self._end_leads()

    def _open(self) -> list[Conversion]:
        return [each for each in self._all if not each.change.errors]

    def _converted_statuses(self) -> list[str]:
        rows = select_by(
            self._writer.connection, "LeadStatus", ("ApiName", "SortOrder"), "IsConverted", [1]
        )
        rows.sort(key=lambda row: int(row["SortOrder"] or 0))
        return [str(row["ApiName"]) for row in rows]

    def _read_leads(self) -> None:
        kind = self._schema.object("Lead")
        for each in self._all:
            read_id(kind, each.change)
        columns = [field.name for field in kind.columns]
        ids = [each.change.id for each in self._open()]
        rows = select_by(self._writer.connection, kind.name, columns, "Id", ids)
        leads = {str(row["Id"]): row for row in rows}
        seen: set[str | None] = set()
        for each in self._open():
            each.lead = leads.get(str(each.change.id))
            if each.change.id in seen:
                each.change.fail("DUPLICATE_VALUE", "The lead is named twice in this call", "Id")
            seen.add(each.change.id)

    def _check(self, each: Conversion) -> None:
        change, lead = each.change, each.lead
        status = each.converted_status or (self._statuses[0] if self._statuses else None)
        if lead is None:
            change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        elif lead["IsDeleted"]:
            change.fail("ENTITY_IS_DELETED", "entity is deleted")
        elif lead["IsConverted"]:
            change.fail("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
        elif status not in self._statuses:
            allowed = ", ".join(self._statuses)
            message = f"invalid convertedStatus: {status}. Allowed: {allowed}"
            change.fail("INVALID_STATUS", message, "convertedStatus")
        elif each.contact_id and not each.account_id:
            message = "Required fields are missing: [accountId]"
            change.fail("REQUIRED_FIELD_MISSING", message, "accountId")
        else:
            each.converted_status = status
            each.is_person = lead["Company"] is None
            self._settle_owner(each, lead)

    def _settle_owner(self, each: Conversion, lead: Row) -> None:
        each.owner_id = each.owner_id or str(lead["OwnerId"])
        if each.owner_id.startswith(_QUEUE_PREFIX):
            message = "A queue owns the lead and can't own an account: name a user as ownerId"
            each.change.fail("REQUIRED_FIELD_MISSING", message, "ownerId")

    def _check_targets(self) -> None:
        """Existing accounts and contacts have to be there and to belong together."""
        shown = ("Id", "IsDeleted", "IsPersonAccount", "PersonContactId")
        accounts = self._rows("Account", shown, [each.account_id for each in self._open()])
        shown_of_contact = ("Id", "IsDeleted", "AccountId")
        ids = [each.contact_id for each in self._open()]
        contacts = self._rows("Contact", shown_of_contact, ids)
        for each in self._open():
            if each.account_id is not None:
                self._check_account(each, accounts.get(each.account_id))
            if each.contact_id is not None and not each.change.errors and not each.is_person:
                self._check_contact(each, contacts.get(each.contact_id))

    def _check_account(self, each: Conversion, account: Row | None) -> None:
        if account is None or account["IsDeleted"]:
            message = "invalid cross reference id"
            each.change.fail("INVALID_CROSS_REFERENCE_KEY", message, "accountId")
            return
        each.is_person = bool(account["IsPersonAccount"])
        if not each.is_person:
            return
        if each.contact_id is not None:
            message = "A person account has its own contact: leave contactId out"
            each.change.fail("INVALID_PERSON_ACCOUNT_OPERATION", message, "contactId")
        each.contact_id = str(account["PersonContactId"])

    def _check_contact(self, each: Conversion, contact: Row | None) -> None:
        if contact is None or contact["IsDeleted"] or contact["AccountId"] != each.account_id:
            message = "invalid cross reference id"
            each.change.fail("INVALID_CROSS_REFERENCE_KEY", message, "contactId")

    def _make_accounts(self) -> None:
        new = [each for each in self._open() if each.account_id is None]
        old = [each for each in self._open() if each.account_id is not None]
        for each, account_id in self._insert("Account", new, self._account_values):
            each.account_id = account_id
        self._fill("Account", [(each, each.account_id) for each in old], self._account_values)

    def _account_values(self, each: Conversion) -> Row:
        lead = each.lead or {}
        if not each.is_person:
            return account_values(self._schema, lead) | {"OwnerId": each.owner_id}
        kind: Row = {"RecordTypeId": PERSON_RECORD_TYPE_ID, "OwnerId": each.owner_id}
        return person_values(self._schema, lead) | kind

    def _make_contacts(self) -> None:
        self._learn_person_contacts()
        open_ = [each for each in self._open() if not each.is_person]
        new = [each for each in open_ if each.contact_id is None]
        old = [each for each in open_ if each.contact_id is not None]
        for each, contact_id in self._insert("Contact", new, self._contact_values):
            each.contact_id = contact_id
        self._fill("Contact", [(each, each.contact_id) for each in old], self._contact_values)

    def _contact_values(self, each: Conversion) -> Row:
        values = contact_values(self._schema, each.lead or {})
        return values | {"AccountId": each.account_id, "OwnerId": each.owner_id}

    def _learn_person_contacts(self) -> None:
        persons = [each for each in self._open() if each.is_person]
        ids = [each.account_id for each in persons]
        rows = self._rows("Account", ("Id", "PersonContactId"), ids)
        for each in persons:
            each.contact_id = str(rows[str(each.account_id)]["PersonContactId"])

    def _make_opportunities(self) -> None:
        asked = [each for each in self._open() if each.creates_opportunity]
        if not asked or "opportunity" not in self._schema.objects:
            return
        rows = select_by(
            self._writer.connection,
            "OpportunityStage",
            ("MasterLabel", "SortOrder"),
            "IsActive",
            [1],
        )
        stages = sorted((int(row["SortOrder"] or 0), str(row["MasterLabel"])) for row in rows)
        stage = stages[0][1] if stages else "Prospecting"
        today = self._writer.stamp[:10]

        def values(each: Conversion) -> Row:
            name = each.opportunity_name
            made = opportunity_values(each.lead or {}, name, stage, today)
            return made | {"AccountId": each.account_id, "OwnerId": each.owner_id}

        for each, opportunity_id in self._insert("Opportunity", asked, values):
            each.opportunity_id = opportunity_id
        roles = [each for each in asked if not each.change.errors]
        self._insert("OpportunityContactRole", roles, _role)

    def _end_leads(self) -> None:
        if any(each.change.errors for each in self._all):
            return
        columns = (
            *("IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId"),
            *("ConvertedOpportunityId", "Status", "IsUnreadByOwner"),
            *("LastModifiedDate", "LastModifiedById", "SystemModstamp"),
        )
        known = {field.name for field in self._schema.object("Lead").columns}
        names = [name for name in columns if name in known]
        rows = [self._ended(each) for each in self._all]
        update_rows(self._writer.connection, "Lead", names, rows)
        self._hand_on_tasks()

    def _hand_on_tasks(self) -> None:
        """What was to be done about a lead is to be done about its contact; no stamp changes."""
        if "task" in self._schema.objects:
            pairs = [(each.contact_id, each.change.id) for each in self._all]
            statement = "UPDATE Task SET WhoId = ? WHERE WhoId = ?"
            self._writer.connection.executemany(statement, pairs)

    def _ended(self, each: Conversion) -> Row:
        stamp = self._writer.stamp
        return {
            "Id": each.change.id,
            "IsConverted": 1,
            "ConvertedDate": stamp[:10],
            "ConvertedAccountId": each.account_id,
            "ConvertedContactId": each.contact_id,
            "ConvertedOpportunityId": each.opportunity_id,
            "Status": each.converted_status,
            "IsUnreadByOwner": 0,
            "LastModifiedDate": stamp,
            "LastModifiedById": self._writer.user_id,
            "SystemModstamp": stamp,
        }

    def _insert(
        self, name: str, some: Sequence[Conversion], values: _Values
    ) -> list[tuple[Conversion, str]]:
        """Make a record for each; what the org refuses is the lead's error."""
        changes = [Change(values=_filled(values(each))) for each in some]
        self._save(name, Operation.INSERT, some, changes)
        pairs = zip(some, changes, strict=True)
        return [(each, str(change.id)) for each, change in pairs if not change.errors]

    def _fill(
        self, name: str, some: Sequence[tuple[Conversion, str | None]], values: _Values
    ) -> None:
        """Fill what is empty in existing records, and give them the stamp."""
        columns = tuple(field.name for field in self._schema.object(name).columns)
        rows = self._rows(name, columns, [record_id for _, record_id in some])
        changes = []
        for each, record_id in some:
            row = rows[str(record_id)]
            missing = {key: v for key, v in _filled(values(each)).items() if row[key] is None}
            if each.overwrites_lead_source and name == "Contact":
                missing["LeadSource"] = (each.lead or {}).get("LeadSource")
            changes.append(Change(key=record_id, values=missing))
        self._save(name, Operation.UPDATE, [each for each, _ in some], changes)

    def _save(
        self, name: str, operation: Operation, some: Sequence[Conversion], changes: list[Change]
    ) -> None:
        if not changes:
            return
        kind = self._schema.object(name)
        key = kind.field("Id") if operation is Operation.UPDATE else None
        target = Target(schema=self._schema, object_type=kind, operation=operation, key_field=key)
        save_chunk(self._writer, target, changes, self._options)
        for each, change in zip(some, changes, strict=True):
            each.change.errors += change.errors

    def _rows(self, name: str, columns: Sequence[str], ids: Sequence[str | None]) -> dict[str, Row]:
        known = [each for each in ids if each is not None]
        rows = select_by(self._writer.connection, name, columns, "Id", known)
        return {str(row["Id"]): row for row in rows}


def _filled(values: Row) -> Row:
    return {name: value for name, value in values.items() if value is not None}


def _role(each: Conversion) -> Row:
    return {"OpportunityId": each.opportunity_id, "ContactId": each.contact_id, "IsPrimary": 1}
