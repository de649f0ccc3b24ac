"""Members that an export looks at although their profile did not change, and those it need not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.side_by_side import SideBySide
from integration.exporting.test_members import goal, outcomes, row
from isthmus.connections.errors import RunStopped
from isthmus.domain.goals import ImportGoal
from isthmus.domain.objects import LEAD
from isthmus.exporting import engine, plan, select, send
from isthmus.profiles import editing
from isthmus.profiles.editing import Edit
from isthmus.profiles.models import Segment


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    return SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)


@pytest.fixture
def linked(both: SideBySide) -> SideBySide:
    """With an export and an import of leads, and a profile that the export created a lead for."""
    both.add_goal(goal(row("Title", "title")))
    both.add_goal(ImportGoal(key="in", name="in", object=LEAD, match=(), fields=()))
    both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["created"]
    return both


def looked_at(both: SideBySide, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many members each of the following runs looks at."""
    seen: list[int] = []
    real = select.select

    def noting(*given: Any) -> tuple[int, int]:
        found = real(*given)
        seen.append(found[0])
        return found

    monkeypatch.setattr("isthmus.exporting.prepare.select", noting)
    return seen


def no_overlap(both: SideBySide) -> None:
    both.row.overlap_seconds = 0
    both.row.save()


def test_a_run_in_which_nothing_changed_looks_at_nobody(
    linked: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_overlap(linked)
    seen = looked_at(linked, monkeypatch)
    assert outcomes(linked) == ["unchanged"]
    assert outcomes(linked) == ["unchanged"]
    assert seen == [0, 0]


def test_a_value_that_was_edited_by_hand_goes_out_with_the_next_run(
    linked: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_overlap(linked)
    outcomes(linked)
    seen = looked_at(linked, monkeypatch)
    wanted = Edit(
        profile_id=linked.ids[1], property="title", value="CEO", seen="Boss", by="marit@x.co"
    )
    assert editing.change(wanted)
    linked.store.profiles[1]["title"] = "CEO"
    assert outcomes(linked) == ["updated"]
    assert seen == [1]


def test_every_member_is_asked_for_once_a_day_and_not_in_between(
    linked: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    real = select.select

    def noting(connection: Connection[Any], given: plan.ExportPlan) -> tuple[int, int]:
        asked.append(not given.same_members)
        return real(connection, given)

    monkeypatch.setattr("isthmus.exporting.prepare.select", noting)
    outcomes(linked)
    monkeypatch.setattr(plan, "LOOKS_AT_ALL", timedelta(0))
    outcomes(linked)
    assert asked == [False, True]


def test_a_segment_that_is_edited_gets_members_that_did_not_change(both: SideBySide) -> None:
    no_overlap(both)
    both.wanted = ("title",)
    Segment.objects.filter(key="members").update(where={"property": "title", "is_empty": False})
    both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    both.add_profile(email="b@x.co", note="no title")
    assert outcomes(both) == ["created"]
    assert outcomes(both) == ["unchanged"]
    both.wanted = ()
    Segment.objects.filter(key="members").update(where={"property": "kind", "is_empty": True})
    assert sorted(outcomes(both)) == ["created", "unchanged"]


def test_who_joins_with_time_is_sent_although_the_profile_did_not_change(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_overlap(both)
    where = {"property": "moment", "before_last": {"days": 1}}
    Segment.objects.filter(key="members").update(where=where)
    goal_row = both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    both.connection.execute("UPDATE store.profile SET p_moment = now() - interval '23 hours'")
    monkeypatch.setattr(engine, "begin", _after(both.connection, "0"))
    assert both.run_engine(goal_row).counts.received == 0
    goal_row.refresh_from_db()
    monkeypatch.setattr(engine, "begin", _after(both.connection, "2 hours"))
    assert both.run_engine(goal_row).counts.created == 1


def _after(connection: Connection[Any], interval: str) -> Any:
    def now(_connection: Connection[Any]) -> Any:
        found = connection.execute("SELECT now() + %s::interval", [interval]).fetchone()
        return found and found[0]

    return now


def test_a_member_without_a_record_is_looked_for_by_every_run(both: SideBySide) -> None:
    no_overlap(both)
    both.add_goal(goal(row("Title", "title"), create_records=False))
    both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["no_match"]
    assert outcomes(both) == ["no_match"]
    both.change_org("Lead", Title="Chief", Email="a@x.co")
    assert outcomes(both) == ["updated"]
    assert outcomes(both) == ["unchanged"]


def test_a_member_whose_record_needed_nothing_is_created_once_the_record_is_gone(
    both: SideBySide,
) -> None:
    no_overlap(both)
    both.add_goal(goal(row("Title", "title")))
    both.add_goal(ImportGoal(key="in", name="in", object=LEAD, match=(), fields=()))
    profile = both.add_profile(title=None)
    record = both.change_org("Lead", Title="Chief")
    both.link("in", record, profile)
    assert outcomes(both) == ["unchanged"]
    assert outcomes(both) == ["unchanged"]
    both.connection.execute("UPDATE store.record_link SET gone = 'deleted'")
    both.store.links[record, "in"].gone = "deleted"
    assert outcomes(both) == ["no_identifier"]


def test_a_row_that_was_refused_goes_out_again_although_its_profile_did_not_change(
    both: SideBySide,
) -> None:
    no_overlap(both)
    refused = True

    def refuse(_operation: str, _row: Any) -> tuple[str, str] | None:
        return ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not now") if refused else None

    both.refuse = both.salesforce.writes.refuse = refuse
    both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    refused = False
    assert outcomes(both) == ["created"]


@contextmanager
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings = f"{engine.SETTINGS} -c statement_timeout=10s"
    with monkeypatch.context() as patch:
        patch.setattr(engine, "SETTINGS", settings)
        yield


def test_many_rows_go_out_where_the_statistics_know_only_other_runs(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that takes the run's rows for few goes through another table for each of them."""
    rows = 20_000
    connection = both.connection
    goal_row = both.add_goal(goal(row("Title", "title")))
    connection.execute(
        "INSERT INTO store.profile (profile_id, p_email, p_title) "
        "SELECT uuidv7(), n || '@x.co', 'T' FROM generate_series(1, %s) AS n",
        [rows],
    )
    connection.execute(
        "INSERT INTO store.identifier (profile_id, property, value) SELECT profile_id, "
        "(SELECT id FROM profiles_property WHERE key = 'email'), p_email FROM store.profile"
    )
    connection.execute(
        "INSERT INTO store.export_row (profile_id, run_goal, part, operation, outcome, row_hash, "
        "cells, sent) SELECT uuidv7(), 0, 1, 'insert', 'created', gen_random_uuid(), '{}', '{}' "
        "FROM generate_series(1, %s)",
        [rows],
    )
    connection.execute("ANALYZE store.export_row")
    connection.execute("ALTER TABLE store.export_row SET (autovacuum_enabled = off)")
    with hurried(monkeypatch):
        estimated = _estimates(monkeypatch)
        assert both.run_engine(goal_row).counts.created == rows
        assert rows / 2 < estimated[0] < 2 * rows
        connection.execute("UPDATE store.profile SET p_title = 'U', updated_at = now()")
        goal_row.refresh_from_db()
        both.bulk = True
        assert both.run_engine(goal_row).counts.updated == rows
    connection.execute("ALTER TABLE store.export_row RESET (autovacuum_enabled)")


def _estimates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows to send the planner expects, each time a run begins to send."""
    seen: list[int] = []
    real = send.send

    def noting(goal_run: Any, connection: Connection[Any], *rest: Any) -> None:
        explained = connection.execute(
            "EXPLAIN (FORMAT json) SELECT FROM store.export_row WHERE run_goal = "
            + str(goal_run.run_goal.id)
        ).fetchone()
        assert explained is not None
        seen.append(explained[0][0]["Plan"]["Plan Rows"])
        real(goal_run, connection, *rest)

    monkeypatch.setattr(engine, "send", noting)
    return seen


def test_a_store_too_large_for_one_array_is_looked_at_member_by_member(
    linked: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_overlap(linked)
    linked.connection.execute("ANALYZE store.profile")
    monkeypatch.setattr(select, "MOST_IN_ARRAYS", 0)
    monkeypatch.delattr(select, "scan_statement")
    assert outcomes(linked) == ["unchanged"]


def test_a_run_with_another_segment_that_never_ended_leaves_no_member_out(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_overlap(both)
    goal_row = both.add_goal(goal(row("Title", "title"), create_records=False))
    both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["no_match"]
    segment = Segment.objects.filter(key="members")
    (before,) = segment.values_list("where", flat=True)
    segment.update(where={"property": "title", "is_empty": True})
    with monkeypatch.context() as patch:
        patch.setattr(engine, "send", _stops)
        with pytest.raises(RunStopped):
            both.run_engine(goal_row)
    segment.update(where=before)
    both.change_org("Lead", Title="Chief", Email="a@x.co")
    assert outcomes(both) == ["updated"]


def _stops(*_given: Any) -> None:
    raise RunStopped
