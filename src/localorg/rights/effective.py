from collections.abc import Iterable
from dataclasses import dataclass

from localorg.rights.document import (
    DELETE,
    EDIT,
    EVERYTHING,
    NOTHING,
    OBJECT_RIGHTS,
    READ,
    RightsDocument,
)

_MODIFY_ALL_DATA = "PermissionsModifyAllData"
_VIEW_ALL_DATA = "PermissionsViewAllData"
_MANAGE_USERS = "PermissionsManageUsers"
_VIEW_SETUP = "PermissionsViewSetup"
_ALL = frozenset(OBJECT_RIGHTS)
# Objects that describe the org itself: no object right governs them.
SETUP_OBJECTS = frozenset(
    {
        *("assignmentrule", "casestatus", "duplicaterule", "fieldpermissions", "group"),
        *("groupmember", "leadstatus", "oauthtoken", "objectpermissions", "opportunitystage"),
        *("organization", "permissionset", "permissionsetassignment", "profile"),
        *("queuesobject", "recordtype", "user", "userpermissionaccess", "userrole"),
    }
)
_SEEN_WITH_VIEW_SETUP = frozenset(
    {"fieldpermissions", "objectpermissions", "permissionset", "permissionsetassignment"}
)


@dataclass(frozen=True, kw_only=True)
class EffectiveRights:
    """What one user may do: the union of the user's permission sets, then the exceptions."""

    # API names such as PermissionsApiEnabled.
    permissions: frozenset[str]
    # The permission set of the user's profile first, then the assigned ones.
    sources: tuple[RightsDocument, ...]
    # What is said of the user or of everybody: it has the last word.
    exceptions: RightsDocument = NOTHING
    # A user of an org that knows no permission sets may do everything.
    unlimited: bool = False

    def allows(self, permission: str) -> bool:
        """Whether the user has a permission, by its API name."""
        exception = self.exceptions.permissions.get(permission)
        if exception is not None:
            return exception
        return self.unlimited or permission in self.permissions

    def object_rights(self, name: str) -> frozenset[str]:
        """The rights on an object, by its lower-case name."""
        exception = self.exceptions.object_rights(name)
        if exception is not None:
            return exception
        if name in SETUP_OBJECTS:
            return self._setup_rights(name)
        if self.allows(_MODIFY_ALL_DATA):
            return _ALL
        rights = _union(source.object_rights(name) for source in self.sources)
        return rights | {READ, "view_all"} if self.allows(_VIEW_ALL_DATA) else rights

    def field_rights(self, object_name: str, name: str) -> frozenset[str]:
        """The rights on a field, by lower-case names; the object's are another matter."""
        exception = self.exceptions.field_rights(object_name, name)
        if exception is not None:
            return exception
        return _union(source.field_rights(object_name, name) for source in self.sources)

    def _setup_rights(self, name: str) -> frozenset[str]:
        if name in _SEEN_WITH_VIEW_SETUP and not self.allows(_VIEW_SETUP):
            return frozenset()
        if self.allows(_MODIFY_ALL_DATA) or self.allows(_MANAGE_USERS):
            return _ALL
        return _ALL - {"create", EDIT, DELETE}


UNLIMITED = EffectiveRights(permissions=frozenset(), sources=(EVERYTHING,), unlimited=True)


def _union(found: Iterable[frozenset[str] | None]) -> frozenset[str]:
    return frozenset().union(*(rights for rights in found if rights))
