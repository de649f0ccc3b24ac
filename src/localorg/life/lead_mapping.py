"""What a converted lead's fields become."""

from collections.abc import Mapping
from datetime import date, timedelta

from localorg.dml.conversion import Stored
from localorg.dml.sql import Row
from localorg.schema import ObjectType, Schema

_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
# Lead's field -> Account's.
_TO_ACCOUNT: dict[str, str] = {
    "Company": "Name",
    "Phone": "Phone",
    "Fax": "Fax",
    "Website": "Website",
    "Industry": "Industry",
    "Rating": "Rating",
    "AnnualRevenue": "AnnualRevenue",
    "NumberOfEmployees": "NumberOfEmployees",
    "LeadSource": "AccountSource",
    **{part: f"Billing{part}" for part in _ADDRESS},
}
# Lead's field -> Contact's.
_TO_CONTACT: dict[str, str] = {
    **{part: f"Mailing{part}" for part in _ADDRESS},
    **{
        name: name
        for name in (
            *("LastName", "FirstName", "Salutation", "Title", "Email", "Phone", "MobilePhone"),
            *("Fax", "LeadSource", "Description", "HasOptedOutOfEmail", "HasOptedOutOfFax"),
            *("DoNotCall", "EmailBouncedReason", "EmailBouncedDate", "IndividualId"),
        )
    },
}
_QUARTERS = ((3, 31), (6, 30), (9, 30), (12, 31))


def account_values(schema: Schema, lead: Row) -> Row:
    """The values of a new business account."""
    pairs = _TO_ACCOUNT | _custom(schema, "Account", schema.object("Contact"))
    return _values(schema.object("Account"), pairs, lead)


def contact_values(schema: Schema, lead: Row) -> Row:
    """The values of a new contact."""
    pairs = _TO_CONTACT | _custom(schema, "Contact", None)
    return _values(schema.object("Contact"), pairs, lead)


def person_values(schema: Schema, lead: Row) -> Row:
    """The values of a new person account: those of an account and of its contact together."""
    ours = {theirs: name for name, theirs in schema.person_fields.items()}
    of_contact = {
        ours[name]: value for name, value in contact_values(schema, lead).items() if name in ours
    }
    of_account = {name: v for name, v in account_values(schema, lead).items() if name != "Name"}
    account = schema.object("Account")
    return of_account | {name: _cut(account, name, value) for name, value in of_contact.items()}


def opportunity_values(lead: Row, name: str | None, stage: str, today: str) -> Row:
    """The values of a new opportunity; it is to be closed at the end of the quarter."""
    return {
        "Name": name or f"{lead['Company'] or lead['Name']}-",
        "StageName": stage,
        "CloseDate": _end_of_quarter(date.fromisoformat(today)).isoformat(),
        "LeadSource": lead["LeadSource"],
    }


def _end_of_quarter(day: date) -> date:
    month, last = _QUARTERS[(day.month - 1) // 3]
    end = date(day.year, month, last)
    return end if end > day else end + timedelta(days=1)


def _custom(schema: Schema, object_name: str, without: ObjectType | None) -> dict[str, str]:
    """The custom fields that both have, under one name and of one type, but for external ids.

    An org's administrator maps them in Salesforce; here the names do. External ids stay with the
    lead, because a record of another kind is another system's record of its own.
    """
    target = schema.object(object_name)
    found = {}
    for field in schema.object("Lead").columns:
        twin = target.fields.get(field.name.lower())
        other = without is not None and field.name.lower() in without.fields
        if twin is None or other or not field.custom or field.external_id:
            continue
        if twin.stored and twin.type == field.type and twin.createable:
            found[field.name] = twin.name
    return found


def _values(target: ObjectType, pairs: Mapping[str, str], lead: Row) -> Row:
    return {
        theirs: _cut(target, theirs, lead[ours])
        for ours, theirs in pairs.items()
        if lead.get(ours) is not None and theirs.lower() in target.fields
    }


def _cut(target: ObjectType, name: str, value: Stored) -> Stored:
    length = target.field(name).length
    return value[:length] if isinstance(value, str) and length else value
