"""The objects and fields of the org."""

from localorg.schema.access import (
    PERMISSIONS,
    field_permissions,
    oauth_token,
    object_permissions,
    permission_set,
    permission_set_assignment,
    profile,
    user_permission_access,
)
from localorg.schema.activities import task
from localorg.schema.automation import (
    assignment_rule,
    duplicate_rule,
    group,
    group_member,
    queue_sobject,
)
from localorg.schema.describe import describe_object, describe_summary
from localorg.schema.field import ALIAS, Field, PicklistValue
from localorg.schema.object_type import ObjectType, RecordType, ValidationRule
from localorg.schema.people import PERSON_FIELDS, account, contact, lead
from localorg.schema.privacy import individual
from localorg.schema.sales import (
    lead_status,
    opportunity,
    opportunity_contact_role,
    opportunity_stage,
)
from localorg.schema.schema import Schema
from localorg.schema.service import (
    CASE_CLOSED_STATUSES,
    CASE_MIRRORS,
    case,
    case_comment,
    case_status,
)
from localorg.schema.setup import organization, record_type, user, user_role

__all__ = [
    "ALIAS",
    "CASE_CLOSED_STATUSES",
    "CASE_MIRRORS",
    "PERMISSIONS",
    "PERSON_FIELDS",
    "Field",
    "ObjectType",
    "PicklistValue",
    "RecordType",
    "Schema",
    "ValidationRule",
    "describe_object",
    "describe_summary",
    "standard_schema",
]


def standard_schema() -> Schema:
    """The schema of a new org."""
    return Schema(
        (
            account(),
            assignment_rule(),
            case(),
            case_comment(),
            case_status(),
            contact(),
            duplicate_rule(),
            field_permissions(),
            group(),
            group_member(),
            individual(),
            lead(),
            lead_status(),
            oauth_token(),
            object_permissions(),
            opportunity(),
            opportunity_contact_role(),
            opportunity_stage(),
            organization(),
            permission_set(),
            permission_set_assignment(),
            profile(),
            queue_sobject(),
            record_type(),
            task(),
            user(),
            user_permission_access(),
            user_role(),
        )
    )
