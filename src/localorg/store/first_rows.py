"""The rows of a new org: its own facts, its users and what they may do, record types, statuses."""

from collections.abc import Iterator
from typing import Any

from localorg.ids import make_id, number_of
from localorg.schema import PERMISSIONS
from localorg.schema.people import LEAD_STATUSES
from localorg.schema.sales import STAGES
from localorg.schema.service import CASE_CLOSED_STATUSES, CASE_STATUSES
from localorg.store.identities import (
    BUSINESS_RECORD_TYPE_ID,
    COLLEAGUES,
    FORMER_COLLEAGUE_ID,
    INTEGRATION_USER_ID,
    INTEGRATION_USERNAME,
    ORGANIZATION_ID,
    OWNER_IDS,
    PERSON_RECORD_TYPE_ID,
    PROFILE_ID,
    STANDARD_PROFILE_ID,
)

Row = dict[str, Any]

# What an administrator is not given by itself. The first takes more away than it gives; the others
# have to be given to anybody, audit fields have to be switched on in Setup even before that.
_NOT_OF_ADMINISTRATORS = frozenset(
    {
        "PermissionsApiUserOnly",
        "PermissionsAllowViewEditConvertedLeads",
        "PermissionsBulkApiHardDelete",
        "PermissionsCreateAuditFields",
    }
)
_OF_STANDARD_USERS = frozenset({"PermissionsApiEnabled", "PermissionsConvertLeads"})
# Statuses of several objects share a key prefix; each has numbers of its own.
_FIRST_CASE_STATUS, _FIRST_LEAD_STATUS, _FIRST_STAGE = 1, 101, 201


def first_rows(stamp: str) -> dict[str, list[Row]]:
    """The rows by object, all created at `stamp` (a stored datetime)."""
    made = {
        "CreatedDate": stamp,
        "CreatedById": INTEGRATION_USER_ID,
        "LastModifiedDate": stamp,
        "LastModifiedById": INTEGRATION_USER_ID,
        "SystemModstamp": stamp,
    }
    users = _users()
    rows = {
        "Organization": [_organization()],
        "User": users,
        "RecordType": _record_types(),
        "Profile": _profiles(),
        "PermissionSet": _permission_sets(),
        "CaseStatus": list(_case_statuses()),
        "LeadStatus": list(_lead_statuses()),
        "OpportunityStage": list(_stages()),
    }
    return {name: [row | made for row in found] for name, found in rows.items()} | {
        "PermissionSetAssignment": [_assignment(user, stamp) for user in users],
        "UserPermissionAccess": [_access(user, stamp) for user in users],
    }


def permission_set_of(profile_id: str) -> str:
    """The id of the permission set that a profile of a new org owns."""
    return make_id("0PS", number_of(profile_id))


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
        "FiscalYearStartMonth": 1,
    }


def _users() -> list[Row]:
    integration = _user(INTEGRATION_USER_ID, INTEGRATION_USERNAME, "Integration", "User")
    colleagues = (
        _user(user_id, f"{login}@localorg.example", first, last)
        for user_id, (login, first, last) in zip(OWNER_IDS, COLLEAGUES, strict=True)
    )
    former = _user(FORMER_COLLEAGUE_ID, "elif@localorg.example", "Elif", "Kaya")
    standard = {"ProfileId": STANDARD_PROFILE_ID, "IsActive": 0}
    return [integration, *colleagues, former | standard]


def _user(user_id: str, username: str, first: str, last: str) -> Row:
    return {
        "Id": user_id,
        "Username": username,
        "Email": username,
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}",
        "Alias": username[:5],
        "CommunityNickname": username.partition("@")[0],
        "IsActive": 1,
        "ProfileId": PROFILE_ID,
        "UserType": "Standard",
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "EmailEncodingKey": "UTF-8",
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


def _permissions(profile_id: str) -> Row:
    names = (name for name, _ in PERMISSIONS)
    if profile_id == PROFILE_ID:
        return {name: int(name not in _NOT_OF_ADMINISTRATORS) for name in names}
    return {name: int(name in _OF_STANDARD_USERS) for name in names}


def _profiles() -> list[Row]:
    named = ((PROFILE_ID, "System Administrator"), (STANDARD_PROFILE_ID, "Standard User"))
    return [
        {"Id": profile_id, "Name": name, "UserType": "Standard", **_permissions(profile_id)}
        for profile_id, name in named
    ]


def owned_permission_set(profile_id: str) -> Row:
    """What the permission set that a profile owns says of itself, besides its permissions."""
    return {
        # Salesforce calls the permission set of a profile by the profile's id.
        "Name": f"X{profile_id}",
        "Label": profile_id,
        "ProfileId": profile_id,
        "IsOwnedByProfile": 1,
        "IsCustom": 0,
        "Type": "Profile",
    }


def _permission_sets() -> list[Row]:
    return [
        {
            "Id": permission_set_of(profile_id),
            **owned_permission_set(profile_id),
            **_permissions(profile_id),
        }
        for profile_id in (PROFILE_ID, STANDARD_PROFILE_ID)
    ]


def _assignment(user: Row, stamp: str) -> Row:
    return {
        "Id": make_id("0Pa", number_of(user["Id"])),
        "PermissionSetId": permission_set_of(user["ProfileId"]),
        "AssigneeId": user["Id"],
        "IsActive": 1,
        "SystemModstamp": stamp,
    }


def _access(user: Row, stamp: str) -> Row:
    return {
        "Id": make_id("0Qr", number_of(user["Id"])),
        "LastCacheUpdate": stamp,
        **_permissions(user["ProfileId"]),
    }


def _case_statuses() -> Iterator[Row]:
    for order, label in enumerate(CASE_STATUSES, _FIRST_CASE_STATUS):
        yield _status(order, _FIRST_CASE_STATUS, label) | {
            "IsDefault": int(label == CASE_STATUSES[0]),
            "IsClosed": int(label in CASE_CLOSED_STATUSES),
        }


def _lead_statuses() -> Iterator[Row]:
    for number, label in enumerate(LEAD_STATUSES, _FIRST_LEAD_STATUS):
        yield _status(number, _FIRST_LEAD_STATUS, label) | {
            "IsDefault": int(label == LEAD_STATUSES[0]),
            "IsConverted": int(label == "Closed - Converted"),
        }


def _stages() -> Iterator[Row]:
    for number, (label, probability, category, closed, won) in enumerate(STAGES, _FIRST_STAGE):
        yield _status(number, _FIRST_STAGE, label) | {
            "IsActive": 1,
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategoryName": category,
            "DefaultProbability": probability,
        }


def _status(number: int, first: int, label: str) -> Row:
    return {
        "Id": make_id("01J", number),
        "MasterLabel": label,
        "ApiName": label,
        "SortOrder": number - first + 1,
    }
