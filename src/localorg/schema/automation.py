"""The objects of what happens by itself: queues, assignment rules and duplicate rules."""

from typing import Any

from localorg.schema.builders import (
    READ_ONLY,
    boolean,
    datetime,
    email,
    lookup,
    picklist,
    record_id,
    stamps,
    string,
)
from localorg.schema.object_type import ObjectType, by_name
from localorg.schema.setup import FIXED

GROUP_TYPES = ("Regular", "Role", "Organization", "Queue")
_KEPT: dict[str, Any] = {"nillable": False, **READ_ONLY}


def group() -> ObjectType:
    """Users taken together; those of type Queue can own leads and cases."""
    fields = [
        record_id("Group ID"),
        string("Name", "Name", 40, name_field=True, **_KEPT),
        string("DeveloperName", "Developer Name", 80, **READ_ONLY),
        lookup("RelatedId", "Related ID", ("User", "UserRole"), "Related", **READ_ONLY),
        picklist("Type", "Type", GROUP_TYPES, **READ_ONLY),
        email("Email", "Email", **READ_ONLY),
        lookup("OwnerId", "Owner ID", ("Organization", "User"), "Owner", **_KEPT),
        boolean("DoesSendEmailToMembers", "Send Email to Members", **READ_ONLY),
        boolean("DoesIncludeBosses", "Include Bosses", **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="Group",
        label="Group",
        label_plural="Group",
        key_prefix="00G",
        fields=by_name(fields),
        **FIXED,
    )


def group_member() -> ObjectType:
    """A user or group that belongs to a group."""
    fields = [
        record_id("Group Member ID"),
        lookup("GroupId", "Group ID", "Group", "Group", children="GroupMembers", **_KEPT),
        lookup("UserOrGroupId", "User/Group ID", ("Group", "User"), "UserOrGroup", **_KEPT),
        datetime("SystemModstamp", "System Modstamp", indexed=True, **_KEPT),
    ]
    return ObjectType(
        name="GroupMember",
        label="Group Member",
        label_plural="Group Member",
        key_prefix="011",
        fields=by_name(fields),
        **FIXED,
    )


def queue_sobject() -> ObjectType:
    """An object whose records a queue can own."""
    fields = [
        record_id("Queue Sobject ID"),
        lookup("QueueId", "Group ID", "Group", "Queue", children="QueueSobjects", **_KEPT),
        picklist("SobjectType", "Entity Type", (), **_KEPT),
        lookup("CreatedById", "Created By ID", "User", "CreatedBy", **_KEPT),
        datetime("SystemModstamp", "System Modstamp", indexed=True, **_KEPT),
    ]
    return ObjectType(
        name="QueueSobject",
        label="Queue Sobject",
        label_plural="Queue Sobject",
        key_prefix="03g",
        fields=by_name(fields),
        **FIXED,
    )


def assignment_rule() -> ObjectType:
    """A rule that gives new leads or cases an owner."""
    fields = [
        record_id("Rule ID"),
        string("Name", "Name", 120, name_field=True, **READ_ONLY),
        picklist("SobjectType", "SObject Type", ("Case", "Lead"), **READ_ONLY),
        boolean("Active", "Active", **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="AssignmentRule",
        label="Assignment Rule",
        label_plural="Assignment Rules",
        key_prefix="01Q",
        fields=by_name(fields),
        **FIXED,
    )


def duplicate_rule() -> ObjectType:
    """A rule that finds records which are there already."""
    fields = [
        record_id("Duplicate Rule ID"),
        picklist("SobjectType", "Object", ("Account", "Contact", "Lead"), **READ_ONLY),
        picklist("SobjectSubtype", "Object Subtype", ("None", "PersonAccount"), **READ_ONLY),
        string("DeveloperName", "Developer Name", 80, **_KEPT),
        picklist("Language", "Master Language", ("en_US",), **READ_ONLY),
        string("MasterLabel", "Rule Name", 80, name_field=True, **_KEPT),
        string("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        boolean("IsActive", "Active", **READ_ONLY),
        boolean("IsDeleted", "Deleted", **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="DuplicateRule",
        label="Duplicate Rule",
        label_plural="Duplicate Rules",
        key_prefix="0Bm",
        fields=by_name(fields),
        **FIXED,
    )
