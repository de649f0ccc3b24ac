"""Settings that depend on the machine are ones that PostgreSQL accepts."""

from pathlib import Path

import psycopg
import pytest

from isthmus import embedded

PARALLEL_SUM = "SELECT sum(n::bigint) FROM numbers"


@pytest.mark.parametrize("kind", ["posix", "sysv", "mmap"])
def test_parallel_queries_work_with_each_kind_of_shared_memory(home: Path, kind: str) -> None:
    eager = {"dynamic_shared_memory_type": kind, "min_parallel_table_scan_size": "0"}
    eager |= {"parallel_setup_cost": "0", "parallel_tuple_cost": "0"}
    with (
        embedded.running(home, settings=eager) as server,
        psycopg.connect(server.conninfo) as connection,
    ):
        connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 200000) AS n")
        plan = connection.execute("EXPLAIN ANALYZE SELECT sum(n::bigint) FROM numbers").fetchall()
        assert connection.execute(PARALLEL_SUM).fetchone() == (20_000_100_000,)
    assert any("Workers Launched" in line for (line,) in plan)


def test_no_setting_is_refused_or_unknown(home: Path) -> None:
    wrong = "SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL"
    with (
        embedded.running(home) as server,
        psycopg.connect(server.conninfo, user="postgres") as connection,
    ):
        assert connection.execute(wrong).fetchall() == []
        row = connection.execute("SELECT current_setting('log_error_verbosity')").fetchone()
    assert row == ("terse",)
