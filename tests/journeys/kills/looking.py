"""What a store and an org hold, written so that two of them can be compared.

Ids that are made during a run differ from run to run: a profile goes by its identifiers, a record
that was created by its e-mail address.
"""

import json
from collections import Counter
from typing import Any

import psycopg

from journeys.kills.org import KillableOrg

Dump = dict[str, Any]

_NAMES = """
    SELECT profile.profile_id::text, coalesce(
        string_agg(property || '=' || value, ' ' ORDER BY property, value), 'nobody')
    FROM store.profile LEFT JOIN store.identifier USING (profile_id)
    GROUP BY profile.profile_id"""

_LOST = """
    SELECT count(*) FROM (
        SELECT profile_id FROM store.identifier
        UNION ALL SELECT profile_id FROM store.record_link WHERE profile_id IS NOT NULL
    ) AS held WHERE NOT EXISTS (SELECT FROM store.profile WHERE profile_id = held.profile_id)"""

_ROWS = {
    "profiles": """
        SELECT profile_id::text, to_jsonb(profile)
            - '{profile_id,created_at,updated_at,made_by,made_on}'::text[]
        FROM store.profile""",
    "identifiers": "SELECT profile_id::text, property, value FROM store.identifier",
    "links": """
        SELECT profile_id::text, record_id, goal, object, reason, gone, successor, summed, sent,
            hash, version
        FROM store.record_link""",
    "problems": """
        SELECT problem.profile_id::text, record_id, part.key, field, property, code, value
        FROM store.run_problem AS problem JOIN connections_rungoal AS part ON part.id = run_goal""",
    "outcomes": """
        SELECT noted.profile_id::text, record_id, part.key, outcome, reason
        FROM store.run_record AS noted JOIN connections_rungoal AS part ON part.id = run_goal""",
    "before": """
        SELECT DISTINCT ON (profile_id, name) profile_id::text, name, value
        FROM store.change, jsonb_each(old) AS each (name, value)
        ORDER BY profile_id, name, at""",
    "exported": """
        SELECT DISTINCT profile_id::text, connection
        FROM store.exchanged_profile
        WHERE exported""",
    "left over": """
        SELECT NULL, 'store.export_row', run_goal FROM store.export_row
        UNION ALL SELECT NULL, tablename, 0 FROM pg_tables WHERE schemaname = 'stage'""",
}
"""Rows whose first column is a profile. `before` is what undoing all runs would put back."""

_RUNS = """
    SELECT run.number, run.state, part.key, part.state, part.counts,
        goal.read_until IS NOT DISTINCT FROM part.window_to OR part.direction = 'export'
    FROM connections_run AS run
    JOIN connections_rungoal AS part ON part.run_id = run.id
    JOIN connections_goal AS goal ON goal.id = part.goal_id
    WHERE run.number = (SELECT max(number) FROM connections_run)
    ORDER BY part.id"""

_FIELDS = {
    "Lead": ["Email", "LastName", "Segments__c", "Isthmus_Id__c", "Title"],
    "Contact": ["Email", "LastName", "FirstName", "Isthmus_Id__c", "Tier__c", "Department"],
}


def store_dump(session: psycopg.Connection[Any], records: dict[str, str]) -> Dump:
    """All that the store knows; `records` are the names of the records that a run created."""
    names = dict(session.execute(_NAMES).fetchall())
    found: Dump = {
        kind: Counter(
            _plain([names.get(row[0], row[0]), *[records.get(cell, cell) for cell in row[1:]]])
            for row in _hashable(session.execute(statement.encode()).fetchall())
        )
        for kind, statement in _ROWS.items()
    }
    found["runs"] = [_plain(row) for row in session.execute(_RUNS).fetchall()]
    found["profiles of nobody"] = session.execute(_LOST).fetchall()
    return found


def _hashable(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [[_plain(cell) if isinstance(cell, dict | list) else cell for cell in r] for r in rows]


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def org_dump(org: KillableOrg) -> Dump:
    """How often the org has each record, without what depends on when it was written."""
    return {
        sobject: Counter(
            _plain([record["IsDeleted"], *[record[name] for name in fields]])
            for record in org.records(f"SELECT Id, IsDeleted, {', '.join(fields)} FROM {sobject}")  # noqa: S608 - names of our own
        )
        for sobject, fields in _FIELDS.items()
    }


def created_names(org: KillableOrg, before: set[str]) -> dict[str, str]:
    """What to call the contacts that are there now and were not before."""
    rows = org.records("SELECT Id, Email FROM Contact")
    return {row["Id"]: f"new {row['Email']}" for row in rows if row["Id"] not in before}


def contact_ids(org: KillableOrg) -> set[str]:
    return {row["Id"] for row in org.records("SELECT Id FROM Contact")}


def differences(expected: Dump, found: Dump) -> list[str]:
    """What one has more often than the other, in words; none where they are equal."""
    told: list[str] = []
    for kind in expected:
        if isinstance(expected[kind], Counter):
            more, less = found[kind] - expected[kind], expected[kind] - found[kind]
            told += [f"{kind}: {n} too many: {row}" for row, n in list(more.items())[:5]]
            told += [f"{kind}: {n} missing: {row}" for row, n in list(less.items())[:5]]
        elif expected[kind] != found[kind]:
            told.append(f"{kind}: {found[kind]} instead of {expected[kind]}")
    return told
