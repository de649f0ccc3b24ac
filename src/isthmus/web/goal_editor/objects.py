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


NO_PERSONS = "This org has no person accounts."


@dataclass(frozen=True, kw_only=True)
class Card:
    """An object that can be chosen, or why it can't."""

    name: str
    chosen: bool
    records: int | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Objects:
    """The objects of an org, as far as they are known.

    A description is long: only those are read that somebody looks at.
    """

    connection: Connection
    records: Mapping[str, int | None] = field(default_factory=dict)  # of those that are known
    reasons: Mapping[str, str] = field(default_factory=dict)  # why one can't be used, by name
    problem: str = ""  # why Salesforce could not be asked
    old: frozenset[str] = frozenset()  # of which what is known should be asked for again
    _read: dict[str, Known | None] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, *, ask: bool = False, refresh: bool = False) -> Self:
        """What is known; with `ask`, what is not is asked for; with `refresh`, everything."""
        if connection.authorization is None:
            return cls(connection=connection, problem=NO_SIGN_IN)
        problem, reasons = "", dict[str, str]()
        if ask or refresh:
            try:
                offered = known_objects.offered(connection, refresh=refresh)
            except IsthmusError as error:
                problem = str(error)
            else:
                reasons = {each.object.name: each.reason for each in offered if each.reason}
                asked = (each.known.problem for each in offered if each.known)
                problem = next(filter(None, asked), "")
        records = known_objects.records(connection)
        if known_objects.lacks_persons(connection):
            reasons["Person"] = NO_PERSONS
        return cls(
            connection=connection,
            records=records,
            reasons=reasons,
            problem=problem,
            old=frozenset() if problem else frozenset(known_objects.old(connection)),
        )

    @property
    def stale(self) -> bool:
        """Whether something is to be asked for."""
        missing = set(OBJECTS) - set(self.records) - set(self.reasons)
        return not self.problem and bool(missing | self.old)

    def known(self, name: str) -> Known | None:
        """What is known of the object."""
        if name not in self._read:
            self._read[name] = known_objects.cached(self.connection, OBJECTS[name])
        return self._read[name]

    def cards(self, chosen: str) -> list[Card]:
        """The objects as they can be chosen."""
        return [
            Card(
                name=name,
                chosen=name == chosen,
                records=self.records.get(name),
                reason=self.reasons.get(name, ""),
            )
            for name in OBJECTS
        ]
