"""An org and a store that are about to run, kept as folders to be copied for each round."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from isthmus import embedded
from journeys.kills.org import KillableOrg, free_port
from journeys.kills.worker import Watched, ask, wait_for_end, working
from journeys.processes import QUICK, Isthmus, seed_org

DOCUMENT = Path(__file__).with_name("scene.yaml")
PROGRAM = (sys.executable, str(Path(__file__).with_name("program.py")))
LEADS, CONTACTS = 3_500, 2_500
IMPORTS, EXPORTS = ("leads_in", "contacts_in"), ("leads_out", "contacts_out", "few_out")
SLOW = {"progress": "time", "seconds_per_state": 0.1, "page_records": 400}
"""How an org gets on with jobs while it is killed, so that each state takes a while."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A store and an org between two runs, at rest in a folder."""

    folder: Path
    port: int

    @contextmanager
    def opened(self) -> Iterator["Opened"]:
        """A copy of both, with the org and the database running. The run is queued."""
        place = Path(tempfile.mkdtemp(prefix="kill"))
        place.chmod(0o755)
        shutil.copytree(self.folder, place, dirs_exist_ok=True)
        org = KillableOrg(data=place / "org.db", port=self.port)
        org.start()
        org.behave(**SLOW)
        command = Isthmus(home=place / "home", environment=org.environment, program=PROGRAM)
        try:
            with (
                embedded.running(command.home, settings=QUICK) as server,
                Watched(conninfo=server.conninfo) as watched,
            ):
                yield Opened(command=command, org=org, watched=watched)
        finally:
            if org.process:
                org.kill()
            shutil.rmtree(place)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A scene that goes on."""

    command: Isthmus
    org: KillableOrg
    watched: Watched


def make_scene(folder: Path, home: Path, goals: tuple[str, ...]) -> Scene:
    """A store that has read everything once, in an org that went on since; `home` is migrated.

    A run of these goals is queued.
    """
    shutil.copytree(home, folder / "home")
    seed_org(folder / "org.db", seed=11, leads=LEADS, contacts=CONTACTS, persons=0, cases=0)
    org = KillableOrg(data=folder / "org.db", port=free_port())
    org.start()
    command = Isthmus(home=folder / "home", environment=org.environment, program=PROGRAM)
    with embedded.running(command.home, settings=QUICK) as server:
        command.expect("config", "apply", str(DOCUMENT))
        ask(command, IMPORTS)
        with working(command) as worker, Watched(conninfo=server.conninfo) as watched:
            wait_for_end(watched, worker)
        org.control("POST", "clock", {"advance_seconds": 3600})
        _let_users_work(org)
        org.control("POST", "clock", {"advance_seconds": 3600})
        with psycopg.connect(server.conninfo, autocommit=True) as session:
            _edit(session)
        ask(command, goals)
    org.stop()
    return Scene(folder=folder, port=org.port)


def _let_users_work(org: KillableOrg) -> None:
    """Changes, new records, deletions, merges and conversions."""
    for sobject, changed in (("Lead", 1200), ("Contact", 800)):
        act = {"object": sobject, "seed": 5}
        org.control("POST", "activity", act | {"count": changed})
        org.control("POST", "activity", act | {"action": "insert", "count": changed // 4})
        org.control("POST", "activity", act | {"action": "delete", "count": changed // 10})
    summed = {"object": "Lead", "seed": 6, "count": 900}
    org.control("POST", "activity", summed | {"fields": ["NumberOfEmployees", "LeadSource"]})
    living = [row["Id"] for row in org.records("SELECT Id FROM Contact WHERE IsDeleted = false")]
    for master, loser in zip(living[:20], living[-20:], strict=True):
        org.control("POST", "merge", {"object": "Contact", "master": master, "losers": [loser]})
    open_leads = "SELECT Id FROM Lead WHERE IsDeleted = false AND IsConverted = false"
    leads = [{"leadId": row["Id"]} for row in list(org.records(open_leads))[:20]]
    org.control("POST", "convert", {"leads": leads})


def _edit(session: psycopg.Connection[tuple[object, ...]]) -> None:
    """What people did in the store: each profile is in a tier, some in the few that go out."""
    session.execute(
        """UPDATE store.profile SET updated_at = now(), p_tier = CASE
            WHEN abs(hashtext(p_email)) % 4 = 0 THEN 'Gold' ELSE 'Silver' END"""
    )
