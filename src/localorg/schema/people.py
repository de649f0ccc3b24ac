"""The objects that hold people: Lead, Contact, and Account with person accounts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from localorg.schema.builders import (
    READ_ONLY,
    address,
    boolean,
    currency,
    date,
    datetime,
    deletion,
    double,
    email,
    integer,
    last_activity,
    lookup,
    multipicklist,
    owner,
    phone,
    picklist,
    record_id,
    stamps,
    string,
    textarea,
    url,
    viewed,
)
from localorg.schema.field import Field
from localorg.schema.object_type import ObjectType, by_name

LEAD_STATUSES = (
    "Open - Not Contacted",
    "Working - Contacted",
    "Closed - Converted",
    "Closed - Not Converted",
)
LEAD_CONVERTED_STATUSES = frozenset({"Closed - Converted"})
LEAD_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
SALUTATIONS = ("Mr.", "Ms.", "Mrs.", "Dr.", "Prof.")
RATINGS = ("Hot", "Warm", "Cold")
INDUSTRIES = (
    "Agriculture",
    "Banking",
    "Communications",
    "Consulting",
    "Education",
    "Energy",
    "Finance",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Manufacturing",
    "Media",
    "Retail",
    "Technology",
    "Transportation",
    "Utilities",
    "Other",
)
ACCOUNT_TYPES = ("Prospect", "Customer - Direct", "Customer - Channel", "Partner", "Other")
INTERESTS = ("Analytics", "Automation", "Compliance", "Events", "Pricing", "Support")
TIERS = ("Bronze", "Silver", "Gold", "Platinum")
_IN_NAME: dict[str, Any] = {"compound_field_name": "Name"}


def full_name(length: int, **options: Any) -> Field:
    """The compound name of a person."""
    return string(
        "Name",
        "Full Name",
        length,
        nillable=False,
        name_field=True,
        extra_type_info="personname",
        **(READ_ONLY | options),
    )


def person_name(*, required: bool) -> list[Field]:
    """The parts of a person's name."""
    return [
        string("LastName", "Last Name", 80, nillable=not required, **_IN_NAME),
        string("FirstName", "First Name", 40, **_IN_NAME),
        picklist("Salutation", "Salutation", SALUTATIONS, length=40, **_IN_NAME),
    ]


def _isthmus_id() -> Field:
    return string(
        "Isthmus_Id__c",
        "Isthmus Id",
        36,
        external_id=True,
        id_lookup=True,
        unique=True,
        indexed=True,
    )


def _external_ref() -> Field:
    return string(
        "External_Ref__c", "External Ref", 40, external_id=True, id_lookup=True, indexed=True
    )


def custom_fields() -> list[Field]:
    """The custom fields that Lead and Contact share."""
    return [
        _isthmus_id(),
        string("Segments__c", "Segments", 255),
        multipicklist("Interests__c", "Interests", INTERESTS),
        double("Loyalty_Points__c", "Loyalty Points", 18, 0),
        currency("Annual_Spend__c", "Annual Spend", 16, 2),
        date("Last_Purchase__c", "Last Purchase"),
        datetime("Last_Seen__c", "Last Seen"),
        picklist("Tier__c", "Tier", TIERS, restricted_picklist=True),
        boolean("Newsletter__c", "Newsletter"),
        _external_ref(),
    ]


def _bounced() -> list[Field]:
    return [
        string("EmailBouncedReason", "Email Bounced Reason", 255),
        datetime("EmailBouncedDate", "Email Bounced Date"),
    ]


def _opt_outs() -> list[Field]:
    return [
        boolean("HasOptedOutOfEmail", "Email Opt Out"),
        boolean("HasOptedOutOfFax", "Fax Opt Out"),
        boolean("DoNotCall", "Do Not Call"),
    ]


def _conversion() -> list[Field]:
    return [
        boolean("IsConverted", "Converted", **READ_ONLY),
        date("ConvertedDate", "Converted Date", **READ_ONLY),
        lookup(
            "ConvertedAccountId",
            "Converted Account ID",
            "Account",
            "ConvertedAccount",
            **READ_ONLY,
        ),
        lookup(
            "ConvertedContactId",
            "Converted Contact ID",
            "Contact",
            "ConvertedContact",
            indexed=True,
            **READ_ONLY,
        ),
        lookup(
            "ConvertedOpportunityId",
            "Converted Opportunity ID",
            "Opportunity",
            "ConvertedOpportunity",
            **READ_ONLY,
        ),
    ]


def _individual() -> Field:
    return lookup("IndividualId", "Individual ID", "Individual", "Individual")


def lead() -> ObjectType:
    """Someone who may become a customer."""
    fields = [
        record_id("Lead ID"),
        *deletion("Lead"),
        *person_name(required=True),
        full_name(121),
        string("Title", "Title", 128),
        string("Company", "Company", 255, nillable=False),
        *address("", "Address"),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("Fax", "Fax"),
        email("Email", "Email", id_lookup=True, indexed=True),
        url("Website", "Website"),
        textarea("Description", "Description", 32000),
        picklist("LeadSource", "Lead Source", LEAD_SOURCES),
        picklist(
            "Status",
            "Status",
            LEAD_STATUSES,
            nillable=False,
            default="Open - Not Contacted",
            converted=LEAD_CONVERTED_STATUSES,
        ),
        picklist("Industry", "Industry", INDUSTRIES),
        picklist("Rating", "Rating", RATINGS),
        currency("AnnualRevenue", "Annual Revenue", 18, 0),
        integer("NumberOfEmployees", "Employees", 8),
        owner(queues=True),
        *_opt_outs(),
        *_conversion(),
        boolean("IsUnreadByOwner", "Unread By Owner"),
        *stamps(),
        last_activity(),
        *viewed(),
        _individual(),
        *_bounced(),
        *custom_fields(),
    ]
    return ObjectType(
        name="Lead",
        label="Lead",
        label_plural="Leads",
        key_prefix="00Q",
        mergeable=True,
        fields=by_name(fields),
    )


def contact() -> ObjectType:
    """A person, of an account or private, or the hidden half of a person account."""
    fields = [
        record_id("Contact ID"),
        *deletion("Contact"),
        lookup(
            "AccountId",
            "Account ID",
            "Account",
            "Account",
            indexed=True,
            children="Contacts",
            cascade_delete=True,
        ),
        boolean("IsPersonAccount", "Is Person Account", **READ_ONLY),
        *person_name(required=True),
        full_name(121),
        *address("Other", "Other Address"),
        *address("Mailing", "Mailing Address"),
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
        lookup("ReportsToId", "Reports To ID", "Contact", "ReportsTo"),
        email("Email", "Email", id_lookup=True, indexed=True),
        string("Title", "Title", 128),
        string("Department", "Department", 80),
        string("AssistantName", "Assistant's Name", 40),
        picklist("LeadSource", "Lead Source", LEAD_SOURCES),
        date("Birthdate", "Birthdate"),
        textarea("Description", "Contact Description", 32000),
        owner(),
        *_opt_outs(),
        *stamps(),
        last_activity(),
        *viewed(),
        _individual(),
        *_bounced(),
        boolean("IsEmailBounced", "Is Email Bounced", **READ_ONLY),
        *custom_fields(),
    ]
    return ObjectType(
        name="Contact",
        label="Contact",
        label_plural="Contacts",
        key_prefix="003",
        mergeable=True,
        fields=by_name(fields),
    )


# What a person account shows of its hidden contact under another name.
_RENAMED = (
    "MobilePhone",
    "HomePhone",
    "OtherPhone",
    "AssistantPhone",
    "Email",
    "Title",
    "Department",
    "AssistantName",
    "LeadSource",
    "Birthdate",
    "HasOptedOutOfEmail",
    "HasOptedOutOfFax",
    "DoNotCall",
    "LastActivityDate",
    "EmailBouncedReason",
    "EmailBouncedDate",
    "IndividualId",
)
_ADDRESS_PARTS = ("Street", "City", "State", "PostalCode", "Country", "Address")
# What a person account shows of its hidden contact under the same name.
_SHARED = ("LastName", "FirstName", "Salutation", "Name", "Phone", "Fax", "OwnerId")


def _person_address_names() -> Iterable[str]:
    return (kind + part for kind in ("Mailing", "Other") for part in _ADDRESS_PARTS)


def _person_names() -> Mapping[str, str]:
    names = {name: name for name in _SHARED}
    names |= {"Person" + name: name for name in (*_person_address_names(), *_RENAMED)}
    names |= {field.name.removesuffix("__c") + "__pc": field.name for field in custom_fields()}
    return MappingProxyType(names)


# The fields of a person account that are its hidden contact's: Account's name -> Contact's name.
PERSON_FIELDS: Mapping[str, str] = _person_names()


def _person_fields() -> list[Field]:
    """The fields of a Contact as an Account shows them, without the ones that it has anyway."""
    source = contact()
    return [
        _as_person_field(source.field(theirs), ours)
        for ours, theirs in PERSON_FIELDS.items()
        if theirs not in _SHARED
    ]


def _as_person_field(field: Field, name: str) -> Field:
    compound, way = field.compound_field_name, field.relationship_name
    return replace(
        field,
        name=name,
        compound_field_name="Person" + compound if compound else None,
        relationship_name="Person" + way if way else None,
        length=80 if field.name == "Title" else field.length,
    )


def account() -> ObjectType:
    """An organisation, or a person where IsPersonAccount is true."""
    fields = [
        record_id("Account ID"),
        *deletion("Account"),
        string("Name", "Account Name", 255, nillable=False, name_field=True),
        *person_name(required=False),
        picklist("Type", "Account Type", ACCOUNT_TYPES),
        lookup(
            "RecordTypeId",
            "Record Type ID",
            "RecordType",
            "RecordType",
            defaulted_on_create=True,
        ),
        lookup("ParentId", "Parent Account ID", "Account", "Parent", children="ChildAccounts"),
        *address("Billing", "Billing Address"),
        *address("Shipping", "Shipping Address"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        string("AccountNumber", "Account Number", 40),
        url("Website", "Website"),
        picklist("Industry", "Industry", INDUSTRIES),
        picklist("Rating", "Account Rating", RATINGS),
        currency("AnnualRevenue", "Annual Revenue", 18, 0),
        integer("NumberOfEmployees", "Employees", 8),
        textarea("Description", "Account Description", 32000),
        owner(),
        *stamps(),
        last_activity(),
        *viewed(),
        boolean("IsPersonAccount", "Is Person Account", **READ_ONLY),
        lookup(
            "PersonContactId", "Contact ID", "Contact", "PersonContact", indexed=True, **READ_ONLY
        ),
        picklist("AccountSource", "Account Source", LEAD_SOURCES),
        _isthmus_id(),
        _external_ref(),
        *_person_fields(),
    ]
    return ObjectType(
        name="Account",
        label="Account",
        label_plural="Accounts",
        key_prefix="001",
        mergeable=True,
        fields=by_name(fields),
    )
