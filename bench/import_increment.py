"""Imports of the same number of changes into a small store and into one five times as large."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bench import filled_store, import_first, running
from bench.org_client import API, OrgClient, signed_in
from bench.surroundings import empty_store, new_folder, org_process

if TYPE_CHECKING:
    from isthmus.connections.models import RunGoal

CHANGED = 0.01
LARGER = 5


def measure(size: int) -> dict[str, float]:
    """Figures of importing changes of 1 % of `size` leads, with that many profiles and 5 times."""
    changes = max(1, int(size * CHANGED))
    amounts = {"leads": size, "contacts": 0, "persons": 0, "cases": 0}
    with (
        new_folder("increment") as folder,
        org_process(folder / "org.db", **amounts) as process,
        empty_store(process.address),
    ):
        import_first.set_up(process.address)
        filled_store.add_properties()
        client = signed_in(process.address)
        small, large = (_seconds(client, times, changes) for times in (1, LARGER))
    return {
        "changes": float(changes),
        "small_store_s": small,
        "large_store_s": large,
        "changes_per_s": changes / large,
        "large_to_small": large / small,
    }


def _seconds(client: OrgClient, times: int, changes: int) -> float:
    ids = _fill(times)
    _change(client, ids[:changes], f"Changed {times}")
    result = running.run("leads_in")
    _check(result, changes)
    running.print_steps(f"import_increment, {times} profiles for each lead", result.seconds)
    return running.seconds_of(result)


def _fill(times: int) -> list[str]:
    """Make the store as of now; the ids of leads that can be changed."""
    from isthmus.connections.models import Goal

    goal = Goal.objects.get()
    with filled_store.staged() as (session, _):
        filled_store.fill(session, goal=goal.id, version=goal.version, times=times)
        rows = session.execute('SELECT "Id" FROM bare.person ORDER BY md5("Id")').fetchall()
        session.execute("DROP SCHEMA bare CASCADE")
    goal.read_until, goal.read_version = datetime.now(UTC), goal.version
    goal.connection.overlap_seconds = 0
    goal.connection.save()
    goal.save()
    return [row[0] for row in rows]


def _change(client: OrgClient, ids: list[str], value: str) -> None:
    """Give leads another title and city."""
    content = {"object": "Lead", "operation": "update", "lineEnding": "LF"}
    job = client.call("POST", f"{API}/jobs/ingest", content)
    path = f"{API}/jobs/ingest/{job['id']}"
    lines = ["Id,Title,City", *(f"{record_id},{value},{value}" for record_id in ids)]
    client.send("PUT", f"{path}/batches", "\n".join([*lines, ""]).encode(), "text/csv")
    client.call("PATCH", path, {"state": "UploadComplete"})
    done = client.finished(path)
    if done["numberRecordsFailed"]:
        raise SystemExit(f"The org refused changes: {done}")
    # A window ends before the second that is going on.
    time.sleep(1.1)


def _check(result: "RunGoal", changes: int) -> None:
    if result.counts["updated"] != changes:
        raise SystemExit(f"{changes} leads were changed and the import says {result.counts}")
