"""Bulk query of leads with 20 fields: curl of the finished job's pages, one after the other."""

from bench.org_client import API, SOQL, OrgClient, signed_in
from bench.surroundings import FOLDER, org_process, timed


def measure(size: int) -> dict[str, float]:
    """Figures of reading `size` leads."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    sizes = {"leads": size, "contacts": 0, "persons": 0, "cases": 0}
    with org_process(FOLDER / f"query-{size}.db", **sizes) as process:
        client = signed_in(process.address)
        with timed() as answering:
            job = client.call("POST", f"{API}/jobs/query", {"operation": "query", "query": SOQL})
            done = client.finished(f"{API}/jobs/query/{job['id']}")
        pages = _pages(client, job["id"])
        with timed() as reading:
            for page in pages:
                client.curl(page)
        records = float(done["numberRecordsProcessed"])
        return {
            "records": records,
            "records_per_s": records / reading[0],
            "seconds": reading[0],
            "job_s": answering[0],
            "org_own_mb": process.own_mb,
            "org_peak_rss_mb": process.peak_rss_mb,
        }


def _pages(client: OrgClient, job_id: str) -> list[str]:
    """The paths of all result pages."""
    path: str | None = f"{API}/jobs/query/{job_id}/resultPages"
    found: list[str] = []
    while path:
        answer = client.call("GET", path)
        found += [page["resultUrl"] for page in answer["resultPages"]]
        path = None if answer["done"] else answer["nextRecordsUrl"]
    return found
