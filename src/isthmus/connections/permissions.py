"""What the user who is signed in may do in Salesforce, and what is said of what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from isthmus.connections.errors import ApiNotEnabled
from isthmus.connections.models import Authorization
from isthmus.salesforce import (
    API_ENABLED,
    MANAGE_DATA_INTEGRATIONS,
    VIEW_SETUP,
    NotFound,
    QueryRefused,
    RequestRefused,
    Salesforce,
    SchemaChanged,
    granted_permissions,
)

_UNKNOWN = (NotFound, QueryRefused, RequestRefused, SchemaChanged)
"""Answers of an org that does not know the question."""


@dataclass(frozen=True, kw_only=True)
class Permission:
    """A permission as Salesforce names it, and what it is for."""

    field: str  # of UserPermissionAccess
    name: str
    purpose: str


PERMISSIONS: Final = (
    Permission(field=API_ENABLED, name="API Enabled", purpose="every call needs it"),
    Permission(
        field=MANAGE_DATA_INTEGRATIONS,
        name="Manage Data Integrations",
        purpose="needed to see and end Bulk jobs of other users",
    ),
    Permission(
        field=VIEW_SETUP,
        name="View Setup and Configuration",
        purpose="needed to read limits and set-up",
    ),
)


def look(client: Salesforce, authorization: Authorization) -> Mapping[str, bool]:
    """Ask Salesforce what the user may do, and keep what it says; by field.

    What Salesforce does not say is left out.
    """
    try:
        granted = granted_permissions(client)
    except _UNKNOWN:
        return {}
    rows = Authorization.objects.filter(id=authorization.id)
    if granted:
        now = timezone.now()
        rows.update(permissions=dict(granted), permissions_at=now)
        authorization.permissions, authorization.permissions_at = dict(granted), now
    return granted


def missing(granted: Mapping[str, bool]) -> list[Permission]:
    """Those that the user does not have, as far as is known."""
    return [each for each in PERMISSIONS if granted.get(each.field) is False]


def check(granted: Mapping[str, bool], who: str) -> str:
    """A warning of what is missing, or nothing. Raises `ApiNotEnabled` without API Enabled."""
    lacking = missing(granted)
    if any(each.field == API_ENABLED for each in lacking):
        raise ApiNotEnabled(
            f"{who} lacks the permission API Enabled in Salesforce, which every call needs. Ask "
            f"the Salesforce administrator to give it, and try again."
        )
    return warning(lacking, who)


def warning(lacking: list[Permission], who: str) -> str:
    """What is said of missing permissions; nothing where none is missing."""
    if not lacking:
        return ""
    named = " and ".join(f"{each.name} ({each.purpose})" for each in lacking)
    return (
        f"{who} lacks {named} in Salesforce. What does not need it goes on; ask the Salesforce "
        f"administrator to give it."
    )


def who(authorization: Authorization) -> str:
    """The user, as warnings name them."""
    known = authorization.user_name or authorization.username or authorization.user_id
    return f"The user {known}" if known else "The user"
