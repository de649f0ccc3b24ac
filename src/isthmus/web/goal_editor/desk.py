"""What a goal's page works with for one request: the store's set-up, and what the org is like."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from django.http import HttpRequest

from isthmus.connections import goal_setting, previews
from isthmus.connections.goal_troubles import Surroundings, Trouble, troubles_of, warnings_of
from isthmus.connections.models import Connection, Goal
from isthmus.connections.previews import Preview
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.roles import Right
from isthmus.profiles import properties
from isthmus.profiles.models import Segment
from isthmus.web.access import who
from isthmus.web.goal_editor.in_org import InOrg
from isthmus.web.goal_editor.objects import Objects
from isthmus.web.goal_editor.problems import Problems
from isthmus.web.masking import sees_personal_data

Definition = ImportGoal | ExportGoal


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The connection, its goals, and the properties and segments that a goal can name."""

    connection: Connection
    there: Goal | None  # None: the goal is not stored yet
    goals: Sequence[Goal]  # of the connection, in the order in which they run
    may_edit: bool
    sees_personal_data: bool
    asks: bool = False  # whether Salesforce is asked for what is not known yet
    refreshes: bool = False  # whether it is asked for everything again

    @classmethod
    def of(cls, request: HttpRequest, connection: Connection, there: Goal | None = None) -> Self:
        """The desk for whoever asks."""
        user = who(request)
        return cls(
            connection=connection,
            there=there,
            goals=goal_setting.in_order(connection),
            may_edit=user is not None and user.may(Right.EDIT),
            sees_personal_data=sees_personal_data(request),
            asks="known" in request.GET,
            refreshes=request.POST.get("act") == "refresh",
        )

    @property
    def key(self) -> str:
        """The goal's; empty before it is stored."""
        return self.there.key if self.there else ""

    @cached_property
    def last_preview(self) -> Preview | None:
        """The newest preview of the goal."""
        return previews.latest(self.there) if self.there else None

    @property
    def is_previewed(self) -> bool:
        """Whether somebody has made a preview of the goal."""
        return self.last_preview is not None

    @cached_property
    def properties(self) -> dict[str, PropertyDefinition]:
        """Of the store, by key."""
        return properties.definitions()

    @cached_property
    def segments(self) -> Mapping[str, str]:
        """Names of the segments, by key."""
        return dict(Segment.objects.order_by("name", "id").values_list("key", "name"))

    @cached_property
    def objects(self) -> Objects:
        """What is known of the org's objects."""
        return Objects.of(self.connection, ask=self.asks, refresh=self.refreshes)

    @cached_property
    def around(self) -> Surroundings:
        """What a goal is looked at beside."""
        return Surroundings(
            properties=self.properties,
            segments=self.segments,
            goals=[each.definition for each in self.goals],
        )

    def problems(self, goal: Definition, gaps: Sequence[Trouble]) -> Problems:
        """What is wrong with the goal, here and in its org as far as that is known.

        `gaps` say plainer what is still to be chosen, and stand in place of what is said there.
        """
        org = InOrg.of(self.there, goal, self.objects, self.properties)
        troubles = [*troubles_of(goal, self.around), *org.troubles()]
        open_places = {each.path for each in gaps}
        return Problems(
            troubles=[*gaps, *(each for each in troubles if each.path not in open_places)],
            warnings=[
                each
                for each in (*warnings_of(goal, self.around), *org.warnings())
                if each.path not in open_places
            ],
        )
