"""A day of runs in one process: changes in the org and in the store, a minute, a run; and again.

Prints one JSON document: how the runs ended, and the tables as they were early and at the end.
"""

import json
import os
import sys
import time
from random import Random
from typing import Any

import psycopg

from journeys.kills.org import KillableOrg

EARLY = 10
"""Runs until the tables are looked at for the first time: all that is made once is there."""

INSERTED, MERGED, DELETED, CHANGED, EDITED, BORN = 4, 1, 2, 20, 20, 2
"""What happens in a minute, 50 changes in all: in the org, in the store, and new customers."""

_EDIT = """UPDATE store.profile SET p_points = %s, p_note = %s, updated_at = now()
    WHERE profile_id IN (SELECT profile_id FROM store.profile ORDER BY random() LIMIT %s)"""
_BORN = """WITH born AS (
        INSERT INTO store.profile (p_email, p_last_name, p_points) VALUES (%s, 'Shop', 1)
        RETURNING profile_id)
    INSERT INTO store.identifier (property, value, profile_id)
    SELECT (SELECT id FROM profiles_property WHERE key = 'email'), %s, profile_id FROM born"""
_TABLES = """SELECT n.nspname || '.' || c.relname, pg_total_relation_size(c.oid)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND (n.nspname IN ('store', 'stage', 'public')
        OR c.relname IN ('pg_class', 'pg_attribute', 'pg_depend', 'pg_type'))"""


class Day:
    """The org, the store, and what is left to happen."""

    def __init__(self, org: KillableOrg, session: psycopg.Connection[Any]) -> None:
        self.org, self.session, self.chance = org, session, Random(1)
        self.old = {name: self._ids(name) for name in ("Lead", "Contact")}
        self.born = 0

    def _ids(self, sobject: str) -> list[str]:
        soql = f"SELECT Id FROM {sobject} WHERE IsDeleted = false"  # noqa: S608 - a fixed name
        soql += " AND IsConverted = false" if sobject == "Lead" else ""
        found = [row["Id"] for row in self.org.records(soql)]
        self.chance.shuffle(found)
        return found

    def minute(self, number: int) -> None:
        """Let people work for a minute, in the org and in the store."""
        sobject = ("Lead", "Contact")[number % 2]
        act = {"object": sobject, "seed": number}
        self.org.control(
            "POST", "activity", {**act, "count": CHANGED, "fields": ["Title", "FirstName"]}
        )
        self.org.control("POST", "activity", {**act, "count": INSERTED, "action": "insert"})
        old = self.old[sobject]
        gone = [old.pop() for _ in range(DELETED)]
        deletion = {"operation": "delete", "object": sobject, "ids": gone}
        self.org.control("POST", "records", {"operations": [deletion]})
        for _ in range(MERGED):
            loser, master = old.pop(), old[0]
            self.org.control(
                "POST", "merge", {"object": sobject, "master": master, "losers": [loser]}
            )
            self.chance.shuffle(old)
        points, note = self.chance.randrange(10**6), f"minute {number}"
        self.session.execute(_EDIT, [points, note, EDITED])
        for _ in range(BORN):
            self.born += 1
            address = f"customer{self.born}@shop.example"
            self.session.execute(_BORN, [address, address])
        self.pass_a_minute()

    def pass_a_minute(self) -> None:
        """Let the org's clock go on."""
        self.org.control("POST", "clock", {"advance_seconds": 60})


def tables(session: psycopg.Connection[Any]) -> dict[str, dict[str, int]]:
    """Rows and bytes of every table of the store, and of the catalogue's."""
    found = {}
    for name, size in session.execute(_TABLES).fetchall():
        schema, _, table = name.partition(".")
        statement = psycopg.sql.SQL("SELECT count(*) FROM {}").format(
            psycopg.sql.Identifier(schema, table)
        )
        row = session.execute(statement).fetchone()
        found[name] = {"rows": row[0] if row else 0, "bytes": size}
    return found


def runs_of(day: Day, minutes: int) -> dict[str, Any]:
    """Play the day."""
    from isthmus.connections import executing, queueing
    from isthmus.connections.models import Connection
    from isthmus.exporting.engine import run_export
    from isthmus.importing.engine import run_import

    connection = Connection.objects.get(key="acme")
    worker = executing.Worker(engines={"import": run_import, "export": run_export})
    ends: list[str] = []
    early, started = None, time.monotonic()

    def run() -> None:
        queueing.ask(connection, by="the day")
        ends.extend(str(run.state) for run in executing.work_off(connection, worker))

    run()
    for number in range(minutes):
        if number == min(EARLY, minutes // 2):
            early = tables(day.session)
        day.minute(number)
        run()
    seconds = time.monotonic() - started
    # What was written in the last half minute, or sent in the last run, is read by these.
    for _ in range(2):
        day.pass_a_minute()
        run()
    return {
        "ends": sorted(set(ends)),
        "runs": len(ends),
        "seconds": round(seconds, 1),
        "customers": day.born,
        "early": early,
        "late": tables(day.session),
    }


def main() -> None:
    """Play so many minutes as the argument says."""
    from isthmus.cli import session

    url = os.environ["LOCALORG_URL"]
    org = KillableOrg(data=None, port=int(url.rpartition(":")[2]))
    with session.database():
        conninfo = os.environ["ISTHMUS_CONNINFO"]
        with psycopg.connect(conninfo, autocommit=True) as looking:
            print(json.dumps(runs_of(Day(org, looking), int(sys.argv[1]))))  # noqa: T201


if __name__ == "__main__":
    main()
