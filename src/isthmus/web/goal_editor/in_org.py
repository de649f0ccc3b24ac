"""What is wrong with a goal in its org, by what is known of the org without asking it.

The same sentences are said by a run and by `connection check`, which ask. Of parents' fields, such
as Owner.Name, something is said where it is known what the parent is like.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from isthmus.blueprint import goal_saving
from isthmus.connections import org_troubles
from isthmus.connections.goal_troubles import Trouble
from isthmus.connections.known_objects import NotKnown
from isthmus.connections.models import Goal
from isthmus.connections.org_fields import find
from isthmus.connections.org_troubles import Org
from isthmus.domain.field_names import field_refusal
from isthmus.domain.filters import FilterError, named_fields, outline
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import PropertyDefinition
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

        def is_known(name: str) -> bool:
            """Whether it is known what stands there: a field, or none."""
            if "." not in name:
                return bool(name)
            if field_refusal(name, parents=True):
                return False  # said of the goal by itself
            try:
                find(known.describe, known.description.name, name)
            except NotKnown:
                return False
            return True

        org = Org(
            describe=known.describe,
            properties=properties,
            read_before=goal_saving.read_before(there, goal),
        )
        if isinstance(goal, ExportGoal):
            fields = _places((row.field for row in goal.fields), _is_own)
            kept = replace(goal, fields=tuple(goal.fields[place] for place in fields))
            return cls(goal=kept, org=org, places={"fields": fields})
        fields = _places((row.field for row in goal.fields), is_known)
        match = _places((row.field for row in goal.match), is_known)
        whole = replace(
            goal,
            filter=goal.filter if all(map(is_known, _filtered(goal))) else None,
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


def _places(names: Iterable[str], fits: Callable[[str], bool]) -> list[int]:
    return [place for place, name in enumerate(names) if fits(name)]


def _is_own(name: str) -> bool:
    """Whether it names a field of the object itself."""
    return bool(name) and "." not in name


def _filtered(goal: ImportGoal) -> Iterable[str]:
    """The fields that the filter's conditions name; none where it can't be read."""
    if goal.filter is None:
        return ()
    try:
        outline(goal.filter)
    except FilterError:
        return ()
    return named_fields(goal.filter)
