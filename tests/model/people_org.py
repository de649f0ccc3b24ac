"""An org as dicts that follows an org's own description: what localorg keeps, and what it refuses.

Users' changes are not worked out here: after them the records are read from the org. What an export
does to a record is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any

from isthmus.salesforce import Field
from model.fake_org import FakeOrg, OrgRecord, stamp

SYSTEM = ("Id", "SystemModstamp", "IsDeleted", "MasterRecordId")
OF_LEADS = ("IsConverted", "ConvertedContactId")
SHARED = (
    "LastName", "FirstName", "Title", "Email", "Phone", "Description", "Isthmus_Id__c",
    "External_Ref__c", "Segments__c", "Interests__c", "Loyalty_Points__c", "Annual_Spend__c",
    "Last_Purchase__c", "Last_Seen__c", "Tier__c", "Newsletter__c",
)  # fmt: skip
"""The fields that goals may map, of both leads and contacts."""

FORBIDDEN = "Forbidden"
"""A title that the org's validation rule refuses."""

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z0-9-]{2,}",
)
_WITH_FRACTION = frozenset({"double", "currency", "percent"})


def fields_of(sobject: str) -> tuple[str, ...]:
    """All fields of a record that are compared."""
    return (*SYSTEM, *(OF_LEADS if sobject == "Lead" else ()), *SHARED)


@dataclass(kw_only=True)
class PeopleOrg(FakeOrg):
    """Leads and contacts. New records have names of our own until their ids are known."""

    saving: str | None = None  # the record that is about to be saved; None for a new one
    made: list[str] = field(default_factory=list)  # names of new records, in order
    transactions: list[tuple[int, int]] = field(default_factory=list)  # when each began and ends

    @property
    def covered(self) -> int:
        """Up to when no record can appear any more: stamps are taken before a transaction ends."""
        return min(
            [began for began, ends in self.transactions if ends > self.seconds] or [self.seconds]
        )

    def save(self, sobject: str, record_id: str | None = None, **values: str | None) -> str:
        """Make or change a record, now; its id, or its name."""
        kinds = self.objects[sobject].fields
        if record_id is None:
            record_id = f"new {len(self.made) + 1}"
            self.made.append(record_id)
            self.records[sobject][record_id] = self._fresh(sobject, record_id)
        record = self.records[sobject][record_id]
        values.pop("CreatedById", None)
        record |= {name: stored(kinds[name.lower()], value) for name, value in values.items()}
        record["SystemModstamp"] = stamp(self.seconds)
        return record_id

    def _fresh(self, sobject: str, record_id: str) -> OrgRecord:
        record: OrgRecord = dict.fromkeys(fields_of(sobject))
        booleans = ("IsDeleted", "Newsletter__c", *(["IsConverted"] if sobject == "Lead" else []))
        return record | {"Id": record_id} | dict.fromkeys(booleans, "false")

    def refusal(
        self, sobject: str, operation: str, values: Mapping[str, Any]
    ) -> tuple[str, str] | None:
        """Why the org would not save these cells; None clears a field."""
        code = self._refused_record(sobject) if operation == "update" else None
        code = code or self._refused_values(sobject, operation, values)
        return (code, "") if code else None

    def _refused_record(self, sobject: str) -> str | None:
        record = self.records[sobject].get(self.saving or "")
        if record is None:
            return "INVALID_CROSS_REFERENCE_KEY"
        if record["IsDeleted"] == "true":
            return "ENTITY_IS_DELETED"
        return "CANNOT_UPDATE_CONVERTED_LEAD" if record.get("IsConverted") == "true" else None

    def _refused_values(
        self, sobject: str, operation: str, values: Mapping[str, Any]
    ) -> str | None:
        email = values.get("Email")
        if email is not None and not _EMAIL.fullmatch(email):
            return "INVALID_EMAIL_ADDRESS"
        if operation == "insert" and not values.get("LastName"):
            return "REQUIRED_FIELD_MISSING"
        if self._duplicates(sobject, values.get("Isthmus_Id__c")):
            return "DUPLICATE_VALUE"
        forbidden = self._title_after(sobject, values) == FORBIDDEN
        return "FIELD_CUSTOM_VALIDATION_EXCEPTION" if forbidden else None

    def _title_after(self, sobject: str, values: Mapping[str, Any]) -> Any:
        before = self.records[sobject].get(self.saving or "", {})
        return values["Title"] if "Title" in values else before.get("Title")

    def _duplicates(self, sobject: str, value: str | None) -> bool:
        return value is not None and any(
            record["Isthmus_Id__c"] is not None
            and record["Isthmus_Id__c"].lower() == value.lower()
            and record["IsDeleted"] == "false"
            and record_id != self.saving
            for record_id, record in self.records[sobject].items()
        )


def stored(kind: Field, value: Any) -> str | None:
    """What the org keeps of a text, as its CSV shows it later."""
    text = None if value is None else str(value).replace("\0", "")
    if not text:
        return None
    if kind.type in _WITH_FRACTION:
        step = Decimal(1).scaleb(-kind.scale)
        return str(float(Decimal(text).quantize(step, ROUND_DOWN)))
    if kind.type == "boolean":
        return text.lower()
    if kind.type == "datetime":
        return text[: len("2026-01-01T00:00:00")] + ".000Z"
    if kind.type == "multipicklist" or kind.restricted_picklist:
        known = {each.value.lower(): each.value for each in kind.picklist_values if each.active}
        several = text.split(";") if kind.type == "multipicklist" else [text]
        parts = (part.strip() for part in several)
        return ";".join(known.get(part.lower(), part) for part in parts if part) or None
    return text


def read_record(names: Iterable[str], found: Mapping[str, Any]) -> OrgRecord:
    """A record of a query's JSON as the texts of a CSV."""
    return {name: _text(found[name]) for name in names}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # Moments look different in JSON and in CSV; no other text ends like this here.
        return (value.removesuffix("+0000") + "Z" if _is_moment(value) else value).replace(
            "\0", ""
        ) or None
    return None if value is None else str(value)


def _is_moment(text: str) -> bool:
    return len(text) == len("2026-01-01T00:00:00.000+0000") and text.endswith("+0000")
