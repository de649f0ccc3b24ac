from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import Route

from localorg.org import Org
from localorg.store import quoted
from localorg.web import JsonAnswer, org_of

# The most of each in 24 hours, or in all for the storages; an Enterprise Edition's, roughly.
MOST = {
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyDeliveredPlatformEvents": 25_000,
    "DailyDurableStreamingApiEvents": 200_000,
    "DataStorageMB": 1_000_000,
    "FileStorageMB": 1_000_000,
    "HourlyTimeBasedWorkflow": 1_000,
    "SingleEmail": 5_000,
}


def _limits(org: Org) -> dict[str, Any]:
    most = {"DailyApiRequests": org.usage.daily_api_requests} | MOST
    return {
        name: {"Max": count, "Remaining": max(0, count - org.usage.used(name))}
        for name, count in most.items()
    }


async def _show_limits(request: Request) -> JsonAnswer:
    return JsonAnswer(_limits(org_of(request)))


async def _record_count(request: Request) -> JsonAnswer:
    org = org_of(request)
    asked = request.query_params.get("sObjects", "")
    names = [name for name in asked.split(",") if name] or list(org.schema.objects)
    known = [
        org.schema.objects[name.lower()].name
        for name in names
        if name.lower() in org.schema.objects
    ]
    counts = await run_in_threadpool(lambda: [_count(org, name) for name in known])
    return JsonAnswer({"sObjects": counts})


def _count(org: Org, name: str) -> dict[str, Any]:
    has_bin = "isdeleted" in org.schema.object(name).fields
    parts = ("SELECT count(*) FROM ", quoted(name), " WHERE IsDeleted = 0" if has_bin else "")
    with org.store.read() as connection:
        count = connection.execute("".join(parts)).fetchone()[0]
    return {"name": name, "count": count}


routes = [
    Route("/services/data/v{version}/limits", _show_limits, methods=["GET"]),
    Route("/services/data/v{version}/limits/recordCount", _record_count, methods=["GET"]),
]
