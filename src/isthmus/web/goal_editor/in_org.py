"""What is wrong with a goal in its org, by what is known of the org without asking it.

The same sentences are said by a run and by `connection check`, which ask. Of parents' fields, such
as Owner.Name, the page says nothing: what parents are like is not kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from isthmus.connections import goal_checks, org_troubles
from isthmus.connections.goal_troubles import Trouble
from isthmus.connections.models import Goal
from isthmus.connections.org_troubles import Org
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import PropertyDefinition
from isthmus.salesforce import ObjectDescription
from isthmus.web.goal_editor.objects import Objects

Definition = ImportGoal | ExportGoal


@dataclass(frozen=True, kw_only=True)
class InOrg:
    """A goal without the rows of which nothing is known, beside what is known of its org."""

    goal: Definition
    org: Org | None  # None: nothing is known
    places: Mapping[str, Sequence[int]]  # by part: where its rows stand in the whole goal

    @classmethod
    def of(
        cls,
        there: Goal | None,
        goal: Definition,
        objects: Objects,
        properties: Mapping[str, PropertyDefinition],
    ) -> Self:
        """The goal as it was typed; `there` is what is stored of it."""
        known = objects.known(goal.object.name)
        if known is None:
            return cls(goal=goal, org=None, places={})
        described = known.description

        def describe(name: str) -> ObjectDescription:
            is_it = name.lower() == described.name.lower()
            return described if is_it else replace(described, name=name, fields={})

        org = Org(
            describe=describe,
            properties=properties,
            read_before=goal_checks.read_fields(there) if there else (),
        )
        fields = _own(row.field for row in goal.fields)
        if isinstance(goal, ExportGoal):
            kept = replace(goal, fields=tuple(goal.fields[place] for place in fields))
            return cls(goal=kept, org=org, places={"fields": fields})
        match = _own(row.field for row in goal.match)
        whole = replace(
            goal,
            fields=tuple(goal.fields[place] for place in fields),
            match=tuple(goal.match[place] for place in match),
        )
        return cls(goal=whole, org=org, places={"fields": fields, "match": match})

    def troubles(self) -> list[Trouble]:
        """Everything for which the goal can't work in this org."""
        return self._placed(org_troubles.troubles_of(self.goal, self.org)) if self.org else []

    def warnings(self) -> list[Trouble]:
        """What may go wrong with single records."""
        return self._placed(org_troubles.warnings_of(self.goal, self.org)) if self.org else []

    def _placed(self, found: Iterable[Trouble]) -> list[Trouble]:
        return [replace(each, path=self._path(each.path)) for each in found]

    def _path(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        if len(path) > 1 and isinstance(path[1], int) and path[0] in self.places:
            return (path[0], self.places[str(path[0])][path[1]], *path[2:])
        return path


def _own(names: Iterable[str]) -> list[int]:
    """Places of the rows whose field is one of the object itself."""
    return [place for place, name in enumerate(names) if name and "." not in name]
