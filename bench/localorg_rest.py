"""REST reads one after the other: query pages of 2,000 leads with 20 fields, and single leads."""

import random
import time
from urllib.parse import quote

from bench.org_client import API, FIELDS, SOQL, OrgClient, percentile_ms, signed_in
from bench.surroundings import FOLDER, org_process

_MOST_PAGES = 200
_SINGLE_READS = 500


def measure(size: int) -> dict[str, float]:
    """Figures of reading an org of `size` leads; the first page, which runs the query, is apart."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    sizes = {"leads": size, "contacts": 0, "persons": 0, "cases": 0}
    with org_process(FOLDER / f"rest-{size}.db", **sizes) as process:
        client = signed_in(process.address)
        first, pages = _pages(client)
        records = _single_reads(client)
        return {
            "p95_ms": percentile_ms(pages, 0.95),
            "p50_ms": percentile_ms(pages, 0.5),
            "first_page_ms": first * 1000,
            "record_p95_ms": percentile_ms(records, 0.95),
            "pages": float(len(pages)),
            "org_own_mb": process.own_mb,
            "org_peak_rss_mb": process.peak_rss_mb,
        }


def _pages(client: OrgClient) -> tuple[float, list[float]]:
    """Seconds of the first page, and of each after it; reading the JSON is left out."""
    taken: list[float] = []
    path: str | None = f"{API}/query?q={quote(SOQL)}"
    while path and len(taken) <= _MOST_PAGES:
        started = time.perf_counter()
        body = client.send("GET", path, None, "application/json")
        taken.append(time.perf_counter() - started)
        path = _next(body)
    return taken[0], taken[1:] or taken


def _next(body: bytes) -> str | None:
    """The path of the next page, found without reading the records."""
    _, found, rest = body.partition(b'"nextRecordsUrl":"')
    return rest[: rest.index(b'"')].decode() if found else None


def _single_reads(client: OrgClient) -> list[float]:
    soql = quote("SELECT Id FROM Lead LIMIT 2000")
    ids = [each["Id"] for each in client.call("GET", f"{API}/query?q={soql}")["records"]]
    chance, taken = random.Random(1), []
    for _ in range(_SINGLE_READS):
        path = f"{API}/sobjects/Lead/{chance.choice(ids)}?fields={','.join(FIELDS)}"
        started = time.perf_counter()
        client.send("GET", path, None, "application/json")
        taken.append(time.perf_counter() - started)
    return taken
