"""Profiles, permission sets, users and assignments as records of the org."""

import sqlite3
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from localorg.clock import stored_datetime
from localorg.schema import ObjectType
from localorg.store import INTEGRATION_USER_ID, Store, quoted
from localorg.store.first_rows import owned_permission_set

_PROFILE = "SELECT Id FROM Profile WHERE Name = ? COLLATE NOCASE"
_SET_OF_PROFILE = "SELECT Id FROM PermissionSet WHERE ProfileId = ? AND IsOwnedByProfile = 1"
_SET = """
SELECT Id FROM PermissionSet WHERE coalesce(IsOwnedByProfile, 0) = 0
AND (Name = ?1 COLLATE NOCASE OR Label = ?1 COLLATE NOCASE)
"""
_USER = "SELECT Id FROM User WHERE Username = ?1 COLLATE NOCASE OR Id = ?1"
_ASSIGNED = """
SELECT a.Id, a.PermissionSetId FROM PermissionSetAssignment a
JOIN PermissionSet s ON s.Id = a.PermissionSetId
WHERE a.AssigneeId = ? AND coalesce(s.IsOwnedByProfile, 0) = ?
"""
_UNASSIGN = "DELETE FROM PermissionSetAssignment WHERE Id = ?"
_PROFILE_OF_USER = "SELECT ProfileId FROM User WHERE Id = ?"

Values = Mapping[str, Any]


class AccessRecords:
    """Writes records that say what users may do, all with one stamp; safe to use again."""

    def __init__(self, store: Store, now: datetime) -> None:
        """Stamp what changes with `now`."""
        self._store = store
        self._stamp = stored_datetime(now)

    def find_profile(self, name: str) -> str | None:
        """The id of a profile, by its name in any case."""
        return self._id(_PROFILE, name)

    def find_permission_set(self, name: str) -> str | None:
        """The id of a permission set that no profile owns, by its name or label in any case."""
        return self._id(_SET, name)

    def set_of_profile(self, profile_id: str) -> str | None:
        """The id of the permission set that a profile owns."""
        return self._id(_SET_OF_PROFILE, profile_id)

    def find_user(self, name: str) -> str | None:
        """The id of a user, by user name in any case or by id."""
        return self._id(_USER, name)

    def put_profile(self, name: str, permissions: Mapping[str, bool]) -> str:
        """Make or change a profile; answers the id of the permission set that it owns."""
        flags = {key: int(given) for key, given in permissions.items()}
        with self._store.write() as connection:
            known = self.find_profile(name)
            profile = {"Name": name, "UserType": "Standard", **flags}
            profile_id = self._put(connection, "Profile", known, profile)
            own = owned_permission_set(profile_id) | flags
            known = self.set_of_profile(profile_id)
            return self._put(connection, "PermissionSet", known, flags if known else own)

    def put_permission_set(self, name: str, label: str, permissions: Mapping[str, bool]) -> str:
        """Make or change a permission set; answers its id."""
        values = {
            "Name": name,
            "Label": label,
            "IsOwnedByProfile": 0,
            "IsCustom": 1,
            "Type": "Regular",
        }
        flags = {key: int(given) for key, given in permissions.items()}
        with self._store.write() as connection:
            known = self.find_permission_set(name)
            return self._put(connection, "PermissionSet", known, values | flags)

    def put_user(self, username: str, values: Values, if_new: Values) -> str:
        """Make or change a user; `if_new` is what only a new one gets. Answers the id."""
        with self._store.write() as connection:
            known = self.find_user(username)
            given = values if known else {**if_new, **values}
            user_id = self._put(connection, "User", known, given)
            self._assign_profile_set(connection, user_id)
        return user_id

    def assign(self, user_id: str, set_ids: Collection[str]) -> None:
        """Give a user these permission sets and no others, besides the profile's own."""
        with self._store.write() as connection:
            self._assign(connection, user_id, set(set_ids), owned=False)

    def _assign_profile_set(self, connection: sqlite3.Connection, user_id: str) -> None:
        (profile_id,) = connection.execute(_PROFILE_OF_USER, (user_id,)).fetchone()
        own = self.set_of_profile(profile_id or "")
        self._assign(connection, user_id, {own} if own else set(), owned=True)

    def _assign(
        self, connection: sqlite3.Connection, user_id: str, set_ids: set[str], *, owned: bool
    ) -> None:
        rows = connection.execute(_ASSIGNED, (user_id, int(owned))).fetchall()
        assigned = {set_id: row_id for row_id, set_id in rows}
        gone = [(row_id,) for set_id, row_id in assigned.items() if set_id not in set_ids]
        connection.executemany(_UNASSIGN, gone)
        for set_id in sorted(set_ids - assigned.keys()):
            values = {"AssigneeId": user_id, "PermissionSetId": set_id, "IsActive": 1}
            self._put(connection, "PermissionSetAssignment", None, values)

    def _put(
        self, connection: sqlite3.Connection, name: str, known: str | None, values: Values
    ) -> str:
        """Insert a row, or change one where it is different; answers its id."""
        object_type = self._store.schema.object(name)
        columns = {
            column: values[column] for column in values if column.lower() in object_type.fields
        }
        if known is not None:
            self._change(connection, name, known, columns)
            return known
        new_id = self._store.ids.next(object_type.key_prefix)
        made = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), self._stamp)
        made |= dict.fromkeys(("CreatedById", "LastModifiedById"), INTEGRATION_USER_ID)
        flags = {field.name: 0 for field in object_type.columns if field.type == "boolean"}
        row = {"Id": new_id, **flags, **made, **columns}
        row = {
            column: value for column, value in row.items() if column.lower() in object_type.fields
        }
        names, marks = ", ".join(map(quoted, row)), ", ".join("?" * len(row))
        statement = "".join(("INSERT INTO ", quoted(name), " (", names, ") VALUES (", marks, ")"))
        connection.execute(statement, tuple(row.values()))
        return new_id

    def _change(
        self, connection: sqlite3.Connection, name: str, known: str, columns: dict[str, Any]
    ) -> None:
        changed = {**columns, "LastModifiedDate": self._stamp, "SystemModstamp": self._stamp}
        settings = ", ".join(f"{quoted(column)} = ?" for column in changed)
        different = " OR ".join(f"{quoted(column)} IS NOT ?" for column in columns)
        parts = ("UPDATE ", quoted(name), " SET ", settings, " WHERE Id = ? AND (", different, ")")
        if columns:
            values = (*changed.values(), known, *columns.values())
            connection.execute("".join(parts), values)

    def _id(self, statement: str, key: str) -> str | None:
        with self._store.read() as connection:
            row = connection.execute(statement, (key,)).fetchone()
        return None if row is None else str(row[0])


def _known(object_type: ObjectType, values: Values) -> dict[str, Any]:
    """The values that the object has fields for."""
    return {name: value for name, value in values.items() if name.lower() in object_type.fields}
