"""A backup taken while a run is under way, restored elsewhere while the first goes on for a while.

What the restored store and the org have in the end is what they have where nothing happened: no
record is lost, none is made twice. A job that the store knows of already goes on as after any kill.
"""

import dataclasses
import signal
import time
from pathlib import Path

import psycopg
import pytest

from isthmus import embedded
from journeys.kills.looking import contact_ids, differences
from journeys.kills.windows import Call
from journeys.kills.worker import Watched, Worker, ask, standing_by, wait_for_end
from journeys.processes import PATIENCE_SECONDS, QUICK, Isthmus
from journeys.upgrades.kept import RELEASES, Kept, dump_of, opened

pytestmark = pytest.mark.slow

READS = Call(method="GET", path="/queryAll", skip=1)
MAKES_A_JOB = Call(method="POST", path="/jobs/ingest$")

DATA = ["profiles", "identifiers", "links", "exported", "Lead", "Contact"]
"""What has to be the same. What runs tell of themselves is not: a record that the first one made is
found by the second, and is no new one."""

_STATES = """SELECT string_agg(part.key || ' ' || part.state, ', ' ORDER BY part.id)
    FROM connections_rungoal AS part JOIN connections_run AS run ON run.id = part.run_id
    WHERE run.id = (SELECT max(id) FROM connections_run)"""

LEFT_OUT = [
    "connections_signinattempt",
    "django_session",
    "people_firstcode",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
    "upkeep",
]
_TABLES = """SELECT format('%%I.%%I', n.nspname, c.relname)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname IN ('store', 'public') AND c.relname <> ALL (%s)
    ORDER BY 1"""
_ROWS = """SELECT md5(coalesce(string_agg(each, ' ' ORDER BY each), ''))
    FROM (SELECT t::text COLLATE "C" AS each FROM {} AS t) AS rows"""


def digests(conninfo: str) -> dict[str, str]:
    """What every table holds, in a few letters each."""
    found = {}
    with psycopg.connect(conninfo) as session:
        for (name,) in session.execute(_TABLES, [LEFT_OUT]).fetchall():
            row = session.execute(_ROWS.format(name).encode()).fetchone()
            found[name] = row[0] if row else ""
    return found


def come_to(kept: Kept, worker: Worker, call: Call) -> None:
    """Let the worker work until it waits for the answer to that call, and let it stand there."""
    fault = {"method": call.method, "path": call.path, "match": "regex", "skip": call.skip}
    late = {"kind": "latency", "seconds": 3}
    number = kept.org.control("POST", "faults", {**fault, **late})["id"]
    worker.start()
    kept.org.wait_for_fault(number)
    assert worker.process is not None
    worker.process.send_signal(signal.SIGSTOP)


def go_on(kept: Kept, worker: Worker, words: str) -> None:
    """Let it go on until a goal stands so, and kill it then: the backup knows nothing of that."""
    assert worker.process is not None
    worker.process.send_signal(signal.SIGCONT)
    limit = time.monotonic() + PATIENCE_SECONDS
    while words not in (said := kept.watched.ask(_STATES) or ""):
        assert time.monotonic() < limit, said
        time.sleep(0.02)
    worker.kill()


def elsewhere(kept: Kept) -> Isthmus:
    """The command with another data folder."""
    return dataclasses.replace(kept.command, home=kept.command.home.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("backed_up_at", "first_goes_on_until"),
    [
        (READS, "leads_out problems"),
        (MAKES_A_JOB, "contacts_out finished"),
    ],
    ids=["reads", "makes a job"],
)
def test_a_store_restored_from_a_backup_under_load_goes_on_without_loss_or_repetition(
    home_template: Path, backed_up_at: Call, first_goes_on_until: str
) -> None:
    with opened(RELEASES[-1], home_template) as kept, standing_by(kept.command) as worker:
        kept.command.expect("migrate")
        before = contact_ids(kept.org)
        ask(kept.command, ())
        come_to(kept, worker, backed_up_at)
        file = kept.command.home.with_name("a.isthmus-backup")
        held = digests(kept.conninfo)
        kept.command.expect("backup", str(file))
        go_on(kept, worker, first_goes_on_until)
        other = elsewhere(kept)
        other.expect("restore", str(file))
        with (
            embedded.running(other.home, settings=QUICK) as server,
            Watched(conninfo=server.conninfo) as watched,
            standing_by(other) as successor,
        ):
            assert digests(server.conninfo) == held
            assert other.expect("worker", "--once").err == ""
            assert digests(server.conninfo) == held
            other.expect("resume")
            successor.start()
            wait_for_end(watched, successor)
            # What the first one has written since is newer than what this run asks for.
            kept.pass_a_minute()
            ask(other, ())
            wait_for_end(watched, successor)
            successor.kill()
            after = dump_of(kept.org, server.conninfo, before)

    expected = {kind: kept.expected[kind] for kind in DATA}
    assert differences(expected, after) == []
