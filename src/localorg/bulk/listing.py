"""One page of a list of jobs."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from localorg.bulk.errors import invalid_locator

JOBS_PER_PAGE = 1_000
_PREFIX = "after-"
_FILTERS = ("jobType", "concurrencyMode", "isPkChunkingEnabled")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A job as the list knows it."""

    id: str
    # V2Query or V2Ingest.
    job_type: str
    chunked: bool
    json: dict[str, Any]


def page_of_jobs(jobs: Sequence[Listed], query: Mapping[str, str], path: str) -> dict[str, Any]:
    """The jobs that fit the parameters, from the locator on; `jobs` stand in the order of ids.

    Raises:
        SalesforceError: 400 INVALID_QUERY_LOCATOR.

    """
    after = _id_in(query.get("queryLocator", ""))
    wanted = [job for job in jobs if job.id > after and _fits(job, query)]
    shown, more = wanted[:JOBS_PER_PAGE], len(wanted) > JOBS_PER_PAGE
    following = _following(path, query, shown[-1].id) if more else None
    records = [job.json for job in shown]
    return {"done": not more, "records": records, "nextRecordsUrl": following}


def _following(path: str, query: Mapping[str, str], job_id: str) -> str:
    """Where the list goes on, with the parameters that jobs have to fit."""
    kept = {name: query[name] for name in _FILTERS if name in query}
    return f"{path}?{urlencode({'queryLocator': _locator(job_id)} | kept)}"


def _fits(job: Listed, query: Mapping[str, str]) -> bool:
    chunking = query.get("isPkChunkingEnabled", "").lower()
    return (
        query.get("jobType", job.job_type).lower() == job.job_type.lower()
        and query.get("concurrencyMode", "Parallel").lower() == "parallel"
        and chunking in {"", str(job.chunked).lower()}
    )


def _locator(job_id: str) -> str:
    return base64.urlsafe_b64encode(f"{_PREFIX}{job_id}".encode()).decode().rstrip("=")


def _id_in(locator: str) -> str:
    if not locator:
        return ""
    try:
        text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith(_PREFIX):
        raise invalid_locator()
    return text.removeprefix(_PREFIX)
