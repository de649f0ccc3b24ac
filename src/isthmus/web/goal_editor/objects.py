"""What is known of the objects that goals work on, without asking Salesforce unless told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from isthmus.connections import known_objects
from isthmus.connections.known_objects import Known
from isthmus.connections.models import Connection
from isthmus.domain.objects import OBJECTS
from isthmus.errors import IsthmusError

NO_SIGN_IN = (
    "Nobody has signed in to Salesforce yet, so its fields aren\u2019t known. Type their API names."
)


@dataclass(frozen=True, kw_only=True)
class Card:
    """An object that can be chosen, or why it can't."""

    name: str
    chosen: bool
    records: int | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The objects of an org, as far as they are known."""

    found: Mapping[str, Known] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)  # why one can't be used, by name
    problem: str = ""  # why Salesforce could not be asked
    stale: bool = False  # whether something is to be asked for

    @classmethod
    def of(cls, connection: Connection, *, ask: bool = False, refresh: bool = False) -> Self:
        """What is known; with `ask`, what is not is asked for; with `refresh`, everything."""
        if connection.authorization is None:
            return cls(problem=NO_SIGN_IN)
        problem, reasons = "", dict[str, str]()
        found: dict[str, Known] = {}
        if ask or refresh:
            try:
                for each in known_objects.offered(connection, refresh=refresh):
                    if each.known:
                        found[each.object.name] = each.known
                    else:
                        reasons[each.object.name] = each.reason
            except IsthmusError as error:
                problem = str(error)
        if not found:
            found = _cached(connection)
        problem = problem or next((each.problem for each in found.values() if each.problem), "")
        if "Person" in found and not found["Person"].has_persons:
            reasons["Person"] = "This org has no person accounts."
        missing = set(OBJECTS) - set(found) - set(reasons)
        return cls(
            found=found, reasons=reasons, problem=problem, stale=bool(missing) and not problem
        )

    def known(self, name: str) -> Known | None:
        """What is known of the object."""
        return self.found.get(name)

    def cards(self, chosen: str) -> list[Card]:
        """The objects as they can be chosen."""
        return [
            Card(
                name=name,
                chosen=name == chosen,
                records=self.found[name].records if name in self.found else None,
                reason=self.reasons.get(name, ""),
            )
            for name in OBJECTS
        ]


def _cached(connection: Connection) -> dict[str, Known]:
    found = {name: known_objects.cached(connection, of) for name, of in OBJECTS.items()}
    return {name: known for name, known in found.items() if known}
