"""The stores that earlier releases left, opened with the orgs that they work with."""

import json
import lzma
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from isthmus import embedded
from isthmus.embedded import binaries
from journeys.kills.looking import Dump, created_names, org_dump, store_dump
from journeys.kills.org import KillableOrg, free_port
from journeys.kills.worker import Watched
from journeys.processes import QUICK, Isthmus
from journeys.upgrades.make_store import KEY, STORES, YEARS

RELEASES = sorted(path.name for path in STORES.iterdir() if path.is_dir())

_ELSEWHERE = """UPDATE connections_authorization SET login_url = %(url)s, instance_url = '',
    sealed_access_token = ''"""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A release's store with its org, between two runs. The database and the org run."""

    command: Isthmus
    org: KillableOrg
    watched: Watched
    expected: Dump  # what the release itself makes of it in its next two runs

    @property
    def conninfo(self) -> str:
        return self.watched.conninfo

    def run_twice(self) -> None:
        """Take all that there is, and then what that has led to."""
        self.command.expect("connection", "run", "acme", status=3)
        self.pass_a_minute()
        self.command.expect("connection", "run", "acme", status=3)

    def pass_a_minute(self) -> None:
        """Let the org's clock go on."""
        self.org.control("POST", "clock", {"advance_seconds": 60})


@contextmanager
def opened(release: str, home_template: Path) -> Iterator[Kept]:
    """A copy of a release's store and org, as the release left them."""
    place = Path(tempfile.mkdtemp(prefix="kept"))
    place.chmod(0o755)
    org = KillableOrg(data=place / "org.db", port=free_port())
    (place / "org.db").write_bytes(unpacked(release, "org.db.xz"))
    org.start()
    environment = {
        **org.environment,
        "ISTHMUS_SECRET_KEY": KEY,
        "ISTHMUS_KEEP_OUTCOMES_DAYS": YEARS,
        "ISTHMUS_KEEP_LOG_DAYS": YEARS,
    }
    command = Isthmus(home=place / "home", environment=environment)
    shutil.copytree(home_template, command.home)
    try:
        with embedded.running(command.home, settings=QUICK) as server:
            put_in(server, unpacked(release, "store.dump.xz"))
            with Watched(conninfo=server.conninfo) as watched:
                with psycopg.connect(server.conninfo) as session:
                    session.execute(_ELSEWHERE, {"url": org.url})
                yield Kept(command=command, org=org, watched=watched, expected=expected(release))
    finally:
        org.kill()
        shutil.rmtree(place)


def put_in(server: embedded.Server, dump: bytes) -> None:
    """Put a release's dump in the place of what is in the database."""
    with psycopg.connect(server.conninfo, autocommit=True) as session:
        for schema in ("store", "stage", "public"):
            session.execute(f"DROP SCHEMA {schema} CASCADE".encode())
        session.execute("CREATE SCHEMA public")
    program = str(binaries.find().folder / "bin" / "pg_restore")
    words = [program, "--exit-on-error", "--no-owner", f"--dbname={server.database}"]
    subprocess.run(words, input=dump, env=server.environ, check=True, capture_output=True)


def unpacked(release: str, name: str) -> bytes:
    return lzma.decompress((STORES / release / name).read_bytes())


def expected(release: str) -> Dump:
    found: dict[str, Any] = json.loads(unpacked(release, "next.json.xz"))
    return {kind: Counter(rows) if isinstance(rows, dict) else rows for kind, rows in found.items()}


def dump_of(kept_org: KillableOrg, conninfo: str, before: set[str]) -> Dump:
    """What there is, in the form of what the release expects; `before` are the contacts of then."""
    names = created_names(kept_org, before)
    with psycopg.connect(conninfo) as session:
        found = store_dump(session, names) | org_dump(kept_org)
    # As JSON has it.
    found["profiles of nobody"] = [list(row) for row in found["profiles of nobody"]]
    return found
