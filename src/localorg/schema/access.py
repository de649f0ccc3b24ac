"""The objects that say what users may do: profiles, permission sets, and grants of apps."""

from typing import Any

from localorg.schema.builders import (
    READ_ONLY,
    boolean,
    datetime,
    integer,
    lookup,
    picklist,
    record_id,
    stamps,
    string,
)
from localorg.schema.field import Field
from localorg.schema.object_type import ObjectType, by_name
from localorg.schema.setup import FIXED, USER_TYPES

PERMISSIONS = (
    ("PermissionsAllowViewEditConvertedLeads", "View and Edit Converted Leads"),
    ("PermissionsApiEnabled", "API Enabled"),
    ("PermissionsApiUserOnly", "Api Only User"),
    ("PermissionsBulkApiHardDelete", "Bulk API Hard Delete"),
    ("PermissionsCanApproveUninstalledApps", "Approve Uninstalled Connected Apps"),
    ("PermissionsConvertLeads", "Convert Leads"),
    ("PermissionsCreateAuditFields", "Set Audit Fields upon Record Creation"),
    ("PermissionsCustomizeApplication", "Customize Application"),
    ("PermissionsManageDataIntegrations", "Manage Data Integrations"),
    ("PermissionsManageUsers", "Manage Users"),
    ("PermissionsModifyAllData", "Modify All Data"),
    ("PermissionsUpdateWithInactiveOwners", "Update Records with Inactive Owners"),
    ("PermissionsUseAnyApiClient", "Use Any API Client"),
    ("PermissionsViewAllData", "View All Data"),
    ("PermissionsViewSetup", "View Setup and Configuration"),
)
_KEPT: dict[str, Any] = {"nillable": False, **READ_ONLY}


def _permissions() -> list[Field]:
    return [boolean(name, label, **READ_ONLY) for name, label in PERMISSIONS]


def profile() -> ObjectType:
    """What a user may do, one for each user."""
    fields = [
        record_id("Profile ID"),
        string("Name", "Name", 255, name_field=True, **_KEPT),
        *_permissions(),
        picklist("UserType", "User Type", USER_TYPES, **READ_ONLY),
        string("Description", "Description", 255, **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="Profile",
        label="Profile",
        label_plural="Profile",
        key_prefix="00e",
        fields=by_name(fields),
        **FIXED,
    )


def permission_set() -> ObjectType:
    """What users may do besides; every profile has one of its own too."""
    fields = [
        record_id("PermissionSet ID"),
        string("Name", "Permission Set Name", 80, name_field=True, **_KEPT),
        string("Label", "Permission Set Label", 80, **_KEPT),
        lookup("ProfileId", "Profile ID", "Profile", "Profile", **READ_ONLY),
        boolean("IsOwnedByProfile", "Is Owned By Profile", **READ_ONLY),
        boolean("IsCustom", "Custom", **READ_ONLY),
        picklist("Type", "Type", ("Regular", "Standard", "Profile", "Group"), **READ_ONLY),
        string("Description", "Description", 255, **READ_ONLY),
        string("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        *_permissions(),
        *stamps(),
    ]
    return ObjectType(
        name="PermissionSet",
        label="Permission Set",
        label_plural="Permission Sets",
        key_prefix="0PS",
        fields=by_name(fields),
        **FIXED,
    )


def permission_set_assignment() -> ObjectType:
    """A permission set of a user."""
    fields = [
        record_id("PermissionSetAssignment ID"),
        lookup(
            "PermissionSetId",
            "PermissionSet ID",
            "PermissionSet",
            "PermissionSet",
            children="Assignments",
            nillable=False,
            updateable=False,
        ),
        lookup(
            "AssigneeId",
            "Assignee ID",
            "User",
            "Assignee",
            children="PermissionSetAssignments",
            nillable=False,
            updateable=False,
        ),
        datetime("ExpirationDate", "Expiration Date"),
        boolean("IsActive", "Is Active", default=1, **READ_ONLY),
        datetime("SystemModstamp", "System Modstamp", indexed=True, **_KEPT),
    ]
    return ObjectType(
        name="PermissionSetAssignment",
        label="Permission Set Assignment",
        label_plural="Permission Set Assignments",
        key_prefix="0Pa",
        fields=by_name(fields),
        **(FIXED | {"createable": True, "updateable": True, "deletable": True}),
    )


def _of_a_permission_set(children: str) -> list[Field]:
    return [
        lookup(
            "ParentId",
            "Parent ID",
            "PermissionSet",
            "Parent",
            indexed=True,
            children=children,
            **_KEPT,
        ),
        string("SobjectType", "SObject Type Name", 255, **_KEPT),
    ]


def object_permissions() -> ObjectType:
    """What a permission set allows to do with the records of one object."""
    flags = ("Create", "Read", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    fields = [
        record_id("ObjectPermissions ID"),
        *_of_a_permission_set("ObjectPerms"),
        *(boolean("Permissions" + flag, flag + " Records", **READ_ONLY) for flag in flags),
        *stamps(),
    ]
    return ObjectType(
        name="ObjectPermissions",
        label="Object Permissions",
        label_plural="Object Permissions",
        key_prefix="110",
        fields=by_name(fields),
        **FIXED,
    )


def field_permissions() -> ObjectType:
    """Whether a permission set allows to read and to write one field."""
    fields = [
        record_id("FieldPermissions ID"),
        *_of_a_permission_set("FieldPerms"),
        string("Field", "Field Name", 255, **_KEPT),
        boolean("PermissionsEdit", "Edit Field", **READ_ONLY),
        boolean("PermissionsRead", "Read Field", **READ_ONLY),
        datetime("SystemModstamp", "System Modstamp", indexed=True, **_KEPT),
    ]
    return ObjectType(
        name="FieldPermissions",
        label="Field Permissions",
        label_plural="Field Permissions",
        key_prefix="01k",
        fields=by_name(fields),
        **FIXED,
    )


def user_permission_access() -> ObjectType:
    """What the user who asks may do: one row, readable without any permission.

    The row of a user has the same number in its id as the user has.
    """
    fields = [
        record_id("User Permission Access ID"),
        datetime("LastCacheUpdate", "Last Cache Update", **READ_ONLY),
        *_permissions(),
    ]
    return ObjectType(
        name="UserPermissionAccess",
        label="User Permission Access",
        label_plural="User Permission Access",
        key_prefix="0Qr",
        fields=by_name(fields),
        bulk_queryable=False,
        replicateable=False,
        **FIXED,
    )


def oauth_token() -> ObjectType:
    """An app's approval by a user."""
    fields = [
        record_id("OAuth Token ID"),
        string("AccessToken", "Access Token", 255, **READ_ONLY),
        string("AppName", "App Name", 255, **READ_ONLY),
        string("AppMenuItemId", "App Menu Item ID", 18, **READ_ONLY),
        datetime("CreatedDate", "Created Date", **_KEPT),
        string("DeleteToken", "Delete Token", 1024, case_sensitive=True, **READ_ONLY),
        datetime("LastUsedDate", "Last Used Date", **READ_ONLY),
        string("RequestToken", "Request Token", 255, **READ_ONLY),
        integer("UseCount", "Use Count", 9, **READ_ONLY),
        lookup("UserId", "User ID", "User", "User", indexed=True, **_KEPT),
    ]
    return ObjectType(
        name="OauthToken",
        label="OAuth Token",
        label_plural="OAuth Tokens",
        key_prefix="0CQ",
        fields=by_name(fields),
        bulk_queryable=False,
        replicateable=False,
        **FIXED,
    )
