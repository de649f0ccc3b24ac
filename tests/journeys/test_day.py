"""A run a minute for a day, with 50 changes in each: org and store agree, and nothing piles up.

ISTHMUS_DAY_RUNS says how many runs (a day has 1440; defaults to 40).
"""

import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from isthmus import embedded
from journeys.kills.org import KillableOrg, free_port
from journeys.processes import PATIENCE_SECONDS, Isthmus, seed_org

HERE = Path(__file__).parent
RUNS = int(os.environ.get("ISTHMUS_DAY_RUNS", "40"))
SECONDS_PER_RUN = 10
RECORDS = 300 + 3 * RUNS
GROWS_WITH_RUNS = ("store.change_", "store.run_record_", "store.run_problem_")
"""The journal, which is kept for a set time."""

HISTORY = {"public.connections_run": 1, "public.connections_rungoal": 5}
"""Rows for each run."""

PROFILES = """SELECT l.record_id, p_first_name, p_last_name, p_title, p_points, p_note,
        EXISTS (SELECT FROM store.profile_merge AS m WHERE m.survivor = profile.profile_id)
    FROM store.record_link AS l JOIN store.profile USING (profile_id)
    WHERE gone IS NULL AND object = %s"""


@pytest.fixture
def org(place: Path) -> Iterator[KillableOrg]:
    seed_org(place / "org.db", seed=3, leads=RECORDS, contacts=RECORDS, persons=0, cases=0)
    found = KillableOrg(data=place / "org.db", port=free_port())
    found.start()
    yield found
    found.kill()


def play(command: Isthmus) -> Any:
    """What the day's program says at its end."""
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    program = command.set(PYTHONPATH=path)
    program.program = (sys.executable, str(HERE / "day" / "program.py"))
    program.patience_seconds = PATIENCE_SECONDS + SECONDS_PER_RUN * RUNS
    return json.loads(program.expect(str(RUNS)).out)


def of_org(org: KillableOrg, sobject: str) -> dict[str, tuple[Any, ...]]:
    fields = ["FirstName", "LastName", "Title", "Loyalty_Points__c", "Segments__c", "Email"]
    soql = f"SELECT Id, {', '.join(fields)} FROM {sobject} WHERE IsDeleted = false"  # noqa: S608
    soql += " AND IsConverted = false" if sobject == "Lead" else ""
    return {row["Id"]: tuple(row[name] for name in fields) for row in org.records(soql)}


def of_store(session: psycopg.Connection[Any], sobject: str) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in session.execute(PROFILES, [sobject]).fetchall()}


def is_of(profile: tuple[Any, ...], record: tuple[Any, ...]) -> bool:
    """Whether a profile says what its record does.

    What a record of two that were merged does not have, the profile keeps from the other one.
    Profiles without points are not in the segment that goes out.
    """
    *imported, points, note, has_merged = profile
    reads = all(
        ours == theirs or (theirs is None and has_merged)
        for ours, theirs in zip(imported, record[:3], strict=True)
    )
    return reads and (points is None or (points, note) == record[3:5])


@pytest.mark.slow
@pytest.mark.timeout(PATIENCE_SECONDS + 2 * SECONDS_PER_RUN * RUNS)
def test_after_a_day_of_small_changes_org_and_store_agree_and_no_table_has_grown_without_need(
    place: Path, home_template: Path, org: KillableOrg
) -> None:
    home = place / "home"
    shutil.copytree(home_template, home)
    command = Isthmus(home=home, environment=org.environment)
    with embedded.running(home) as server:
        command.expect("config", "apply", str(HERE / "day" / "day.yaml"))
        day = play(command)
        print(json.dumps(day, indent=1))  # noqa: T201 - the figures, shown with -s
        with psycopg.connect(server.conninfo) as session:
            for sobject in ("Lead", "Contact"):
                records, profiles = of_org(org, sobject), of_store(session, sobject)
                assert set(records) == set(profiles)
                wrong = {
                    k: (records[k], p) for k, p in profiles.items() if not is_of(p, records[k])
                }
                assert wrong == {}

    assert day["ends"] == ["finished"]
    shop = [row[5] for row in records.values() if (row[5] or "").endswith("@shop.example")]
    assert Counter(shop) == Counter(f"customer{n + 1}@shop.example" for n in range(len(shop)))
    assert len(shop) == day["customers"]
    assert grown_without_need(day) == []


def grown_without_need(day: Any) -> list[str]:
    """Tables that have more rows than there is data, or more with every run."""
    told = []
    data = 2 * RECORDS + 10 * RUNS
    for name, table in day["late"].items():
        early = day["early"].get(name, {"rows": 0, "bytes": 0})
        if name.startswith(GROWS_WITH_RUNS):
            continue
        if name in HISTORY:
            most = day["runs"] * HISTORY[name]
        elif name.startswith("store."):
            most = 2 * data
        else:
            most = early["rows"]
        if table["rows"] > most:
            told.append(f"{name}: {early['rows']} rows after some runs, {table['rows']} at the end")
    return told
