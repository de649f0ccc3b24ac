"""Previews: asking, keeping, finding, forgetting; and that they leave nothing, whatever happens."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from psycopg import Connection, sql

from integration import set_up
from integration.importing.death import Death, Killed, dying
from integration.importing.side_by_side import chunks_of
from integration.previews.comparing import Foretold, everything, preview
from isthmus.connections import executing, foreseen, overview, previews, queueing, reading, watch
from isthmus.connections.errors import NoSignIn, NoSuchThing, NothingToRun, RunTakenOver
from isthmus.connections.executing import Worker, work_off
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Goal, Run, RunGoal, RunState
from isthmus.connections.overview import Wanted
from isthmus.connections.patience import Patience
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
from isthmus.importing import rehearsal
from isthmus.importing.chunks import apply_ordered
from isthmus.importing.engine import run_import
from isthmus.importing.settle import settle
from isthmus.profiles import database
from isthmus.profiles.models import Segment
from isthmus.salesforce import HostUnreachable
from isthmus.worker import presence
from model.fake_org import FakeOrg, describe, new_field
from model.fake_salesforce import FakeSalesforce

LEADS_IN = ImportGoal(
    key="in",
    name="Leads",
    object=LEAD,
    match=(MatchRow(field="Id", identifier="ids"), MatchRow(field="Email", identifier="email")),
    fields=(
        ImportField(field="Title", property="title"),
        ImportField(field="Total", property="total"),
    ),
    create_profiles=True,
)
LEADS_OUT = ExportGoal(
    key="out",
    name="Leads",
    object=LEAD,
    segment="members",
    match=MatchRow(field="Email", identifier="email"),
    fields=(
        ExportField(field="Title", kind=ExportKind.PROPERTY, value="title"),
        ExportField(field="Email", kind=ExportKind.PROPERTY, value="email"),
    ),
    create_records=True,
)


@pytest.fixture
def org() -> FakeOrg:
    fields = [new_field(name) for name in ("Title", "Total")]
    fields.append(new_field("Email", "email", id_lookup=True))
    return FakeOrg(objects={"Lead": describe("Lead", fields)})


@pytest.fixture
def salesforce(org: FakeOrg) -> FakeSalesforce:
    return FakeSalesforce(org)


@pytest.fixture
def acme(
    world: Connection[Any], salesforce: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> ConnectionRow:
    @contextmanager
    def signed_in(_: ConnectionRow, **_more: object) -> Iterator[FakeSalesforce]:
        yield salesforce

    monkeypatch.setattr(executing, "signed_in", signed_in)
    monkeypatch.setattr(watch, "SECONDS", 0)
    where = {"property": "email", "is_empty": False}
    Segment.objects.update_or_create(key="members", defaults={"name": "x", "where": where})
    row = set_up.new_connection()
    set_up.new_goal(row, LEADS_IN)
    set_up.new_goal(row, LEADS_OUT)
    return row


@pytest.fixture
def goal(acme: ConnectionRow) -> Goal:
    return acme.goals.get(key="in")


@pytest.fixture
def sending(acme: ConnectionRow) -> Goal:
    return acme.goals.get(key="out")


def fill(org: FakeOrg, *emails: str, **values: str) -> list[str]:
    ids = [org.save("Lead", Email=email, **{"Title": "Boss", **values}) for email in emails]
    org.seconds += 1
    return ids


def new_profile(world: Connection[Any], email: str, title: str = "old") -> Any:
    row = world.execute(
        """INSERT INTO store.profile (profile_id, p_email, p_title)
        VALUES (uuidv7(), %s, %s) RETURNING profile_id""",
        [email, title],
    ).fetchone()
    assert row is not None
    world.execute(
        """INSERT INTO store.identifier (property, value, profile_id)
        SELECT id, %s, %s FROM profiles_property WHERE key = 'email'""",
        [email, row[0]],
    )
    return row[0]


def work(acme: ConnectionRow, **given: Any) -> list[Run]:
    engines = {"import": run_import, "export": run_export}
    quick = Patience(pauses=(0,), limit_seconds=3600)
    return work_off(acme, Worker(**{"engines": engines, "patience": quick, **given}))


def told(goal: Goal) -> previews.Preview:
    found = previews.latest(goal)
    assert found is not None
    return found


# Asking.


def test_a_preview_is_worked_off_like_a_run_and_told_nowhere_as_one(
    acme: ConnectionRow, goal: Goal, org: FakeOrg, world: Connection[Any]
) -> None:
    fill(org, "a@x.co")
    there = everything(world)
    asked = previews.ask(acme, goal, by="Ada")
    assert (asked.number, asked.preview, asked.state) == (1, True, "queued")
    assert (told(goal).state, told(goal).is_open, told(goal).is_told) == ("queued", True, False)
    [done] = work(acme)
    assert (done.id, done.state) == (asked.id, "finished")
    assert everything(world) == there
    found = told(goal)
    assert (found.state, found.is_open, found.is_told, found.counts.created) == (
        *("finished", False, True),
        1,
    )

    assert list(acme.runs.all()) == list(Run.objects.all()) == []
    assert reading.runs(acme, 10) == []
    assert reading.last_runs() == {}
    assert overview.last_runs([acme.id]) == {}
    assert overview.last_parts([goal]) == {}
    [listed] = overview.connections(Wanted())
    assert listed.open_state is None
    run = queueing.ask(acme)
    assert run.number == 1, "previews have numbers of their own"


def test_a_failed_preview_is_no_failure_of_the_connection(
    acme: ConnectionRow, goal: Goal, salesforce: FakeSalesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: str) -> Any:
        raise HostUnreachable("no route")

    monkeypatch.setattr(salesforce, "describe", unreachable)
    previews.ask(acme, goal)
    [done] = work(acme)
    assert done.state == "failed"
    assert (told(goal).state, told(goal).message) == ("failed", "no route")
    assert previews.sample(told(goal)) == previews.search(told(goal), "x") == []
    [listed] = overview.connections(Wanted())
    assert not listed.is_troubled


def test_a_goal_is_previewed_where_it_would_not_run(acme: ConnectionRow, org: FakeOrg) -> None:
    fill(org, "a@x.co")
    acme.active = False
    acme.save()
    goal = acme.goals.get(key="in")
    goal.document["active"] = False
    goal.save()
    previews.ask(acme, goal)
    work(acme)
    assert told(goal).counts.created == 1


def test_what_can_not_be_previewed_is_refused(acme: ConnectionRow) -> None:
    with pytest.raises(NoSuchThing):
        queueing.ask_preview(acme, goals=["nothing"])
    for goal in acme.goals.all():
        goal.document["active"] = False
        goal.save()
    with pytest.raises(NothingToRun):
        queueing.ask_preview(acme)
    acme.authorization = None
    acme.save()
    with pytest.raises(NoSignIn):
        queueing.ask_preview(acme, goals=["in"])
    assert not Run.every.exists()


def test_previews_that_are_asked_for_together_wait_together(
    acme: ConnectionRow, goal: Goal, sending: Goal
) -> None:
    first = previews.ask(acme, goal)
    assert previews.ask(acme, sending).id == previews.ask(acme, goal).id == first.id
    [done] = work(acme)
    assert [part.key for part in done.goals.all()] == ["in", "out"]


def test_a_run_and_a_preview_take_turns_in_the_order_of_asking(
    acme: ConnectionRow, goal: Goal, world: Connection[Any]
) -> None:
    previews.ask(acme, goal)
    queueing.ask(acme, goals=["in"])
    assert [each.connection for each in presence.due(world)] == [acme.id]
    assert [run.preview for run in work(acme)] == [True, False]


def test_a_run_that_waits_for_a_yes_keeps_no_preview_back(
    acme: ConnectionRow, goal: Goal, world: Connection[Any]
) -> None:
    run = queueing.ask(acme, goals=["in"])
    later = timezone.now() + timedelta(hours=1)
    Run.objects.filter(id=run.id).update(state=RunState.CONFIRMING, confirm_until=later)
    assert presence.due(world) == []
    queueing.ask(acme, goals=["in"])
    assert presence.due(world) == []
    assert executing.next_due(acme) is None
    asked = previews.ask(acme, goal)
    assert [each.connection for each in presence.due(world)] == [acme.id]
    assert [each.id for each in work(acme)] == [asked.id]
    assert told(goal).state == "finished"
    # And while a preview is under way, a run goes on that got its yes.
    asked = previews.ask(acme, goal)
    Run.every.filter(id=asked.id).update(state=RunState.RUNNING)
    Run.objects.filter(id=run.id).update(state=RunState.RUNNING)
    found = executing.next_due(acme)
    assert found is not None
    assert found.id == run.id
    Run.objects.filter(id=run.id).update(state=RunState.WAITING, wait_until=later)
    found = executing.next_due(acme)
    assert found is not None
    assert found.id == asked.id
    assert len(presence.due(world)) == 1


def test_only_the_newest_preview_of_a_goal_is_kept(
    acme: ConnectionRow, goal: Goal, org: FakeOrg, world: Connection[Any]
) -> None:
    fill(org, "a@x.co")
    for _ in range(2):
        previews.ask(acme, goal)
        work(acme)
    assert Run.every.filter(preview=True).count() == 1
    assert RunGoal.objects.count() == 1
    tables = world.execute("SELECT relname FROM pg_class WHERE relname ~ '^preview_[0-9]+$'")
    assert [name for (name,) in tables] == [f"preview_{told(goal).part.id}"]


def test_asking_again_stops_the_one_under_way(acme: ConnectionRow, goal: Goal) -> None:
    first = previews.ask(acme, goal)
    Run.every.filter(id=first.id).update(state=RunState.RUNNING)
    second = previews.ask(acme, goal)
    first.refresh_from_db()
    assert (first.state, second.state) == ("stopping", "queued")
    assert told(goal).run.id == second.id


def test_old_previews_and_tables_of_nobody_go(
    acme: ConnectionRow, goal: Goal, sending: Goal, world: Connection[Any]
) -> None:
    for each in (goal, sending):
        previews.ask(acme, each)
        work(acme)
    world.execute("CREATE TABLE stage.preview_999999_name ()")
    sooner = timezone.now() - timedelta(days=foreseen.KEPT_DAYS, minutes=1)
    Run.every.filter(id=told(goal).run.id).update(finished_at=sooner)
    with database.connected() as session:
        foreseen.keep_house(session)
    assert previews.latest(goal) is None
    assert previews.latest(sending) is not None
    tables = world.execute("SELECT relname FROM pg_class WHERE relname ~ '^preview_[0-9]+$'")
    assert len(tables.fetchall()) == 1
    left = world.execute("SELECT to_regclass('stage.preview_999999_name')")
    assert left.fetchone() == (None,)


# Looking.


def test_rows_are_found_by_record_profile_and_identifier(
    acme: ConnectionRow, goal: Goal, org: FakeOrg, world: Connection[Any]
) -> None:
    profile = new_profile(world, "b@x.co")
    first, second = fill(org, "A@x.co", "b@x.co")
    previews.ask(acme, goal)
    work(acme)
    found = told(goal)
    for text in (first, f" {first} ", "a@x.co", "A@X.co"):
        [row] = previews.search(found, text)
        assert (row.record_id, row.outcome, row.profile_id) == (first, "created", None)
        assert ("title", None, "Boss") in row.changes
    for text in (second, str(profile), "b@x.co"):
        [row] = previews.search(found, text)
        assert (row.outcome, row.profile_id) == ("updated", profile)
        assert ("title", "old", "Boss") in row.changes
    assert previews.search(found, "a@x.co", hides=True) == []
    assert len(previews.search(found, first, hides=True)) == 1
    for text in ("", "\0", "\ud800", str(uuid4()), "00Q999999999999AAA", "x" * 10_000, "%"):
        assert previews.search(found, text) == []


def test_a_sample_has_some_of_each_outcome(acme: ConnectionRow, goal: Goal, org: FakeOrg) -> None:
    fill(org, *(f"{number}@x.co" for number in range(5)))
    org.save("Lead", IsDeleted="true")
    org.seconds += 1
    previews.ask(acme, goal)
    work(acme)
    found = told(goal)
    assert [row.outcome for row in previews.sample(found, most=2)] == [
        *("created", "created"),
        "skipped",
    ]
    first = previews.sample(found, "created", most=3)
    rest = previews.sample(found, "created", after=first[-1].n)
    assert len({row.record_id for row in (*first, *rest)}) == 5
    [reason] = found.reasons
    assert (reason.outcome, reason.reason, reason.number) == ("skipped", "deleted", 1)
    assert reason.words
    assert previews.sample(found, "skipped", reason="deleted")
    assert previews.sample(found, "skipped", reason="no_match") == []


def test_a_value_that_does_not_fit_is_told(
    acme: ConnectionRow, goal: Goal, org: FakeOrg, world: Connection[Any]
) -> None:
    fill(org, "a@x.co", Total="many")
    previews.ask(acme, goal)
    [done] = work(acme)
    assert done.state == "problems"
    [problem] = previews.problems(told(goal))
    assert (problem.field, problem.property, problem.value) == ("Total", "total", "many")
    assert problem.profile_id is None, "the profile is not there"
    assert world.execute("SELECT count(*) FROM store.run_problem").fetchone() == (0,)


def test_a_preview_says_whether_it_is_still_of_what_is_set_up(
    acme: ConnectionRow, goal: Goal, sending: Goal
) -> None:
    for each in (goal, sending):
        previews.ask(acme, each)
        work(acme)
    assert not told(goal).is_stale
    assert not told(sending).is_stale
    Segment.objects.filter(key="members").update(where={"property": "title", "is_empty": False})
    assert (told(goal).is_stale, told(sending).is_stale) == (False, True)
    goal.document["create_profiles"] = False
    goal.save()
    assert told(goal).is_stale


def test_rows_that_a_crash_took_are_missed(
    acme: ConnectionRow, goal: Goal, org: FakeOrg, world: Connection[Any]
) -> None:
    fill(org, "a@x.co")
    previews.ask(acme, goal)
    work(acme)
    assert not told(goal).is_lost
    # What recovery does to a table that is not logged.
    rows = foreseen.rows(told(goal).part.id)
    world.execute(sql.SQL("TRUNCATE {}").format(rows))
    assert told(goal).is_lost
    assert previews.sample(told(goal)) == []
    world.execute(sql.SQL("DROP TABLE {}").format(rows))
    assert told(goal).is_lost
    assert previews.search(told(goal), "a@x.co") == []


def test_an_export_says_what_salesforce_holds_and_what_it_would_send(
    acme: ConnectionRow, sending: Goal, org: FakeOrg, world: Connection[Any],
    salesforce: FakeSalesforce,
) -> None:  # fmt: skip
    old, new, _ = (new_profile(world, f"{name}@x.co", name) for name in "abc")
    [record] = fill(org, "a@x.co")
    fill(org, "c@x.co", Title="c")
    previews.ask(acme, sending)
    work(acme)
    assert salesforce.writes.log == []
    found = told(sending)
    assert (found.counts.updated, found.counts.created) == (2, 1)
    [row] = previews.search(found, str(old))
    assert (row.record_id, row.changes) == (
        record,
        [("Email", "a@x.co", "a@x.co"), ("Title", "Boss", "a")],
    )
    [row] = previews.search(found, "b@x.co")
    assert (row.outcome, row.profile_id, row.record_id) == ("created", new, None)
    assert row.after == {"Title": "b", "Email": "b@x.co"}
    assert previews.personal_names(sending) == {"Email"}


def test_a_member_that_an_export_would_not_look_at_is_found_unchanged(
    acme: ConnectionRow, sending: Goal, org: FakeOrg, world: Connection[Any]
) -> None:
    profile = new_profile(world, "a@x.co")
    other = new_profile(world, "b@x.co")
    world.execute("UPDATE store.profile SET updated_at = '2020-01-01'")
    [record, _] = fill(org, "a@x.co", "b@x.co")
    queueing.ask(acme, goals=["out"])
    work(acme)
    world.execute(
        "UPDATE store.profile SET p_title = NULL, updated_at = now() WHERE profile_id = %s", [other]
    )
    previews.ask(acme, sending)
    work(acme)
    found = told(sending)
    assert found.counts.unchanged == 2
    for text in (record, str(profile), "a@x.co"):
        [row] = previews.search(found, text)
        assert (row.outcome, row.profile_id, row.record_id) == ("unchanged", profile, record)
    assert previews.search(found, "nobody@x.co") == []


# Whatever happens.


def test_a_preview_that_is_killed_anywhere_leaves_nothing_and_is_done_again(
    acme: ConnectionRow, goal: Goal, org: FakeOrg, world: Connection[Any],
    salesforce: FakeSalesforce,
) -> None:  # fmt: skip
    new_profile(world, "b@x.co")
    fill(org, "a@x.co", "b@x.co", "c@x.co")
    there, whole_store = _without_queries(world), everything(world)
    salesforce.bulk_query.page_size = 2
    death = Death()
    whole = set_up.start(goal, salesforce, preview=True)
    with chunks_of(2), dying(salesforce, death):
        run_import(whole)
    assert whole.counts.created == 2
    for at in range(1, death.points, 7):
        last = Death(at)
        goal_run = set_up.start(goal, salesforce, preview=True)
        with chunks_of(2), dying(salesforce, last), pytest.raises(Killed):
            run_import(goal_run)
        assert _without_queries(world) == there
        goal_run = set_up.again(goal_run)
        run_import(goal_run)
        assert (goal_run.counts.created, goal_run.counts.updated) == (2, 1)
        assert everything(world) == whole_store
        assert _without_queries(world) == there
        rows = sql.SQL("SELECT count(*) FROM {}").format(foreseen.rows(goal_run.run_goal.id))
        assert world.execute(rows).fetchone() == (3,)


def _without_queries(world: Connection[Any]) -> dict[str, str]:
    """All but what a preview has asked Salesforce, and what came, until it is done again."""
    return {
        name: rows
        for name, rows in everything(world).items()
        if name != "store.import_query" and not name.startswith("stage.")
    }


def test_salesforce_failing_leaves_nothing(
    acme: ConnectionRow, sending: Goal, org: FakeOrg, world: Connection[Any],
    salesforce: FakeSalesforce, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    new_profile(world, "a@x.co")
    fill(org, "a@x.co")
    there = everything(world)

    def unreachable(*_given: Any, **_named: Any) -> Any:
        raise HostUnreachable("no route")

    for thing, name in ((salesforce.bulk_query, "create"), (salesforce, "query_all")):
        with monkeypatch.context() as patch:
            patch.setattr(thing, name, unreachable)
            goal_run = set_up.start(sending, salesforce, preview=True)
            with pytest.raises(HostUnreachable):
                run_export(goal_run)
        assert everything(world) == there
    assert salesforce.writes.log == []


def test_a_database_that_goes_away_in_the_middle_leaves_nothing(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(org, "a@x.co")
    there = _without_queries(world)
    real = settle

    def lose(goal_run: Any, plan: Any, connection: Connection[Any]) -> None:
        real(goal_run, plan, connection)
        world.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])

    monkeypatch.setattr(rehearsal, "settle", lose)
    goal_run = set_up.start(goal, salesforce, preview=True)
    with pytest.raises(database.DatabaseGone):
        run_import(goal_run)
    assert _without_queries(world) == there


def test_who_was_taken_over_keeps_nothing(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(org, "a@x.co")
    real = settle

    def lose(goal_run: Any, plan: Any, connection: Connection[Any]) -> None:
        real(goal_run, plan, connection)
        Run.every.filter(preview=True).update(fence=99)

    monkeypatch.setattr(rehearsal, "settle", lose)
    goal_run = set_up.start(goal, salesforce, preview=True)
    with pytest.raises(RunTakenOver):
        run_import(goal_run)
    part = goal_run.run_goal.id
    assert world.execute("SELECT to_regclass(%s)", [f"stage.preview_{part}"]).fetchone() == (None,)


def test_what_others_change_meanwhile_is_seen(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    profile = new_profile(world, "a@x.co")
    fill(org, "a@x.co")
    tries: list[Any] = []
    real = apply_ordered

    def disturbed(goal_run: Any, plan: Any, connection: Connection[Any], *rest: Any) -> None:
        tries.append(connection.execute("SELECT count(*) FROM store.profile").fetchone())
        if len(tries) == 1:
            world.execute("UPDATE store.profile SET p_title = 'by hand'")
        real(goal_run, plan, connection, *rest)

    monkeypatch.setattr(rehearsal, "apply_ordered", disturbed)
    found = preview(goal, salesforce)
    assert len(tries) == 2
    [row] = previews.search(found, str(profile))
    assert ("title", "by hand", "Boss") in row.changes


def test_chunks_of_others_go_on_once_a_preview_has_merged(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fill(org, "a@x.co")
    seen = []
    real = foreseen.written

    @contextmanager
    def watched(*given: Any) -> Iterator[Any]:
        row = world.execute("SELECT pg_try_advisory_lock(7301881, 2)").fetchone()
        seen.append(row)
        world.execute("SELECT pg_advisory_unlock(7301881, 2)")
        with real(*given) as session:
            yield session

    monkeypatch.setattr(foreseen, "written", watched)
    preview(goal, salesforce)
    assert seen == [(True,)]
    assert world.execute("SELECT pg_try_advisory_lock(7301881, 2)").fetchone() == (True,)


def test_a_preview_that_waits_for_a_chunk_can_be_stopped(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(rehearsal, "WAIT", "50ms")
    fill(org, "a@x.co")
    world.execute("SELECT pg_advisory_lock(7301881, 2)")
    asked = threading.Event()
    goal_run = set_up.start(goal, salesforce, preview=True, cancelled=asked.is_set)
    ended: list[BaseException] = []

    def run() -> None:
        try:
            run_import(goal_run)
        except Exception as error:  # noqa: BLE001 - told below
            ended.append(error)
        finally:
            from django.db import connections

            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    threading.Timer(0.3, asked.set).start()
    thread.join(20)
    assert [type(each).__name__ for each in ended] == ["RunStopped"]


def test_counts_alone_can_be_asked_for_a_run_that_has_begun(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce
) -> None:
    from isthmus.importing import begun, stage
    from isthmus.importing.fetch import fetch

    fill(org, "a@x.co", "b@x.co")
    goal_run = set_up.start(goal, salesforce)
    with database.connected() as connection:
        plan = begun.plan_on(goal_run, connection, begun.Begun())
        fetch(goal_run, plan, connection)
        goal_run.counts.received = stage.rows_behind(connection, plan.run_goal, "", "")
        there = everything(world)
        counts = rehearsal.counts(goal_run, connection, rehearsal.Staged(plan=plan))
        assert everything(world) == there
    assert (counts.created, goal_run.counts.created) == (2, 0)
    run_import(goal_run)
    assert goal_run.counts.created == 2


def test_uploads_that_were_not_heard_of_keep_a_preview_back(
    acme: ConnectionRow, goal: Goal, sending: Goal, world: Connection[Any]
) -> None:
    queueing.ask(acme, goals=["out"])
    work(acme)
    part = RunGoal.objects.get(goal=sending)
    world.execute(
        """INSERT INTO store.export_job
            (run_goal, operation, part, job_id, fields, places, closing)
        VALUES (%s, 'insert', 7, 'x', '{}', '{}', true)""",
        [part.id],
    )
    queueing.ask_preview(acme)
    [done] = work(acme)
    assert done.state == "failed"
    for each in (goal, sending):
        assert "Salesforce has not said yet what became of it" in told(each).message


def test_a_full_preview_is_of_everything(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce
) -> None:
    fill(org, "a@x.co", "b@x.co")
    set_up.run(run_import, goal, salesforce)
    goal.refresh_from_db()
    assert Foretold.of(world, goal, salesforce).told.counts.received == 0
    assert Foretold.of(world, goal, salesforce, full=True).told.counts.unchanged == 2


def test_profiles_that_a_run_would_merge_are_told(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce
) -> None:
    winner, loser = fill(org, "a@x.co", "b@x.co")
    set_up.run(run_import, goal, salesforce)
    org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    org.save("Lead", winner, Title="Chief")
    org.seconds += 1
    goal.refresh_from_db()
    foretold = Foretold.of(world, goal, salesforce)
    [gone] = previews.search(foretold.told, loser)
    assert (gone.outcome, gone.reason) == ("removed", "merged")
    assert (gone.survivor or gone.profile_id) in foretold.before
    assert {row.survivor for row in previews.sample(foretold.told)} - {None}
    foretold.check_import(set_up.run(run_import, goal, salesforce))


def test_records_that_are_gone_for_good_are_told(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce
) -> None:
    goal.document["object_type_on_delete"] = "remove"
    goal.save()
    kept, purged = fill(org, "a@x.co", "b@x.co")
    set_up.run(run_import, goal, salesforce)
    del org.records["Lead"][purged]
    goal.refresh_from_db()
    foretold = Foretold.of(world, goal, salesforce, full=True)
    assert (foretold.told.counts.removed, foretold.told.counts.unchanged) == (1, 1)
    [gone] = previews.search(foretold.told, purged)
    assert gone.changes == [("salesforce_objecttype", ["Lead"], None)]
    [same] = previews.search(foretold.told, kept)
    assert (same.outcome, same.before, same.after) == ("unchanged", None, None)
    foretold.check_import(set_up.run(run_import, goal, salesforce, full=True))


def test_several_records_of_one_profile_in_several_chunks_are_told_as_they_end(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce
) -> None:
    fill(org, "a@x.co", "a@x.co", Title="first", Total="2")
    org.save("Lead", Email="a@x.co", Title="last", Total="x" * 5)
    org.seconds += 1
    with chunks_of(1):
        foretold = Foretold.of(world, goal, salesforce)
    assert [row["outcome"] for row in foretold.rows] == ["created", "updated", "updated"]
    for row in foretold.rows:
        assert row["after"]["title"] == "last"
    foretold.check_import(set_up.run(run_import, goal, salesforce))


def test_a_goal_is_left_as_it_is_that_never_ran(
    goal: Goal, org: FakeOrg, world: Connection[Any], salesforce: FakeSalesforce
) -> None:
    row = ImportField(field="Total", property="total", rule=MergeRule.SUM)
    goal.document = replace(LEADS_IN, fields=(row,)).plain()
    goal.save()
    fill(org, "a@x.co", Total="5")
    foretold = Foretold.of(world, goal, salesforce)
    goal.refresh_from_db()
    assert (goal.slots, goal.read_until, goal.read_version) == ({}, None, 0)
    foretold.check_import(set_up.run(run_import, goal, salesforce))
