"""What conditions in their plain form speak of, also those that can no longer be read."""

from typing import Any


def named_properties(where: Any) -> frozenset[str]:
    """Keys of the properties that the conditions ask for."""
    if isinstance(where, list):
        return frozenset().union(*map(named_properties, where))
    if not isinstance(where, dict):
        return frozenset()
    key = where.get("property")
    own = {key} if isinstance(key, str) else set()
    joined = (where.get(form) for form in ("all", "any", "not"))
    return frozenset(own).union(*map(named_properties, joined))
