"""Whose jobs a user may see and touch."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from localorg.errors import SalesforceError

if TYPE_CHECKING:
    from localorg.org import Org

_MANAGE = "PermissionsManageDataIntegrations"


def may_touch(org: "Org", user_id: str, creator_id: str) -> bool:
    """Whether a user may see, abort and delete a job: one's own, or all with a permission."""
    return user_id == creator_id or org.rights.allows(user_id, _MANAGE)


def check_access(org: "Org", user_id: str, creator_id: str) -> None:
    """Raise 403 INSUFFICIENT_ACCESS where the job is none of the user's business."""
    if not may_touch(org, user_id, creator_id):
        message = (
            "insufficient access rights on object id: the job is another user's; the Manage Data "
            "Integrations permission is needed"
        )
        raise SalesforceError(HTTPStatus.FORBIDDEN, "INSUFFICIENT_ACCESS", message)


def check_creator(user_id: str, creator_id: str) -> None:
    """Raise 403 INSUFFICIENT_ACCESS for what only the one who made the job may do."""
    if user_id != creator_id:
        message = "insufficient access rights on object id: only the job's creator may do that"
        raise SalesforceError(HTTPStatus.FORBIDDEN, "INSUFFICIENT_ACCESS", message)
