"""Who is signed in, to which org, and what that user may do there."""

from collections.abc import Mapping
from dataclasses import dataclass

from isthmus.salesforce.client import Salesforce
from isthmus.salesforce.errors import NotPermitted, SalesforceError

API_ENABLED = "PermissionsApiEnabled"
MANAGE_DATA_INTEGRATIONS = "PermissionsManageDataIntegrations"
VIEW_SETUP = "PermissionsViewSetup"
PERMISSIONS = (API_ENABLED, MANAGE_DATA_INTEGRATIONS, VIEW_SETUP)
"""Those that are asked about, by field of UserPermissionAccess."""

_API_DISABLED = "API_DISABLED_FOR_ORG"
_CHECKED = ", ".join(PERMISSIONS)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who is signed in. What could not be found out is empty."""

    user_id: str
    org_id: str
    instance_url: str
    user_name: str = ""
    org_name: str = ""
    is_sandbox: bool | None = None


def identify(client: Salesforce) -> Identity:
    """Who is signed in, as far as that user may know."""
    org_name, is_sandbox = _organization(client)
    return Identity(
        user_id=client.user_id,
        org_id=client.org_id,
        instance_url=client.instance_url,
        user_name=_user_name(client),
        org_name=org_name,
        is_sandbox=is_sandbox,
    )


def granted_permissions(client: Salesforce) -> Mapping[str, bool]:
    """Whether each of `PERMISSIONS` is granted; those that can't be found out are left out."""
    soql = f"SELECT {_CHECKED} FROM UserPermissionAccess LIMIT 1"  # noqa: S608 - SOQL
    try:
        found = next(iter(client.query(soql)), {})
    except NotPermitted as error:
        if error.code == _API_DISABLED:
            return {API_ENABLED: False}
        return _assigned(client)
    return {name: bool(found[name]) for name in PERMISSIONS if name in found}


def _assigned(client: Salesforce) -> Mapping[str, bool]:
    """The same by the permission sets that the user has; it needs View Setup itself."""
    fields = ", ".join(f"PermissionSet.{name}" for name in PERMISSIONS)
    soql = f"SELECT {fields} FROM PermissionSetAssignment WHERE AssigneeId = '{client.user_id}'"  # noqa: S608 - SOQL; an id of theirs
    try:
        sets = [each.get("PermissionSet") or {} for each in client.query(soql)]
    except SalesforceError:
        return {}
    return {name: any(each.get(name) for each in sets) for name in PERMISSIONS} if sets else {}


def _organization(client: Salesforce) -> tuple[str, bool | None]:
    try:
        found = next(iter(client.query("SELECT Name, IsSandbox FROM Organization LIMIT 1")), {})
    except SalesforceError:
        return "", None
    sandbox = found.get("IsSandbox")
    return str(found.get("Name") or ""), None if sandbox is None else bool(sandbox)


def _user_name(client: Salesforce) -> str:
    try:
        return client.user_name()
    except SalesforceError:
        pass
    soql = f"SELECT Username FROM User WHERE Id = '{client.user_id}'"  # noqa: S608 - SOQL; an id of theirs
    try:
        return next((str(each["Username"]) for each in client.query(soql)), "")
    except SalesforceError:
        return ""
