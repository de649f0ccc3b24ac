from localorg.oauth.accounts import Account
from localorg.oauth.apps import App
from localorg.store import Store

_SCOPE = "SELECT scope FROM localorg_grant_approvals WHERE user_id = ? AND client_id = ?"
_SAVE = "INSERT OR REPLACE INTO localorg_grant_approvals VALUES (?, ?, ?)"
_FORGET = "DELETE FROM localorg_grant_approvals WHERE user_id = ? AND client_id = ?"
_PROFILE = "SELECT p.Name FROM User u JOIN Profile p ON p.Id = u.ProfileId WHERE u.Id = ?"
_PERMISSION_SETS = """
SELECT s.Name, s.Label FROM PermissionSetAssignment a
JOIN PermissionSet s ON s.Id = a.PermissionSetId
WHERE a.AssigneeId = ? AND coalesce(a.IsActive, 1) = 1
"""


class Consents:
    """Which users let which apps in, by themselves or because an administrator said so."""

    def __init__(self, store: Store) -> None:
        """Keep what users said in the org's file."""
        self._store = store

    def give(self, user_id: str, client_id: str, scopes: tuple[str, ...]) -> None:
        """Remember that a user allowed an app these scopes, beside earlier ones."""
        with self._store.write() as connection:
            row = connection.execute(_SCOPE, (user_id, client_id)).fetchone()
            known = row[0].split() if row else []
            every = " ".join(dict.fromkeys((*known, *scopes)))
            connection.execute(_SAVE, (user_id, client_id, every))

    def given(self, user_id: str, client_id: str) -> frozenset[str] | None:
        """The scopes that a user allowed an app; None where the user was never asked."""
        with self._store.read() as connection:
            row = connection.execute(_SCOPE, (user_id, client_id)).fetchone()
        return None if row is None else frozenset(row[0].split())

    def forget(self, user_id: str, client_id: str) -> None:
        """Ask the user again the next time."""
        with self._store.write() as connection:
            connection.execute(_FORGET, (user_id, client_id))

    def is_pre_authorised(self, app: App, account: Account) -> bool:
        """Whether an administrator let a user in: by name, by profile or by permission set."""
        named = {name.lower() for name in app.pre_authorised}
        if not named:
            return False
        return account.username.lower() in named or not named.isdisjoint(self._groups(account))

    def _groups(self, account: Account) -> set[str]:
        if "permissionset" not in self._store.schema.objects:
            return set()
        with self._store.read() as connection:
            names = connection.execute(_PROFILE, (account.user_id,)).fetchall()
            for row in connection.execute(_PERMISSION_SETS, (account.user_id,)):
                names += [(name,) for name in row]
        return {row[0].lower() for row in names if row[0]}
