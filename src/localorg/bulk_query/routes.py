"""The paths of Bulk 2.0 query jobs."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg import soql
from localorg.bulk.access import check_access, may_touch
from localorg.bulk.formats import DELIMITERS, LINE_ENDINGS
from localorg.bulk.listing import Listed, page_of_jobs
from localorg.bulk.streaming import StretchesAnswer
from localorg.bulk_query import pages
from localorg.bulk_query.compiling import compiled
from localorg.bulk_query.job import JobRequest, QueryJob
from localorg.bulk_query.jobs import QueryJobs
from localorg.control.fault_kinds import PAGE_DROPPED, PAGE_REPEATED
from localorg.errors import SalesforceError, not_found
from localorg.web import JsonAnswer, org_of, read_object, user_of, version_of

BASE = "/services/data/v{version}/jobs/query"
OPERATIONS = ("query", "queryAll")
PAGES_PER_ANSWER = 5
FIRST_VERSION = 47
FIRST_VERSION_WITH_PAGES = 58


def jobs_of(request: Request) -> QueryJobs:
    """Return the query jobs of the org that a request came to; 404 where they were not yet."""
    _check_version(request, FIRST_VERSION)
    return org_of(request).query_jobs


def _check_version(request: Request, first: int) -> None:
    if float(version_of(request)) < first:
        raise not_found()


async def _create(request: Request) -> JsonAnswer:
    body = await read_object(request)
    return await run_in_threadpool(_created, request, body)


def _created(request: Request, body: Mapping[str, Any]) -> JsonAnswer:
    jobs = jobs_of(request)
    job = jobs.create(_job_request(request, body))
    answer = JsonAnswer(job.summary())  # before the start, so that it says UploadComplete
    jobs.start(job)
    return answer


def _job_request(request: Request, body: Mapping[str, Any]) -> JobRequest:
    operation = _choice(body, "operation", OPERATIONS)
    _choice(body, "contentType", ("CSV",), "CSV")
    statement = _statement(request, body, deleted_too=operation == "queryAll")
    return JobRequest(
        operation=operation,
        version=version_of(request),
        query=body["query"],
        object_name=statement.object_type.name,
        chunked=not statement.order_by and statement.limit is None,
        column_delimiter=_choice(body, "columnDelimiter", tuple(DELIMITERS), "COMMA"),
        line_ending=_choice(body, "lineEnding", tuple(LINE_ENDINGS), "LF"),
        user_id=user_of(request),
    )


def _statement(request: Request, body: Mapping[str, Any], *, deleted_too: bool) -> soql.Statement:
    text = body.get("query")
    if not isinstance(text, str):
        raise _invalid_job("query", text, "SOQL text")
    org, user_id = org_of(request), user_of(request)
    now = org.clock.now()
    return compiled(org, text, user_id=user_id, now=now, deleted_too=deleted_too)


def _choice(
    body: Mapping[str, Any], name: str, allowed: tuple[str, ...], default: str | None = None
) -> str:
    value = body.get(name) or default
    if value not in allowed:
        raise _invalid_job(name, value, f"one of {', '.join(allowed)}")
    return str(value)


def _invalid_job(name: str, value: object, expected: str) -> SalesforceError:
    message = f"{name} is {value!r}; send {expected}"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOB", message)


def _list(request: Request) -> JsonAnswer:
    org, user_id = org_of(request), user_of(request)
    listed = [
        Listed(
            id=job.id,
            job_type="V2Query",
            chunked=job.request.chunked,
            json=job.summary() | {"jobType": "V2Query"},
        )
        for job in jobs_of(request).all()
        if may_touch(org, user_id, job.request.user_id)
    ]
    return JsonAnswer(page_of_jobs(listed, request.query_params, _path(request)))


def _show(request: Request) -> JsonAnswer:
    job = _job(request)
    return JsonAnswer(job.details(jobs_of(request).allowance(job)))


async def _abort(request: Request) -> JsonAnswer:
    body = await read_object(request)
    return await run_in_threadpool(_aborted, request, body)


def _aborted(request: Request, body: Mapping[str, Any]) -> JsonAnswer:
    job = _job(request)
    _choice(body, "state", ("Aborted",))
    jobs_of(request).abort(job)
    return JsonAnswer(job.summary())


def _delete(request: Request) -> Response:
    jobs_of(request).delete(_job(request))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _results(request: Request) -> StretchesAnswer:
    result = _job(request).finished_result(version_of(request))
    sizes = jobs_of(request).settings.pages
    page = pages.page_of(result, request.query_params, sizes)
    faults, target = org_of(request).faults, f"{request.url.path}?{request.url.query}"
    if faults.take(PAGE_DROPPED, target) is not None:
        page = pages.page_after(result, page, sizes)
    if faults.take(PAGE_REPEATED, target) is not None:
        page = pages.repeated(page)
    try:
        return pages.answer(result, page)
    except FileNotFoundError:
        # The job was deleted just now.
        raise not_found() from None


def _result_pages(request: Request) -> JsonAnswer:
    _check_version(request, FIRST_VERSION_WITH_PAGES)
    job = _job(request)
    result = job.finished_result(version_of(request))
    base = f"{_path(request)}/{job.id}"
    sizes = jobs_of(request).settings.pages
    page: pages.Page | None = pages.page_of(result, request.query_params, sizes)
    urls: list[dict[str, str]] = []
    while page is not None and len(urls) < PAGES_PER_ANSWER:
        urls.append({"resultUrl": f"{base}/results?{_parameters(request, page)}"})
        page = None if page.following is None else pages.page_after(result, page, sizes)
    answer: dict[str, Any] = {"resultPages": urls, "done": page is None}
    if page is not None:
        answer["nextRecordsUrl"] = f"{base}/resultPages?{_parameters(request, page)}"
    return JsonAnswer(answer)


def _parameters(request: Request, page: pages.Page) -> str:
    """What asks for a page again: its size goes along where the client chose it."""
    size = request.query_params.get("maxRecords")
    locator = f"locator={pages.locator_of(page.first)}"
    return locator if size is None else f"{locator}&maxRecords={size}"


def _job(request: Request) -> QueryJob:
    """Return the job that a path names; 403 where it is none of the user's business."""
    job = jobs_of(request).find(request.path_params["job_id"])
    check_access(org_of(request), user_of(request), job.request.user_id)
    return job


def _path(request: Request) -> str:
    return BASE.format(version=version_of(request))


# Plain functions: Starlette calls them in a thread.
routes = [
    Route(BASE, _create, methods=["POST"]),
    Route(BASE, _list, methods=["GET"]),
    Route(f"{BASE}/{{job_id}}", _show, methods=["GET"]),
    Route(f"{BASE}/{{job_id}}", _abort, methods=["PATCH"]),
    Route(f"{BASE}/{{job_id}}", _delete, methods=["DELETE"]),
    Route(f"{BASE}/{{job_id}}/results", _results, methods=["GET"]),
    Route(f"{BASE}/{{job_id}}/resultPages", _result_pages, methods=["GET"]),
]
