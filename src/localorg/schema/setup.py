"""The objects that describe the org itself: its users, its record types, its permissions."""

from typing import Any

from localorg.schema.builders import (
    READ_ONLY,
    boolean,
    datetime,
    email,
    picklist,
    record_id,
    stamps,
    string,
)
from localorg.schema.object_type import ObjectType, by_name

# Nothing here is written over the API in this version.
_FIXED: dict[str, Any] = {"createable": False, "updateable": False, "deletable": False}
PERMISSIONS = (
    ("PermissionsApiEnabled", "API Enabled"),
    ("PermissionsApiUserOnly", "Api Only User"),
    ("PermissionsBulkApiHardDelete", "Bulk API Hard Delete"),
    ("PermissionsCanApproveUninstalledApps", "Approve Uninstalled Connected Apps"),
    ("PermissionsManageDataIntegrations", "Manage Data Integrations"),
    ("PermissionsModifyAllData", "Modify All Data"),
    ("PermissionsViewAllData", "View All Data"),
    ("PermissionsViewSetup", "View Setup and Configuration"),
)


def user() -> ObjectType:
    """Someone who works with the org, or a program that does."""
    fields = [
        record_id("User ID"),
        string("Username", "Username", 80, nillable=False, id_lookup=True, **READ_ONLY),
        string("LastName", "Last Name", 80, nillable=False, **READ_ONLY),
        string("FirstName", "First Name", 40, **READ_ONLY),
        string("Name", "Full Name", 121, nillable=False, name_field=True, **READ_ONLY),
        string("Alias", "Alias", 8, nillable=False, **READ_ONLY),
        email("Email", "Email", nillable=False, **READ_ONLY),
        boolean("IsActive", "Active", **READ_ONLY),
        string("ProfileId", "Profile ID", 18, nillable=False, **READ_ONLY),
        picklist("UserType", "User Type", ("Standard",), **READ_ONLY),
        string("TimeZoneSidKey", "Time Zone", 40, nillable=False, **READ_ONLY),
        string("LocaleSidKey", "Locale", 40, nillable=False, **READ_ONLY),
        string("LanguageLocaleKey", "Language", 40, nillable=False, **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="User",
        label="User",
        label_plural="Users",
        key_prefix="005",
        fields=by_name(fields),
        **_FIXED,
    )


def organization() -> ObjectType:
    """The org: one row."""
    fields = [
        record_id("Organization ID"),
        string("Name", "Name", 80, nillable=False, name_field=True, **READ_ONLY),
        picklist("OrganizationType", "Edition", ("Enterprise Edition",), **READ_ONLY),
        boolean("IsSandbox", "Is Sandbox", **READ_ONLY),
        string("InstanceName", "Instance Name", 5, **READ_ONLY),
        string("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        datetime("TrialExpirationDate", "Trial Expiration Date", **READ_ONLY),
        string("LanguageLocaleKey", "Default Language", 40, nillable=False, **READ_ONLY),
        string("TimeZoneSidKey", "Time Zone", 40, nillable=False, **READ_ONLY),
        string("DefaultLocaleSidKey", "Locale", 40, nillable=False, **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="Organization",
        label="Organization",
        label_plural="Organizations",
        key_prefix="00D",
        fields=by_name(fields),
        replicateable=False,
        **_FIXED,
    )


def record_type() -> ObjectType:
    """A kind of record of an object; here it tells persons from businesses."""
    fields = [
        record_id("Record Type ID"),
        string("Name", "Name", 80, nillable=False, name_field=True, **READ_ONLY),
        string("DeveloperName", "Record Type Name", 80, nillable=False, **READ_ONLY),
        string("Description", "Description", 255, **READ_ONLY),
        string("SobjectType", "SObject Type Name", 40, nillable=False, **READ_ONLY),
        boolean("IsActive", "Active", **READ_ONLY),
        boolean("IsPersonType", "Is Person Type", **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="RecordType",
        label="Record Type",
        label_plural="Record Types",
        key_prefix="012",
        fields=by_name(fields),
        **_FIXED,
    )


def user_permission_access() -> ObjectType:
    """What the integration user may do: one row, readable without any permission."""
    fields = [
        record_id("User Permission Access ID"),
        datetime("LastCacheUpdate", "Last Cache Update", **READ_ONLY),
        *(boolean(name, label, **READ_ONLY) for name, label in PERMISSIONS),
    ]
    return ObjectType(
        name="UserPermissionAccess",
        label="User Permission Access",
        label_plural="User Permission Access",
        key_prefix="0Qr",
        fields=by_name(fields),
        bulk_queryable=False,
        replicateable=False,
        **_FIXED,
    )
