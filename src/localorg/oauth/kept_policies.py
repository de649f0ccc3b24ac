"""What was changed about apps while the org ran, in its file."""

import json
from collections.abc import Mapping
from typing import Any

from localorg.store import Store

Policies = Mapping[str, Any]
_ALL = "SELECT client_id, policies FROM localorg_app_policies ORDER BY rowid"
_SAVE = (
    "INSERT INTO localorg_app_policies VALUES (?, ?) "
    "ON CONFLICT (client_id) DO UPDATE SET policies = excluded.policies"
)
_CLEAR = "DELETE FROM localorg_app_policies"


class KeptPolicies:
    """Changed policies by client id, as JSON."""

    def __init__(self, store: Store) -> None:
        """Keep them in the org's file, whose tables are there."""
        self._store = store

    def all(self) -> dict[str, dict[str, Any]]:
        """What was changed, by client id."""
        with self._store.read() as connection:
            return {client_id: json.loads(text) for client_id, text in connection.execute(_ALL)}

    def save(self, client_id: str, policies: Policies) -> None:
        """Keep all that was changed about one app."""
        with self._store.write() as connection:
            connection.execute(_SAVE, (client_id, json.dumps(policies, default=_text)))

    def clear(self) -> None:
        """Forget every change."""
        with self._store.write() as connection:
            connection.execute(_CLEAR)


def _text(pem: bytes) -> str:
    return pem.decode()
