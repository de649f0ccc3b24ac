"""Unique profiles over random histories of runs, against what a plain model of them counts."""

import os
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import Connection as Session
from psycopg.errors import SerializationFailure

from integration import set_up
from integration.exchanges import counted, sums
from integration.exporting.histories import new_org
from integration.exporting.killing import killed
from integration.importing.histories import PROPERTIES
from integration.importing.side_by_side import chunks_of, empty
from isthmus.connections import exchange, removing
from isthmus.connections.errors import CountMismatch
from isthmus.connections.exchange import Wanted
from isthmus.connections.models import EXPORT, Connection, Goal
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    OnMerge,
)
from isthmus.domain.objects import CONTACT, LEAD
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from isthmus.profiles import merging
from isthmus.profiles.models import Segment
from model.fake_org import FakeOrg
from model.fake_salesforce import FakeSalesforce

EXAMPLES = int(os.environ.get("ISTHMUS_TEST_EXAMPLES", "30")) // 3
PHASES = set(Phase) if "ISTHMUS_TEST_SHRINK" in os.environ else {Phase.reuse, Phase.generate}
FIRST_DAY = date(2026, 2, 27)
EMAIL = MatchRow(field="Email", identifier="email")


def _import(key: str, sobject: Any) -> ImportGoal:
    return ImportGoal(
        key=key,
        name=key,
        object=sobject,
        match=(EMAIL,),
        fields=(ImportField(field="Title", property="title"),),
        create_profiles=True,
        on_merge=OnMerge.MERGE,
    )


def _export(key: str, sobject: Any) -> ExportGoal:
    return ExportGoal(
        key=key,
        name=key,
        object=sobject,
        segment="members",
        match=EMAIL,
        fields=(
            ExportField(field="Email", kind=ExportKind.PROPERTY, value="email"),
            ExportField(field="Note", kind=ExportKind.PROPERTY, value="title"),
        ),
        create_records=True,
        update_records=True,
    )


GOALS = {
    "acme": (
        _import("leads", LEAD),
        _import("contacts", CONTACT),
        _export("to_leads", LEAD),
        _export("to_contacts", CONTACT),
    ),
    "other": (_import("leads", LEAD), _export("to_leads", LEAD)),
}
PLACES = [(connection, goal.key) for connection, goals in GOALS.items() for goal in goals]

Event = tuple[Any, ...]
_kills = st.sampled_from([(), (), (), (20,), (45,), (70, 30), (110,)])
_saves = st.tuples(
    st.just("save"),
    st.sampled_from(["Lead", "Contact"]),
    st.integers(1, 5),
    st.sampled_from(["a@x.co", "b@x.co", "c@x.co", "d@x.co"]),
    st.sampled_from(["Boss", "Head"]),
)
_events = st.one_of(
    _saves,
    st.tuples(st.just("run"), st.sampled_from(PLACES), st.booleans(), st.integers(1, 4), _kills),
    st.tuples(st.just("run"), st.sampled_from(PLACES), st.booleans(), st.integers(1, 4), _kills),
    st.tuples(st.just("merge"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("convert"), st.integers(1, 5), st.integers(1, 5)),
    st.tuples(st.just("remove"), st.sampled_from(PLACES)),
    st.tuples(st.just("day"), st.integers(1, 9)),
)


@dataclass
class World:
    """The store with its org, and the model beside it."""

    store: Session[Any]
    org: FakeOrg = field(default_factory=new_org)
    today: date = FIRST_DAY
    goals: dict[tuple[str, str], Goal] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    went: dict[tuple[str, bool, int], dict[UUID, date]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    """What was exchanged: by connection, direction and goal, each profile and its first day."""

    def __post_init__(self) -> None:
        self.salesforce = FakeSalesforce(self.org)
        Segment.objects.update_or_create(
            key="members",
            defaults={"name": "x", "where": {"property": "email", "is_empty": False}},
        )
        for key, goals in GOALS.items():
            self.connections[key] = set_up.new_connection(key)
            for goal in goals:
                self.goals[key, goal.key] = set_up.new_goal(self.connections[key], goal)

    def happen(self, event: Event) -> None:
        kind, *given = event
        getattr(self, f"_{kind}")(*given)

    def _save(self, sobject: str, number: int, email: str, title: str) -> None:
        record_id = self.org.id(sobject, number)
        there = self.org.records[sobject].get(record_id)
        if there is None or there["IsDeleted"] == there["IsConverted"] == "false":
            self.org.save(sobject, record_id, Email=email, Title=title)

    def _convert(self, number: int, other: int) -> None:
        lead = self.org.id("Lead", number)
        there = self.org.records["Lead"].get(lead)
        if there is None or there["IsDeleted"] != "false" or there["IsConverted"] != "false":
            return
        contact = self.org.save("Contact", self.org.id("Contact", other), Email=there["Email"])
        self.org.save("Lead", lead, IsConverted="true", ConvertedContactId=contact)

    def _day(self, days: int) -> None:
        self.today += timedelta(days=days)

    def _run(self, place: tuple[str, str], *given: Any) -> None:
        goal = self.goals[place]
        full, chunk, kills = given
        engine = run_export if goal.direction == EXPORT else run_import
        self.org.seconds += 1
        goal_run = set_up.start(goal, self.salesforce, full=full)
        # A killed job of which Salesforce can't tell all fails its run; the next one goes on.
        with chunks_of(chunk), suppress(CountMismatch):
            for steps in kills:
                if not killed(engine, goal_run, steps):
                    break
                self._note(goal, goal_run.run_goal.id)
                goal_run = set_up.again(goal_run)
            else:
                engine(goal_run)
        self._note(goal, goal_run.run_goal.id)

    def _merge(self, first: int, second: int) -> None:
        ids = [each for (each,) in self.store.execute("SELECT profile_id FROM store.profile")]
        if len(ids) > 1 and (one := ids[first % len(ids)]) != (two := ids[second % len(ids)]):
            merging.merge(self.store, one, two)
            self._follow()

    def _remove(self, place: tuple[str, str]) -> None:
        """Delete a goal, and make it anew."""
        goal = self.goals[place]
        goal.refresh_from_db()
        with transaction.atomic():
            removing.delete_goal(goal)
        self.goals[place] = set_up.new_goal(self.connections[place[0]], goal.definition)

    def _note(self, goal: Goal, run_goal: int) -> None:
        """Learn from links and outcomes what the run did."""
        survivors = self._follow()
        if goal.direction == EXPORT:
            found = self.store.execute(
                "SELECT profile_id FROM store.run_record"
                " WHERE run_goal = %s AND outcome IN ('created', 'updated')",
                [run_goal],
            )
        else:
            found = self.store.execute(
                "SELECT profile_id FROM store.record_link"
                " WHERE goal = %s AND profile_id IS NOT NULL",
                [goal.id],
            )
        known = self.went[goal.connection.key, goal.direction == EXPORT, goal.id]
        for (profile_id,) in found:
            known.setdefault(survivors.get(profile_id, profile_id), self.today)

    def _follow(self) -> dict[UUID, UUID]:
        survivors = dict(
            self.store.execute("SELECT profile_id, survivor FROM store.profile_merge").fetchall()
        )
        for known in self.went.values():
            for profile_id in [each for each in known if each in survivors]:
                day, survivor = known.pop(profile_id), survivors[profile_id]
                known[survivor] = min(day, known.get(survivor, day))
        return survivors

    def check(self) -> None:
        assert sums(self.store) == counted(self.store)
        for key, connection in self.connections.items():
            found = exchange.over_time(connection)
            both: dict[bool, dict[UUID, date]] = {False: {}, True: {}}
            for (name, exported, goal), known in self.went.items():
                if name != key:
                    continue
                assert found.lines.get(goal, exchange.Line()).new == Counter(known.values())
                assert self._listed([goal], one_goal=True) == known
                for profile_id, day in known.items():
                    both[exported][profile_id] = min(day, both[exported].get(profile_id, day))
            for exported, known in both.items():
                assert found.line(exported).new == Counter(known.values())
                goals = [each.id for each in found.goals if each.exported is exported]
                assert self._listed(goals, one_goal=False) == known
            unique = exchange.unique(connection)
            assert (unique.imported, unique.exported) == (len(both[False]), len(both[True]))

    def _listed(self, goals: list[int], *, one_goal: bool) -> dict[UUID, date]:
        wanted = Wanted(goals=goals, one_goal=one_goal)
        rows = exchange.profiles(self.store, wanted, None, 1000)
        assert len(rows) == len({each.profile_id for each in rows}), "a profile counts twice"
        return {each.profile_id: each.day for each in rows}


@pytest.fixture
def world(store: Session[Any]) -> Session[Any]:
    set_up.new_properties(PROPERTIES.values())
    return store


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@settings(
    max_examples=EXAMPLES,
    phases=PHASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    start=st.lists(_saves, min_size=3, max_size=6),
    events=st.lists(_events, min_size=8, max_size=18),
)
def test_each_profile_counts_once_whatever_happens(
    world: Session[Any], start: list[Event], events: list[Event]
) -> None:
    empty(world)
    world_of_it = World(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange, "today", lambda _zone: world_of_it.today)
        for event in [*start, *events]:
            world_of_it.happen(event)
            if event[0] in ("run", "merge", "remove"):
                world_of_it.check()


def test_retries_of_a_chunk_that_collides_count_once(
    world: Session[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = World(world)
    for number in range(1, 4):
        here.happen(("save", "Lead", number, f"{number}@x.co", "Boss"))
    failures = [SerializationFailure("x"), SerializationFailure("x")]
    real = exchange.today

    def disturbed(zone: str) -> date:
        if failures:
            raise failures.pop()
        return real(zone)

    monkeypatch.setattr(exchange, "today", disturbed)
    here.happen(("run", ("acme", "leads"), False, 50, ()))
    assert exchange.unique(here.connections["acme"]).imported == 3
    assert sums(world) == counted(world)
