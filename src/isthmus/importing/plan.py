"""What one import run of one goal reads, and where each value goes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql

from isthmus.connections.errors import GoalIncomplete
from isthmus.connections.goal_properties import GoalProperties
from isthmus.connections.models import Goal
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule, together_refusal
from isthmus.domain.objects import PERSON, SalesforceObject
from isthmus.domain.properties import PropertyDefinition
from isthmus.importing.fields import Column, Columns
from isthmus.importing.values import TypedValue, typed
from isthmus.profiles import properties
from isthmus.salesforce import Salesforce


@dataclass(frozen=True, kw_only=True)
class MappedValue:
    """A mapping row, or one that the goal implies, ready for SQL."""

    place: int  # order among the goal's rows, from 1: names the row in a record's refused rows
    column: Column | None  # None: the object type, a constant
    target: PropertyDefinition
    rule: MergeRule
    typed: TypedValue
    keep_when_empty: bool = False
    slot: int | None = None  # of a sum: place in record_link.summed


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """All that the steps of one run of one goal need to know."""

    goal: int  # row id
    run_goal: int  # row id of this goal's part in the run
    label: str  # for messages
    version: int  # of the goal
    definition: ImportGoal
    columns: tuple[Column, ...]
    match: tuple[MappedValue, ...]  # matched identifiers: they find a profile, and it gains them
    mappings: tuple[MappedValue, ...]  # the goal's rows, after them the object type
    numbers: Mapping[str, int]  # identifier property -> its number in store.identifier
    slots: int  # length of record_link.summed
    condition: str  # SOQL that selects the goal's records, without the window; may be empty
    window_from: datetime | None
    window_to: datetime
    other_goals: tuple[int, ...]  # of the same org: their links are links of this record too
    warnings: tuple[str, ...] = ()

    @property
    def object(self) -> SalesforceObject:
        """The object that is read."""
        return self.definition.object

    @property
    def query(self) -> str:
        """The SOQL of the window."""
        window = [f"SystemModstamp < {soql_time(self.window_to)}"]
        if self.window_from:
            window.insert(0, f"SystemModstamp >= {soql_time(self.window_from)}")
        return self.query_where(*window)

    def query_where(self, *conditions: str) -> str:
        """The SOQL of the goal's records that meet `conditions`."""
        names = ", ".join(column.field for column in self.columns)
        where = " AND ".join(filter(None, [self.condition, *conditions]))
        # SOQL takes no parameters; names come from describe, conditions from this module.
        return f"SELECT {names} FROM {self.object.sobject} WHERE {where}"  # noqa: S608

    def column(self, name: str) -> Column | None:
        """The staged column of a field, where the goal reads it."""
        wanted = name.lower()
        return next((each for each in self.columns if each.field.lower() == wanted), None)

    @property
    def writes(self) -> list[PropertyDefinition]:
        """The properties that the goal can change, each once."""
        return list({m.target.key: m.target for m in (*self.match, *self.mappings)}.values())


def soql_time(moment: datetime) -> str:
    """A moment as SOQL writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def plan_import(goal_run: GoalRun) -> ImportPlan:
    """Look up the goal's fields in the org and its properties here; raise `GoalIncomplete`."""
    goal, definition = goal_run.goal, goal_run.goal.definition
    assert isinstance(definition, ImportGoal)  # noqa: S101 - the caller chose the engine by it
    fields = _Fields(goal_run.salesforce, definition, seen_before=goal.read_version > 0)
    condition = fields.condition()
    match = fields.match_rows()
    mappings = fields.mapping_rows(goal, goal_run.connection.timezone)
    window_from, window_to = _window(goal_run)
    return ImportPlan(
        goal=goal.id,
        run_goal=goal_run.run_goal.id,
        label=definition.name,
        version=goal.version,
        definition=definition,
        columns=tuple(fields.columns),
        match=match,
        mappings=mappings,
        numbers=properties.numbers(),
        slots=len(goal.slots),
        condition=condition,
        window_from=window_from,
        window_to=window_to,
        other_goals=goal_run.other_goals,
        warnings=tuple(fields.warnings),
    )


def _window(goal_run: GoalRun) -> tuple[datetime | None, datetime]:
    goal, connection = goal_run.goal, goal_run.connection
    # The org's own clock, less a margin: a stamp is taken when a record is saved and is seen
    # only when its transaction ends.
    until = goal_run.salesforce.server_time() - timedelta(seconds=connection.settle_seconds)
    until = until.replace(microsecond=0)
    if goal_run.full or goal.read_until is None or goal.read_version != goal.version:
        return None, until
    return goal.read_until - timedelta(seconds=connection.overlap_seconds), until


class _Fields:
    """Looks up what the goal names, and keeps the columns that have to be read for it."""

    def __init__(self, salesforce: Salesforce, goal: ImportGoal, *, seen_before: bool) -> None:
        self.salesforce, self.goal, self.seen_before = salesforce, goal, seen_before
        self.columns = Columns(salesforce, goal.object.sobject)
        self.warnings: list[str] = []
        self.properties = GoalProperties(goal.key)
        for name in ("Id", "SystemModstamp", "IsDeleted", *goal.object.required):
            self.columns.add(name)

    def condition(self) -> str:
        """What keeps persons and contacts apart, where the org has persons at all."""
        has_persons = "ispersonaccount" in self.salesforce.describe("Account").fields
        if self.goal.object is PERSON and not has_persons:
            raise GoalIncomplete(
                f"Goal {self.goal.key!r} reads person accounts, and this org has none. Choose "
                f"Lead or Contact, or have person accounts enabled in Salesforce."
            )
        return self.goal.object.person_filter if has_persons else ""

    def match_rows(self) -> tuple[MappedValue, ...]:
        """The matched identifiers. All have to be there: matching by fewer finds other profiles."""
        if not self.goal.match:
            raise GoalIncomplete(
                f"Goal {self.goal.key!r} has no row to match by. Add one under `match`: a field "
                f"and an identifier property."
            )
        return tuple(self._match_row(place, row) for place, row in enumerate(self.goal.match, 1))

    def _match_row(self, place: int, row: MatchRow) -> MappedValue:
        target = self.properties.identifier(row.identifier)
        column = self.columns.add(row.field)
        if column is None:
            raise self._no_field(row.field)
        return MappedValue(
            place=-place,
            column=column,
            target=target,
            rule=MergeRule.ADD if target.list else MergeRule.SET_IF_EMPTY,
            typed=typed(column.name, column.type, target, "UTC"),
        )

    def mapping_rows(self, goal: Goal, timezone: str) -> tuple[MappedValue, ...]:
        """The goal's rows and the object type; new sums get their slots."""
        rows = [
            mapped
            for place, row in enumerate(self.goal.fields, 1)
            if not self._gained_anyway(row)
            and (mapped := self._mapping_row(place, row, goal, timezone))
        ]
        self._check_rules(rows)
        return (*rows, self._object_type(len(self.goal.fields) + 1))

    def _gained_anyway(self, row: ImportField) -> bool:
        """Whether matching does what the row asks for: a profile gains what it is matched by."""
        return row.rule in (MergeRule.ADD, MergeRule.SET_IF_EMPTY) and any(
            match.identifier == row.property and match.field.lower() == row.field.lower()
            for match in self.goal.match
        )

    def _mapping_row(
        self, place: int, row: ImportField, goal: Goal, timezone: str
    ) -> MappedValue | None:
        target = self.properties.named(row.property)
        column = self.columns.add(row.field)
        if column is None:
            if not self.seen_before:
                raise self._no_field(row.field)
            self.warnings.append(
                f"{row.field} is no longer there or no longer shown to this user; "
                f"property {target.key!r} is left as it is."
            )
            return None
        slot = None
        if row.rule is MergeRule.SUM:
            (slot,) = goal.take_slots([f"{row.field.lower()} > {row.property}"])
        return MappedValue(
            place=place,
            column=column,
            target=target,
            rule=row.rule,
            typed=typed(column.name, column.type, target, timezone),
            keep_when_empty=row.keep_when_empty or target.identifier,
            slot=slot,
        )

    def _object_type(self, place: int) -> MappedValue:
        target = self.properties.named(self.goal.object_type_property)
        name = sql.Literal(self.goal.object.name)
        value = sql.SQL("ARRAY[{}]" if target.list else "{}").format(name)
        return MappedValue(
            place=place,
            column=None,
            target=target,
            rule=MergeRule.ADD if target.list else MergeRule.SET,
            typed=TypedValue(value=value, element=name, fits=None),
        )

    def _check_rules(self, rows: list[MappedValue]) -> None:
        by_property: dict[str, list[MappedValue]] = defaultdict(list)
        for row in rows:
            by_property[row.target.key].append(row)
        for written in by_property.values():
            target = written[0].target
            reason = together_refusal([row.rule for row in written], target)
            reason = reason or _identifier_refusal(written, target)
            if reason:
                raise GoalIncomplete(f"Goal {self.goal.key!r}: {reason}")

    def _no_field(self, name: str) -> GoalIncomplete:
        return GoalIncomplete(
            f"Goal {self.goal.key!r} reads field {name!r}, which {self.goal.object.sobject} does "
            f"not have, or does not show to this user, or can't be read in bulk (address fields: "
            f"use their parts). {self.columns.near(name)}"
        )


def _identifier_refusal(rows: list[MappedValue], target: PropertyDefinition) -> str | None:
    if not target.identifier:
        return None
    if len(rows) > 1 and not target.list:
        return f"Identifier {target.key!r} is written by {len(rows)} rows; one is allowed."
    if target.list and any(row.rule is not MergeRule.ADD for row in rows):
        return (
            f"Identifier {target.key!r} is a list, and a list of identifiers only grows: use add."
        )
    return None
