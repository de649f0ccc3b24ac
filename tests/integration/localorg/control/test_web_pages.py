"""Who may drive an org: programs, but no web pages that somebody visits meanwhile."""

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer

from integration.localorg.org_client import OrgClient, serving
from localorg.cli.calling import Endpoints
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store

RESET = "/_localorg/reset"


def port(client: OrgClient) -> int | None:
    return urlsplit(client.base).port


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "Same-Site"},
    ],
)
@pytest.mark.parametrize("path", [RESET, "/_LOCALORG/Reset", "//_localorg/reset", RESET + "/"])
def test_a_foreign_page_can_not_reset_the_org(
    client: OrgClient, headers: dict[str, str], path: str
) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    answer = client.send("POST", path, body=b"{}", headers={"content-type": "text/plain"} | headers)
    assert answer.status in {403, 404}
    if path == RESET:
        assert (answer.status, answer.code) == (403, "INVALID_CONTROL")
        assert "web page" in answer.message
        assert client.base in answer.message
    assert client.record("Lead", lead)["LastName"] == "L"


def test_nor_read_what_the_org_was_asked(client: OrgClient) -> None:
    answer = client.send("GET", "/_localorg/requests", headers={"origin": "https://evil.example"})
    assert (answer.status, answer.code) == (403, "INVALID_CONTROL")


def test_pages_of_the_org_itself_and_the_address_bar_may(client: OrgClient) -> None:
    own = {"origin": client.base, "sec-fetch-site": "same-origin"}
    assert client.send("POST", RESET, headers=own).status == 200
    typed = {"sec-fetch-site": "none"}
    assert client.send("GET", "/_localorg/clock", headers=typed).status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "10.1.2.3", "login.salesforce.com"),
        *("test.salesforce.com", "localorg.my.salesforce.com."),
    ],
)
def test_the_org_is_driven_by_any_of_its_names(client: OrgClient, host: str) -> None:
    headers = {"host": f"{host}:{port(client)}"}
    assert client.send("GET", "/_localorg/clock", headers=headers).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_name_that_was_led_to_the_org_drives_nothing(client: OrgClient, host: str) -> None:
    answer = client.send("POST", RESET, headers={"host": f"{host}:{port(client)}"})
    assert (answer.status, answer.code) == (403, "INVALID_CONTROL")
    assert "--host-name" in answer.message
    rebound = {"host": "evil.example", "origin": "http://evil.example"}
    assert client.send("POST", RESET, headers=rebound).status == 403


def test_the_command_line_says_why(client: OrgClient, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def led_here(_host: str, *rest: Any) -> Any:
        return resolve("127.0.0.1", *rest)

    monkeypatch.setattr(socket, "getaddrinfo", led_here)
    with pytest.raises(typer.BadParameter, match="--host-name"):
        Endpoints(f"http://org.test:{port(client)}").get("/clock")


def test_a_name_that_the_org_was_given_drives_it() -> None:
    clock = Clock()
    settings = Settings(control=True, host_names=("Org.test",))
    org = Org(Store(":memory:", standard_schema(), clock.now()), clock, settings)
    with serving(org) as client:
        headers = {"host": f"org.test:{port(client)}"}
        assert client.send("POST", RESET, headers=headers).status == 200


def test_the_api_is_for_every_page_and_name(client: OrgClient) -> None:
    headers = {"host": "org.test", "origin": "https://app.example", "sec-fetch-site": "cross-site"}
    assert client.call("GET", "/services/data/v66.0/limits", headers=headers).status == 200
