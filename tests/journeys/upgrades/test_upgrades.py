"""The store of each earlier release is brought up to this version, and goes on as it would have."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from journeys.kills.looking import contact_ids, differences
from journeys.upgrades.kept import RELEASES, dump_of, opened

_COUNTS = """SELECT (SELECT count(*) FROM store.profile), (SELECT count(*) FROM store.identifier),
    (SELECT count(*) FROM store.record_link), (SELECT count(*) FROM store.run_problem),
    (SELECT count(*) FROM store.run_record), (SELECT count(*) FROM store.change),
    (SELECT count(*) FROM connections_run), (SELECT count(*) FROM connections_goal),
    (SELECT count(*) FROM profiles_segment), (SELECT count(*) FROM profiles_property)"""


def asked(conninfo: str, statement: str) -> Any:
    with psycopg.connect(conninfo) as session:
        return session.execute(statement.encode()).fetchall()


@pytest.mark.parametrize("release", RELEASES)
def test_a_store_of_an_earlier_release_goes_on_where_it_stood(
    release: str, home_template: Path
) -> None:
    with opened(release, home_template) as kept:
        there = asked(kept.conninfo, _COUNTS)
        fresh = kept.command.expect("migrate")
        again = kept.command.expect("migrate")
        assert asked(kept.conninfo, _COUNTS) == there
        assert all(number > 0 for number in there[0])
        assert "The database is ready." in fresh.err + again.err

        document = kept.command.expect("config", "export").out
        for key in ("leads_in", "contacts_in", "leads_out", "contacts_out", "gold_out", "second"):
            assert f"key: {key}" in document
        # Nobody gave them a time: they run by hand, as they did.
        assert asked(kept.conninfo, "SELECT DISTINCT due_at FROM connections_connection") == [
            (None,)
        ]
        # The clock of the org is hours ahead by now.
        findings = kept.command.json("doctor", status=3)["findings"]
        assert [each["what"] for each in findings if not each["ok"]] == ["connection acme"]
        sealed = {each["what"]: each["detail"] for each in findings}
        assert sealed["stored secrets"] == "all are sealed with the first key"

        before = contact_ids(kept.org)
        kept.run_twice()
        after = dump_of(kept.org, kept.conninfo, before)

    assert differences(kept.expected, after) == []


_SCHEMA = r"""
    SELECT 'column', table_schema || '.' || table_name, column_name,
        concat_ws(' ', data_type, is_nullable, column_default)
    FROM information_schema.columns
    WHERE table_schema IN ('public', 'store')
        AND NOT (table_name = 'profile' AND column_name LIKE 'p\_%')
    UNION ALL SELECT 'index', schemaname || '.' || tablename, indexname, indexdef
    FROM pg_indexes WHERE schemaname IN ('public', 'store')
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint
    WHERE connamespace IN ('public'::regnamespace, 'store'::regnamespace) AND contype <> 'n'
    UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function', pronamespace::regnamespace::text, proname, md5(prosrc)
    FROM pg_proc WHERE pronamespace IN ('public'::regnamespace, 'store'::regnamespace)"""
_PARTITION = re.compile(r"_\d{8}\b")
_OF_PROPERTIES = re.compile(r"profile_p_|\bprofile_property_")


def schema(conninfo: str) -> set[tuple[str, ...]]:
    """All tables with what belongs to them, but partitions and what properties have made."""
    return {
        row
        for row in asked(conninfo, _SCHEMA)
        if not any(_PARTITION.search(str(each)) for each in row[1:3])
        and not _OF_PROPERTIES.search(f"{row[1]} {row[2]}")
    }


@pytest.mark.parametrize("release", RELEASES)
def test_the_tables_of_an_earlier_release_become_those_of_a_fresh_store(
    release: str, home_template: Path
) -> None:
    with opened(release, home_template) as kept:
        kept.command.expect("migrate")
        migrated = schema(kept.conninfo)
        with psycopg.connect(kept.conninfo, autocommit=True) as session:
            session.execute("CREATE DATABASE fresh")
        fresh = psycopg.conninfo.make_conninfo(kept.conninfo, dbname="fresh")
        kept.command.set(DATABASE_URL=fresh).expect("migrate")
        assert schema(fresh) ^ migrated == set()
