import pytest

from isthmus.salesforce import Usage
from isthmus.salesforce.usage import read_usage


@pytest.mark.parametrize(
    "header",
    [
        "api-usage=18/15000",
        "api-usage=18/15000; per-app-api-usage=17/250(appName=x)",
        "per-app-api-usage=17/250(appName=x); api-usage=18/15000",
        " API-Usage = 18 / 15000 ",
        "something=1/2, api-usage=18/15000, more",
    ],
)
def test_the_orgs_own_usage_is_found_whatever_stands_around_it(header: str) -> None:
    assert read_usage(header) == Usage(used=18, maximum=15000)


@pytest.mark.parametrize("header", [None, "", "per-app-api-usage=17/250", "api-usage=x/y", "18/15"])
def test_a_header_without_it_is_no_error(header: str | None) -> None:
    assert read_usage(header) is None
