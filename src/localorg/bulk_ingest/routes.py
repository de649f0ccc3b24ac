import asyncio
import shutil
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from localorg.bulk_ingest.creation import invalid_job, new_job
from localorg.bulk_ingest.job import ENDED, IngestJob, State
from localorg.bulk_ingest.multipart import parts_of
from localorg.bulk_ingest.processing import process
from localorg.bulk_ingest.results import Kind, result_file
from localorg.errors import SalesforceError, json_parser_error, not_found
from localorg.ids import normalised_id
from localorg.org import Org
from localorg.web import JsonAnswer, org_of, read_body, read_object, user_of, version_of

_MOST_BYTES = 150 * 1024 * 1024
_MOST_MULTIPART_CHARACTERS = 100_000
_MOST_LISTED = 1000
# An aborted job finishes its chunk before its results are whole.
_MOST_WAIT_SECONDS = 30


def _jobs(request: Request) -> dict[str, IngestJob]:
    """The ingest jobs of the org that a request came to, by id."""
    state = request.app.state
    if not hasattr(state, "ingest_jobs"):
        state.ingest_jobs = {}
    jobs: dict[str, IngestJob] = state.ingest_jobs
    return jobs


def _job(request: Request) -> IngestJob:
    job_id = normalised_id(request.path_params["job_id"])
    job = _jobs(request).get(job_id) if job_id else None
    if job is None:
        raise not_found()
    return job


async def _create(request: Request) -> JsonAnswer:
    content_type = request.headers.get("content-type", "")
    if content_type.lower().startswith("multipart/form-data"):
        return await _create_filled(request, content_type)
    return JsonAnswer(_add(request, await read_object(request)).as_json())


async def _create_filled(request: Request, content_type: str) -> JsonAnswer:
    parts = parts_of(content_type, await read_body(request))
    content = parts.get("content")
    if "job" not in parts or content is None:
        raise json_parser_error("The parts 'job' and 'content' are expected")
    if len(content.decode("utf-8", "replace")) > _MOST_MULTIPART_CHARACTERS:
        raise _too_large(len(content), _MOST_MULTIPART_CHARACTERS)
    job = _add(request, _parsed(parts["job"]))
    job.upload.write_bytes(content)
    job.uploaded = True
    return JsonAnswer(_start(org_of(request), job))


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = f"{error.msg} at [line:{error.lineno}, column:{error.colno}]"
        raise json_parser_error(message) from None
    if not isinstance(body, dict):
        raise json_parser_error("A JSON object is expected at [line:1, column:1]")
    return body


def _add(request: Request, body: dict[str, Any]) -> IngestJob:
    job = new_job(org_of(request), body, user_id=user_of(request), version=version_of(request))
    _jobs(request)[job.id] = job
    return job


async def _upload(request: Request) -> Response:
    job = _job(request)
    if job.state is not State.OPEN or job.uploaded:
        raise _wrong_state(f"The job takes no data: its state is {job.state.value}.")
    job.uploaded = True
    try:
        await _write(job, request.stream())
    except BaseException:
        job.uploaded = False
        raise
    return Response(status_code=HTTPStatus.CREATED)


async def _write(job: IngestJob, chunks: AsyncIterator[bytes]) -> None:
    size = 0
    file = await asyncio.to_thread(job.upload.open, "wb")
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > _MOST_BYTES:
                raise _too_large(size, _MOST_BYTES)
            file.write(chunk)
    finally:
        file.close()


async def _change(request: Request) -> JsonAnswer:
    org, job = org_of(request), _job(request)
    state = (await read_object(request)).get("state")
    if state == State.UPLOAD_COMPLETE:
        return JsonAnswer(_start(org, job))
    if state == State.ABORTED:
        return JsonAnswer(_abort(org, job))
    raise invalid_job(f"State '{state}' can't be set. UploadComplete and Aborted can.")


def _start(org: Org, job: IngestJob) -> dict[str, Any]:
    """Close the upload, and answer the job as it is before the work begins."""
    with job.lock:
        if job.state is not State.OPEN:
            raise _wrong_state(f"The job can't be closed: its state is {job.state.value}.")
        job.move(State.UPLOAD_COMPLETE, org.clock)
    answer = job.as_json()
    org.ingest_worker.submit(process, org, job)
    return answer


def _abort(org: Org, job: IngestJob) -> dict[str, Any]:
    with job.lock:
        if job.state in ENDED:
            raise _wrong_state("Aborting already Completed Job not allowed")
        was_open = job.state is State.OPEN
        job.move(State.ABORTED, org.clock)
    if was_open:
        org.ingest_worker.submit(process, org, job)
    return job.as_json()


async def _show(request: Request) -> JsonAnswer:
    return JsonAnswer(_job(request).as_detailed_json())


async def _list(request: Request) -> JsonAnswer:
    jobs = list(_jobs(request).values())[-_MOST_LISTED:]
    records = [job.as_detailed_json() for job in jobs]
    return JsonAnswer({"done": True, "records": records, "nextRecordsUrl": None})


async def _delete(request: Request) -> Response:
    job = _job(request)
    if job.state in {State.OPEN, State.IN_PROGRESS}:
        message = "Error encountered when deleting the job because the job is not terminated"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "API_ERROR", message)
    with job.lock:
        job.state = State.ABORTED if job.state is State.UPLOAD_COMPLETE else job.state
    del _jobs(request)[job.id]
    await run_in_threadpool(shutil.rmtree, job.folder, ignore_errors=True)
    return Response(status_code=HTTPStatus.NO_CONTENT)


async def _results(request: Request) -> Response:
    job = _job(request)
    kind = request.path_params["kind"].lower()
    if kind not in set(Kind):
        raise not_found()
    if job.state not in ENDED or not await run_in_threadpool(job.finished.wait, _MOST_WAIT_SECONDS):
        raise _wrong_state(f"The job has no results yet: its state is {job.state.value}.")
    return FileResponse(result_file(job, Kind(kind)), media_type="text/csv")


def _wrong_state(message: str) -> SalesforceError:
    text = f"InvalidJobState : {message}"
    return SalesforceError(HTTPStatus.BAD_REQUEST, "INVALIDJOBSTATE", text)


def _too_large(size: int, most: int) -> SalesforceError:
    message = f"The data has {size} bytes; {most} are allowed. Send it in several jobs."
    return SalesforceError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "EXCEEDED_MAX_SIZE_REQUEST", message
    )


_INGEST = "/services/data/v{version}/jobs/ingest"
_ONE = _INGEST + "/{job_id}"
routes = [
    Route(_INGEST, _create, methods=["POST"]),
    Route(_INGEST, _list, methods=["GET"]),
    Route(_ONE, _show, methods=["GET"]),
    Route(_ONE, _change, methods=["PATCH"]),
    Route(_ONE, _delete, methods=["DELETE"]),
    Route(_ONE + "/batches", _upload, methods=["PUT"]),
    Route(_ONE + "/{kind}", _results, methods=["GET"]),
]
