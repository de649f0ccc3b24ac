"""The properties that a goal names, looked up in the store."""

from isthmus.connections.errors import GoalIncomplete
from isthmus.domain.properties import PropertyDefinition
from isthmus.profiles import properties


class GoalProperties:
    """The store's properties as one goal asks for them."""

    def __init__(self, goal_key: str) -> None:
        self._goal_key = goal_key
        self.known = properties.definitions()

    def named(self, key: str) -> PropertyDefinition:
        """The property of that key. Raises `GoalIncomplete` where there is none."""
        try:
            return self.known[key]
        except KeyError:
            raise GoalIncomplete(
                f"Goal {self._goal_key!r} names property {key!r}, which is not there. "
                f"Make it, or choose another."
            ) from None

    def identifier(self, key: str) -> PropertyDefinition:
        """The identifier of that key. Raises `GoalIncomplete` where there is none, too."""
        found = self.named(key)
        if not found.identifier:
            raise GoalIncomplete(
                f"Goal {self._goal_key!r} matches by property {found.key!r}, which is not an "
                f"identifier. Only identifiers name one profile; choose one of them."
            )
        return found
