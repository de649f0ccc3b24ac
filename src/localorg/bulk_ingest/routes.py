"""The paths of Bulk 2.0 ingest jobs."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.bulk.access import check_access, check_creator, may_touch
from localorg.bulk.listing import Listed, page_of_jobs
from localorg.bulk.states import State
from localorg.bulk.streaming import StretchesAnswer
from localorg.bulk_ingest.creation import new_job
from localorg.bulk_ingest.errors import invalid_job, too_large, wrong_state
from localorg.bulk_ingest.job import IngestJob
from localorg.bulk_ingest.jobs import IngestJobs
from localorg.bulk_ingest.multipart import parts_of
from localorg.bulk_ingest.results import Kind, result_file, result_stretches
from localorg.errors import json_parser_error, not_found
from localorg.web import JsonAnswer, org_of, read_body, read_object, user_of, version_of

FIRST_VERSION = 41
# 150 MB once the data is base64, which makes four bytes of three.
MOST_BYTES = 150 * 1024 * 1024 * 3 // 4
_MOST_MULTIPART_CHARACTERS = 100_000
_BYTES_AT_ONCE = 1 << 20
# An aborted job finishes its chunk before its results are whole.
_MOST_WAIT_SECONDS = 30


def jobs_of(request: Request) -> IngestJobs:
    """The ingest jobs of the org that a request came to; 404 where they were not yet."""
    if float(version_of(request)) < FIRST_VERSION:
        raise not_found()
    return org_of(request).ingest_jobs


def _job(request: Request) -> IngestJob:
    """The job that a path names; 403 where it is none of the user's business."""
    job = jobs_of(request).find(request.path_params["job_id"])
    check_access(org_of(request), user_of(request), job.facts.created_by_id)
    return job


def _own_job(request: Request) -> IngestJob:
    job = _job(request)
    check_creator(user_of(request), job.facts.created_by_id)
    return job


async def _create(request: Request) -> JsonAnswer:
    content_type = request.headers.get("content-type", "")
    if content_type.lower().startswith("multipart/form-data"):
        body = await read_body(request)
        return await run_in_threadpool(_created_filled, request, content_type, body)
    return await run_in_threadpool(_created, request, await read_object(request))


def _created(request: Request, body: dict[str, Any], content: bytes | None = None) -> JsonAnswer:
    jobs = jobs_of(request)
    org, version = org_of(request), version_of(request)
    job = jobs.create(new_job(org, body, user_id=user_of(request), version=version), content)
    answer = JsonAnswer(job.as_json())  # before the start, so that it says UploadComplete
    if content is not None:
        jobs.start(job)
    return answer


def _created_filled(request: Request, content_type: str, body: bytes) -> JsonAnswer:
    parts = parts_of(content_type, body)
    content = parts.get("content")
    if "job" not in parts or content is None:
        raise json_parser_error("The parts 'job' and 'content' are expected")
    characters = len(content.decode("utf-8", "replace"))
    if characters > _MOST_MULTIPART_CHARACTERS:
        raise too_large(f"{characters} characters", f"{_MOST_MULTIPART_CHARACTERS} characters")
    return _created(request, _parsed(parts["job"]), content)


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise json_parser_error(message) from None
    if not isinstance(body, dict):
        raise json_parser_error("A JSON object is expected at [line:1, column:1]")
    return body


async def _upload(request: Request) -> Response:
    job = await run_in_threadpool(_own_job, request)
    jobs = jobs_of(request)
    path = jobs.begin_upload(job)
    try:
        await _write(path, request.stream())
    except FileNotFoundError:
        # The job was forgotten meanwhile, and its folder with it.
        raise not_found() from None
    except BaseException:
        await run_in_threadpool(jobs.drop_upload, job)
        raise
    await run_in_threadpool(jobs.end_upload, job)
    return Response(status_code=HTTPStatus.CREATED)


async def _write(path: Path, chunks: AsyncIterator[bytes]) -> None:
    """Write what comes to a file, a good deal at a time."""
    size, waiting = 0, bytearray()
    with await run_in_threadpool(path.open, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                raise too_large(f"more than {MOST_BYTES} bytes", f"{MOST_BYTES} bytes")
            waiting += chunk
            if len(waiting) >= _BYTES_AT_ONCE:
                await run_in_threadpool(file.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(file.write, bytes(waiting))


async def _change(request: Request) -> JsonAnswer:
    state = (await read_object(request)).get("state")
    return await run_in_threadpool(_changed, request, state)


def _changed(request: Request, state: object) -> JsonAnswer:
    if state == State.UPLOAD_COMPLETE:
        return JsonAnswer(jobs_of(request).close(_own_job(request)))
    if state == State.ABORTED:
        return JsonAnswer(jobs_of(request).abort(_job(request)))
    _job(request)
    raise invalid_job(f"State '{state}' can't be set. UploadComplete and Aborted can.")


def _show(request: Request) -> JsonAnswer:
    return JsonAnswer(_job(request).as_detailed_json())


def _list(request: Request) -> JsonAnswer:
    org, user_id = org_of(request), user_of(request)
    listed = [
        Listed(
            id=job.id,
            job_type="V2Ingest",
            chunked=False,
            json=job.as_json() | {"jobType": "V2Ingest"},
        )
        for job in jobs_of(request).all()
        if may_touch(org, user_id, job.facts.created_by_id)
    ]
    path = f"/services/data/v{version_of(request)}/jobs/ingest"
    return JsonAnswer(page_of_jobs(listed, request.query_params, path))


def _delete(request: Request) -> Response:
    jobs_of(request).delete(_job(request))
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _results(request: Request) -> StretchesAnswer:
    job = _job(request)
    kind = request.path_params["kind"].lower()
    if kind not in set(Kind):
        raise not_found()
    if not job.ended or not job.finished.wait(_MOST_WAIT_SECONDS):
        raise wrong_state(f"The job has no results yet: its state is {job.state.value}.")
    try:
        stretches = result_stretches(job, Kind(kind))
        return StretchesAnswer(b"", result_file(job, Kind(kind)), stretches, {})
    except FileNotFoundError:
        # The job was deleted just now.
        raise not_found() from None


_INGEST = "/services/data/v{version}/jobs/ingest"
_ONE = _INGEST + "/{job_id}"
# Plain functions: Starlette calls them in a thread.
routes = [
    Route(_INGEST, _create, methods=["POST"]),
    Route(_INGEST, _list, methods=["GET"]),
    Route(_ONE, _show, methods=["GET"]),
    Route(_ONE, _change, methods=["PATCH"]),
    Route(_ONE, _delete, methods=["DELETE"]),
    Route(_ONE + "/batches", _upload, methods=["PUT"]),
    Route(_ONE + "/{kind}", _results, methods=["GET"]),
]
