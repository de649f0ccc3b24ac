"""What one import run of one goal reads, and where each value goes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import sql

from isthmus.connections import goal_checks
from isthmus.connections.goal_properties import GoalProperties
from isthmus.connections.models import EXPORT, IMPORT, Goal
from isthmus.connections.org_troubles import filter_soql, gone
from isthmus.connections.runs import GoalRun
from isthmus.connections.two_way import Pair, ReadBack, WholeRecord, pairs_of
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import SalesforceObject
from isthmus.domain.properties import PropertyDefinition
from isthmus.importing.fields import Column, Columns
from isthmus.importing.values import TypedValue, typed
from isthmus.profiles import properties
from isthmus.salesforce import (
    NotFound,
    NotPermitted,
    RequestRefused,
    SchemaChanged,
    WindowRefused,
)

COVERED_SPAN = timedelta(minutes=2)
"""How far back changes are asked for only to learn up to when they are complete: the call counts in
minutes, and a longer span would list more ids for nothing."""

NOT_TOLD = (NotFound, NotPermitted, RequestRefused, SchemaChanged, WindowRefused)


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A row of another goal of the org that adds the same field to the same property."""

    goal: int  # row id
    slot: int  # place in record_link.summed of that goal's links


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
    pairs: tuple[Pair, ...] = ()  # export goals that write the field from the property
    twins: tuple[Twin, ...] = ()  # of a sum: what they added is not added again


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which stamps a run reads, in the org's time: from `since` on (None: all), before `until`."""

    since: datetime | None
    until: datetime
    read_until: datetime  # where the next window begins, less the overlap; `until` or before


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """All that the steps of one run of one goal need to know."""

    goal: int  # row id
    run_goal: int  # row id of this goal's part in the run
    connection: int  # row id
    zone: str  # of the connection: whose days profiles count for
    label: str  # for messages
    version: int  # of the goal
    definition: ImportGoal
    columns: tuple[Column, ...]
    match: tuple[MappedValue, ...]  # matched identifiers: they find a profile, and it gains them
    mappings: tuple[MappedValue, ...]  # the goal's rows, after them the object type
    numbers: Mapping[str, int]  # identifier property -> its number in store.identifier
    slots: int  # length of record_link.summed
    condition: str  # SOQL that tells the object's records from others; may be empty
    filter: str  # SOQL of the goal's filter, which lets records through that are gone; may be empty
    window: Window
    shape: str  # tells plans apart that read or apply something else, whatever their windows
    other_goals: tuple[int, ...]  # of the same org: their links are links of this record too
    first: int | None = None  # only so many records, the oldest
    only: str = ""  # only the record with this id, whenever it changed
    rehearsed: bool = False  # all is rolled back, and the rows of the run are left alone
    warnings: tuple[str, ...] = ()

    @property
    def object(self) -> SalesforceObject:
        """The object that is read."""
        return self.definition.object

    @property
    def window_from(self) -> datetime | None:
        """The first stamp that is read; None: all from the beginning."""
        return self.window.since

    @property
    def window_to(self) -> datetime:
        """The first stamp that is left to the next run."""
        return self.window.until

    @property
    def is_partial(self) -> bool:
        """Whether a few records only are read, and all others left to the next run."""
        return self.first is not None or bool(self.only)

    def query_where(self, *conditions: str) -> str:
        """The SOQL of the goal's records that meet `conditions`; the oldest of them."""
        soql = self._select(", ".join(column.field for column in self.columns), conditions)
        if self.first is None:
            return soql
        return f"{soql} ORDER BY SystemModstamp, Id LIMIT {self.first}"

    def count_where(self, *conditions: str) -> str:
        """The SOQL that counts the goal's records that meet `conditions`."""
        return self._select("COUNT()", conditions)

    def ids_where(self, *conditions: str) -> str:
        """The SOQL of the ids of the object's records that meet `conditions`, filtered out or not.

        For finding out which records there are: one that the goal leaves out is there.
        """
        return self._select("Id", conditions, filtered=False)

    def _select(self, what: str, conditions: tuple[str, ...], *, filtered: bool = True) -> str:
        own = (self.condition, self.filter if filtered else "")
        where = " AND ".join(each for each in (*own, *conditions) if each)
        # SOQL takes no parameters; names come from describe, conditions from this package.
        return f"SELECT {what} FROM {self.object.sobject} WHERE {where}"  # noqa: S608

    def column(self, name: str) -> Column | None:
        """The staged column of a field, where the goal reads it."""
        wanted = name.lower()
        return next((each for each in self.columns if each.field.lower() == wanted), None)

    @property
    def read_back(self) -> list[ReadBack]:
        """The rows whose fields are written by exports from the same properties."""
        return [
            ReadBack(
                place=row.place,
                text=row.column.name,
                value=row.typed.value,
                fits=row.typed.fits,
                column=sql.Identifier(row.target.column),
                decides=self._decides(row),
                pairs=row.pairs,
            )
            for row in (*self.match, *self.mappings)
            if row.column and row.pairs
        ]

    @property
    def whole_record(self) -> WholeRecord:
        """The fields that are read, with those apart that only go where exports take them from."""
        rows = [row for row in (*self.match, *self.mappings) if row.column]
        by_column = {row.column.number: row.column.name for row in rows if row.column}
        pairs: dict[int, list[Pair]] = {number: [] for number in sorted(by_column)}
        for row in rows:
            if row.column:
                pairs[row.column.number] += row.pairs
        alone = {row.column.number for row in rows if row.column and not row.pairs}
        return WholeRecord(
            goal=self.goal,
            run_goal=self.run_goal,
            version=self.version,
            alone=tuple(by_column[number] for number in pairs if number in alone),
            written=tuple(
                (by_column[number], tuple(dict.fromkeys(of)))
                for number, of in pairs.items()
                if number not in alone
            ),
        )

    def _decides(self, row: MappedValue) -> bool:
        """Whether the row alone says what its property is after each record."""
        others = [each for each in self.mappings if each.target.key == row.target.key]
        return row.rule is MergeRule.SET and not row.keep_when_empty and others == [row]

    @property
    def writes(self) -> list[PropertyDefinition]:
        """The properties that the goal can change, each once."""
        return list({m.target.key: m.target for m in (*self.match, *self.mappings)}.values())


def soql_time(moment: datetime) -> str:
    """A moment as SOQL writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def plan_import(goal_run: GoalRun, kept: Mapping[str, Window]) -> ImportPlan:
    """Look up the goal's fields in the org and its properties here; raise `GoalIncomplete`.

    `kept` has the window of a run that goes on, by the shape of the plan that it began with; a
    plan of another shape gets a window of its own.
    """
    goal, definition = goal_run.goal, goal_run.goal.definition
    assert isinstance(definition, ImportGoal)  # noqa: S101 - the caller chose the engine by it
    goal_checks.refuse(goal, goal_run.salesforce.describe)
    fields = _Fields(goal_run, definition)
    condition = fields.condition()
    match = fields.match_rows()
    mappings = fields.mapping_rows(goal, goal_run.connection.timezone)
    columns = tuple(fields.columns)
    shape = _shape(goal_run, columns, condition, (*match, *mappings))
    window = kept.get(shape) or _window(goal_run)
    return ImportPlan(
        goal=goal.id,
        run_goal=goal_run.run_goal.id,
        connection=goal_run.connection.id,
        zone=goal_run.connection.timezone,
        label=definition.name,
        version=goal.version,
        definition=definition,
        columns=columns,
        match=match,
        mappings=mappings,
        numbers=properties.numbers(),
        slots=len(goal.slots),
        condition=condition,
        filter=_filter(goal_run, definition, window),
        window=window,
        shape=shape,
        other_goals=goal_run.other_goals,
        first=goal_run.first,
        only=goal_run.only,
        warnings=tuple(fields.warnings),
    )


def _shape(
    goal_run: GoalRun,
    columns: tuple[Column, ...],
    condition: str,
    rows: tuple[MappedValue, ...],
) -> str:
    definition = goal_run.goal.definition
    assert isinstance(definition, ImportGoal)  # noqa: S101 - as in plan_import
    settings = (goal_run.goal.version, goal_run.full, definition.create_profiles, condition)
    read = [(column.number, column.field.lower(), column.type) for column in columns]
    text = repr((settings, read, [_shape_of_row(row) for row in rows]))
    return hashlib.sha256(text.encode()).hexdigest()


def _shape_of_row(row: MappedValue) -> tuple[object, ...]:
    fits = row.typed.fits
    return (
        row.place,
        row.target.key,
        row.rule.value,
        row.keep_when_empty,
        row.slot,
        row.typed.value.as_string(),
        fits.as_string() if fits else None,
    )


def _filter(goal_run: GoalRun, definition: ImportGoal, window: Window) -> str:
    """The goal's filter in SOQL, the same in every process that works on the run."""
    if definition.filter is None:
        return ""
    describe, timezone = goal_run.salesforce.describe, goal_run.connection.timezone
    return filter_soql(definition, describe, window.until, timezone)


def _window(goal_run: GoalRun) -> Window:
    goal, connection = goal_run.goal, goal_run.connection
    # The org's own clock, less a margin: a stamp is taken when a record is saved and is seen
    # only when its transaction ends.
    now = goal_run.salesforce.server_time()
    until = (now - timedelta(seconds=connection.settle_seconds)).replace(microsecond=0)
    read_until = min(until, _covered(goal_run, now))
    if goal_run.full or goal.read_until is None or goal.read_version != goal.version:
        return Window(since=None, until=until, read_until=read_until)
    since = goal.read_until - timedelta(seconds=connection.overlap_seconds)
    return Window(since=since, until=until, read_until=read_until)


def _covered(goal_run: GoalRun, now: datetime) -> datetime:
    """Up to when no record can appear any more; `now` where the org does not say.

    What is there is read up to the end of the window, and the next window begins where the oldest
    transaction began that is still open: its records get stamps of now, and are seen only later.
    """
    definition = goal_run.goal.definition
    assert isinstance(definition, ImportGoal)  # noqa: S101 - as in plan_import
    start, end = now - COVERED_SPAN, now + timedelta(minutes=1)
    try:
        found = goal_run.salesforce.updated(definition.object.sobject, start, end)
    except NOT_TOLD:
        return now
    return found.latest_date_covered.replace(microsecond=0)


class _Fields:
    """Looks up what the goal names, and keeps the columns that have to be read for it."""

    def __init__(self, goal_run: GoalRun, goal: ImportGoal) -> None:
        self.salesforce, self.goal = goal_run.salesforce, goal
        self.other_goals = goal_run.other_goals
        self.exports = list(Goal.objects.filter(id__in=self.other_goals, direction=EXPORT))
        self.columns = Columns(self.salesforce, goal.object.sobject)
        self.warnings: list[str] = []
        self.properties = GoalProperties(goal.key)
        for name in ("Id", "SystemModstamp", "IsDeleted", *goal.object.required):
            self.columns.add(name)

    def condition(self) -> str:
        """What keeps persons and contacts apart, where the org has persons at all."""
        has_persons = "ispersonaccount" in self.columns.describe("Account").fields
        return self.goal.object.person_filter if has_persons else ""

    def match_rows(self) -> tuple[MappedValue, ...]:
        """The matched identifiers. All have to be there: matching by fewer finds other profiles."""
        return tuple(self._match_row(place, row) for place, row in enumerate(self.goal.match, 1))

    def _match_row(self, place: int, row: MatchRow) -> MappedValue:
        target = self.properties.identifier(row.identifier)
        column = self.columns.add(row.field)
        assert column is not None  # noqa: S101 - the goal was checked
        return MappedValue(
            place=-place,
            column=column,
            target=target,
            rule=MergeRule.ADD if target.list else MergeRule.SET_IF_EMPTY,
            typed=typed(column.name, column.type, target, "UTC"),
            pairs=self._pairs(column, target.key),
        )

    def mapping_rows(self, goal: Goal, timezone: str) -> tuple[MappedValue, ...]:
        """The goal's rows and the object type; new sums get their slots."""
        rows = [
            mapped
            for place, row in enumerate(self.goal.fields, 1)
            if not self.goal.gains_anyway(row)
            and (mapped := self._mapping_row(place, row, goal, timezone))
        ]
        return (*rows, self._object_type(len(self.goal.fields) + 1))

    def _mapping_row(
        self, place: int, row: ImportField, goal: Goal, timezone: str
    ) -> MappedValue | None:
        target = self.properties.named(row.property)
        column = self.columns.add(row.field)
        if column is None:
            self.warnings.append(gone(row.field, target.key))
            return None
        slot: int | None = None
        twins: tuple[Twin, ...] = ()
        if row.rule is MergeRule.SUM:
            name = f"{row.field.lower()} > {row.property}"
            (slot,) = goal.take_slots([name])
            twins = self._twins(name)
        return MappedValue(
            place=place,
            column=column,
            target=target,
            rule=row.rule,
            typed=typed(column.name, column.type, target, timezone),
            keep_when_empty=row.keep_when_empty or target.identifier,
            slot=slot,
            pairs=() if row.rule is MergeRule.SUM else self._pairs(column, row.property),
            twins=twins,
        )

    def _pairs(self, column: Column, property_key: str) -> tuple[Pair, ...]:
        fields = self.columns.describe(self.goal.object.sobject).fields
        field = fields.get(column.field.lower())
        if field is None:
            return ()
        return pairs_of(self.exports, self.goal.object, field, property_key)

    def _twins(self, name: str) -> tuple[Twin, ...]:
        goals = Goal.objects.filter(id__in=self.other_goals, direction=IMPORT).order_by("id")
        return tuple(
            Twin(goal=goal.id, slot=goal.slots[name]) for goal in goals if name in goal.slots
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
