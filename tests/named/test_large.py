"""Many records that all are one profile: neither slow, nor large, nor one transaction."""

import os
import resource
import time
from dataclasses import replace
from typing import Any

import pytest

from integration import set_up
from isthmus.domain.goals import ImportField
from isthmus.domain.merge_rules import MergeRule
from isthmus.exporting import engine as exporting
from isthmus.importing import chunks
from isthmus.importing import engine as importing
from isthmus.importing.engine import run_import
from isthmus.profiles import properties
from named.world import BY_EMAIL, READ, TITLE, WRITE, World, outcome

RECORDS = int(os.environ.get("ISTHMUS_NAMED_RECORDS", "20000"))
"""How many records are one profile. The contract's million: `ISTHMUS_NAMED_RECORDS=1000000`."""

EMAIL = "one@example.com"
MORE_MIB = 100
WORDS = ImportField(field="FirstName", property="words", rule=MergeRule.ADD)
ONE = replace(READ, match=(BY_EMAIL,), fields=(*READ.fields, WORDS))


GOING_BOTH_WAYS = 15_000


def add_many(world: World, records: int) -> None:
    rows = "".join(f"n,a,{EMAIL},{number},1,w{number % 100}\n" for number in range(records))
    world.bulk_insert("LastName,Company,Email,Title,Total__c,FirstName", rows)


def timed(world: World, goal: Any) -> float:
    before = time.process_time(), time.monotonic()
    goal_run = world.read(goal)
    assert goal_run.counts.received
    return time.monotonic() - before[1]


@pytest.mark.timeout(3600)
def test_many_records_that_all_match_one_profile_are_folded_into_it(world: World) -> None:
    add_many(world, RECORDS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    goal_run = world.read(world.goal(ONE))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    assert outcome(goal_run) == {"created": 1, "updated": RECORDS - 1}
    ((total, words),) = world.profiles("total", "words")
    assert (total, len(words)) == (RECORDS, min(RECORDS, 100))
    assert world.number("record_link") == RECORDS
    assert grown < MORE_MIB


@pytest.mark.timeout(3600)
def test_four_times_the_records_of_one_profile_take_about_four_times_as_long(
    world: World,
) -> None:
    few = RECORDS // 4
    goal = world.goal(ONE)
    add_many(world, few)
    first = timed(world, goal)
    add_many(world, RECORDS)
    # Quadratic would be sixteen times; machines that do other work as well get room.
    assert timed(world, goal) < 10 * first + 1


def test_many_records_of_one_profile_are_several_transactions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.importing.chunks.FIRST_CHUNK", 500)
    monkeypatch.setattr("isthmus.importing.chunks.LARGEST_CHUNK", 500)
    add_many(world, 2_000)
    goal_run = set_up.start(world.goal(ONE), world.salesforce)
    run_import(goal_run)
    rows = world.store.execute(
        "SELECT count(DISTINCT xmin::text::bigint) FROM store.record_link"
    ).fetchone()
    assert rows == (4,)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """All in one chunk, and no statement that goes through the chunk for each of its records."""
    monkeypatch.setattr(chunks, "FIRST_CHUNK", GOING_BOTH_WAYS)
    for module in (importing, exporting):
        settings = f"{module.SETTINGS} -c statement_timeout=5s"  # usual are 0.1 s
        monkeypatch.setattr(module, "SETTINGS", settings)


def change_all(world: World, title: str) -> None:
    bulk = world.salesforce.bulk_ingest
    rows = "".join(f"{record_id},{title}\n" for (record_id,) in world.records("Lead", "Id"))
    job = bulk.create("Lead", "update")
    bulk.upload(job.id, [f"Id,Title\n{rows}".encode()])
    bulk.close(job.id)
    bulk.wait(job.id)
    world.wait(2)


def delete_some(world: World, records: int) -> None:
    bulk = world.salesforce.bulk_ingest
    rows = "".join(f"{record_id}\n" for (record_id,) in world.records("Lead", "Id")[:records])
    job = bulk.create("Lead", "delete")
    bulk.upload(job.id, [f"Id\n{rows}".encode()])
    bulk.close(job.id)
    bulk.wait(job.id)
    world.wait(2)


def test_many_records_that_go_both_ways_take_no_time_that_grows_with_their_square(
    world: World, hurried: None
) -> None:
    everyone = GOING_BOTH_WAYS
    rows = "".join(f"n,a,{number}@example.com,{number}\n" for number in range(everyone))
    world.bulk_insert("LastName,Company,Email,Title", rows)
    back, out = world.goal(replace(READ, fields=(TITLE,))), world.goal(WRITE)
    assert outcome(world.read(back)) == {"created": everyone}
    world.store.execute(
        "UPDATE store.profile SET p_wanted = true, p_name = 'm', updated_at = now()"
    )
    assert outcome(world.write(out)) == {"updated": everyone}
    world.wait(2)
    assert outcome(world.read(back)) == {"unchanged": everyone}
    assert outcome(world.read(back, full=True)) == {"unchanged": everyone}
    change_all(world, "by users")
    assert outcome(world.read(back)) == {"updated": everyone}
    world.store.execute("UPDATE store.profile SET p_title = repeat('x', 200), updated_at = now()")
    for _ in range(2):
        assert outcome(world.write(out)) == {"unchanged": everyone}
    assert world.number("run_problem") == 2 * everyone


def test_many_records_that_match_two_profiles_take_no_time_that_grows_with_their_square(
    world: World, hurried: None
) -> None:
    everyone = GOING_BOTH_WAYS
    rows = "".join(f"n,a,{number}@example.com,{number}\n" for number in range(everyone))
    world.bulk_insert("LastName,Company,Email,Title", rows)
    goal = world.goal(replace(READ, fields=(TITLE,)))
    assert outcome(world.read(goal)) == {"created": everyone}
    change_all(world, "by users")
    world.store.execute("""
        WITH others AS (
            INSERT INTO store.profile (p_title) SELECT 'other' FROM generate_series(1, 15000)
            RETURNING profile_id
        )
        UPDATE store.identifier AS held
        SET profile_id = other.profile_id
        FROM (SELECT value, row_number() OVER () AS n FROM store.identifier
              WHERE value LIKE '%@example.com') AS email
        JOIN (SELECT profile_id, row_number() OVER () AS n FROM others) AS other USING (n)
        WHERE held.value = email.value""")
    for _ in range(2):
        assert outcome(world.read(goal)) == {"ambiguous": everyone}
    assert world.number("run_problem") == everyone


def test_many_rows_that_are_created_or_refused_take_no_time_that_grows_with_their_square(
    world: World, hurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Beside a scan of very many rows, all plans that follow it are much alike to the planner.
    alike = f"{exporting.SETTINGS} -c cpu_tuple_cost=0.0001 -c cpu_operator_cost=0.00001"
    monkeypatch.setattr(exporting, "SETTINGS", alike)
    everyone = 2 * GOING_BOTH_WAYS
    world.store.execute(
        """INSERT INTO store.profile (p_name, p_title, p_wanted)
        SELECT 'm', n, true FROM generate_series(1, %s) AS n""",
        [everyone],
    )
    world.store.execute(
        """WITH named AS (
            UPDATE store.profile SET p_email = p_title || '@example.com'
            RETURNING profile_id, p_email
        )
        INSERT INTO store.identifier (property, value, profile_id)
        SELECT %s, p_email, profile_id FROM named""",
        [properties.numbers()["email"]],
    )
    out = world.goal(WRITE)
    assert outcome(world.write(out)) == {"created": everyone}
    world.store.execute("UPDATE store.profile SET p_title = 'new', updated_at = now()")
    # Every second record is gone, and its row is refused.
    delete_some(world, everyone // 2)
    goal_run = set_up.start(out, world.salesforce)
    exporting.run_export(goal_run)
    assert outcome(goal_run) == {"updated": everyone // 2, "ENTITY_IS_DELETED": everyone // 2}
