"""An import that runs through the model and through the engine, and has to end the same."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, sql
from psycopg.rows import dict_row

from integration import set_up, stored
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Goal
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportGoal
from isthmus.domain.objects import LEAD, PERSON
from isthmus.domain.properties import PropertyDefinition
from isthmus.importing import chunks, engine
from isthmus.profiles import properties
from model.fake_org import FakeOrg, OrgRecord, moment
from model.fake_salesforce import FakeSalesforce
from model.importing import Importing, Result
from model.store import ProfileNumber, Store, elements

TABLES = {
    "profile": "profile_id",
    "identifier": "property, value",
    "record_link": "record_id, goal",
    "change": "at, profile_id, old",
}
EVERY_TABLE = (
    *TABLES,
    "run_record",
    "run_problem",
    "export_row",
    "export_job",
    "export_hold",
    "export_skip",
    "exchanged_profile",
    "exchanged_sum",
    "exchanged_gone",
    "profile_merge",
)


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """The engine applies so many records at a time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FIRST_CHUNK", "SMALLEST_CHUNK", "LARGEST_CHUNK"):
            patch.setattr(chunks, name, size)
        yield


def dump(connection: Connection[Any]) -> dict[str, list[Any]]:
    """All rows of the tables that a run which changes nothing leaves alone, by column."""
    rows = connection.cursor(row_factory=dict_row)
    return {
        name: rows.execute(
            sql.SQL("SELECT * FROM store.{} ORDER BY {}").format(
                sql.Identifier(name),
                sql.SQL(order),
            )
        ).fetchall()
        for name, order in TABLES.items()
    }


def empty(connection: Connection[Any]) -> None:
    """Take all profiles and set-up of connections away; properties stay."""
    for name in EVERY_TABLE:
        connection.execute(sql.SQL("DELETE FROM store.{}").format(sql.Identifier(name)))
    for name in ("rungoal", "run", "goal", "connection", "authorization"):
        table = sql.Identifier(f"connections_{name}")
        connection.execute(sql.SQL("DELETE FROM {}").format(table))


@dataclass(kw_only=True)
class SideBySide:
    """One org, its imports in the model and in the store."""

    connection: Connection[Any]
    org: FakeOrg
    definitions: Mapping[str, PropertyDefinition]
    salesforce: FakeSalesforce = field(init=False)
    row: ConnectionRow = field(init=False)
    store: Store = field(init=False)
    goals: dict[str, Goal] = field(default_factory=dict)
    ids: dict[ProfileNumber, UUID] = field(default_factory=dict)
    before: dict[str, str | None] = field(default_factory=dict)
    """By record: why the goal of the last run had not fully applied it before."""

    unsettled: int = 0  # records left to a person by the last run
    overlap_seconds: int = 0
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        self.salesforce = FakeSalesforce(self.org)
        self.store = Store(properties=self.definitions)
        self.row = set_up.new_connection(
            overlap_seconds=self.overlap_seconds, timezone=self.timezone
        )

    def add_goal(self, definition: ImportGoal) -> Goal:
        """A goal for both."""
        goal = self.goals[definition.key] = set_up.new_goal(self.row, definition)
        return goal

    def add_profile(self, **values: Any) -> ProfileNumber:
        """The same profile in both."""
        number = self.store.new_profile(values)
        columns = [sql.Identifier(f"p_{key}") for key in values]
        statement = sql.SQL("INSERT INTO store.profile ({}) VALUES ({}) RETURNING profile_id")
        row = self.connection.execute(
            statement.format(
                sql.SQL(", ").join([sql.Identifier("profile_id"), *columns]),
                sql.SQL(", ").join([sql.SQL("uuidv7()"), *[sql.Placeholder()] * len(columns)]),
            ),
            list(values.values()),
        ).fetchone()
        assert row is not None
        self.ids[number] = row[0]
        self._add_identifiers(number, values)
        return number

    def _add_identifiers(self, number: ProfileNumber, values: Mapping[str, Any]) -> None:
        numbers = properties.numbers()
        for key, value in values.items():
            for each in elements(value) if self.definitions[key].identifier else ():
                self.connection.execute(
                    "INSERT INTO store.identifier (property, value, profile_id) "
                    "VALUES (%s, %s, %s)",
                    [numbers[key], str(each), self.ids[number]],
                )

    def run(self, key: str, *, full: bool = False, chunk: int = 5000) -> list[Result]:
        """Run both, compare all that they leave; what became of each record."""
        expected = self.expected(key, full=full)
        with chunks_of(chunk):
            goal_run = set_up.run(engine.run_import, self.goals[key], self.salesforce, full=full)
        self.compare(expected, goal_run)
        return expected

    def expected(self, key: str, *, full: bool = False) -> list[Result]:
        """Run the model alone; what a run has to do to each record."""
        goal = self.goals[key]
        goal.refresh_from_db()
        return self._run_model(goal, full=full)

    def _run_model(self, goal: Goal, *, full: bool) -> list[Result]:
        definition = goal.definition
        assert isinstance(definition, ImportGoal)
        sobject = definition.object.sobject
        fields = self.org.objects[sobject].fields
        importing = Importing(
            store=self.store,
            goal=definition,
            version=goal.version,
            field_types={each.name: each.type for each in fields.values()},
            timezone=self.timezone,
        )
        everything = full or goal.read_until is None or goal.read_version != goal.version
        records = list(self._window(goal, importing, everything=everything))
        there = {each["Id"] or "" for each in self._records(definition)} if everything else None
        links = self.store.links.items()
        self.before = {record: link.reason for (record, of), link in links if of == goal.key}
        results = importing.run(records, there)
        self.unsettled = len(importing.unsettled)
        return results

    def _records(self, definition: ImportGoal) -> Iterator[OrgRecord]:
        """The records of the goal's object that Salesforce knows of."""
        for record in self.org.records[definition.object.sobject].values():
            person = record.get("IsPersonAccount") == "true"
            if definition.object is LEAD or person == (definition.object is PERSON):
                yield record

    def _window(self, goal: Goal, importing: Importing, *, everything: bool) -> Iterator[OrgRecord]:
        """The records that a run has to read."""
        since = 0
        if goal.read_until and not everything:
            since = int((goal.read_until - moment(0)).total_seconds()) - self.overlap_seconds
        waiting = set() if everything else importing.waiting()
        for record in self._records(importing.goal):
            stamped = self.org.seconds_of(record)
            if stamped < self.org.seconds and (stamped >= since or record["Id"] in waiting):
                yield record

    def compare(self, expected: list[Result], goal_run: GoalRun) -> None:
        """Everything that the run left."""
        self._compare_counts(expected, goal_run)
        self._learn_ids()
        assert stored.profiles(self.connection, self.definitions) == {
            self.ids[number]: values for number, values in self.store.profiles.items()
        }
        assert stored.identifiers(self.connection) == {
            (key, value, self.ids[number]) for key, value, number in self.store.identifiers()
        }
        self._compare_outcomes(expected, goal_run.run_goal.id)
        assert self._links() == self._expected_links()
        assert stored.summed(self.connection, self.goals.values()) == {
            (record_id, f"{name} > {key}", value)
            for (record_id, name, key), value in self.store.summed.items()
        }
        assert stored.merged(self.connection) == {
            self.ids[gone]: self.ids[now] for gone, now in self.store.merged.items()
        }

    def _compare_counts(self, expected: list[Result], goal_run: GoalRun) -> None:
        counts = goal_run.counts
        found = Counter({name: getattr(counts, name) for name in ("created", "updated")})
        found |= Counter({name: getattr(counts, name) for name in ("unchanged", "removed")})
        found |= counts.skipped | counts.failed
        wanted = Counter(
            (each.reason or "") if each.outcome == "skipped" else each.outcome for each in expected
        )
        problems = sum(len(each.problems) for each in expected) + self.unsettled
        assert (found, counts.problems, counts.received) == (wanted, problems, len(expected))

    def _learn_ids(self) -> None:
        """Which profile is which: new ones are told by their links."""
        rows = self.connection.execute(
            "SELECT record_id, goal, profile_id FROM store.record_link WHERE profile_id IS NOT NULL"
        )
        keys = {goal.id: key for key, goal in self.goals.items()}
        for record_id, goal, profile_id in rows:
            link = self.store.links.get((record_id, keys[goal]))
            if link and link.profile is not None:
                self.ids.setdefault(link.profile, profile_id)

    def _compare_outcomes(self, expected: list[Result], run_goal: int) -> None:
        rows = self.connection.execute(
            "SELECT record_id, outcome, reason FROM store.run_record WHERE run_goal = %s",
            [run_goal],
        )
        assert sorted(map(str, rows)) == sorted(
            str((each.record_id, each.outcome, each.reason))
            for each in expected
            if self._is_news(each)
        )
        problems = self.connection.execute(
            "SELECT record_id, field, property, code FROM store.run_problem "
            "WHERE run_goal = %s AND field IS NOT NULL",
            [run_goal],
        )
        assert sorted(problems) == sorted(
            (each.record_id, problem.field, problem.property, problem.code)
            for each in expected
            for problem in each.problems
        )

    def _is_news(self, result: Result) -> bool:
        """Whether it is noted: a record that is left out again, or unchanged again, is not."""
        before = self.before.get(result.record_id)
        if result.outcome == "unchanged":
            return before in ("no_match", "ambiguous", "no_identifier", "too_large")
        return result.outcome != "skipped" or result.reason != before

    def _links(self) -> dict[tuple[str, str], Any]:
        keys = {goal.id: key for key, goal in self.goals.items()}
        rows = self.connection.execute(
            "SELECT record_id, goal, profile_id, stamp, reason, gone, successor, due, "
            "coalesce(refused, '{}') FROM store.record_link"
        )
        return {(record_id, keys[goal]): tuple(values) for record_id, goal, *values in rows}

    def _expected_links(self) -> dict[tuple[str, str], Any]:
        return {
            key: (
                self.ids[link.profile] if link.profile else None,
                datetime.fromisoformat(link.stamp),
                link.reason,
                link.gone,
                link.successor,
                link.due,
                sorted(link.refused),
            )
            for key, link in self.store.links.items()
        }
