"""A first import in which one record in ten has a value that does not fit, against one without.

A tenth of the leads have a description. One import maps it to a text, the other to a whole number,
which no description is: as many problems as there are descriptions, each a line in the log.
"""

import csv
import io
from importlib.resources import files
from typing import Any

from bench import running
from bench.surroundings import SECRET, MemoryWatch, empty_store, org, own_mb, timed

MEGABYTE = 1_000_000


def measure(size: int) -> dict[str, float]:
    """Figures of two imports of `size` leads, and of writing the log of the second."""
    with org(leads=size, contacts=0, persons=0, cases=0) as address, empty_store(address):
        _set_up(address)
        plain = running.run("leads_in")
        _empty()
        with MemoryWatch() as memory:
            troubled = running.run("leads_troubled")
        log = _log(troubled)
    seconds, usual = running.seconds_of(troubled), running.seconds_of(plain)
    running.print_steps("problems", troubled.seconds)
    return {
        "records": float(troubled.counts["received"]),
        "problems": float(troubled.counts["problems"]),
        "seconds": seconds,
        "records_per_s": troubled.counts["received"] / seconds,
        "records_per_s_without": plain.counts["received"] / usual,
        "ratio_to_without": seconds / usual,
        "peak_rss_mb": memory.worker_mb,
        **log,
    }


def _set_up(address: str) -> None:
    """The goal of the first import, and the same with the property of the other type."""
    from isthmus import blueprint

    text = files("bench").joinpath("import_first.yaml").read_text(encoding="utf-8")
    kinds = "".join(
        f"  - {{key: description_{kind}, label: Description, type: {kind}}}\n"
        for kind in ("text", "integer")
    )
    start = text.index("      - key: leads_in")
    head, goal = text[:start].replace("connections:", f"{kinds}connections:", 1), text[start:]
    plain = _with_description(goal, "text")
    troubled = _with_description(goal, "integer").replace("leads_in", "leads_troubled")
    environment = {"ORG_URL": address, "ORG_SECRET": SECRET}
    document = head + plain + troubled
    blueprint.apply(blueprint.read(document, name="problems.yaml", environment=environment))


def _with_description(goal: str, kind: str) -> str:
    row = f"        fields:\n          - {{field: Description, property: description_{kind}}}"
    return goal.replace("        fields:", row, 1)


def _empty() -> None:
    """A store without profiles again, so that both imports are first ones."""
    from isthmus.profiles import database

    with database.connected() as session:
        session.execute("TRUNCATE store.profile, store.identifier, store.record_link")


def _log(result: Any) -> dict[str, float]:
    """Write the whole log, and check that it has a line for each record and for each problem."""
    import os

    from isthmus.connections import reading
    from isthmus.connections.models import Run

    run = Run.objects.get(id=result.run_id)
    own = own_mb(os.getpid())
    peak, size, told = own, 0, _Told()
    with timed() as taken:
        for number, chunk in enumerate(reading.log_csv(run)):
            size += len(chunk)
            told.read(bytes(chunk))
            if number % 10_000 == 0:
                peak = max(peak, own_mb(os.getpid()))
    counts = result.counts
    changed = sum(counts[outcome] for outcome in ("created", "updated", "removed"))
    others = sum(counts["skipped"].values()) + sum(counts["failed"].values())
    expected = {"problems": counts["problems"], "records": changed + others}
    if told.counts() != expected or len(told.records) != counts["problems"]:
        raise SystemExit(f"The log has {told.counts()}, and the run {expected}.")
    return {
        "log_lines": float(told.lines),
        "log_mb": size / MEGABYTE,
        "log_s": taken[0],
        "log_mb_more_memory": peak - own,
    }


class _Told:
    """What a log says, read line by line as it comes."""

    def __init__(self) -> None:
        self.lines = self.whole = 0
        self.records: set[str] = set()

    def read(self, line: bytes) -> None:
        """One line: PostgreSQL sends whole rows."""
        self.lines += 1
        [cells] = csv.reader(io.StringIO(line.decode()))
        _, _, _, record, _, field, *_ = cells
        if field == "Description":
            self.records.add(record)
        elif record.startswith("00Q"):
            self.whole += 1

    def counts(self) -> dict[str, int]:
        """Problems, and records with an outcome."""
        return {"problems": len(self.records), "records": self.whole}
