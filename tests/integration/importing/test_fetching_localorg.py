"""Fetching over HTTP from a running org: both ways of reading, time-outs, late commits, faults."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection, sql

from integration import set_up
from isthmus.connections.errors import RunStopped
from isthmus.connections.models import Goal
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.errors import Retryable
from isthmus.importing import chunks, engine, fetch, slices, stage
from isthmus.importing.errors import TooSlow
from isthmus.salesforce import (
    ClientCredentials,
    ClientSettings,
    Clock,
    DailyLimitReached,
    HostPolicy,
    Salesforce,
    WaitCancelled,
)
from localorg.testing import LocalOrg, LocalOrgSettings, running

LEADS = 40
PAGE = 10
TEXTS = (
    "Whole__c", "Double__c", "Price__c", "Share__c", "Day__c", "Seen__c", "Clock__c", "Yes__c",
    "Kinds__c", "Kind__c", "Story__c", "Page__c", "FirstName", "Phone", "NumberOfEmployees",
    "AnnualRevenue", "Owner.Name", "createdby.createddate", "CreatedBy.Email", "createddate",
    "Street",
)  # fmt: skip
SETTINGS = ClientSettings(read_seconds=20)
QUICK = Clock(sleep=lambda seconds: time.sleep(min(seconds, 0.02)))


@pytest.fixture(scope="module")
def one_org() -> Iterator[LocalOrg]:
    setup = Path(__file__).with_name("org.yaml")
    with running(LocalOrgSettings(setup=setup)) as org:
        org.control("POST", "clock", {"set": "2026-01-31T12:00:00Z", "freeze": True})
        leads = [
            {
                "LastName": "Doe",
                "Company": "Acme",
                "Email": f"{number}@x.co",
                "NumberOfEmployees": 1,
            }
            for number in range(LEADS)
        ]
        write(org, "insert", *leads)
        org.control("PUT", "snapshots/at-start")
        yield org


@pytest.fixture
def org(one_org: LocalOrg) -> Iterator[LocalOrg]:
    one_org.control("POST", "jobs", {"page_records": PAGE})
    yield one_org
    one_org.control("DELETE", "transactions")
    one_org.control("POST", "limits", {"DailyApiRequests": 1_000_000})
    one_org.reset()


@pytest.fixture
def salesforce(org: LocalOrg) -> Iterator[Salesforce]:
    with client(org.url) as found:
        yield found


def client(url: str, clock: Clock = QUICK) -> Salesforce:
    secret = "localorg-secret"
    credentials = ClientCredentials(login_url=url, client_id="localorg", client_secret=secret)
    hosts = HostPolicy(frozenset({url.removeprefix("http://")}))
    return Salesforce(credentials, hosts=hosts, settings=SETTINGS, clock=clock)


def write(org: LocalOrg, operation: str, *records: dict[str, Any], **given: Any) -> list[str]:
    """Users write leads; the clock goes on by two seconds."""
    operations = [{"operation": operation, "object": "Lead", "records": records}]
    answer = org.control("POST", "records", {"operations": operations, **given})
    org.control("POST", "clock", {"advance_seconds": 2})
    assert all(each["success"] for each in answer["results"][0]), answer
    return [each.get("id", "") for each in answer["results"][0]]


def asked(org: LocalOrg, method: str, part: str) -> int:
    return sum(each["method"] == method and part in each["path"] for each in org.requests())


def ids(salesforce: Salesforce) -> list[str]:
    return [record["Id"] for record in salesforce.query("SELECT Id FROM Lead ORDER BY Id")]


GOAL = ImportGoal(
    key="leads",
    name="Leads",
    object=LEAD,
    match=(MatchRow(field="Id", identifier="ids"), MatchRow(field="Email", identifier="email")),
    fields=(
        ImportField(field="NumberOfEmployees", property="total", rule=MergeRule.SUM),
        ImportField(field="Title", property="title"),
    ),
    create_profiles=True,
)


@pytest.fixture
def goal(store: Connection[Any]) -> Goal:
    definitions = [
        PropertyDefinition(key="ids", label="Ids", list=True, identifier=True),
        PropertyDefinition(key="email", label="Email", type=PropertyType.EMAIL, identifier=True),
        PropertyDefinition(key="salesforce_objecttype", label="Type", list=True),
        PropertyDefinition(key="title", label="Title"),
        PropertyDefinition(key="total", label="Total", type=PropertyType.INTEGER),
        *(PropertyDefinition(key=f"t{n}", label=name) for n, name in enumerate(TEXTS)),
    ]
    set_up.new_properties(definitions)
    return set_up.new_goal(set_up.new_connection(), GOAL)


def totals(store: Connection[Any]) -> tuple[int, int]:
    row = store.execute("SELECT count(*), sum(p_total)::bigint FROM store.profile").fetchone()
    assert row is not None
    return row[0], row[1]


def run(goal: Goal, salesforce: Salesforce) -> GoalRun:
    return set_up.run(engine.run_import, goal, salesforce)


ODD_VALUES: list[dict[str, Any]] = [
    {
        "Whole__c": 12345678, "Double__c": 12345678.25, "Price__c": 100, "Share__c": 0.5,
        "Day__c": "2026-02-28", "Seen__c": "2026-02-28T23:59:59.000+0000",
        "Clock__c": "23:59:59.000Z", "Yes__c": True, "Kinds__c": "a;c", "Kind__c": "b",
        "Story__c": 'line\n"q", \\u0041 \\ \u2028 \x85 😀 é\tEnd', "Page__c": "https://x.co/?a=b&c=d",
        "FirstName": "NA", "Phone": "null", "AnnualRevenue": 1e15, "Street": "A 1\r\nB 2",
    },
    {"Double__c": 0.000001, "Price__c": -0.01, "Share__c": 100, "Whole__c": 0, "FirstName": "#N/A"},
    {"Double__c": 0, "Price__c": 9999999, "AnnualRevenue": 10000000, "Whole__c": -1},
]  # fmt: skip


def test_few_records_by_rest_are_the_same_texts_as_many_by_a_job(
    store: Connection[Any],
    goal: Goal,
    org: LocalOrg,
    salesforce: Salesforce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = tuple(ImportField(field=name, property=f"t{n}") for n, name in enumerate(TEXTS))
    set_up.change_goal(goal, replace(GOAL, fields=rows))
    for each, values in zip(ids(salesforce), ODD_VALUES, strict=False):
        write(org, "update", {"Id": each, **values})
    goal.connection.overlap_seconds = 100_000
    goal.connection.save()
    staged: list[list[Any]] = []

    def keep(_goal_run: GoalRun, plan: Any, *_given: Any, **_named: Any) -> None:
        statement = sql.SQL("SELECT * FROM {} ORDER BY f1").format(stage.table(plan.run_goal))
        staged.append(store.execute(statement).fetchall())
        real(_goal_run, plan, *_given, **_named)

    real = chunks.merge_all
    monkeypatch.setattr(engine, "merge_all", keep)
    run(goal, salesforce)
    jobs = asked(org, "POST", "/jobs/query")
    goal_run = run(goal, salesforce)
    assert (jobs, asked(org, "POST", "/jobs/query")) == (1, 1)
    assert len(staged[0]) == LEADS
    assert staged[0] == staged[1]
    assert goal_run.counts.unchanged == LEADS


TIMED_OUT = "QUERY_TIMEOUT: Your query request was running for too long."


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_job_that_takes_too_long_is_asked_in_ranges_of_ids(
    store: Connection[Any], goal: Goal, org: LocalOrg, salesforce: Salesforce, times: int
) -> None:
    fault = {"kind": "bulk_job_failed", "object": "Lead", "error_message": TIMED_OUT}
    org.control("POST", "faults", {**fault, "count": times})
    goal_run = run(goal, salesforce)
    assert goal_run.counts.created == LEADS
    assert totals(store) == (LEADS, LEADS)
    assert "read in parts" in goal_run.run_goal.message
    assert 2 * times < asked(org, "POST", "/jobs/query") <= 1 + slices.PARTS * times


def test_a_query_that_is_refused_as_too_slow_at_once_is_asked_in_ranges_of_ids(
    store: Connection[Any], goal: Goal, org: LocalOrg, salesforce: Salesforce
) -> None:
    org.control("POST", "faults", {"kind": "query_timeout", "path": "/jobs/query", "count": 1})
    assert run(goal, salesforce).counts.created == LEADS
    assert totals(store) == (LEADS, LEADS)


def test_a_job_that_is_too_slow_however_few_it_reads_fails_and_says_so(
    goal: Goal, org: LocalOrg, salesforce: Salesforce
) -> None:
    fault = {"kind": "bulk_job_failed", "object": "Lead", "error_message": TIMED_OUT, "count": 0}
    org.control("POST", "faults", fault)
    with pytest.raises(TooSlow, match=r"takes too long among ids first to 00Q.*formula fields"):
        run(goal, salesforce)
    assert asked(org, "POST", "/jobs/query") <= 1 + slices.MOST_LEVELS


def test_ranges_that_were_begun_are_gone_on_with(
    store: Connection[Any], goal: Goal, org: LocalOrg, salesforce: Salesforce
) -> None:
    fault = {"kind": "bulk_job_failed", "object": "Lead", "error_message": TIMED_OUT}
    org.control("POST", "faults", {**fault, "count": 2})
    org.control("POST", "faults", {"kind": "request_limit", "path": "/results", "skip": 3})
    goal_run = set_up.start(goal, salesforce)
    with pytest.raises(DailyLimitReached):
        engine.run_import(goal_run)
    before = asked(org, "POST", "/jobs/query")
    following = set_up.again(goal_run)
    engine.run_import(following)
    assert following.counts.created == LEADS
    assert totals(store) == (LEADS, LEADS)
    assert asked(org, "POST", "/jobs/query") <= before + 7


def test_a_count_that_takes_too_long_is_done_without(
    goal: Goal, org: LocalOrg, salesforce: Salesforce
) -> None:
    org.control("POST", "faults", {"kind": "query_timeout", "path": "/queryAll", "count": 0})
    assert run(goal, salesforce).counts.created == LEADS


def test_what_a_long_transaction_writes_comes_in_although_its_stamps_are_past(
    store: Connection[Any], goal: Goal, org: LocalOrg, salesforce: Salesforce
) -> None:
    lead = {"LastName": "Late", "Company": "Acme", "Email": "late@x.co", "NumberOfEmployees": 1}
    write(org, "insert", lead, commit_after_seconds=3600)
    org.control("POST", "clock", {"advance_seconds": 1800})
    assert run(goal, salesforce).counts.created == LEADS
    (first,) = ids(salesforce)[:1]
    write(org, "update", {"Id": first, "Title": "Meanwhile"})
    assert run(goal, salesforce).counts.updated == 1, "what is there is not held back"
    org.control("POST", "clock", {"advance_seconds": 3600})
    assert run(goal, salesforce).counts.created == 1
    assert totals(store) == (LEADS + 1, LEADS + 1)


@pytest.mark.parametrize(
    "kind",
    [
        "session_expired", "server_unavailable", "edge_html", "maintenance_html",
        "bad_gateway_html", "unknown_exception", "not_acceptable", "too_many_requests",
        "concurrent_limit", "answer_lost",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/jobs/query", "/results", "/describe"])
def test_what_passes_is_bridged_wherever_it_comes(
    store: Connection[Any],
    goal: Goal,
    org: LocalOrg,
    salesforce: Salesforce,
    kind: str,
    path: str,
) -> None:
    org.control("POST", "faults", {"kind": kind, "path": path, "skip": 1, "count": 1})
    assert run(goal, salesforce).counts.created == LEADS
    assert totals(store) == (LEADS, LEADS)


def test_a_daily_limit_is_told_and_the_run_goes_on_when_there_are_calls_again(
    store: Connection[Any], goal: Goal, org: LocalOrg, salesforce: Salesforce
) -> None:
    org.control("POST", "faults", {"kind": "request_limit", "path": "/results", "skip": 2})
    goal_run = set_up.start(goal, salesforce)
    with pytest.raises(DailyLimitReached):
        engine.run_import(goal_run)
    following = set_up.again(goal_run)
    engine.run_import(following)
    assert following.counts.created == LEADS
    assert asked(org, "POST", "/jobs/query") == 1
    assert totals(store) == (LEADS, LEADS)


@pytest.mark.parametrize("count", [1, 20])
def test_a_run_stopped_while_salesforce_never_answers_ends_at_once(
    goal: Goal, org: LocalOrg, salesforce: Salesforce, count: int
) -> None:
    org.control("POST", "faults", {"kind": "never_answer", "path": "/results", "count": count})
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    goal_run = set_up.start(goal, salesforce, cancelled=stop.is_set)
    started = time.monotonic()
    with salesforce.interruptible(stop.is_set), pytest.raises((WaitCancelled, RunStopped)):
        engine.run_import(goal_run)
    assert time.monotonic() - started < SETTINGS.read_seconds / 2


class Served:
    """An org in a process that can be killed and comes back with what it had in its file."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "localorg", "serve", "--control", "--exit-with-stdin"]
        sizes = ["--leads", "60", "--contacts", "0", "--persons", "0", "--cases", "0"]
        place = ["--data", str(self.data), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, *sizes, *place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().removeprefix("localorg ready ").strip()
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.mark.parametrize("page", [1, 3, 6])
def test_an_org_that_is_killed_and_comes_back_is_bridged(
    store: Connection[Any], goal: Goal, tmp_path: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = Served(tmp_path / "org.sqlite")
    monkeypatch.setattr(fetch, "PARALLEL_PAGES", 1)
    goal_run = None
    try:
        LocalOrg(url=served.url).control("POST", "jobs", {"page_records": PAGE})
        with client(served.url, Clock()) as salesforce:
            real, left = salesforce.bulk_query.page, [page]

            def page_of(job_id: str, locator: str | None = None) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    served.kill()
                    threading.Timer(0.7, served.start).start()
                return real(job_id, locator)

            monkeypatch.setattr(salesforce.bulk_query, "page", page_of)
            goal_run = set_up.start(goal, salesforce)
            for _ in range(5):
                try:
                    engine.run_import(goal_run)
                    break
                except Retryable:
                    goal_run = set_up.again(goal_run)
            assert goal_run.counts.received == goal_run.counts.accounted == 60
            live = salesforce.count("SELECT COUNT() FROM Lead WHERE IsConverted = false")
    finally:
        served.kill()
    links = store.execute("SELECT count(*) FROM store.record_link WHERE gone IS NULL")
    assert links.fetchone() == (live,)
