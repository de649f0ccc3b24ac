"""Keep the store of a release, so that later versions show that they can go on with it.

    git worktree add --detach /tmp/release COMMIT
    PYTHONPATH=tests python -m journeys.upgrades.make_store /tmp/release

writes `tests/cases/stores/VERSION-COMMIT`: the database as pg_dump made it, the org that it works
with, and what the release itself makes of both in its next two runs. The commands are those of the
release's own source; localorg is the one that is installed here.
"""

import json
import lzma
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from isthmus import embedded
from isthmus.embedded import binaries
from isthmus.embedded.server import Server
from journeys.kills.looking import contact_ids, created_names, org_dump, store_dump
from journeys.kills.org import KillableOrg, free_port
from journeys.processes import Isthmus, seed_org

DOCUMENT = Path(__file__).with_name("store.yaml")
STORES = Path(__file__).parents[2] / "cases" / "stores"
KEY = "dXBncmFkZXMtYXJlLXRlc3RlZC13aXRoLXRoaXMta2U="
"""Seals the secrets of the stores; of no worth, as their orgs are made up."""

PASSWORD = "a password of the made-up person"
YEARS = "3650"
"""Days that nothing is forgotten: the stores get old in the repository."""

LEADS, CONTACTS = 160, 80

PEOPLE_AT_WORK = """UPDATE store.profile SET updated_at = now(), p_tier = CASE
    WHEN abs(hashtext(coalesce(p_email, '') || %s)) %% 3 = 0 THEN 'Gold' ELSE 'Silver' END"""
NEW_CUSTOMERS = """WITH born AS (
        INSERT INTO store.profile (p_email, p_last_name, p_first_name)
        SELECT %(who)s || number || '@shop.example', 'Shop', 'Customer'
        FROM generate_series(1, 5) AS number RETURNING profile_id, p_email)
    INSERT INTO store.identifier (property, value, profile_id)
    SELECT (SELECT id FROM profiles_property WHERE key = 'email'), p_email, profile_id FROM born"""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A store and an org in a folder, worked on by a release."""

    command: Isthmus
    org: KillableOrg
    server: Server

    def go_on(self, seed: int) -> None:
        """Let people work in the org and in the store."""
        self.org.control("POST", "clock", {"advance_seconds": 3600})
        for sobject, changed in (("Lead", 30), ("Contact", 15)):
            act = {"object": sobject, "seed": seed}
            self.org.control("POST", "activity", act | {"count": changed})
            self.org.control("POST", "activity", act | {"action": "insert", "count": 6})
            self.org.control("POST", "activity", act | {"action": "delete", "count": 3})
        self.org.control("POST", "clock", {"advance_seconds": 3600})
        with psycopg.connect(self.server.conninfo, autocommit=True) as session:
            session.execute(PEOPLE_AT_WORK, [str(seed)])
            session.execute(NEW_CUSTOMERS, {"who": f"customer{seed}_"})

    def run(self) -> None:
        """Run all goals; some of the records have problems."""
        self.command.expect("connection", "run", "acme", status=3)

    def run_twice(self) -> None:
        """Take all that there is, and then what that has led to."""
        self.run()
        self.org.control("POST", "clock", {"advance_seconds": 60})
        self.run()


def set_up(release: Release) -> None:
    """Everything that a release can keep, by its own commands, and two runs."""
    command = release.command
    command.expect("config", "apply", str(DOCUMENT))
    words = ("user", "add", "ann@example.com", "--name", "Ann", "--role", "administrator")
    ended = command.run(*words, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert ended.status == 0, ended
    app = ("app", "save", "Integration", "--client-id", "3MVG9", "--secret-stdin")
    ended = command.run(*app, stdin="secret of the app\n")
    assert ended.status == 0, ended
    release.run()
    release.go_on(1)
    release.run()
    release.go_on(2)


def look(release: Release, before: set[str]) -> dict[str, Any]:
    """What there is, so that it can be compared with what a later version makes of it."""
    names = created_names(release.org, before)
    with psycopg.connect(release.server.conninfo) as session:
        return store_dump(session, names) | org_dump(release.org)


def keep(target: Path, source: Path, home: Path) -> None:
    """Make the store with the release in `source`, and keep what it is in `target`."""
    org_file = home.parent / "org.db"
    seed_org(org_file, seed=17, leads=LEADS, contacts=CONTACTS, persons=0, cases=0)
    org = KillableOrg(data=org_file, port=free_port())
    org.start()
    environment = {
        **org.environment,
        "PYTHONPATH": str(source / "src"),
        "ISTHMUS_SECRET_KEY": KEY,
        "ISTHMUS_KEEP_OUTCOMES_DAYS": YEARS,
        "ISTHMUS_KEEP_LOG_DAYS": YEARS,
    }
    command = Isthmus(home=home, environment=environment)
    with embedded.running(home) as server:
        release = Release(command=command, org=org, server=server)
        set_up(release)
        org.stop()
        pack(target / "store.dump.xz", dump(server))
        pack(target / "org.db.xz", org_file.read_bytes())
        org.start()
        before = contact_ids(org)
        release.run_twice()
        expected = look(release, before)
    org.stop()
    pack(target / "next.json.xz", json.dumps(expected, default=str).encode())


def pack(file: Path, content: bytes) -> None:
    """Write it as small as can be: it stays in the repository."""
    with lzma.open(file, "wb", preset=9) as packed:
        packed.write(content)


def dump(server: Server) -> bytes:
    """The database as the release leaves it."""
    program = str(binaries.find().folder / "bin" / "pg_dump")
    words = [program, "--format=custom", "--compress=none", "--no-owner", "--no-acl"]
    return subprocess.run(words, env=server.environ, check=True, capture_output=True).stdout


def name_of(source: Path) -> str:
    """The release's version and commit."""
    code = "import isthmus; print(isthmus.__version__, isthmus.__file__)"
    words = [sys.executable, "-c", code]
    said = subprocess.run(
        words, env={"PYTHONPATH": str(source / "src")}, capture_output=True, text=True, check=True
    )
    version, _, place = said.stdout.strip().partition(" ")
    assert place.startswith(str(source)), place
    words = ["git", "-C", str(source), "rev-parse", "--short=7", "HEAD"]
    commit = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    return f"{version}-{commit}"


def main() -> None:
    """Keep the store of the release whose source is in the folder that the argument names."""
    source = Path(sys.argv[1]).resolve()
    target = STORES / name_of(source)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="release") as place:
        Path(place).chmod(0o755)
        keep(target, source, Path(place) / "home")


if __name__ == "__main__":
    main()
