from pathlib import Path
from typing import Any

import pytest

from integration.localorg.control.test_control import post
from integration.localorg.org_client import OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store


def date(client: OrgClient) -> str:
    return str(client.send("GET", "/services/data").headers["date"])


def test_it_is_shown(client: OrgClient) -> None:
    assert client.send("GET", "/_localorg/clock").json == {
        "now": "2026-01-31T12:00:00.000Z",
        "ahead_seconds": 0.0,
        "frozen": False,
    }


def test_it_is_set_and_moved_ahead_and_back(client: OrgClient) -> None:
    post(client, "/clock", set="2027-03-01T10:00:00+01:00")
    assert date(client) == "Mon, 01 Mar 2027 09:00:00 GMT"
    assert post(client, "/clock", advance_seconds=-60).json["now"] == "2027-03-01T08:59:00.000Z"
    assert date(client) == "Mon, 01 Mar 2027 08:59:00 GMT"
    assert post(client, "/clock", reset=True).json["ahead_seconds"] == 0.0
    assert date(client) == "Sat, 31 Jan 2026 12:00:00 GMT"


def test_it_stands_still_until_it_is_told_to_go_on() -> None:
    org = Org(Store(":memory:", standard_schema()), Clock(), Settings(control=True))
    with serving(org) as client:
        assert post(client, "/clock", set="2026-06-01T00:00:00Z", freeze=True).json["frozen"]
        first, second = org.clock.now(), org.clock.now()
        assert first == second
        post(client, "/clock", advance_seconds=30)
        assert org.clock.now() == org.clock.now()
        assert date(client) == "Mon, 01 Jun 2026 00:00:30 GMT"
        post(client, "/clock", freeze=False)
        assert org.clock.now() < org.clock.now()


def test_a_kept_org_keeps_its_clock(tmp_path: Path) -> None:
    def opened() -> Org:
        return Org(Store(tmp_path / "org.db", standard_schema()), Clock(), Settings(control=True))

    with serving(opened()) as client:
        post(client, "/clock", set="2030-05-05T05:05:05Z", freeze=True)
    with serving(opened()) as client:
        assert date(client) == "Sun, 05 May 2030 05:05:05 GMT"
        post(client, "/clock", reset=True)
    with serving(opened()) as client:
        assert client.send("GET", "/_localorg/clock").json["ahead_seconds"] == 0.0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "Say how the clock is to move, by one of: advance_seconds, set, freeze, reset."),
        ({"advance_seconds": "1"}, "'advance_seconds' has to be a number; it is '1'."),
        ({"advance_seconds": 1e12}, "has to stay between 1970 and 4000"),
        ({"advance_seconds": 7e10}, "has to stay between 1970 and 4000"),
        ({"set": "9999-12-31T23:59:59Z"}, "has to stay between 1970 and 4000"),
        ({"set": "0001-01-01T00:00:00+14:00"}, "has to stay between 1970 and 4000"),
        ({"set": "noon"}, "'set' has to be a moment like 2026-01-31T12:00:00Z; it is 'noon'."),
        ({"set": 5}, "'set' has to be a text; it is 5."),
        ({"freeze": 1}, "'freeze' has to be true or false; it is 1."),
        ({"hours": 1}, "'hours' is no part of this request."),
    ],
)
def test_a_mistake_is_explained(client: OrgClient, body: dict[str, Any], said: str) -> None:
    answer = post(client, "/clock", **body)
    assert (answer.status, answer.code) == (400, "INVALID_CONTROL")
    assert said in answer.message
    assert client.call("GET", V).status == 200
