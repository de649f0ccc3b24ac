"""The API versions of the org and the resources of each."""

from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from localorg.errors import SalesforceError, not_found
from localorg.hosts import base_url
from localorg.store import ORGANIZATION_ID
from localorg.web import JsonAnswer, user_of, version_of

FIRST = 31
LATEST = 66
_FIRST_EVER = 1
_SPRING_26 = 66
_SEASONS = ("Spring", "Winter", "Summer")
_RESOURCES = ("composite", "jobs", "limits", "query", "queryAll", "sobjects")


def check_version(version: str) -> None:
    """Raise 404 for a version that never was, 410 for one that is retired."""
    whole, _, part = version.partition(".")
    number = int(whole) if whole.isascii() and whole.isdigit() else 0
    if part != "0" or not _FIRST_EVER <= number <= LATEST:
        raise not_found()
    if number < FIRST:
        message = (
            f"The API version {version} is retired. Use a version from {FIRST}.0 to {LATEST}.0."
        )
        raise SalesforceError(HTTPStatus.GONE, "UNSUPPORTED_API_VERSION", message)


def label_of(number: int) -> str:
    """The name of a release, such as Spring '26 for 66: there are three in a year."""
    years, season = divmod(_SPRING_26 - number, len(_SEASONS))
    year = 26 - years - (1 if _SEASONS[season] == "Summer" else 0)
    return f"{_SEASONS[season]} '{year:02d}"


def _version(number: int) -> dict[str, Any]:
    return {
        "label": label_of(number),
        "url": f"/services/data/v{number}.0",
        "version": f"{number}.0",
    }


async def _versions(_request: Request) -> JsonAnswer:
    return JsonAnswer([_version(number) for number in range(FIRST, LATEST + 1)])


async def _resources(request: Request) -> JsonAnswer:
    base = f"/services/data/v{version_of(request)}"
    identity = f"{base_url(request)}/id/{ORGANIZATION_ID}/{user_of(request)}"
    return JsonAnswer({"identity": identity} | {name: f"{base}/{name}" for name in _RESOURCES})


routes = [
    Route("/services/data", _versions, methods=["GET"]),
    Route("/services/data/v{version}", _resources, methods=["GET"]),
]
