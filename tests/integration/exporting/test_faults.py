"""What goes wrong between here and Salesforce: nothing is lost, and nothing is created twice."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import FIELDS, PROPERTIES, new_org
from integration.exporting.side_by_side import SideBySide
from isthmus.connections.errors import CountMismatch, RunTakenOver
from isthmus.connections.models import Run
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ExportField, ExportGoal, ExportKind, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export
from isthmus.exporting.refusals import MostRowsRefused
from isthmus.profiles import merging
from isthmus.salesforce import JobState, OutcomeUnknown, PageCut
from model.fake_org import FakeOrg, describe, new_field
from model.fake_salesforce import FakePage

EMAIL = MatchRow(field="Email", identifier="email")
NO_KEY = MatchRow(field="Ref__c", identifier="codes")
"""Found by a field that the goal does not write."""


def goal(*names: tuple[str, str], match: MatchRow = EMAIL) -> ExportGoal:
    return ExportGoal(
        key="out",
        name="out",
        object=LEAD,
        segment="members",
        match=match,
        create_records=True,
        fields=tuple(
            ExportField(field=field, kind=ExportKind.PROPERTY, value=value)
            for field, value in names
        ),
    )


@pytest.fixture(params=[EMAIL, NO_KEY], ids=["key", "no key"])
def both(request: pytest.FixtureRequest, world: Connection[Any]) -> SideBySide:
    made = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES, bulk=True)
    made.add_goal(goal(("Email", "email"), ("Title", "title"), match=request.param))
    for number in range(3):
        made.add_profile(email=f"{number}@x.co", codes=[f"r{number}"], title="Boss")
    return made


@contextmanager
def losing(
    both: SideBySide, name: str, *, before: bool = False, times: int = 1
) -> Iterator[list[Any]]:
    """The answers to a call of the ingest client are lost; what was answered is in the list."""
    ingest = both.salesforce.bulk_ingest
    answers: list[Any] = []
    call: Callable[..., Any] = getattr(ingest, name)

    def lost(*given: Any, **named: Any) -> Any:
        if len(answers) >= times:
            return call(*given, **named)
        answers.append(None if before else call(*given, **named))
        raise OutcomeUnknown

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, name, lost)
        yield answers


def until_it_ends(both: SideBySide) -> GoalRun:
    """Run the engine as the executor does: what may pass is tried again in the same run."""
    goal_run = set_up.start(both.goals["out"], both.salesforce, full=False)
    for _ in range(5):
        try:
            run_export(goal_run)
        except OutcomeUnknown:
            goal_run = set_up.again(goal_run)
        else:
            return goal_run
    raise AssertionError("it never ends")


def records(both: SideBySide) -> list[str]:
    return sorted(record["Email"] or "" for record in both.org.records["Lead"].values())


EMAILS = ["0@x.co", "1@x.co", "2@x.co"]


@pytest.mark.parametrize("call", ["create", "upload", "close"])
@pytest.mark.parametrize("before", [True, False])
def test_a_lost_answer_creates_nothing_twice(both: SideBySide, call: str, *, before: bool) -> None:
    with losing(both, call, before=before):
        goal_run = until_it_ends(both)
    assert records(both) == EMAILS
    assert goal_run.counts.plain()["created"] == 3
    assert not both.salesforce.bulk_ingest.find_open()


def test_a_job_that_somebody_else_made_is_left_alone(both: SideBySide) -> None:
    ingest = both.salesforce.bulk_ingest
    older = ingest.create("Lead", "insert")
    both.org.seconds += 60
    other = ingest.create("Lead", "update")
    with losing(both, "create") as (answers):
        until_it_ends(both)
    assert ingest.get(answers[0].id).state is JobState.ABORTED
    assert {job.id for job in ingest.find_open()} == {older.id, other.id}


def test_where_two_jobs_may_be_ours_none_is_touched(both: SideBySide) -> None:
    ingest = both.salesforce.bulk_ingest
    with losing(both, "create") as answers:
        goal_run = set_up.start(both.goals["out"], both.salesforce)
        with pytest.raises(OutcomeUnknown):
            run_export(goal_run)
    other = ingest.create("Lead", "insert")
    goal_run = set_up.again(goal_run)
    run_export(goal_run)
    assert {job.id for job in ingest.find_open()} == {answers[0].id, other.id}
    assert "2 open jobs" in goal_run.run_goal.message
    assert records(both) == EMAILS


def closed_and_gone(both: SideBySide, upset: Callable[[str], None]) -> GoalRun:
    """A run that dies after closing its job, which Salesforce then forgets; taken up again."""
    goal_run = set_up.start(both.goals["out"], both.salesforce)
    with losing(both, "wait", before=True), pytest.raises(OutcomeUnknown):
        run_export(goal_run)
    ((job_id, _),) = both.salesforce.bulk_ingest.jobs.items()
    upset(job_id)
    both.salesforce.bulk_ingest.delete(job_id)
    goal_run = set_up.again(goal_run)
    run_export(goal_run)
    return goal_run


def test_records_of_a_job_that_salesforce_forgot_are_found(both: SideBySide) -> None:
    goal_run = closed_and_gone(both, lambda _job: None)
    assert records(both) == EMAILS
    assert goal_run.counts.plain()["created"] == 3
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.unchanged == 3


def test_what_a_forgotten_job_did_not_save_is_sent_again(both: SideBySide) -> None:
    def lose_one(_job: str) -> None:
        del both.org.records["Lead"][both.org.id("Lead", 3)]

    goal_run = closed_and_gone(both, lose_one)
    assert records(both) == EMAILS
    assert goal_run.counts.plain()["created"] == 3


def test_a_record_that_can_not_be_recognised_is_not_created_again(both: SideBySide) -> None:
    def change(_job: str) -> None:
        both.org.save("Lead", both.org.id("Lead", 2), Email="z@x.co", Title="Else")

    goal_run = closed_and_gone(both, change)
    assert (goal_run.counts.created, dict(goal_run.counts.failed)) == (2, {"outcome_unknown": 1})
    again = set_up.run(run_export, both.goals["out"], both.salesforce).counts
    assert (again.unchanged, dict(again.skipped)) == (2, {"outcome_unknown": 1})
    assert len(records(both)) == 3
    # Somebody has looked, and asks for everything.
    whole = set_up.run(run_export, both.goals["out"], both.salesforce, full=True).counts
    assert (whole.unchanged, whole.created) == (2, 1)


def test_nor_for_the_profile_that_its_own_became_part_of_meanwhile(both: SideBySide) -> None:
    survivor = both.ids[both.add_profile()]

    def change(_job: str) -> None:
        both.org.save("Lead", both.org.id("Lead", 2), Email="z@x.co", Title="Else")
        merging.merge(both.connection, survivor, both.ids[2])

    closed_and_gone(both, change)
    again = set_up.run(run_export, both.goals["out"], both.salesforce).counts
    assert (again.unchanged, dict(again.skipped)) == (2, {"outcome_unknown": 1})
    assert len(records(both)) == 3
    held = both.connection.execute("SELECT profile_id, code FROM store.export_hold").fetchall()
    assert held == [(survivor, "outcome_unknown")]


def altered(both: SideBySide, kind: str, change: Callable[[list[Any]], list[Any]]) -> Any:
    """Results of a kind with other rows than they have."""
    ingest = both.salesforce.bulk_ingest
    original = getattr(ingest, kind)

    @contextmanager
    def page(job_id: str) -> Iterator[FakePage]:
        with original(job_id) as found:
            header, *rows = found.body.splitlines(keepends=True)
            body = b"".join([header, *change(rows)])
            yield FakePage(body=body, records=None)

    return page


def test_results_that_come_twice_or_in_another_order_count_once(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = altered(both, "successful", lambda rows: [rows[1], rows[0], *rows])
    monkeypatch.setattr(both.salesforce.bulk_ingest, "successful", page)
    counts = set_up.run(run_export, both.goals["out"], both.salesforce).counts
    assert counts.created == 3
    links = both.connection.execute(
        "SELECT count(DISTINCT record_id), count(DISTINCT profile_id) FROM store.record_link"
    ).fetchone()
    assert links == (3, 3)


def test_a_row_that_the_results_leave_out_fails_the_run_and_is_not_created_twice(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.connections.results.PAGE_TRIES", 2)
    with monkeypatch.context() as patch:
        page = altered(both, "successful", lambda rows: rows[1:])
        patch.setattr(both.salesforce.bulk_ingest, "successful", page)
        goal_run = set_up.start(both.goals["out"], both.salesforce)
        with pytest.raises(CountMismatch, match="1 of the rows"):
            run_export(goal_run)
    assert goal_run.counts.created == 3
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.unchanged == 3
    assert records(both) == EMAILS


def test_a_result_that_arrives_cut_is_fetched_again(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest, cuts = both.salesforce.bulk_ingest, [1]
    original = ingest.successful

    @contextmanager
    def page(job_id: str) -> Iterator[FakePage]:
        with original(job_id) as found:
            if cuts:
                cuts.pop()
                raise PageCut
            yield found

    monkeypatch.setattr(ingest, "successful", page)
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.created == 3


def test_an_upload_that_salesforce_drops_half_way_goes_on_in_the_same_run(
    both: SideBySide,
) -> None:
    """Rows that Salesforce has not tried go out again when it broke by chance."""
    ingest, close = both.salesforce.bulk_ingest, both.salesforce.bulk_ingest.close
    broken: list[str] = []

    def broken_close(job_id: str) -> None:
        upload = ingest.jobs[job_id]
        rows = list(upload.rows)
        if not broken:
            del upload.rows[1:]
        close(job_id)
        if not broken:
            broken.append(job_id)
            upload.rows, upload.state = rows, JobState.FAILED
            upload.told["unprocessed"] = [dict(row) for row in rows[1:]]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "close", broken_close)
        goal_run = set_up.start(both.goals["out"], both.salesforce)
        error = _failure(goal_run)
    counts = goal_run.counts
    assert (counts.created, dict(counts.failed)) == (1, {"unprocessed": 2})
    assert "failed" in error
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.created == 2
    assert records(both) == EMAILS


def _failure(goal_run: GoalRun) -> str:
    try:
        run_export(goal_run)
    except Exception as error:  # noqa: BLE001 - which one is for the caller
        return str(error)
    return ""


def test_the_same_refusal_of_most_rows_stops_the_run_early(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.exporting.diff.MANY_ROWS", 2)
    monkeypatch.setattr("isthmus.exporting.diff.FIRST_ROWS", 2)
    monkeypatch.setattr("isthmus.exporting.refusals.MANY_ROWS", 1)
    both.salesforce.writes.refuse = lambda *_: ("REQUIRED_FIELD_MISSING", "Company is missing")
    goal_run = set_up.start(both.goals["out"], both.salesforce)
    with pytest.raises(MostRowsRefused, match="REQUIRED_FIELD_MISSING: Company is missing"):
        run_export(goal_run)
    assert dict(goal_run.counts.failed) == {"REQUIRED_FIELD_MISSING": 2, "not_sent": 1}
    assert len(both.salesforce.writes.log) == 2
    both.salesforce.writes.refuse = lambda *_: None
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.created == 3


def test_rows_that_are_each_refused_for_their_own_values_do_not_stop_it(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.exporting.refusals.MANY_ROWS", 1)
    both.salesforce.writes.refuse = lambda *_: ("DUPLICATE_VALUE", "duplicate value found")
    counts = set_up.run(run_export, both.goals["out"], both.salesforce).counts
    assert dict(counts.failed) == {"DUPLICATE_VALUE": 3}


def test_a_row_that_is_refused_again_and_again_is_held_back_for_growing_times(
    both: SideBySide,
) -> None:
    refusal = ("REQUIRED_FIELD_MISSING", "Company is missing")
    both.salesforce.writes.refuse = lambda _, row: refusal if row["Email"] == "1@x.co" else None

    def run() -> dict[str, int]:
        counts = set_up.run(run_export, both.goals["out"], both.salesforce).counts
        return {**counts.failed, **counts.skipped}

    def pause() -> timedelta:
        row = both.connection.execute("SELECT next_at - now() FROM store.export_hold").fetchone()
        assert row is not None
        waits: timedelta = row[0]
        both.connection.execute("UPDATE store.export_hold SET next_at = now()")
        return waits

    for _ in range(3):
        assert run() == {"REQUIRED_FIELD_MISSING": 1}
    assert run() == {"held": 1}
    first = pause()
    assert run() == {"REQUIRED_FIELD_MISSING": 1}
    assert timedelta(minutes=59) < first < pause() / 3
    assert run() == {"REQUIRED_FIELD_MISSING": 1}
    assert run() == {"held": 1}
    both.change_profile(2, title="Aide")
    assert run() == {"REQUIRED_FIELD_MISSING": 1}
    both.salesforce.writes.refuse = lambda *_: None
    assert run() == {}
    assert both.connection.execute("SELECT count(*) FROM store.export_hold").fetchone() == (0,)


def test_who_lost_the_run_writes_nothing_more(both: SideBySide) -> None:
    ingest, upload = both.salesforce.bulk_ingest, both.salesforce.bulk_ingest.upload
    goal_run = set_up.start(both.goals["out"], both.salesforce)

    def taken_over(*given: Any) -> int:
        Run.objects.filter(id=goal_run.run_goal.run_id).update(fence=99)
        return upload(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "upload", taken_over)
        with pytest.raises(RunTakenOver):
            run_export(goal_run)
    assert [job.state for job in ingest.jobs.values()] == [JobState.OPEN]
    assert both.salesforce.writes.log == []


def test_rows_that_are_equal_all_become_records_in_one_run(world: Connection[Any]) -> None:
    both = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)
    both.add_goal(goal(("Title", "title"), match=MatchRow(field="Email", identifier="email")))
    for number in range(4):
        both.add_profile(email=f"{number}@x.co", title="Boss")
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.created == 4
    linked = world.execute(
        "SELECT count(DISTINCT record_id), count(DISTINCT profile_id) FROM store.record_link"
    ).fetchone()
    assert linked == (4, 4)
    assert set_up.run(run_export, both.goals["out"], both.salesforce).counts.unchanged == 4


def test_numbers_keep_all_their_digits_in_a_call(world: Connection[Any]) -> None:
    exact = new_field("Exact__c", "double", precision=18, scale=17)
    org = FakeOrg(objects={"Lead": describe("Lead", (*FIELDS, exact))})
    both = SideBySide(connection=world, org=org, definitions=PROPERTIES)
    both.add_goal(goal(("Exact__c", "amount"), ("Count__c", "total")))
    profile = both.add_profile(email="a@x.co", amount=Decimal(1), total=1)
    assert both.run("out")[0].outcome == "created"
    both.change_profile(profile, amount=Decimal("1.12345678901234567"), total=12)
    both.run("out")
    ((_, row),) = both.salesforce.writes.log
    assert row["Exact__c"] == Decimal("1.12345678901234567")
    assert (row["Count__c"], type(row["Count__c"])) == (12, int)


def test_a_profile_that_was_merged_meanwhile_hands_its_record_to_the_one_that_stays(
    both: SideBySide,
) -> None:
    close = both.salesforce.bulk_ingest.close

    def merged(job_id: str) -> None:
        close(job_id)
        both.connection.execute(
            "INSERT INTO store.profile_merge (profile_id, survivor) VALUES (%s, %s)",
            [both.ids[1], both.ids[2]],
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(both.salesforce.bulk_ingest, "close", merged)
        set_up.run(run_export, both.goals["out"], both.salesforce)
    rows = both.connection.execute("SELECT profile_id FROM store.record_link").fetchall()
    assert sorted(rows) == sorted([(both.ids[2],), (both.ids[2],), (both.ids[3],)])
