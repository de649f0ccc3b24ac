import sqlite3
import threading
from dataclasses import dataclass, replace

from localorg.clock import stored_datetime
from localorg.rights.changes import Changes
from localorg.rights.document import RightsDocument
from localorg.rights.documents import EVERYBODY, Documents
from localorg.rights.effective import UNLIMITED, EffectiveRights
from localorg.rights.own_rows import oauth_tokens, permission_access
from localorg.rights.view import seen_by
from localorg.schema import Schema
from localorg.store import Store, quoted

_OWN_ROWS = {"userpermissionaccess": permission_access, "oauthtoken": oauth_tokens}
_OF_PROFILE = """
SELECT PermissionSet.Id FROM User
JOIN PermissionSet ON PermissionSet.ProfileId = User.ProfileId
WHERE User.Id = ? AND PermissionSet.IsOwnedByProfile = 1
"""
_ASSIGNED = """
SELECT DISTINCT PermissionSetId FROM PermissionSetAssignment
WHERE AssigneeId = ? AND coalesce(IsActive, 1) = 1 AND PermissionSetId <> ?
AND (ExpirationDate IS NULL OR ExpirationDate > ?) ORDER BY 1
"""
_NEXT_END = """
SELECT min(ExpirationDate) FROM PermissionSetAssignment
WHERE AssigneeId = ? AND ExpirationDate > ?
"""
_OF_ONE_SET = ("FROM PermissionSet", "WHERE Id = ?")
_ACTIVE = "SELECT IsActive FROM User WHERE Id = ?"


@dataclass(frozen=True, slots=True)
class _Standing:
    """One user at one moment."""

    # The number of the change after which it was read.
    after: int
    rights: EffectiveRights
    schema: Schema
    active: bool
    # When the next assignment of a permission set ends, as the store keeps moments.
    until: str | None


class Rights:
    """The rights of the org's users; safe to use from several threads.

    A user's rights are those of the permission set of the user's profile and of all assigned
    permission sets together; then exceptions made while the org runs have the last word. They are
    read again once a user, profile, permission set or assignment was written.
    """

    def __init__(self, store: Store) -> None:
        """Read rights from the org's records."""
        self._store = store
        self.documents = Documents(store)
        self._changes = Changes(store)
        self._known: dict[str, _Standing] = {}
        self._lock = threading.Lock()

    def schema_for(self, user_id: str) -> Schema:
        """The objects and fields that a user sees, with what the user may do with them."""
        return self._standing(user_id).schema

    def allows(self, user_id: str, permission: str) -> bool:
        """Whether a user has a permission, by its API name such as PermissionsApiEnabled."""
        return self._standing(user_id).rights.allows(permission)

    def is_active(self, user_id: str) -> bool:
        """Whether a user exists and is active."""
        return self._standing(user_id).active

    def of(self, user_id: str) -> EffectiveRights:
        """All that a user may do."""
        return self._standing(user_id).rights

    def refresh(self) -> None:
        """Read everything anew, such as after a restore."""
        self._changes.note()

    def _standing(self, user_id: str) -> _Standing:
        latest = self._changes.latest()
        known = self._known.get(user_id)
        if known is not None and known.after == latest and not self._is_over(known):
            return known
        # A change that is not committed yet can't be read: what is read now must not be kept.
        keep = self._changes.settled()
        standing = self._read(user_id, latest)
        if keep:
            with self._lock:
                self._known[user_id] = standing
        return standing

    def _is_over(self, standing: _Standing) -> bool:
        return standing.until is not None and standing.until <= self._now()

    def _now(self) -> str:
        return stored_datetime(self._store.now())

    def _read(self, user_id: str, latest: int) -> _Standing:
        with self._store.read() as connection:
            if not connection.in_transaction:
                connection.execute("BEGIN")
            row = connection.execute(_ACTIVE, (user_id,)).fetchone()
            rights = self._effective(connection, user_id)
            until = self._next_end(connection, user_id)
        schema = seen_by(self._store.schema, rights)
        return _Standing(
            after=latest,
            rights=rights,
            schema=_with_own_rows(schema, user_id, rights),
            active=bool(row and row[0]),
            until=until,
        )

    def _next_end(self, connection: sqlite3.Connection, user_id: str) -> str | None:
        if "permissionsetassignment" not in self._store.schema.objects:
            return None
        found = connection.execute(_NEXT_END, (user_id, self._now())).fetchone()[0]
        return None if found is None else str(found)

    def _effective(self, connection: sqlite3.Connection, user_id: str) -> EffectiveRights:
        exceptions = self.documents.exception(connection, EVERYBODY).overridden_by(
            self.documents.exception(connection, user_id)
        )
        own = self._profile_set(connection, user_id)
        if own is None:
            return replace(UNLIMITED, exceptions=exceptions)
        assigned = [row[0] for row in connection.execute(_ASSIGNED, (user_id, own, self._now()))]
        sources = [self.documents.of_set(connection, own, of_profile=True)]
        sources += [
            self.documents.of_set(connection, found, of_profile=False) for found in assigned
        ]
        return EffectiveRights(
            permissions=self._permissions(connection, [own, *assigned], sources),
            sources=tuple(sources),
            exceptions=exceptions,
        )

    def _profile_set(self, connection: sqlite3.Connection, user_id: str) -> str | None:
        if "permissionset" not in self._store.schema.objects:
            return None
        row = connection.execute(_OF_PROFILE, (user_id,)).fetchone()
        return None if row is None else str(row[0])

    def _permissions(
        self, connection: sqlite3.Connection, ids: list[str], sources: list[RightsDocument]
    ) -> frozenset[str]:
        """What the sets' own columns give, changed set by set by the exceptions."""
        names = [
            field.name
            for field in self._store.schema.object("PermissionSet").fields.values()
            if field.name.startswith("Permissions")
        ]
        columns = ", ".join(map(quoted, names))
        statement = " ".join(("SELECT", columns, *_OF_ONE_SET))
        found: set[str] = set()
        for set_id, source in zip(ids, sources, strict=True):
            row = connection.execute(statement, (set_id,)).fetchone() or ()
            flags = dict(zip(names, map(bool, row), strict=False)) | dict(source.permissions)
            found.update(name for name, given in flags.items() if given)
        return frozenset(found)


def _with_own_rows(schema: Schema, user_id: str, rights: EffectiveRights) -> Schema:
    if not any(name in schema.objects for name in _OWN_ROWS):
        return schema
    return Schema(
        _OWN_ROWS[name](object_type, user_id, rights) if name in _OWN_ROWS else object_type
        for name, object_type in schema.objects.items()
    )
