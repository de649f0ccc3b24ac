"""Two profiles become one while an export takes over what Salesforce says of them."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from psycopg import Connection, sql

from integration import set_up
from integration.exchanges import counted, rows, sums
from integration.exporting.histories import FIELDS
from isthmus.connections import exchange
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.objects import CONTACT, LEAD
from isthmus.exporting import diff, reconcile
from isthmus.exporting.engine import run_export
from isthmus.importing import settle
from isthmus.importing.engine import run_import
from isthmus.profiles import database, merging
from isthmus.profiles.models import Segment
from model.fake_org import FakeOrg, describe, new_field
from model.fake_salesforce import FakeSalesforce

SECONDS = 60
"""Until something that should end is taken for stuck."""

BACK = ImportGoal(
    key="in",
    name="in",
    object=LEAD,
    match=(MatchRow(field="Id", identifier="ids"),),
    fields=tuple(ImportField(field=field, property=field.lower()) for field in ("Email", "Title")),
    create_profiles=True,
)
OUT = ExportGoal(
    key="out",
    name="out",
    object=CONTACT,
    segment="members",
    match=MatchRow(field="Email", identifier="email"),
    fields=(ExportField(field="Email", kind=ExportKind.PROPERTY, value="email"),),
    create_records=True,
)


class World:
    """Leads that are read by one connection, and contacts that are written by another one."""

    def __init__(self, store: Connection[Any]) -> None:
        leads = (new_field("Email", "email"), new_field("Title"))
        self.store = store
        self.org = FakeOrg(
            objects={"Lead": describe("Lead", leads), "Contact": describe("Contact", FIELDS)}
        )
        self.salesforce = FakeSalesforce(self.org)
        where = {"property": "email", "is_empty": False}
        Segment.objects.create(key="members", name="Members", where=where)
        self.back = set_up.new_goal(set_up.new_connection("in"), BACK)
        self.out = set_up.new_goal(set_up.new_connection("out"), OUT)

    def add(self, *emails: str | None) -> None:
        """Profiles, by their leads."""
        for email in emails:
            self.org.save("Lead", Email=email)
        self.read()

    def read(self) -> None:
        """Import what was changed up to now."""
        self.org.seconds += 60
        set_up.run(run_import, self.back, self.salesforce)

    def profile(self, number: int) -> UUID:
        """Whose lead it is."""
        return self.owner(self.org.id("Lead", number))

    def owner(self, record: str) -> UUID:
        """To which profile a record is linked."""
        row = self.store.execute(
            "SELECT profile_id FROM store.record_link WHERE record_id = %s", [record]
        ).fetchone()
        assert row is not None
        profile: UUID = row[0]
        return profile

    def contact(self, email: str) -> str:
        """The only contact with this e-mail."""
        contacts = self.org.records["Contact"].values()
        (record,) = (each["Id"] for each in contacts if each["Email"] == email)
        return str(record)

    def export(self) -> int:
        """How many rows an export sends."""
        self.salesforce.writes.log.clear()
        set_up.run(run_export, self.out, self.salesforce)
        return len(self.salesforce.writes.log)

    def merge_by_hand(self, survivor: int = 1, loser: int = 2) -> None:
        """One profile becomes part of another one."""
        pair = self.profile(survivor), self.profile(loser)
        with database.connected(application="hand") as session:
            merging.merge(session, *pair)

    def merge_by_import(self, survivor: int = 1, loser: int = 2) -> None:
        """The same because their leads became one, which an import reads."""
        winner = self.org.id("Lead", survivor)
        self.org.save("Lead", self.org.id("Lead", loser), IsDeleted="true", MasterRecordId=winner)
        self.org.save("Lead", winner, Title=f"with {loser}")
        self.read()

    def check(self) -> None:
        """Nothing belongs to a profile that is gone, and the sums are those of what is there."""
        for table in ("record_link", "exchanged_profile", "export_hold"):
            statement = """SELECT * FROM store.{} WHERE profile_id IS NOT NULL
                AND profile_id NOT IN (SELECT profile_id FROM store.profile)"""
            left = self.store.execute(sql.SQL(statement).format(sql.Identifier(table)))
            assert left.fetchall() == []
        assert sums(self.store) == counted(self.store)


@pytest.fixture
def both(world: Connection[Any]) -> World:
    """The second profile is exported, and can go into the first, which is not by itself."""
    made = World(world)
    made.add(None, "gone@x.co", "else@x.co")
    return made


Others = Callable[[Callable[[], Any]], Future[None]]


@pytest.fixture
def others() -> Iterator[Others]:
    """Have somebody else do something at the same time."""

    def closing(work: Callable[[], Any]) -> None:
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        yield lambda work: pool.submit(closing, work)


def until_stuck(store: Connection[Any], other: Future[None], mine: str) -> None:
    """Wait until somebody else has ended, or waits for the session that is called `mine`."""
    until = time.monotonic() + SECONDS
    waits = """SELECT FROM pg_stat_activity AS each
        JOIN pg_stat_activity AS mine ON mine.pid = ANY (pg_blocking_pids(each.pid))
        WHERE mine.application_name = %s AND mine.datname = current_database()"""
    while not other.done() and not store.execute(waits, [mine]).rowcount:
        assert time.monotonic() < until
        time.sleep(0.01)


class Watched(dict[str, Any]):
    """Statements of which one is preceded by something else, the first time it is asked for."""

    def __init__(self, known: dict[str, Any], name: str, work: Callable[[], None]) -> None:
        super().__init__(known)
        self._name, self._work = name, work

    def __getitem__(self, name: str) -> Any:
        if name == self._name:
            self._name = ""
            self._work()
        return super().__getitem__(name)


@contextmanager
def before(module: Any, name: str, work: Callable[[], None]) -> Iterator[None]:
    """Do something else before a statement of a module, once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "QUERIES", Watched(module.QUERIES, name, work))
        yield


@dataclass(frozen=True, kw_only=True)
class Race:
    """One comes to a statement, and then another one begins."""

    first: Callable[[World], Any]
    session: str  # of the first
    module: Any
    statement: str
    second: Callable[[World], Any]


FROM_EXPORT = partial(
    Race, first=World.export, session="isthmus export", module=reconcile, statement="note_results"
)
FROM_HAND = partial(Race, first=World.merge_by_hand, session="hand", second=World.export)
FROM_IMPORT = partial(
    Race, first=World.merge_by_import, session="isthmus import", second=World.export
)


@pytest.mark.parametrize("adopts", [False, True], ids=["created", "adopted"])
@pytest.mark.parametrize(
    "race",
    [
        pytest.param(FROM_EXPORT(second=World.merge_by_hand), id="hand between"),
        pytest.param(FROM_EXPORT(second=World.merge_by_import), id="import between"),
        pytest.param(FROM_HAND(module=merging, statement="drop_losers"), id="before hand commits"),
        pytest.param(FROM_IMPORT(module=settle, statement="find_pairs"), id="after a snapshot"),
        pytest.param(
            FROM_IMPORT(module=merging, statement="drop_losers"), id="before a chunk commits"
        ),
    ],
)
def test_what_was_sent_for_a_profile_belongs_to_the_one_that_it_became_part_of(
    both: World, others: Others, race: Race, *, adopts: bool
) -> None:
    if adopts:  # It goes out by a call, not by a job.
        both.org.save("Contact", Email="gone@x.co")
    survivor, loser = both.profile(1), both.profile(2)
    running: list[Future[None]] = []

    def go_between() -> None:
        running.append(others(partial(race.second, both)))
        until_stuck(both.store, running[0], race.session)
        assert not running[0].done(), "nobody waited"

    with before(race.module, race.statement, go_between):
        race.first(both)
    running[0].result(SECONDS)
    merged = both.store.execute("SELECT profile_id, survivor FROM store.profile_merge").fetchall()
    assert merged == [(loser, survivor)]
    assert both.owner(both.contact("gone@x.co")) == survivor
    exported = {row[0] for row in rows(both.store) if row[5]}
    assert exported == {survivor, both.profile(3)}
    both.check()
    assert both.export() == 0
    assert exchange.unique(both.out.connection).exported == 2
    both.check()


def test_a_row_that_was_refused_is_not_held_for_a_profile_that_is_gone(both: World) -> None:
    both.salesforce.writes.refuse = lambda _operation, row: (
        ("INVALID_EMAIL_ADDRESS", "no") if row["Email"] == "gone@x.co" else None
    )
    with before(reconcile, "tell_inserts", both.merge_by_hand):
        both.export()
    both.check()


def test_whoever_merges_waits_for_no_export_that_sends(both: World, others: Others) -> None:
    with before(reconcile, "make_told", lambda: others(both.merge_by_hand).result(SECONDS)):
        both.export()
    assert both.owner(both.contact("gone@x.co")) == both.profile(1)
    both.check()


class Slow(dict[str, Any]):
    """Statements that come after a pause, as they do on a store that has much to do."""

    def __getitem__(self, name: str) -> Any:
        time.sleep(random.random() * 0.01)
        return super().__getitem__(name)


def test_merges_and_exports_at_the_same_time_leave_nothing_behind(
    both: World, others: Others, monkeypatch: pytest.MonkeyPatch
) -> None:
    both.add(*(f"{number}@x.co" for number in range(4, 40)))
    for module in (reconcile, merging, settle):
        monkeypatch.setattr(module, "QUERIES", Slow(module.QUERIES))
    # A job for every few rows: what is merged was read before, and is told of long after.

    monkeypatch.setattr(diff, "PART_ROWS", 3)
    exporting = others(both.export)
    ways = [both.merge_by_hand, both.merge_by_hand, both.merge_by_import]
    for place, (loser, survivor) in enumerate(pairwise(range(39, 3, -3))):
        ways[place % 3](survivor, loser)
    exporting.result(SECONDS)
    both.export()
    both.check()
