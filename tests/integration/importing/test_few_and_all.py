"""Runs of a few records and whole runs in any order, with changes between: once, and all of it."""

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from integration import set_up
from integration.exporting import histories as exports
from integration.exporting.side_by_side import SideBySide as Sending
from integration.importing import histories as imports
from integration.importing.side_by_side import SideBySide, chunks_of, empty
from isthmus.connections.models import Goal
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from model.fake_org import stamp

EXAMPLES = int(os.environ.get("ISTHMUS_TEST_EXAMPLES", "8"))
PHASES = (
    set(Phase)
    if "ISTHMUS_TEST_SHRINK" in os.environ
    else {Phase.explicit, Phase.reuse, Phase.generate}
)
RANDOM = settings(
    max_examples=EXAMPLES,
    phases=PHASES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
RECORDS = 6

IN = ImportGoal(
    key="leads",
    name="Leads",
    object=LEAD,
    match=(MatchRow(field="Email", identifier="email"),),
    fields=(
        ImportField(field="Title", property="title"),
        ImportField(field="Total", property="total", rule=MergeRule.SUM),
        ImportField(field="Tags", property="tags", rule=MergeRule.ADD),
    ),
    create_profiles=True,
)
OUT = ExportGoal(
    key="out",
    name="out",
    object=LEAD,
    segment="members",
    match=MatchRow(field="Email", identifier="email"),
    create_records=True,
    fields=tuple(
        ExportField(field=name, kind=ExportKind.PROPERTY, value=value)
        for name, value in (("Email", "email"), ("Title", "title"), ("Count__c", "total"))
    ),
)

_places = st.integers(1, RECORDS)
_edits = st.tuples(st.just("edit"), _places, st.integers(1, 9))
_runs = st.one_of(
    st.tuples(st.just("first"), st.integers(1, 4), st.just(0)),
    st.tuples(st.just("only"), _places, st.sampled_from([0, 0, 1])),
    st.tuples(st.just("all"), st.just(0), st.sampled_from([0, 0, 0, 1])),
)
_steps = st.lists(st.one_of(_edits, _edits, _runs, _runs), min_size=4, max_size=9)
Step = tuple[str, int, int]


def _stands(goal: Goal) -> tuple[Any, ...]:
    goal.refresh_from_db()
    return goal.read_until, goal.read_version, goal.read_segment, goal.read_whole_at


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(steps=_steps, chunk=st.sampled_from([1, 50]))
def test_records_are_applied_once_and_the_last_wins(
    world: Connection[Any], steps: list[Step], chunk: int
) -> None:
    empty(world)
    both = SideBySide(connection=world, org=imports.new_org(), definitions=imports.PROPERTIES)
    goal = both.add_goal(IN)
    added = Added(both=both)
    for number in range(1, RECORDS + 1):
        # Two records of each profile.
        both.org.seconds += 1
        _edit_record(both, number, 1, Email=f"{number % 3}@x.co")
    with chunks_of(chunk):
        for kind, number, more in steps:
            both.org.seconds += 1
            if kind == "edit":
                _edit_record(both, number, more)
                continue
            before = _stands(goal)
            only = both.org.id("Lead", number)
            every: dict[str, dict[str, Any]] = {"first": {"first": number}, "only": {"only": only}}
            few = every.get(kind, {})
            added.run(kind, number, full=bool(more))
            set_up.run(run_import, goal, both.salesforce, full=bool(more), **few)
            assert kind == "all" or _stands(goal) == before
        both.org.seconds += 1
        added.run("all", 0)
        set_up.run(run_import, goal, both.salesforce)
        assert _profiles(both) == _expected(both, added)
        again = set_up.run(run_import, goal, both.salesforce, full=True)
        assert again.counts.unchanged == RECORDS
        assert _profiles(both) == _expected(both, added)


@dataclass(kw_only=True)
class Added:
    """What the sums of records come to: a value is added once each time that it is another."""

    both: SideBySide
    last: dict[str, str] = field(default_factory=dict)  # by record
    totals: Counter[str] = field(default_factory=Counter)  # by e-mail address
    until: str = ""  # up to which stamp all was read

    def run(self, kind: str, number: int, *, full: bool = False) -> None:
        """Add what such a run reads."""
        records = sorted(
            self.both.org.records["Lead"].values(),
            key=lambda each: (each["SystemModstamp"] or "", each["Id"] or ""),
        )
        new = [each for each in records if full or (each["SystemModstamp"] or "") >= self.until]
        if kind == "only":
            new = [each for each in records if each["Id"] == self.both.org.id("Lead", number)]
        if kind == "all":
            self.until = stamp(self.both.org.seconds)
        for record in new[:number] if kind == "first" else new:
            key, value = record["Id"] or "", record["Total"] or ""
            if self.last.get(key) != value:
                self.last[key] = value
                self.totals[record["Email"] or ""] += int(value)


def _edit_record(both: SideBySide, number: int, value: int, **more: str) -> None:
    both.org.save(
        "Lead",
        both.org.id("Lead", number),
        Title=f"{number} {value} at {both.org.seconds}",
        Total=str(value),
        Tags=f"tag {number}",
        **more,
    )


def _profiles(both: SideBySide) -> dict[str, tuple[str, int, list[str]]]:
    rows = both.connection.execute("SELECT p_email, p_title, p_total, p_tags FROM store.profile")
    return {email: (title, total, sorted(tags)) for email, title, total, tags in rows}


def _expected(both: SideBySide, added: Added) -> dict[str, tuple[str, int, list[str]]]:
    """What one record after the other leaves, in the order of their stamps."""
    found: dict[str, tuple[str, int, list[str]]] = {}
    records = both.org.records["Lead"].values()
    for record in sorted(records, key=lambda each: (each["SystemModstamp"] or "", each["Id"])):
        email = record["Email"] or ""
        tags = sorted([*found.get(email, ("", 0, []))[2], record["Tags"] or ""])
        found[email] = (record["Title"] or "", added.totals[email], tags)
    return found


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@RANDOM
@given(steps=_steps, refused=st.sampled_from(["never", "T 7"]))
def test_members_are_sent_once_and_all_of_them(
    world: Connection[Any], steps: list[Step], refused: str
) -> None:
    def refuse(_operation: str, row: Any) -> tuple[str, str] | None:
        return ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no") if refused in row.values() else None

    empty(world)
    world.execute("DELETE FROM store.export_open")
    both = Sending(
        connection=world,
        org=exports.new_org(),
        definitions=exports.PROPERTIES,
        wanted=("title",),
        refuse=refuse,
    )
    goal = both.add_goal(OUT)
    for number in range(1, RECORDS + 1):
        both.add_profile(email=f"{number}@x.co", title="T 1", total=1)
        if number % 2:
            both.org.save("Lead", Email=f"{number}@x.co")
    both.org.seconds += 1
    last = [("edit", number, 2) for number in range(1, RECORDS + 1)] if refused != "never" else []
    for kind, number, more in [*steps, *last, ("all", 0, 0)]:
        both.org.seconds += 1
        if kind == "edit":
            both.change_profile(number, title=f"T {more}", total=more)
            continue
        _send(both, goal, kind, number, more)
    sent = {
        record.get("Email"): (record.get("Title"), record.get("Count__c"))
        for record in both.org.records["Lead"].values()
    }
    assert len(both.org.records["Lead"]) == RECORDS
    rows = world.execute("SELECT p_email, p_title, p_total::text FROM store.profile").fetchall()
    assert sent == {email: (title, total) for email, title, total in rows}
    both.salesforce.writes.log.clear()
    again = set_up.run(run_export, goal, both.salesforce)
    assert (again.counts.unchanged, both.salesforce.writes.log) == (RECORDS, [])


def _send(both: Sending, goal: Goal, kind: str, number: int, more: int) -> None:
    before = _stands(goal)
    both.salesforce.writes.log.clear()
    few: dict[str, Any] = {"first": {"first": number}, "all": {}}
    if kind == "only":
        few["only"] = {"only": str(both.ids[number])}
    done = set_up.run(run_export, goal, both.salesforce, full=bool(more), **few[kind])
    if kind != "all":
        assert _stands(goal) == before
        assert len(both.salesforce.writes.log) <= (number if kind == "first" else 1)
        assert done.counts.created + done.counts.updated + done.counts.failed.total() == len(
            both.salesforce.writes.log
        )
