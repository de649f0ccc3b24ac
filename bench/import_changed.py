"""Changed leads into a store of five times as many profiles of 40 filled columns, journal on.

The limit is measured in the same run: curl of the same result pages, COPY of them, and one bare
UPDATE … FROM by primary key of the same profiles.
"""

from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from bench import filled_store, import_first, running
from bench.surroundings import MemoryWatch, empty_store, org

TIMES = 5
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def measure(size: int) -> dict[str, float]:
    """Figures of an import that changes three values of each of `size` leads' profiles."""
    with org(leads=size, contacts=0, persons=0, cases=0) as address, empty_store(address):
        import_first.set_up(address)
        filled_store.add_properties()
        with filled_store.staged() as (session, curl_and_copy):
            profiles = _fill(session)
            limit = curl_and_copy + filled_store.change_barely(session)
            session.execute("DROP SCHEMA bare CASCADE")
        with MemoryWatch() as memory:
            result = running.run("leads_in")
    running.print_steps("import_changed", result.seconds)
    records, total = result.counts["received"], running.seconds_of(result)
    return {
        "records": float(records),
        "profiles": float(profiles),
        "updated": float(result.counts["updated"]),
        "seconds": total,
        "records_per_s": records / total,
        "limit_records_per_s": records / limit,
        "ratio_to_limit": total / limit,
        "peak_rss_mb": memory.worker_mb,
        "database_peak_mb": memory.database_mb,
    }


def _fill(session: Connection[Any]) -> int:
    from isthmus.connections.models import Goal

    goal = Goal.objects.get()
    # As after an import long ago: all leads of the org have changed since, and no link is missing.
    goal.read_until, goal.read_version = LONG_AGO, goal.version
    goal.save()
    return filled_store.fill(session, goal=goal.id, version=goal.version, times=TIMES)
