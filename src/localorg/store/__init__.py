"""The org's records, kept in SQLite: one table per object, one column per stored field."""

from localorg.store.ddl import quoted
from localorg.store.identities import (
    BUSINESS_RECORD_TYPE_ID,
    FORMER_COLLEAGUE_ID,
    INTEGRATION_USER_ID,
    INTEGRATION_USERNAME,
    ORGANIZATION_ID,
    OWNER_IDS,
    PERSON_RECORD_TYPE_ID,
    PROFILE_ID,
    STANDARD_PROFILE_ID,
)
from localorg.store.store import IN_MEMORY, Store

__all__ = [
    "BUSINESS_RECORD_TYPE_ID",
    "FORMER_COLLEAGUE_ID",
    "INTEGRATION_USERNAME",
    "INTEGRATION_USER_ID",
    "IN_MEMORY",
    "ORGANIZATION_ID",
    "OWNER_IDS",
    "PERSON_RECORD_TYPE_ID",
    "PROFILE_ID",
    "STANDARD_PROFILE_ID",
    "Store",
    "quoted",
]
