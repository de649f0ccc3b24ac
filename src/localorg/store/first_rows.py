"""The rows of a new org: its own facts, its users, its record types, what they may do."""

from typing import Any

from localorg.ids import make_id
from localorg.store.identities import (
    BUSINESS_RECORD_TYPE_ID,
    COLLEAGUES,
    INTEGRATION_USER_ID,
    INTEGRATION_USERNAME,
    ORGANIZATION_ID,
    OWNER_IDS,
    PERSON_RECORD_TYPE_ID,
    PROFILE_ID,
)

Row = dict[str, Any]


def first_rows(stamp: str) -> dict[str, list[Row]]:
    """The rows by object, all created at `stamp` (a stored datetime)."""
    made = {
        "CreatedDate": stamp,
        "CreatedById": INTEGRATION_USER_ID,
        "LastModifiedDate": stamp,
        "LastModifiedById": INTEGRATION_USER_ID,
        "SystemModstamp": stamp,
    }
    return {
        "Organization": [_organization() | made],
        "User": [row | made for row in _users()],
        "RecordType": [row | made for row in _record_types()],
        "UserPermissionAccess": [_permissions(stamp)],
    }


def _organization() -> Row:
    return {
        "Id": ORGANIZATION_ID,
        "Name": "localorg",
        "OrganizationType": "Enterprise Edition",
        "IsSandbox": 0,
        "InstanceName": "LOCAL",
        "LanguageLocaleKey": "en_US",
        "TimeZoneSidKey": "GMT",
        "DefaultLocaleSidKey": "en_US",
    }


def _users() -> list[Row]:
    integration = _user(INTEGRATION_USER_ID, INTEGRATION_USERNAME, "Integration", "User")
    colleagues = (
        _user(user_id, f"{login}@localorg.example", first, last)
        for user_id, (login, first, last) in zip(OWNER_IDS, COLLEAGUES, strict=True)
    )
    return [integration, *colleagues]


def _user(user_id: str, username: str, first: str, last: str) -> Row:
    return {
        "Id": user_id,
        "Username": username,
        "Email": username,
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}",
        "Alias": username[:5],
        "IsActive": 1,
        "ProfileId": PROFILE_ID,
        "UserType": "Standard",
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
    }


def _record_types() -> list[Row]:
    return [
        _record_type(BUSINESS_RECORD_TYPE_ID, "Business Account", "Business_Account", person=False),
        _record_type(PERSON_RECORD_TYPE_ID, "Person Account", "PersonAccount", person=True),
    ]


def _record_type(type_id: str, name: str, developer_name: str, *, person: bool) -> Row:
    return {
        "Id": type_id,
        "Name": name,
        "DeveloperName": developer_name,
        "SobjectType": "Account",
        "IsActive": 1,
        "IsPersonType": int(person),
    }


def _permissions(stamp: str) -> Row:
    return {
        "Id": make_id("0Qr", 1),
        "LastCacheUpdate": stamp,
        "PermissionsApiEnabled": 1,
        "PermissionsManageDataIntegrations": 1,
        "PermissionsModifyAllData": 1,
        "PermissionsViewAllData": 1,
        "PermissionsViewSetup": 1,
    }
