"""The objects that describe the org itself: its users, its record types, its statuses."""

from typing import Any

from localorg.schema.builders import (
    READ_ONLY,
    address,
    boolean,
    datetime,
    email,
    integer,
    lookup,
    phone,
    picklist,
    record_id,
    stamps,
    string,
)
from localorg.schema.field import Field
from localorg.schema.object_type import ObjectType, by_name

USER_TYPES = ("Standard", "PowerPartner", "CSPLitePortal", "CustomerSuccess", "Guest")
_KEPT: dict[str, Any] = {"nillable": False, **READ_ONLY}
# What is set up, not written over the API.
FIXED: dict[str, Any] = {
    "createable": False,
    "updateable": False,
    "deletable": False,
    "undeletable": False,
    "searchable": False,
    "layoutable": False,
    "triggerable": False,
}


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
        lookup("ProfileId", "Profile ID", "Profile", "Profile", **_KEPT),
        lookup("UserRoleId", "Role ID", "UserRole", "UserRole", **READ_ONLY),
        lookup("ManagerId", "Manager ID", "User", "Manager", **READ_ONLY),
        picklist("UserType", "User Type", USER_TYPES, **READ_ONLY),
        string("CompanyName", "Company Name", 80, **READ_ONLY),
        string("Department", "Department", 80, **READ_ONLY),
        string("Title", "Title", 80, **READ_ONLY),
        string("Phone", "Phone", 40, **READ_ONLY),
        string("MobilePhone", "Cell", 40, **READ_ONLY),
        string("CommunityNickname", "Nickname", 40, nillable=False, **READ_ONLY),
        string("FederationIdentifier", "SAML Federation ID", 512, **READ_ONLY),
        datetime("LastLoginDate", "Last Login", **READ_ONLY),
        string("TimeZoneSidKey", "Time Zone", 40, nillable=False, **READ_ONLY),
        string("LocaleSidKey", "Locale", 40, nillable=False, **READ_ONLY),
        string("LanguageLocaleKey", "Language", 40, nillable=False, **READ_ONLY),
        string("EmailEncodingKey", "Email Encoding", 40, nillable=False, **READ_ONLY),
        *stamps(),
    ]
    return ObjectType(
        name="User",
        label="User",
        label_plural="Users",
        key_prefix="005",
        fields=by_name(fields),
        **(FIXED | {"searchable": True, "layoutable": True, "triggerable": True}),
    )


def user_role() -> ObjectType:
    """A place in the hierarchy of the org."""
    fields = [
        record_id("Role ID"),
        string("Name", "Name", 80, nillable=False, name_field=True, **READ_ONLY),
        lookup("ParentRoleId", "Parent Role ID", "UserRole", "ParentRole", **READ_ONLY),
        string("DeveloperName", "Developer Name", 80, nillable=False, **READ_ONLY),
        *stamps()[2:],
    ]
    return ObjectType(
        name="UserRole",
        label="Role",
        label_plural="Role",
        key_prefix="00E",
        fields=by_name(fields),
        **FIXED,
    )


def organization() -> ObjectType:
    """The org: one row."""
    fields = [
        record_id("Organization ID"),
        string("Name", "Name", 80, nillable=False, name_field=True, **READ_ONLY),
        picklist("OrganizationType", "Edition", ("Enterprise Edition",), **READ_ONLY),
        boolean("IsSandbox", "Is Sandbox", **READ_ONLY),
        string("InstanceName", "Instance Name", 5, **READ_ONLY),
        string("Division", "Division", 80, **READ_ONLY),
        *address("", "Address", **READ_ONLY),
        phone("Phone", "Phone", **READ_ONLY),
        phone("Fax", "Fax", **READ_ONLY),
        string("PrimaryContact", "Primary Contact", 80, **READ_ONLY),
        integer("FiscalYearStartMonth", "Fiscal Year Starts In", 9, **READ_ONLY),
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
        **FIXED,
    )


def record_type() -> ObjectType:
    """A kind of record of an object, such as persons and businesses among accounts."""
    fields = [
        record_id("Record Type ID"),
        string("Name", "Name", 80, nillable=False, name_field=True, **READ_ONLY),
        string("DeveloperName", "Record Type Name", 80, nillable=False, **READ_ONLY),
        string("NamespacePrefix", "Namespace Prefix", 15, **READ_ONLY),
        string("Description", "Description", 255, **READ_ONLY),
        string("BusinessProcessId", "Business Process ID", 18, **READ_ONLY),
        picklist("SobjectType", "SObject Type Name", (), nillable=False, **READ_ONLY),
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
        **FIXED,
    )


def status(name: str, label: str, *flags: Field, **options: Any) -> ObjectType:
    """The values of a status picklist as an object of their own, with flags about each."""
    fields = [
        record_id(f"{label} ID"),
        string("MasterLabel", "Master Label", 255, nillable=False, name_field=True, **READ_ONLY),
        string("ApiName", "Api Name", 255, nillable=False, **READ_ONLY),
        integer("SortOrder", "Sort Order", 9, **READ_ONLY),
        *flags,
        *stamps(),
    ]
    return ObjectType(
        name=name,
        label=label,
        label_plural=label,
        key_prefix="01J",
        fields=by_name(fields),
        **(FIXED | options),
    )
