"""The object of customer service: Case."""

from localorg.schema.builders import (
    READ_ONLY,
    boolean,
    datetime,
    deletion,
    email,
    lookup,
    owner,
    phone,
    picklist,
    record_id,
    stamps,
    string,
    textarea,
)
from localorg.schema.object_type import ObjectType, by_name

CASE_STATUSES = ("New", "Working", "Escalated", "Closed")
CASE_CLOSED_STATUSES = frozenset({"Closed"})
CASE_PRIORITIES = ("High", "Medium", "Low")
CASE_ORIGINS = ("Phone", "Email", "Web")
CASE_TYPES = ("Question", "Problem", "Feature Request")
CASE_REASONS = ("Installation", "Performance", "Breakdown", "Feedback", "Other")
# What a case shows of its contact: Case's name -> Contact's name.
CASE_MIRRORS = {
    "ContactPhone": "Phone",
    "ContactMobile": "MobilePhone",
    "ContactEmail": "Email",
    "ContactFax": "Fax",
}


def case() -> ObjectType:
    """A customer's question or problem."""
    fields = [
        record_id("Case ID"),
        *deletion("Case"),
        string(
            "CaseNumber",
            "Case Number",
            30,
            nillable=False,
            defaulted_on_create=True,
            auto_number=True,
            id_lookup=True,
            indexed=True,
            name_field=True,
            **READ_ONLY,
        ),
        lookup("ContactId", "Contact ID", "Contact", "Contact", indexed=True),
        lookup("AccountId", "Account ID", "Account", "Account", indexed=True),
        lookup("ParentId", "Parent Case ID", "Case", "Parent"),
        string("SuppliedName", "Name", 80),
        email("SuppliedEmail", "Email Address", indexed=True),
        string("SuppliedPhone", "Phone", 40),
        string("SuppliedCompany", "Company", 80),
        picklist("Type", "Case Type", CASE_TYPES),
        picklist("Status", "Status", CASE_STATUSES, default="New"),
        picklist("Reason", "Case Reason", CASE_REASONS),
        picklist("Origin", "Case Origin", CASE_ORIGINS),
        string("Subject", "Subject", 255),
        picklist("Priority", "Priority", CASE_PRIORITIES, default="Medium"),
        textarea("Description", "Description", 32000),
        boolean("IsClosed", "Closed", **READ_ONLY),
        datetime("ClosedDate", "Closed Date", **READ_ONLY),
        boolean("IsEscalated", "Escalated"),
        owner(),
        *stamps(),
        phone("ContactPhone", "Contact Phone", **READ_ONLY),
        phone("ContactMobile", "Contact Mobile", **READ_ONLY),
        email("ContactEmail", "Contact Email", **READ_ONLY),
        phone("ContactFax", "Contact Fax", **READ_ONLY),
    ]
    return ObjectType(
        name="Case",
        label="Case",
        label_plural="Cases",
        key_prefix="500",
        mergeable=True,
        fields=by_name(fields),
    )
