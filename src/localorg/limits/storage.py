"""How much of the org's room its records take."""

from typing import TYPE_CHECKING

from localorg.dml.room import kept_records
from localorg.limits.usage import DATA_STORAGE

if TYPE_CHECKING:
    from localorg.org import Org

# Salesforce counts 2 kB for a record.
RECORDS_PER_MEGABYTE = 512


def used(org: "Org", name: str) -> int:
    """How much of a limit is used: the records that are kept, or what 24 hours took."""
    if name != DATA_STORAGE:
        return org.usage.used(name)
    with org.store.read() as connection:
        return -(-kept_records(connection, org.schema) // RECORDS_PER_MEGABYTE)
