"""What users may do, and the org as each of them sees it."""

from http import HTTPStatus

from localorg.errors import SalesforceError
from localorg.rights.document import (
    ANY,
    EVERYTHING,
    FIELD_RIGHTS,
    NOTHING,
    OBJECT_RIGHTS,
    RightsDocument,
)
from localorg.rights.documents import EVERYBODY
from localorg.rights.effective import SETUP_OBJECTS
from localorg.rights.rights import Rights
from localorg.rights.view import governing, hideable

__all__ = [
    "ANY",
    "EVERYBODY",
    "EVERYTHING",
    "FIELD_RIGHTS",
    "NOTHING",
    "OBJECT_RIGHTS",
    "SETUP_OBJECTS",
    "Rights",
    "RightsDocument",
    "api_disabled",
    "governing",
    "hideable",
]


def api_disabled() -> SalesforceError:
    """403 API_DISABLED_FOR_ORG: the user lacks the permission API Enabled."""
    return SalesforceError(
        HTTPStatus.FORBIDDEN, "API_DISABLED_FOR_ORG", "API is disabled for this User"
    )
