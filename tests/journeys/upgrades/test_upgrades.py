"""The store of each earlier release is brought up to this version, and goes on as it would have."""

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
