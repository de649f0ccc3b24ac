"""A second user of the org, who may use the API and little else."""

from localorg.ids import make_id
from localorg.org import Org
from localorg.store import STANDARD_PROFILE_ID

COLLEAGUE_ID = make_id("005", 900)
_COLUMNS = ("Id", "Username", "LastName", "IsActive", "ProfileId")


def sign_in_colleague(org: Org) -> str:
    """The colleague's access token."""
    row = (COLLEAGUE_ID, "bob@localorg.example", "Bob", 1, STANDARD_PROFILE_ID)
    org.store.load("User", _COLUMNS, [row])
    org.rights.refresh()
    return org.sessions.open(COLLEAGUE_ID)
