"""A history as it happens: users, marketers, time, runs, faults and kills, on both sides."""

import copy
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import django.db
import pytest
from psycopg import Connection

from histories.comparing import Comparison
from histories.edits import Edits
from histories.kills import Moment, forget_session, living
from histories.organization import SOBJECTS, Organization
from integration import set_up
from integration.exporting.side_by_side import collections_below
from integration.importing.histories import PROPERTIES
from integration.importing.side_by_side import chunks_of, empty
from isthmus.connections import executing, queueing, secrets, sign_in
from isthmus.connections.errors import RunAlreadyGoing
from isthmus.connections.models import (
    EXPORT,
    IMPORT,
    Goal,
    Run,
    RunGoal,
    RunState,
)
from isthmus.connections.models import (
    Connection as ConnectionRow,
)
from isthmus.connections.patience import Patience
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from isthmus.profiles.database import DatabaseGone
from isthmus.profiles.models import Segment
from isthmus.salesforce import ClientSettings
from model.exporting import Sending
from model.importing import Result, writes
from model.people_org import PeopleOrg
from model.store import ProfileNumber, Store
from model.two_way import ModelGoal, TwoWay

ENGINES = {IMPORT: run_import, EXPORT: run_export}
QUICK = ClientSettings(first_pause_seconds=0.001, longest_pause_seconds=0.01, read_seconds=20)
PATIENCE = Patience(pauses=(0, 0, 0), limit_seconds=0)
USUAL = {False: 150, True: 12}
"""Statements and requests of a run, before one was counted."""

FAULTS: list[dict[str, Any]] = [
    {"kind": "server_unavailable", "path": "/services/data"},
    {"kind": "unknown_exception", "path": "/jobs/", "method": "GET"},
    {"kind": "maintenance_html", "path": "/services/data"},
    {"kind": "edge_html", "path": "/services/data"},
    {"kind": "session_expired", "path": "/services/data"},
    {"kind": "session_expired", "path": "/jobs/"},
    {"kind": "answer_lost", "path": "/jobs/query", "method": "POST"},
    {"kind": "answer_lost", "path": "/jobs/ingest", "method": "POST"},
    {"kind": "answer_lost", "path": "/jobs/ingest", "method": "PATCH"},
    {"kind": "answer_lost", "path": "/jobs/ingest", "method": "PUT"},
    {"kind": "answer_lost", "path": "/composite/sobjects"},
    {"kind": "cut", "path": "/results", "after_bytes": 60},
    {"kind": "cut", "path": "Results", "after_bytes": 60, "framing": "close"},
    {"kind": "cut", "path": "/results", "after_bytes": 90, "framing": "chunked"},
    {"kind": "page_dropped"},
    {"kind": "page_repeated"},
    {"kind": "shuffled_results", "object": "Lead"},
    {"kind": "shuffled_results", "object": "Contact"},
    {"kind": "row_locks", "object": "Lead", "rows": 1},
    {"kind": "row_locks", "object": "Contact", "rows": 1},
]


@contextmanager
def quick() -> Iterator[None]:
    """Retries and polls without the pauses that a real org needs."""
    with pytest.MonkeyPatch.context() as patch:
        signed_in = partial(sign_in.signed_in, settings=QUICK)
        patch.setattr(executing, "signed_in", signed_in)
        patch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))
        yield


@dataclass(kw_only=True)
class Tally:
    """What happened in all histories of a session."""

    histories: int = 0
    two_way: int = 0  # of them: in which a field is read into the property that it is written from
    steps: int = 0
    runs: int = 0
    kills: int = 0
    failed: int = 0  # runs that a fault failed
    stopped: int = 0
    echoes: int = 0  # fields that were read as an export left them
    rested: int = 0
    restless: int = 0

    outcomes: "Counter[str]" = field(default_factory=Counter)
    """By direction, outcome and reason: so many records and members."""

    def __str__(self) -> str:
        counts = {name: count for name, count in vars(self).items() if name != "outcomes"}
        words = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        return f"{words}; {dict(sorted(self.outcomes.items()))}"

    def note(self, direction: str, some: Iterable[Result | Sending]) -> None:
        """Count what became of records or members."""
        self.outcomes.update(
            " ".join(filter(None, (direction, each.outcome, each.reason))) for each in some
        )


TALLY = Tally()


@dataclass(kw_only=True)
class World:
    """One history's store and org, with their models."""

    connection: Connection[Any]
    organization: Organization
    history: Mapping[str, Any] = field(repr=False)
    model: TwoWay = field(init=False, repr=False)
    row: ConnectionRow = field(init=False)
    goals: dict[str, Goal] = field(default_factory=dict)
    ids: dict[ProfileNumber, UUID] = field(default_factory=dict)
    stops: list[float] = field(default_factory=list)  # shares of the next run's statements
    moments: list[Mapping[str, Any]] = field(default_factory=list)
    faults: list[Mapping[str, Any]] = field(default_factory=list)  # of the next run
    usual: dict[bool, int] = field(default_factory=lambda: dict(USUAL))
    latest: list[str] = field(default_factory=list)  # what became of the last run's records
    wrote: bool = False  # whether the last run changed anything, or Salesforce refused to
    begun_anew: int = 0  # how often the last run was, after one that failed
    killed: int = 0  # how often the last run was
    halved: bool = False  # whether an export was stopped before it, and had sent a part

    def __post_init__(self) -> None:
        empty(self.connection)
        self.organization.begin()
        self.model = TwoWay(
            store=Store(properties=PROPERTIES),
            org=PeopleOrg(objects=dict(self.organization.objects)),
            wanted=tuple(self.history["wanted"]),
            timezone="Europe/Amsterdam",
            overlap_seconds=self.history["overlap_seconds"],
            settle_seconds=self.history["settle_seconds"],
        )
        self._set_up()

    def _set_up(self) -> None:
        tests = [{"property": key, "is_empty": False} for key in self.model.wanted]
        where = {"all": tests} if tests else {"property": "numbers", "is_empty": True}
        Segment.objects.update_or_create(key="members", defaults={"name": "x", "where": where})
        self.row = set_up.new_connection(
            org_id="",
            timezone=self.model.timezone,
            overlap_seconds=self.model.overlap_seconds,
            settle_seconds=self.model.settle_seconds,
        )
        authorization = self.row.authorization
        assert authorization is not None
        authorization.login_url = self.organization.org.url
        authorization.client_id = self.organization.org.client_id
        authorization.sealed_secret = secrets.seal(self.organization.org.client_secret)
        authorization.save()
        for key, plain in self.history["goals"].items():
            definition = read_goal(plain)
            self.goals[key] = set_up.new_goal(self.row, definition)
            self.model.goals[key] = ModelGoal(definition=definition)

    @property
    def two_way(self) -> set[tuple[str, str]]:
        """Fields and properties that go both ways between records of one object."""
        goals = [goal.definition for goal in self.model.goals.values()]
        exports = [goal for goal in goals if isinstance(goal, ExportGoal)]
        return {
            (row.field, row.property)
            for goal in goals
            if isinstance(goal, ImportGoal)
            for row in goal.fields
            if any(
                export.object == goal.object and writes(export, row.field, row.property)
                for export in exports
            )
        }

    @property
    def comparison(self) -> Comparison:
        return Comparison(
            connection=self.connection,
            organization=self.organization,
            model=self.model,
            goals=self.goals,
            ids=self.ids,
        )

    @property
    def edits(self) -> Edits:
        return Edits(connection=self.connection, model=self.model, ids=self.ids)

    def play(self, step: Mapping[str, Any]) -> None:
        """Let one step happen."""
        parts = {name: value for name, value in step.items() if name != "do"}
        does: Callable[..., None] = getattr(self, f"do_{step['do']}")
        does(**parts)
        TALLY.steps += step["do"] != "run"

    def said(self) -> str:
        """What the latest runs said of records, for whoever looks into a failure."""
        rows = self.connection.execute(
            "SELECT key, state, counts, begun FROM connections_rungoal ORDER BY id DESC LIMIT 4"
        ).fetchall()
        rows += self.connection.execute(
            "SELECT key, p.record_id, p.profile_id, field, code, p.message, p.value "
            "FROM store.run_problem AS p JOIN connections_rungoal AS r ON r.id = p.run_goal "
            "ORDER BY at DESC LIMIT 6"
        ).fetchall()
        return "\n".join([*map(str, rows), *self.latest])

    # Users of the org.

    def look(self) -> None:
        """Users changed the org: that is how it is now, for the model as well."""
        org = self.model.org
        org.seconds = self.organization.seconds
        for sobject in SOBJECTS:
            org.records[sobject] = self.organization.records(sobject)

    def record(self, sobject: str, number: int, *, gone: bool | None = None) -> str | None:
        """The id of one of the records that are there, or of those in the recycle bin."""
        found = sorted(
            record_id
            for record_id, record in self.model.org.records[sobject].items()
            if gone is None or (record["IsDeleted"] == "true") == gone
        )
        return found[number % len(found)] if found else None

    def do_insert(self, object: str, values: Mapping[str, Any]) -> None:  # noqa: A002
        self.organization.write("insert", object, [{"LastName": "Doe", **values}])
        self.look()

    def do_update(self, object: str, record: int, values: Mapping[str, Any]) -> None:  # noqa: A002
        self._update(object, record, values, after=0)

    def do_late(self, object: str, record: int, values: Mapping[str, Any]) -> None:  # noqa: A002
        # A transaction that takes longer than the overlap is missed by every reader of stamps.
        if self.model.overlap_seconds:
            self._update(object, record, values, after=self.model.overlap_seconds)

    def _update(self, sobject: str, number: int, values: Mapping[str, Any], *, after: int) -> None:
        record_id = self.record(sobject, number, gone=False)
        if record_id is not None and values:
            record = {"Id": record_id, **values}
            self.organization.write("update", sobject, [record], after=after)
            now = self.organization.seconds
            self.model.org.transactions.append((now, now + after))
            self.look()

    def do_delete(self, object: str, record: int) -> None:  # noqa: A002
        if record_id := self.record(object, record, gone=False):
            self.organization.write("delete", object, [record_id])
            self.look()

    def do_undelete(self, object: str, record: int) -> None:  # noqa: A002
        if record_id := self.record(object, record, gone=True):
            self.organization.control("POST", "undelete", {"ids": [record_id]})
            self.look()

    def do_hard_delete(self, object: str, record: int) -> None:  # noqa: A002
        if record_id := self.record(object, record, gone=True):
            self.organization.control("POST", "empty-recycle-bin", {"ids": [record_id]})
            self.look()

    def do_merge(self, object: str, record: int, other: int, values: Mapping[str, Any]) -> None:  # noqa: A002
        winner = self.record(object, record, gone=False)
        loser = self.record(object, other, gone=False)
        if winner and loser and winner != loser:
            order = {"object": object, "master": winner, "losers": [loser], "values": values}
            self.organization.control("POST", "merge", order)
            self.look()

    def do_convert(self, record: int, other: int | None) -> None:
        lead = self.record("Lead", record, gone=False)
        contact = None if other is None else self.record("Contact", other, gone=False)
        if lead:
            order = {"leadId": lead, "doNotCreateOpportunity": True}
            order |= {"convertedStatus": "Closed - Converted"}
            order |= {"contactId": contact} if contact else {}
            self.organization.control("POST", "convert", {"leads": [order], "allowSave": True})
            self.look()

    # Marketers.

    def do_profile(self, values: Mapping[str, Any]) -> None:
        self.edits.add(values)

    def do_edit(self, profile: int, values: Mapping[str, Any]) -> None:
        numbers = sorted(self.model.store.profiles)
        if numbers:
            self.edits.change(numbers[profile % len(numbers)], values)

    def do_merge_profiles(self, profile: int, other: int) -> None:
        numbers = sorted(self.model.store.profiles)
        if numbers and (profile - other) % len(numbers):
            self.edits.merge(numbers[profile % len(numbers)], numbers[other % len(numbers)])

    def do_goal(self, definition: Mapping[str, Any]) -> None:
        changed = read_goal(definition)
        self.goals[changed.key].refresh_from_db()
        set_up.change_goal(self.goals[changed.key], changed)
        self.model.goals[changed.key].replace(changed)

    # Time, faults, kills.

    def do_time(self, seconds: int) -> None:
        self.organization.pass_time(seconds)
        self.look()

    def do_fault(self, fault: int, skip: int) -> None:
        self.faults.append({**FAULTS[fault], "skip": skip})

    def do_kill(self, **moment: Any) -> None:
        self.moments.append(moment)

    def do_stop(self, share: float) -> None:
        self.stops.append(share)

    # Runs.

    def do_run(self, goals: list[str], *, seconds: int, full: bool, sizes: list[int]) -> None:
        """A run of the connection, or of some goals, in the model and for real.

        `sizes`: records in a chunk and in a page, and from how many updates on there is a job.
        """
        if seconds:
            self.do_time(seconds)
        chunk, page, few = sizes
        chosen = [key for key in goals if key in self.goals] or list(self.goals)
        imports = [key for key in chosen if self._direction(key) == IMPORT]
        exports = [key for key in chosen if self._direction(key) == EXPORT]
        before = copy.deepcopy((self.model.store, self.model.org.records))
        with ExitStack() as stack:
            for each in (quick(), chunks_of(chunk), collections_below(few)):
                stack.enter_context(each)
            self.organization.control("POST", "jobs", {"page_records": page})
            self.halved = False
            if self.stops:
                self._run_and_stop(chosen, full=full)
            read = {key: self.model.run_import(key, full=full) for key in imports}
            self.latest = [str(each) for some in read.values() for each in some]
            run = self._work_off(chosen, full=full)
        TALLY.runs += 1
        TALLY.steps += 1
        sent = self._model_exports(exports, full=full)
        self.comparison.stores()
        self.comparison.orgs()
        if self.begun_anew == 0 and not self.halved:
            self._compare_counts(run, read, sent)
        for some in read.values():
            TALLY.note(IMPORT, some)
        for others in sent.values():
            TALLY.note(EXPORT, others)
        tried = any(each.outcome == "failed" for others in sent.values() for each in others)
        self.wrote = tried or before != (self.model.store, self.model.org.records)

    def _model_exports(self, keys: Iterable[str], *, full: bool) -> dict[str, list[Sending]]:
        self.comparison.learn_profiles()
        sent = {key: self.model.run_export(key, full=full) for key in keys}
        self.comparison.learn_records()
        return sent

    def _run_and_stop(self, keys: list[str], *, full: bool) -> None:
        """A run that a person stops: what it did stays, and the next run does the rest."""
        allowed = int(self.stops.pop(0) * self.usual[False])
        queueing.ask(self.row, goals=keys, full=full)
        with living(None) as life:
            worker = executing.Worker(
                engines=ENGINES, patience=PATIENCE, cancelled=lambda: life.statements >= allowed
            )
            self._work_off_once(worker)
        TALLY.stopped += 1
        run = self.row.runs.first()
        assert run is not None
        self._model_parts(run.goals.order_by("id"), full=full)
        halves = run.goals.filter(state=RunState.STOPPED, direction=EXPORT)
        self.halved = halves.exists()
        if not self.halved:
            self.comparison.stores()
            self.comparison.orgs()

    def _model_parts(self, parts: Iterable[RunGoal], *, full: bool) -> None:
        ended = []
        for part in parts:
            if part.state == RunState.STOPPED and part.direction == IMPORT and part.position:
                stamp, record_id = part.position
                self.model.run_part(part.key, full=full, until=(stamp, record_id))
            elif part.state in (RunState.FINISHED, RunState.PROBLEMS) and part.direction == IMPORT:
                self.model.run_import(part.key, full=full)
            elif part.state in (RunState.FINISHED, RunState.PROBLEMS):
                ended.append(part.key)
        self._model_exports(ended, full=full)

    def _direction(self, key: str) -> str:
        return self.goals[key].direction

    def _work_off(self, keys: list[str], *, full: bool) -> Run:
        """Run for real, as often as it is killed; once more where a fault made it fail."""
        for fault in self.faults:
            self.organization.control("POST", "faults", fault)
        self.begun_anew = self.killed = 0
        queueing.ask(self.row, goals=keys, full=full)
        run = self._survive()
        if run.state == RunState.FAILED or self._failed(run):
            assert self.faults, f"no fault was planned, and the run failed: {self._words(run)}"
            TALLY.failed += 1
            self.begun_anew += 1
            self._disarm()
            queueing.ask(self.row, goals=keys, full=full)
            run = self._survive()
            assert not self._failed(run), self._words(run)
        self._disarm()
        return run

    @staticmethod
    def _failed(run: Run) -> bool:
        return run.goals.exclude(state__in=(RunState.FINISHED, RunState.PROBLEMS)).exists()

    @staticmethod
    def _words(run: Run) -> str:
        return "; ".join([run.message, *run.goals.values_list("message", flat=True)])

    def _disarm(self) -> None:
        if self.faults:
            self.organization.control("DELETE", "faults")
            self.faults.clear()

    def _survive(self) -> Run:
        worker = executing.Worker(engines=ENGINES, patience=PATIENCE)
        while True:
            with living(self._next_moment()) as life:
                ended = self._work_off_once(worker)
            if life.dead or not ended:
                assert life.met, "the database was gone, and nobody cut the session"
                TALLY.kills += 1
                self.killed += 1
                continue
            self.usual = {False: life.statements, True: life.requests}
            run = self.row.runs.first()
            assert run is not None
            return run

    def _next_moment(self) -> Moment | None:
        if not self.moments:
            return None
        given = self.moments.pop(0)
        number = 1 + int(given["share"] * self.usual[given["of_requests"]])
        session = given.get("session", False) and not given["of_requests"]
        return Moment(
            number=number,
            of_requests=given["of_requests"],
            after=given["after"],
            session=session,
        )

    def _work_off_once(self, worker: executing.Worker) -> bool:
        """Work on the run; False where the database was gone, and the run goes on later."""
        for _ in range(500):
            try:
                executing.work_off(self.row, worker)
            except RunAlreadyGoing:
                # The server has not noticed yet that the process before is gone.
                time.sleep(0.01)
            except (DatabaseGone, django.db.OperationalError, django.db.InterfaceError):
                forget_session()
                return False
            else:
                return True
        raise AssertionError("the lock of a dead process was never free")

    def _compare_counts(
        self, run: Run, read: Mapping[str, list[Result]], sent: Mapping[str, list[Sending]]
    ) -> None:
        for part in run.goals.all():
            if part.key in read:
                self.comparison.import_counts(read[part.key], part)
            elif part.key in sent:
                self.comparison.export_counts(sent[part.key], part)


def read_goal(plain: Mapping[str, Any]) -> ImportGoal | ExportGoal:
    """The goal that a history describes."""
    kind: Any = ExportGoal if "segment" in plain else ImportGoal
    goal: ImportGoal | ExportGoal = kind.from_plain(dict(plain))
    return goal
