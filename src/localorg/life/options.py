from typing import TYPE_CHECKING

from localorg.dml import SaveOptions
from localorg.limits.storage import RECORDS_PER_MEGABYTE

if TYPE_CHECKING:
    from localorg.org import Org

_EDIT_CONVERTED = "PermissionsAllowViewEditConvertedLeads"


def save_options(
    org: "Org",
    user_id: str,
    *,
    assignment_rule: str | None = None,
    assign_updated: bool = False,
    allow_duplicates: bool = False,
    include_duplicate_details: bool = False,
) -> SaveOptions:
    """What holds when a user of the org saves records; see `SaveOptions` for the rest."""
    megabytes = org.usage.data_storage_mb
    return SaveOptions(
        assignment_rule=assignment_rule,
        assign_updated=assign_updated,
        allow_duplicates=allow_duplicates,
        include_duplicate_details=include_duplicate_details,
        edit_converted_leads=org.rights.allows(user_id, _EDIT_CONVERTED),
        rules=org.automation.rules,
        most_records=None if megabytes is None else megabytes * RECORDS_PER_MEGABYTE,
        view_of=org.rights.schema_for,
    )
