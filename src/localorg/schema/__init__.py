"""The objects and fields of the org."""

from localorg.schema.describe import describe_object, describe_summary
from localorg.schema.field import Field, PicklistValue
from localorg.schema.object_type import ObjectType
from localorg.schema.people import PERSON_FIELDS, account, contact, lead
from localorg.schema.schema import Schema
from localorg.schema.service import CASE_CLOSED_STATUSES, CASE_MIRRORS, case
from localorg.schema.setup import organization, record_type, user, user_permission_access

__all__ = [
    "CASE_CLOSED_STATUSES",
    "CASE_MIRRORS",
    "PERSON_FIELDS",
    "Field",
    "ObjectType",
    "PicklistValue",
    "Schema",
    "describe_object",
    "describe_summary",
    "standard_schema",
]


def standard_schema() -> Schema:
    """The schema of a new org."""
    return Schema(
        (
            account(),
            case(),
            contact(),
            lead(),
            organization(),
            record_type(),
            user(),
            user_permission_access(),
        )
    )
