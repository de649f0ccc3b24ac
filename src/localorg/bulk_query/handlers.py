"""The paths of Bulk 2.0 query jobs."""

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg import soql
from localorg.bulk_query.job import DELIMITERS, LINE_ENDINGS, JobRequest, QueryJob
from localorg.bulk_query.jobs import QueryJobs
from localorg.bulk_query.pages import PageAnswer, locator_of, page_of
from localorg.bulk_query.restrictions import check_columns, check_query
from localorg.errors import SalesforceError
from localorg.query.cursors import invalid_locator
from localorg.web import JsonAnswer, org_of, read_object, user_of, version_of

BASE = "/services/data/v{version}/jobs/query"
OPERATIONS = ("query", "queryAll")
JOBS_PER_PAGE = 1_000
PAGES_PER_ANSWER = 5


def jobs_of(request: Request) -> QueryJobs:
    """Return the query jobs of the org that a request came to."""
    state = request.app.state
    if not hasattr(state, "query_jobs"):
        state.query_jobs = QueryJobs(org_of(request))
    jobs: QueryJobs = state.query_jobs
    return jobs


async def _create(request: Request) -> JsonAnswer:
    body = await read_object(request)
    job_request = await run_in_threadpool(_job_request, request, body)
    jobs = jobs_of(request)
    job = jobs.create(job_request)
    answer = JsonAnswer(job.summary())  # before the start, so that it says UploadComplete
    jobs.start(job)
    return answer


def _job_request(request: Request, body: Mapping[str, Any]) -> JobRequest:
    operation = _choice(body, "operation", OPERATIONS)
    _choice(body, "contentType", ("CSV",), "CSV")
    return JobRequest(
        operation=operation,
        version=version_of(request),
        statement=_statement(request, body, deleted_too=operation == "queryAll"),
        column_delimiter=_choice(body, "columnDelimiter", tuple(DELIMITERS), "COMMA"),
        line_ending=_choice(body, "lineEnding", tuple(LINE_ENDINGS), "LF"),
        user_id=user_of(request),
    )


def _statement(request: Request, body: Mapping[str, Any], *, deleted_too: bool) -> soql.Statement:
    text = body.get("query")
    if not isinstance(text, str):
        raise _invalid_job("query", text, "SOQL text")
    org = org_of(request)
    query = soql.parse(text)
    check_query(query, org.schema)
    compiler = soql.Compiler(schema=org.schema, now=org.clock.now(), include_deleted=deleted_too)
    statement = compiler.compile(query)
    check_columns(statement)
    return statement


def _choice(
    body: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str | None = None
) -> str:
    value = body.get(name) or default
    if value not in allowed:
        raise _invalid_job(name, value, f"one of {', '.join(allowed)}")
    return str(value)


def _invalid_job(name: str, value: object, expected: str) -> SalesforceError:
    message = f"{name} is {value!r}; send {expected}"
    return SalesforceError(400, "INVALIDJOB", message)


async def _list(request: Request) -> JsonAnswer:
    wanted = request.query_params
    start = _start(wanted.get("queryLocator", ""))
    jobs = [job for job in jobs_of(request).all() if _fits(job, wanted)]
    end = start + JOBS_PER_PAGE
    done = end >= len(jobs)
    path = f"{_path(request)}?queryLocator={locator_of(end)}"
    records = [job.summary() | {"jobType": "V2Query"} for job in jobs[start:end]]
    return JsonAnswer({"done": done, "records": records, "nextRecordsUrl": None if done else path})


def _start(locator: str) -> int:
    page = locator or locator_of(0)
    for first in range(0, JOBS_PER_PAGE * JOBS_PER_PAGE, JOBS_PER_PAGE):
        if locator_of(first) == page:
            return first
    raise invalid_locator()


def _fits(job: QueryJob, wanted: Mapping[str, str]) -> bool:
    chunking = wanted.get("isPkChunkingEnabled", "").lower()
    return (
        wanted.get("jobType", "V2Query").lower() == "v2query"
        and wanted.get("concurrencyMode", "Parallel").lower() == "parallel"
        and chunking in {"", str(job.chunked).lower()}
    )


async def _show(request: Request) -> JsonAnswer:
    return JsonAnswer(_job(request).details())


async def _abort(request: Request) -> JsonAnswer:
    job = _job(request)
    _choice(await read_object(request), "state", ("Aborted",))
    jobs_of(request).abort(job)
    return JsonAnswer(job.summary())


async def _delete(request: Request) -> Response:
    jobs_of(request).delete(_job(request))
    return Response(status_code=204)


async def _results(request: Request) -> PageAnswer:
    result = _job(request).finished_result(version_of(request))
    page_records = jobs_of(request).settings.page_records
    return PageAnswer(result, page_of(result, request.query_params, page_records))


async def _result_pages(request: Request) -> JsonAnswer:
    job = _job(request)
    result = job.finished_result(version_of(request))
    page_records = jobs_of(request).settings.page_records
    first = page_of(result, request.query_params, page_records).first
    locators = [locator_of(n) for n in range(first, max(result.records, 1), page_records)]
    base = f"{_path(request)}/{job.id}"
    urls = [f"{base}/results?locator={locator}" for locator in locators[:PAGES_PER_ANSWER]]
    answer: dict[str, Any] = {"resultPages": [{"resultUrl": url} for url in urls]}
    if len(locators) > PAGES_PER_ANSWER:
        answer["nextRecordsUrl"] = f"{base}/resultPages?locator={locators[PAGES_PER_ANSWER]}"
    return JsonAnswer(answer | {"done": len(locators) <= PAGES_PER_ANSWER})


def _job(request: Request) -> QueryJob:
    return jobs_of(request).find(request.path_params["job_id"])


def _path(request: Request) -> str:
    return BASE.format(version=version_of(request))


routes = [
    Route(BASE, _create, methods=["POST"]),
    Route(BASE, _list, methods=["GET"]),
    Route(f"{BASE}/{{job_id}}", _show, methods=["GET"]),
    Route(f"{BASE}/{{job_id}}", _abort, methods=["PATCH"]),
    Route(f"{BASE}/{{job_id}}", _delete, methods=["DELETE"]),
    Route(f"{BASE}/{{job_id}}/results", _results, methods=["GET"]),
    Route(f"{BASE}/{{job_id}}/resultPages", _result_pages, methods=["GET"]),
]
