"""An export that runs through the model and through the engine, and has to end the same."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, sql

from integration import set_up, stored
from integration.exporting.killing import killed
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Goal
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.domain.properties import PropertyDefinition
from isthmus.exporting import send
from isthmus.exporting.engine import run_export
from isthmus.profiles import properties
from isthmus.profiles.models import Segment
from model.exporting import Exporting, Holds, Refuse, Sending
from model.fake_org import FakeOrg, stamp
from model.fake_salesforce import FakeSalesforce
from model.store import Link, ProfileNumber, Store, elements

Row = tuple[str, str, Any]
"""Operation, record id, cells."""


@contextmanager
def collections_below(rows: int) -> Iterator[None]:
    """Fewer updates than these go out by collections, not by a job."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send, "FEW_UPDATES", rows)
        yield


def accept_all(_operation: str, _row: Mapping[str, Any]) -> None:
    """Refuse nothing."""


@dataclass(kw_only=True)
class SideBySide:
    """The same profiles and the same org twice: for the model and for the engine."""

    connection: Connection[Any]
    org: FakeOrg
    definitions: Mapping[str, PropertyDefinition]
    wanted: tuple[str, ...] = ()  # the segment: profiles that have a value for each of these
    refuse: Refuse = accept_all
    timezone: str = "UTC"
    bulk: bool = False  # updates go out by jobs, however few they are
    copy: FakeOrg = field(init=False)  # the model's
    salesforce: FakeSalesforce = field(init=False)
    row: ConnectionRow = field(init=False)
    store: Store = field(init=False)
    goals: dict[str, Goal] = field(default_factory=dict)
    ids: dict[ProfileNumber, UUID] = field(default_factory=dict)
    holds: Holds = field(default_factory=dict)
    skipped: dict[tuple[str, UUID], tuple[str, str | None]] = field(default_factory=dict)
    """By goal and profile: why the last run skipped it, and its record."""

    def __post_init__(self) -> None:
        self.salesforce = FakeSalesforce(self.org)
        self.salesforce.writes.refuse = self.refuse
        self.store = Store(properties=self.definitions)
        self.copy = copy.deepcopy(self.org)
        self.row = set_up.new_connection(timezone=self.timezone)
        tests = [{"property": key, "is_empty": False} for key in self.wanted]
        where = {"all": tests} if tests else {"property": "kind", "is_empty": True}
        Segment.objects.update_or_create(key="members", defaults={"name": "x", "where": where})

    def add_goal(self, definition: ExportGoal | ImportGoal) -> Goal:
        """A goal for both."""
        goal = self.goals[definition.key] = set_up.new_goal(self.row, definition)
        return goal

    def change_org(self, sobject: str, record_id: str | None = None, **values: Any) -> str:
        """The same change in both orgs."""
        self.org.save(sobject, record_id, **values)
        return self.copy.save(sobject, record_id, **values)

    def add_profile(self, **values: Any) -> ProfileNumber:
        """The same profile in both."""
        number = self.store.new_profile()
        row = self.connection.execute(
            "INSERT INTO store.profile (profile_id) VALUES (uuidv7()) RETURNING profile_id"
        ).fetchone()
        assert row is not None
        self.ids[number] = row[0]
        self.change_profile(number, **values)
        return number

    def change_profile(self, number: ProfileNumber, /, **values: Any) -> None:
        """The same change in both; None empties. Identifiers have to be free."""
        profile_id = self.ids[number]
        for key, value in values.items():
            self.connection.execute(
                sql.SQL("UPDATE store.profile SET {} = %s, updated_at = now() ").format(
                    sql.Identifier(f"p_{key}")
                )
                + sql.SQL("WHERE profile_id = %s"),
                [value, profile_id],
            )
            if self.definitions[key].identifier:
                self._hold(profile_id, properties.numbers()[key], value)
            self.store.profiles[number].pop(key, None)
            if value is not None:
                self.store.profiles[number][key] = value

    def _hold(self, profile_id: UUID, number: int, value: Any) -> None:
        self.connection.execute(
            "DELETE FROM store.identifier WHERE profile_id = %s AND property = %s",
            [profile_id, number],
        )
        for each in elements(value):
            self.connection.execute(
                "INSERT INTO store.identifier (profile_id, property, value) VALUES (%s, %s, %s)",
                [profile_id, number, str(each)],
            )

    def link(
        self, key: str, record_id: str, number: ProfileNumber, gone: str | None = None
    ) -> None:
        """A link of some goal, as an import leaves it."""
        name = self.goals[key].definition.object.name
        if (record_id, key) in self.store.links:
            return
        self.store.links[record_id, key] = Link(object=name, profile=number, gone=gone)
        self.connection.execute(
            "INSERT INTO store.record_link (record_id, goal, profile_id, object, stamp, gone) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            [record_id, self.goals[key].id, self.ids[number], name, stamp(0), gone],
        )

    def run(self, key: str, *, full: bool = False, kills: Sequence[int] = ()) -> list[Sending]:
        """Run both, compare all that they leave; what became of each member.

        With `kills` the engine is killed after so many steps, and then taken up again.
        """
        goal = self.goals[key]
        goal.refresh_from_db()
        model = self._model(goal, full=full)
        expected = model.run(self._members())
        self.salesforce.writes.log.clear()
        with collections_below(0 if self.bulk else 2000):
            goal_run = self.run_engine(goal, full=full, kills=kills)
        self.compare(model, expected, goal_run, full=full)
        return expected

    def run_engine(self, goal: Goal, *, full: bool = False, kills: Sequence[int] = ()) -> GoalRun:
        """Run the engine alone, killed after each of these numbers of steps."""
        goal_run = set_up.start(goal, self.salesforce, full=full)
        for steps in kills:
            if killed(run_export, goal_run, steps):
                goal_run = set_up.again(goal_run)
            else:
                return goal_run
        run_export(goal_run)
        return goal_run

    def _model(self, goal: Goal, *, full: bool) -> Exporting:
        definition = goal.definition
        assert isinstance(definition, ExportGoal)
        return Exporting(
            store=self.store,
            org=self.copy,
            goal=definition,
            version=goal.version,
            names={number: str(profile_id) for number, profile_id in self.ids.items()},
            timezone=self.timezone,
            refuse=self.refuse,
            full=full,
            holds=self.holds,
        )

    def _members(self) -> list[ProfileNumber]:
        return [
            number
            for number, profile in self.store.profiles.items()
            if all(key in profile for key in self.wanted)
        ]

    def compare(
        self, model: Exporting, expected: list[Sending], goal_run: GoalRun, *, full: bool
    ) -> None:
        """Everything that the run left."""
        assert self._outcomes(goal_run.run_goal.id) == self._news(goal_run.goal.key, expected)
        assert self._skips() == self.skipped
        assert goal_run.counts.received == goal_run.counts.accounted == len(expected)
        expected_rows = sorted(
            (operation, record_id or "", sorted(cells.items()))
            for operation, record_id, cells in model.sent
        )
        assert _once(self._sent()) == _once(expected_rows)
        assert self.org.records == self.copy.records
        assert self._links() == self._expected_links()
        if full:
            self._compare_problems(expected, goal_run)

    def _news(self, key: str, expected: list[Sending]) -> dict[UUID, Any]:
        """What differs from the run before: that a member is skipped is noted once."""
        before = {profile: known for (goal, profile), known in self.skipped.items() if goal == key}
        for profile in before:
            del self.skipped[key, profile]
        news: dict[UUID, Any] = {
            profile: ("left", None, record_id) for profile, (_, record_id) in before.items()
        }
        for each in expected:
            profile = self.ids[each.profile]
            news[profile] = (each.outcome, each.reason, each.record_id)
            if each.outcome == "skipped" and each.reason:
                self.skipped[key, profile] = (each.reason, each.record_id)
            known, _ = before.get(profile, (None, None))
            if each.outcome in ("skipped", "unchanged") and known == each.reason:
                del news[profile]
        return news

    def _skips(self) -> dict[tuple[str, UUID], tuple[str, str | None]]:
        keys = {goal.id: goal.key for goal in self.goals.values()}
        rows = self.connection.execute(
            "SELECT goal, profile_id, reason, record_id FROM store.export_skip"
        )
        return {(keys[goal], profile): (reason, record) for goal, profile, reason, record in rows}

    def _outcomes(self, run_goal: int) -> dict[UUID, Any]:
        rows = self.connection.execute(
            "SELECT profile_id, outcome, reason, record_id FROM store.run_record "
            "WHERE run_goal = %s",
            [run_goal],
        ).fetchall()
        found = {profile_id: tuple(rest) for profile_id, *rest in rows}
        assert len(found) == len(rows), "an outcome was noted twice"
        return found

    def _sent(self) -> list[Row]:
        rows = []
        for operation, row in self.salesforce.writes.log:
            cells = {name: _cell(value) for name, value in row.items() if name != "Id"}
            rows.append((operation, row.get("Id") or "", sorted(cells.items())))
        return sorted(rows)

    def _links(self) -> dict[tuple[str, str], Any]:
        keys = {goal.id: goal for goal in self.goals.values()}
        rows = self.connection.execute(
            "SELECT record_id, goal, profile_id, reason, gone, sent FROM store.record_link"
        )
        return {
            (record_id, keys[goal].key): (
                profile_id,
                reason,
                gone,
                set(stored.by_slot(keys[goal], sent)),
            )
            for record_id, goal, profile_id, reason, gone, sent in rows
        }

    def _expected_links(self) -> dict[tuple[str, str], Any]:
        return {
            key: (
                self.ids[link.profile] if link.profile else None,
                link.reason,
                link.gone,
                {name.lower() for name in link.sent},
            )
            for key, link in self.store.links.items()
        }

    def _compare_problems(self, expected: list[Sending], goal_run: GoalRun) -> None:
        rows = self.connection.execute(
            "SELECT profile_id, field, code FROM store.run_problem "
            "WHERE run_goal = %s AND property IS NOT NULL",
            [goal_run.run_goal.id],
        )
        assert sorted(rows) == sorted(
            (self.ids[each.profile], name, code)
            for each in expected
            for name, code in each.problems
        )
        assert goal_run.counts.problems == sum(len(each.problems) for each in expected)


def _once(rows: list[Row]) -> list[Row]:
    """An update may go out again where its answer was lost; a creation never may."""
    seen: list[Row] = []
    for row in rows:
        if row[0] == "insert" or row not in seen:
            seen.append(row)
    return seen


def _cell(value: Any) -> str:
    """A value of a call, as it would stand in the CSV of a job."""
    if value is None:
        return "#N/A"
    return str(value).lower() if isinstance(value, bool) else str(value)
