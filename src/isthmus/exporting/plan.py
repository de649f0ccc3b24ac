"""What one export run of one goal sends, and to which records."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql
from psycopg.sql import Composed

from isthmus.connections import goal_checks
from isthmus.connections.goal_properties import GoalProperties
from isthmus.connections.models import Goal
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import PROFILE_ID, ExportField, ExportGoal, ExportKind
from isthmus.domain.objects import SalesforceObject
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments import Condition, is_of_profile_alone, parse
from isthmus.exporting.values import Cell, cell
from isthmus.profiles.models import Segment
from isthmus.profiles.segments import predicate
from isthmus.salesforce import Field, ObjectDescription, Salesforce

LOOKS_AT_ALL = timedelta(days=1)
"""How long runs rely on what the runs before found out about members that have not changed since;
then one asks of every member whether it was sent."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A mapping row, ready for SQL."""

    place: int  # from 1: its cell in an export row
    slot: int  # its hash in record_link.sent
    field: Field
    cell: Cell
    column: sql.Identifier | None = None  # the property's, over `p`, where it sends one


@dataclass(frozen=True, kw_only=True)
class ExportPlan:
    """All that the steps of one run of one goal need to know."""

    goal: int  # row id
    run_goal: int  # row id of this goal's part in the run
    connection: int  # row id
    zone: str  # of the connection: whose days profiles count for
    label: str  # for messages
    version: int  # of the goal
    definition: ExportGoal
    segment: Composed  # predicate over `p`
    rows: tuple[Sent, ...]
    slots: int  # length of record_link.sent
    match_field: Field
    match_property: PropertyDefinition | None  # None: the profile's own id
    key_prefix: str | None  # of the object's record ids
    person_condition: str  # SOQL that keeps persons and contacts apart; may be empty
    condition: str  # SOQL that selects the object's records
    org_goals: tuple[int, ...]  # all goals of the org, this one too
    changed_since: datetime | None  # profiles changed before need no look; None: all do
    same_members: bool  # a profile that has not changed is a member now if it was one then
    segment_digest: str
    started_at: datetime
    again: bool = False  # fields are sent that Salesforce has already
    rehearsed: bool = False  # all is rolled back

    @property
    def object(self) -> SalesforceObject:
        """The object that is written."""
        return self.definition.object

    def writable(self, operation: str) -> tuple[Sent, ...]:
        """The rows that an `insert` or `update` may send."""
        if operation == "insert":
            return tuple(row for row in self.rows if row.field.createable)
        return tuple(row for row in self.rows if row.field.updateable)


def plan_export(goal_run: GoalRun, now: datetime) -> ExportPlan:
    """Look up the goal's fields in the org, its segment and properties here.

    `now` is the database's clock. Raises `GoalIncomplete`.
    """
    goal, definition = goal_run.goal, goal_run.goal.definition
    assert isinstance(definition, ExportGoal)  # noqa: S101 - the caller chose the engine by it
    goal_checks.refuse(goal, goal_run.salesforce.describe)
    fields = _Fields(goal_run.salesforce, definition)
    zone = goal_run.connection.timezone
    rows = fields.rows(goal, zone)
    condition = _segment(definition, fields.properties.known)
    segment = predicate(condition, fields.properties.known, now=now, timezone=zone)
    digest = hashlib.sha256(segment.as_string().encode()).hexdigest()
    changed_since = _changed_since(goal_run, now)
    return ExportPlan(
        goal=goal.id,
        run_goal=goal_run.run_goal.id,
        connection=goal_run.connection.id,
        zone=goal_run.connection.timezone,
        label=definition.name,
        version=goal.version,
        definition=definition,
        segment=segment,
        rows=rows,
        slots=len(goal.slots),
        match_field=fields.match_field(),
        match_property=fields.match_property(),
        key_prefix=fields.description.key_prefix,
        person_condition=fields.person_condition(),
        condition=fields.condition(),
        org_goals=(goal.id, *goal_run.other_goals),
        changed_since=changed_since,
        same_members=changed_since is not None
        and is_of_profile_alone(condition)
        and goal.read_segment == digest
        and _is_recent(goal.read_whole_at, now),
        segment_digest=digest,
        started_at=now,
        again=bool(goal_run.only) and goal_run.full,
    )


def _changed_since(goal_run: GoalRun, now: datetime) -> datetime | None:
    goal = goal_run.goal
    if goal_run.full or goal.read_until is None or goal.read_version != goal.version:
        return None
    if goal.read_until > now:
        # The database's clock went back: what changed meanwhile has stamps of before.
        return None
    # A transaction that began before the last run and ended after it stamps its profiles early.
    return goal.read_until - timedelta(seconds=goal_run.connection.overlap_seconds)


def _is_recent(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < LOOKS_AT_ALL


def _segment(goal: ExportGoal, known: Mapping[str, PropertyDefinition]) -> Condition:
    segment = Segment.objects.get(key=goal.segment)
    return parse(segment.where, known)


class _Fields:
    """Looks up what the goal names in the org and here."""

    def __init__(self, salesforce: Salesforce, goal: ExportGoal) -> None:
        self.salesforce, self.goal = salesforce, goal
        self.description: ObjectDescription = salesforce.describe(goal.object.sobject)
        self.properties = GoalProperties(goal.key)

    def condition(self) -> str:
        """What keeps persons and contacts apart, and converted leads out."""
        converted = "IsConverted = false" if self.goal.object.converts else ""
        return " AND ".join(filter(None, [self.person_condition(), converted]))

    def person_condition(self) -> str:
        """What keeps persons and contacts apart, where the org has persons at all."""
        has_persons = "ispersonaccount" in self.salesforce.describe("Account").fields
        return self.goal.object.person_filter if has_persons else ""

    def rows(self, goal: Goal, timezone: str) -> tuple[Sent, ...]:
        """The mapping rows; new ones get their slots."""
        slots = goal.take_slots([row.field.lower() for row in self.goal.fields])
        return tuple(
            self._row(place, slot, row, timezone)
            for place, (slot, row) in enumerate(zip(slots, self.goal.fields, strict=True), 1)
        )

    def _row(self, place: int, slot: int, row: ExportField, timezone: str) -> Sent:
        field = self.description.field(row.field)
        source = None
        if row.kind is ExportKind.PROPERTY:
            source = self.properties.named(row.value)
        return Sent(
            place=place,
            slot=slot,
            field=field,
            cell=cell(row, field, source, timezone),
            column=sql.Identifier("p", source.column) if source else None,
        )

    def match_field(self) -> Field:
        """The field that tells which record is a profile's."""
        return self.description.field(self.goal.match.field)

    def match_property(self) -> PropertyDefinition | None:
        """The identifier that is compared with it; None for the profile's own id."""
        if self.goal.match.identifier == PROFILE_ID:
            return None
        return self.properties.identifier(self.goal.match.identifier)
