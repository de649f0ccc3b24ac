from localorg.schema import Schema
from localorg.store import Store


class Rights:
    """The rights of the org's users; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        """Read rights from the org's records."""
        self._store = store

    def schema_for(self, user_id: str) -> Schema:  # noqa: ARG002 - every user sees everything
        """The objects and fields that a user sees, with what the user may do with them."""
        return self._store.schema
