"""What is known of the objects that goals work on, without asking Salesforce unless told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from isthmus.connections import known_objects
from isthmus.connections.known_objects import Known
from isthmus.connections.models import Connection
from isthmus.domain.objects import OBJECTS
from isthmus.errors import IsthmusError
from isthmus.salesforce import ObjectDescription

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
    asks_parents: bool = False  # whether Salesforce is asked for parents that are not known
    refreshes: bool = False  # whether it is asked for everything again
    _read: dict[str, Known | None] = field(default_factory=dict)
    _parents: dict[str, ObjectDescription | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        connection: Connection,
        *,
        ask: bool = False,
        refresh: bool = False,
        parents: bool = False,
    ) -> Self:
        """What is known; with `ask`, what is not is asked for; with `refresh`, everything.

        With `parents` also those are asked for that a path leads to.
        """
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
            asks_parents=(parents or refresh) and not problem,
            refreshes=refresh,
        )

    @property
    def stale(self) -> bool:
        """Whether something is to be asked for."""
        missing = set(OBJECTS) - set(self.records) - set(self.reasons)
        return not self.problem and bool(missing | self.old)

    def known(self, name: str) -> Known | None:
        """What is known of the object."""
        if name not in self._read:
            found = known_objects.cached(self.connection, OBJECTS[name])
            self._read[name] = replace(found, parent=self.parent) if found else None
        return self._read[name]

    def parent(self, name: str) -> ObjectDescription | None:
        """What is known of an object that fields are reached through, such as User."""
        name = name.lower()
        if name not in self._parents:
            found = None if self.refreshes else known_objects.kept(self.connection, name)
            self._parents[name] = found or self._asked(name)
        return self._parents[name]

    def _asked(self, name: str) -> ObjectDescription | None:
        if not self.asks_parents:
            return known_objects.kept(self.connection, name)
        try:
            return known_objects.describing(self.connection, refresh=self.refreshes)(name)
        except IsthmusError:
            return None  # nothing is said of it: saving and runs ask, too

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
