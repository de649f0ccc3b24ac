"""The objects of customer service: cases, their comments and their statuses."""

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
    viewed,
)
from localorg.schema.object_type import ObjectType, by_name
from localorg.schema.setup import status

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
        lookup(
            "ContactId",
            "Contact ID",
            "Contact",
            "Contact",
            indexed=True,
            children="Cases",
            restricted_delete=True,
        ),
        lookup("AccountId", "Account ID", "Account", "Account", indexed=True, children="Cases"),
        lookup("ParentId", "Parent Case ID", "Case", "Parent", children="Cases"),
        string("SuppliedName", "Name", 80),
        email("SuppliedEmail", "Email Address", indexed=True),
        string("SuppliedPhone", "Phone", 40),
        string("SuppliedCompany", "Company", 80),
        picklist("Type", "Case Type", CASE_TYPES),
        picklist("Status", "Status", CASE_STATUSES, default="New", closed=CASE_CLOSED_STATUSES),
        picklist("Reason", "Case Reason", CASE_REASONS),
        picklist("Origin", "Case Origin", CASE_ORIGINS),
        string("Subject", "Subject", 255),
        picklist("Priority", "Priority", CASE_PRIORITIES, default="Medium"),
        textarea("Description", "Description", 32000),
        boolean("IsClosed", "Closed", **READ_ONLY),
        datetime("ClosedDate", "Closed Date", **READ_ONLY),
        boolean("IsEscalated", "Escalated"),
        owner(queues=True),
        *stamps(),
        phone("ContactPhone", "Contact Phone", **READ_ONLY),
        phone("ContactMobile", "Contact Mobile", **READ_ONLY),
        email("ContactEmail", "Contact Email", **READ_ONLY),
        phone("ContactFax", "Contact Fax", **READ_ONLY),
        # Written only: the text becomes a CaseComment and reads as null.
        textarea("Comments", "Internal Comments", 4000),
        *viewed(),
    ]
    return ObjectType(
        name="Case",
        label="Case",
        label_plural="Cases",
        key_prefix="500",
        mergeable=True,
        fields=by_name(fields),
    )


def case_comment() -> ObjectType:
    """What somebody noted at a case."""
    fields = [
        record_id("Case Comment ID"),
        lookup(
            "ParentId",
            "Parent ID",
            "Case",
            "Parent",
            indexed=True,
            nillable=False,
            updateable=False,
            children="CaseComments",
            cascade_delete=True,
        ),
        boolean("IsPublished", "Published"),
        textarea("CommentBody", "Body", 4000),
        *stamps(),
        *deletion(),
    ]
    return ObjectType(
        name="CaseComment",
        label="Case Comment",
        label_plural="Case Comments",
        key_prefix="00a",
        searchable=False,
        layoutable=False,
        fields=by_name(fields),
    )


def case_status() -> ObjectType:
    """The statuses that a case can have."""
    return status(
        "CaseStatus",
        "Case Status Value",
        boolean("IsDefault", "Is Default", **READ_ONLY),
        boolean("IsClosed", "Is Closed", **READ_ONLY),
        bulk_queryable=False,
    )
