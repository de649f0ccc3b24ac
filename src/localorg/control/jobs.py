"""How fast Bulk jobs get on, the size of their pages, and how much the org allows in a day."""

import math
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from localorg.bulk.progress import MODES, Pace
from localorg.bulk_ingest.job import IngestJob
from localorg.bulk_query.job import QueryJob
from localorg.errors import SalesforceError
from localorg.limits.storage import used
from localorg.org import Org
from localorg.web import JsonAnswer, org_of, read_object

_PROGRESS = ("progress", "seconds_per_state", "records_per_second", "page_records")


def _shown(org: Org) -> dict[str, Any]:
    pages = {"page_records": org.query_jobs.settings.pages.records}
    return org.job_progress.pace.as_json() | pages


def _show(request: Request) -> JsonAnswer:
    return JsonAnswer(_shown(org_of(request)))


async def _set(request: Request) -> JsonAnswer:
    body = await read_object(request)
    return await run_in_threadpool(_set_now, org_of(request), body)


def _set_now(org: Org, body: dict[str, Any]) -> JsonAnswer:
    _check_names(body, _PROGRESS)
    before = org.job_progress.pace
    mode = body.get("progress", before.mode)
    if mode not in MODES:
        raise _bad(f"'progress' is {mode!r}. It can be {', '.join(MODES)}.")
    rate = body.get("records_per_second", before.records_per_second)
    pace = Pace(
        mode=mode,
        seconds_per_state=_number(body, "seconds_per_state", before.seconds_per_state),
        records_per_second=None if rate is None else _number(body, "records_per_second", rate),
    )
    jobs = org.query_jobs
    records = _whole(body, "page_records", jobs.settings.pages.records, least=1)
    jobs.settings = replace(jobs.settings, pages=replace(jobs.settings.pages, records=records))
    org.job_progress.set(pace)
    return JsonAnswer(_shown(org))


async def _step(request: Request) -> JsonAnswer:
    body = await read_object(request) if await request.body() else {}
    return await run_in_threadpool(_step_now, org_of(request), body)


def _step_now(org: Org, body: dict[str, Any]) -> JsonAnswer:
    """Let one job or all jobs that wait go one state further."""
    _check_names(body, ("id",))
    wanted = body.get("id")
    moved = []
    for query_job in org.query_jobs.all():
        if _waits(query_job, wanted):
            org.query_jobs.step(query_job)
            moved.append({"id": query_job.id, "state": query_job.state.value})
    for ingest_job in org.ingest_jobs.all():
        if _waits(ingest_job, wanted):
            org.ingest_jobs.step(ingest_job)
            moved.append({"id": ingest_job.id, "state": ingest_job.state.value})
    if wanted is not None and not moved:
        raise _bad(f"'id' is {wanted!r}: no job of that id is in UploadComplete or InProgress.")
    return JsonAnswer({"jobs": moved})


def _waits(job: QueryJob | IngestJob, wanted: str | None) -> bool:
    return job.closed is not None and not job.ended and wanted in {None, job.id}


def _show_limits(request: Request) -> JsonAnswer:
    org = org_of(request)
    limits = {
        name: {"most": most, "used": used(org, name)} for name, most in org.usage.limits.items()
    }
    return JsonAnswer(limits)


async def _set_limits(request: Request) -> JsonAnswer:
    usage, body = org_of(request).usage, await read_object(request)
    _check_names(body, tuple(usage.limits))
    for name in body:
        _whole(body, name, 0, least=0)
    for name, most in body.items():
        usage.limit(name, most)
    return await run_in_threadpool(_show_limits, request)


def _check_names(body: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in body:
        if name not in known:
            raise _bad(f"'{name}' is unknown. Known are: {', '.join(known)}.")


def _number(body: dict[str, Any], name: str, default: float) -> float:
    value = body.get(name, default)
    proper = isinstance(value, int | float) and not isinstance(value, bool)
    if not proper or not math.isfinite(value) or value < 0:
        raise _bad(f"'{name}' is {value!r}. It has to be a number of at least 0.")
    return float(value)


def _whole(body: dict[str, Any], name: str, default: int, *, least: int) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise _bad(f"'{name}' is {value!r}. It has to be a whole number of at least {least}.")
    return value


def _bad(message: str) -> SalesforceError:
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_CONTROL", message)


routes: list[BaseRoute] = [
    Route("/_localorg/jobs", _show, methods=["GET"]),
    Route("/_localorg/jobs", _set, methods=["POST", "PUT"]),
    Route("/_localorg/jobs/step", _step, methods=["POST"]),
    Route("/_localorg/limits", _show_limits, methods=["GET"]),
    Route("/_localorg/limits", _set_limits, methods=["POST", "PUT"]),
]
