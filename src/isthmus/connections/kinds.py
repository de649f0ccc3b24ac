"""The kinds of connections that there are: what the gallery shows.

Another kind is another entry here, an engine for each direction, and its own way of signing in.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Something that profiles can be exchanged with."""

    key: str
    name: str
    description: str
    icon: str  # of the pages' sprite


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            key="salesforce",
            name="Salesforce",
            description=(
                "Leads, contacts and person accounts into profiles, and segments of profiles "
                "back into them."
            ),
            icon="cloud",
        ),
    )
}
"""By key, in the order in which they are shown."""
