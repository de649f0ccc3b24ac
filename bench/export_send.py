"""Rows sent end to end: profiles that become contacts, and then the same contacts updated."""

from bench import people, running
from bench.surroundings import MemoryWatch, empty_store, new_folder, org_process

NOBODY = {"leads": 0, "contacts": 0, "persons": 0, "cases": 0}


def measure(size: int) -> dict[str, float]:
    """Figures of sending `size` profiles as new contacts, and all of them again with a change."""
    with (
        new_folder("export") as folder,
        org_process(folder / "org.db", **NOBODY) as process,
        empty_store(process.address),
    ):
        people.set_up(process.address)
        _fill(size)
        with MemoryWatch() as memory:
            inserting = _send("created", size)
            _change()
            updating = _send("updated", size)
    return {
        "records": 2.0 * size,
        "records_per_s": 2 * size / (inserting + updating),
        "inserted_per_s": size / inserting,
        "updated_per_s": size / updating,
        "insert_s": inserting,
        "update_s": updating,
        "peak_rss_mb": memory.worker_mb,
    }


def _fill(size: int) -> None:
    from isthmus.profiles import database

    with database.connected() as session:
        people.fill(session, size)


def _change() -> None:
    from isthmus.profiles import database

    with database.connected() as session:
        people.change(session, 1)
        people.tidy(session)


def _send(outcome: str, size: int) -> float:
    result = running.run("contacts_out")
    if result.counts[outcome] != size:
        raise SystemExit(f"{size} records were to be {outcome}; the export says {result.counts}")
    running.print_steps(f"export_send, {outcome}", result.seconds)
    return running.seconds_of(result)
