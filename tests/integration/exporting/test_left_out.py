"""Sequences in which a member of a segment could be left out, or counted twice."""

import os
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.side_by_side import SideBySide
from integration.exporting.test_members import EMAIL, goal, row
from isthmus.connections.errors import RunStopped
from isthmus.connections.models import Goal
from isthmus.connections.tracing import became
from isthmus.domain.goals import ImportField, ImportGoal
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.exporting import engine, send
from isthmus.importing.engine import run_import
from isthmus.profiles import merging
from isthmus.profiles.models import Segment


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    return SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)


def look_whole(**given: Any) -> None:
    """The next run of the export looks at every member, as once a day."""
    Goal.objects.filter(key="out").update(read_whole_at=None, **given)


def edit_segment(*keys: str) -> None:
    """Only the profiles that have a value for each of these are members."""
    tests = [{"property": key, "is_empty": False} for key in keys]
    where = {"all": tests} if tests else {"property": "kind", "is_empty": True}
    Segment.objects.filter(key="members").update(where=where)


def stop_after_deciding(both: SideBySide, goal_row: Goal) -> None:
    """A run that a person stops before it sends anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "send", _stops)
        with pytest.raises(RunStopped):
            both.run_engine(goal_row)


def _stops(*_given: Any) -> None:
    raise RunStopped


def set_clock(both: SideBySide, monkeypatch: pytest.MonkeyPatch, ahead: str) -> None:
    """The clock that runs go by is so far ahead of that of the changes."""

    def now(_connection: Connection[Any]) -> Any:
        found = both.connection.execute("SELECT now() + %s::interval", [ahead]).fetchone()
        return found and found[0]

    monkeypatch.setattr(engine, "begin", now)
    monkeypatch.setattr(engine, "_covered", now)


@pytest.mark.parametrize("whole", [False, True])
def test_two_exported_profiles_that_are_merged_are_one_member(
    both: SideBySide, *, whole: bool
) -> None:
    """The merged profile has two records that this goal has sent: it is one member all the same."""
    goal_row = both.add_goal(goal(row("Title", "title")))
    one = both.add_profile(email="a@x.co", title="Boss")
    two = both.add_profile(email="b@x.co", title="Boss")
    assert both.run_engine(goal_row).counts.created == 2
    merging.merge(both.connection, both.ids[one], both.ids[two])
    if whole:
        look_whole()
    counts = both.run_engine(goal_row).counts
    assert counts.received == 1
    assert dict(counts.skipped) == {"ambiguous": 1}


def test_who_was_skipped_is_looked_at_again_after_a_stopped_run_of_a_narrower_segment(
    both: SideBySide,
) -> None:
    """A -> B (stopped) -> A: who was skipped in A and is not in B must still be looked at."""
    goal_row = both.add_goal(goal(row("Title", "title"), create_records=False))
    both.add_profile(email="a@x.co", title="Boss")
    both.add_profile(email="b@x.co", title="Boss", note="x")
    assert dict(both.run_engine(goal_row).counts.skipped) == {"no_match": 2}
    edit_segment("note")
    both.change_org("Lead", Title="Old", Email="b@x.co")
    stop_after_deciding(both, goal_row)
    # Widened again, before any run finished with the narrow one.
    edit_segment()
    both.change_org("Lead", Title="Old", Email="a@x.co")
    counts = both.run_engine(goal_row).counts
    assert (counts.received, counts.updated, counts.unchanged) == (2, 2, 0)


def test_a_refused_row_goes_out_again_after_a_stopped_run_of_another_segment(
    both: SideBySide,
) -> None:
    """A refused row, a stopped run of a narrower segment, and the first segment again."""
    refused = True

    def refuse(_operation: str, _row: Any) -> tuple[str, str] | None:
        return ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not now") if refused else None

    both.refuse = both.salesforce.writes.refuse = refuse
    goal_row = both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    assert both.run_engine(goal_row).counts.failed.total() == 1
    refused = False
    edit_segment("note")
    stop_after_deciding(both, goal_row)
    edit_segment()
    assert both.run_engine(goal_row).counts.created == 1


def test_who_is_left_out_is_known_after_a_stopped_run_of_another_segment(both: SideBySide) -> None:
    goal_row = both.add_goal(goal(row("Title", "title"), create_records=False))
    one = both.add_profile(email="a@x.co", title="Boss")
    assert dict(both.run_engine(goal_row).counts.skipped) == {"no_match": 1}
    edit_segment("note")
    stop_after_deciding(both, goal_row)
    edit_segment()
    part = both.run_engine(goal_row)
    found = became(part.run_goal, profile_id=both.ids[one])
    assert dict(part.counts.skipped) == {"no_match": 1}
    assert found is not None
    assert (found.outcome, found.reason) == ("skipped", "no_match")


def test_a_profile_whose_transaction_was_open_during_a_run_is_sent_by_the_next(
    both: SideBySide,
) -> None:
    """Overlap 0: a profile of a transaction that began before the run and ends after it."""
    goal_row = both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    assert both.run_engine(goal_row).counts.created == 1
    with psycopg.connect(os.environ["ISTHMUS_CONNINFO"]) as other:  # commits at its end
        other.execute(
            "INSERT INTO store.profile (profile_id, p_email, p_title) "
            "VALUES (uuidv7(), 'z@x.co', 'Z')"
        )
        other.execute(
            "INSERT INTO store.identifier (profile_id, property, value) SELECT profile_id, "
            "(SELECT id FROM profiles_property WHERE key = 'email'), p_email FROM store.profile "
            "WHERE p_email = 'z@x.co'"
        )
        both.run_engine(goal_row)
    assert both.run_engine(goal_row).counts.created == 1


def test_a_change_whose_transaction_was_open_during_a_run_is_sent_by_the_next(
    both: SideBySide,
) -> None:
    """Overlap 0: a change of a member that was sent, committed after the run has looked."""
    goal_row = both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    assert both.run_engine(goal_row).counts.created == 1
    with psycopg.connect(os.environ["ISTHMUS_CONNINFO"]) as other:  # commits at its end
        other.execute("UPDATE store.profile SET p_title = 'CEO', updated_at = now()")
        both.run_engine(goal_row)
    look_whole()
    assert both.run_engine(goal_row).counts.updated == 1


def test_a_change_is_sent_although_the_databases_clock_went_back(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run by a clock that is an hour ahead; then the clock is right again."""
    goal_row = both.add_goal(goal(row("Title", "title")))
    one = both.add_profile(email="a@x.co", title="Boss")
    set_clock(both, monkeypatch, ahead="1 hour")
    assert both.run_engine(goal_row).counts.created == 1
    set_clock(both, monkeypatch, ahead="0")
    both.change_profile(one, title="CEO")
    first = both.run_engine(goal_row).counts
    look_whole()
    second = both.run_engine(goal_row).counts
    assert first.updated + second.updated == 1


def test_a_second_record_that_nobody_noted_is_found_once_a_day(both: SideBySide) -> None:
    """An earlier version left the version of the link of an ambiguous member as it was."""
    goal_row = both.add_goal(goal(row("Title", "title")))
    both.add_goal(ImportGoal(key="in", name="in", object=LEAD, match=(), fields=()))
    one = both.add_profile(email="a@x.co", title="Boss")
    assert both.run_engine(goal_row).counts.created == 1
    record = both.org.save("Lead", None, Title="Second")
    both.link("in", record, one)  # as an import of that version did: no version was taken away
    # As the migration leaves the goal.
    look_whole(read_segment="")
    both.connection.execute("DELETE FROM store.export_open")
    counts = both.run_engine(goal_row).counts
    assert dict(counts.skipped) == {"ambiguous": 1}


def test_a_second_record_linked_while_the_first_is_being_sent_is_found(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection to the org imports a second record of a member in the middle of a run."""
    goal_row = both.add_goal(goal(row("Title", "title")))
    reading = ImportGoal(
        key="in",
        name="in",
        object=LEAD,
        match=(EMAIL,),
        fields=(ImportField(field="Title", property="title", rule=MergeRule.SET_IF_EMPTY),),
    )
    other = set_up.new_goal(set_up.new_connection("second"), reading)
    profile = both.add_profile(email="a@x.co", title="Boss")
    both.connection.execute("UPDATE store.profile SET p_salesforce_objecttype = '{Lead}'")
    assert both.run_engine(goal_row).counts.created == 1
    both.org.seconds += 10
    set_up.run(run_import, other, both.salesforce)
    both.change_profile(profile, title="CEO")

    def importing_meanwhile(*given: Any) -> None:
        both.org.save("Lead", None, Title="x", Email="a@x.co")
        both.org.seconds += 10
        set_up.run(run_import, other, both.salesforce)
        send.send(*given)

    with monkeypatch.context() as patch:
        patch.setattr(engine, "send", importing_meanwhile)
        assert both.run_engine(goal_row).counts.updated == 1
    for _ in range(2):
        look_whole()
        counts = both.run_engine(goal_row).counts
    assert dict(counts.skipped) == {"ambiguous": 1}


def test_merged_profiles_in_a_segment_of_time_fail_no_run(both: SideBySide) -> None:
    """A run that failed would remember nothing, so the next ones would fail as well."""
    where = {"property": "moment", "within_last": {"days": 5}}
    Segment.objects.filter(key="members").update(where=where)
    goal_row = both.add_goal(goal(row("Title", "title")))
    one = both.add_profile(email="a@x.co", title="Boss")
    two = both.add_profile(email="b@x.co", title="Boss")
    both.connection.execute("UPDATE store.profile SET p_moment = now()")
    assert both.run_engine(goal_row).counts.created == 2
    merging.merge(both.connection, both.ids[one], both.ids[two])
    for _ in range(3):
        both.run_engine(goal_row)
