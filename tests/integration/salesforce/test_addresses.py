"""Where a name leads is looked at on the very connection that is used, before anything is sent."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from integration.salesforce.little_org import LittleOrg, answer
from isthmus.salesforce import ClientSettings, HostNotAllowed, HostPolicy, HostUnreachable
from isthmus.salesforce.transport import PoolTransport
from isthmus.salesforce.wire import Request

ACME = "acme.my.salesforce.com"
PUBLIC = "13.108.0.1"
SETTINGS = ClientSettings(connect_seconds=2, read_seconds=2)


class Names:
    """A resolver that gives its answers in turn."""

    def __init__(self, port: int, *addresses: str) -> None:
        self.port, self.addresses, self.asked = port, list(addresses), 0

    def __call__(self, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, self.port))]


@pytest.fixture
def little_org() -> Iterator[LittleOrg]:
    org = LittleOrg()
    yield org
    org.close()


def port_of(org: LittleOrg) -> int:
    return int(org.url.rpartition(":")[2])


def send(hosts: HostPolicy, url: str) -> None:
    transport = PoolTransport(SETTINGS, hosts)
    try:
        transport.open(
            Request(method="POST", url=url, headers={"Authorization": "secret"}, body=b"secret")
        )
    finally:
        transport.close()


def test_an_official_name_that_leads_into_this_machine_gets_nothing(
    little_org: LittleOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(port_of(little_org), "127.0.0.1"))
    with pytest.raises(HostNotAllowed, match=r"leads to 127\.0\.0\.1.*ISTHMUS_SALESFORCE_HOSTS"):
        send(HostPolicy(), f"https://{ACME}/services/oauth2/token")
    assert little_org.seen == []


def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing(
    little_org: LittleOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(port_of(little_org), PUBLIC, "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", names)
    # Whoever looked before was told a public address; the connection meets another one.
    assert socket.getaddrinfo(ACME, 443)[0][4][0] == PUBLIC
    with pytest.raises(HostNotAllowed, match=r"leads to 127\.0\.0\.1"):
        send(HostPolicy(), f"https://{ACME}/services/oauth2/token")
    assert names.asked == 2
    assert little_org.seen == []


def test_a_name_that_the_operator_allows_may_lead_anywhere(
    little_org: LittleOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Names(port_of(little_org), "127.0.0.1"))
    little_org.plays("POST /services/oauth2/token", answer({}))
    send(HostPolicy(frozenset({"acme.internal"})), "http://acme.internal/services/oauth2/token")
    assert len(little_org.seen) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.1.2.3"),
        *("100.64.0.1", "224.0.0.1", "::1", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::"),
        "nonsense",
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    with pytest.raises(HostNotAllowed):
        HostPolicy().check_peer(f"https://{ACME}:443", address)
    HostPolicy(frozenset({ACME})).check_peer(f"https://{ACME}:443", address)


@pytest.mark.parametrize("address", [PUBLIC, "2606:4700::1", f"::ffff:{PUBLIC}", "64:ff9b::d6c:1"])
def test_public_addresses_are_taken(address: str) -> None:
    HostPolicy().check_peer(f"https://{ACME}:443", address)


def test_where_no_name_is_known_nobody_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(HostUnreachable):
        send(HostPolicy(), f"https://{ACME}/services/oauth2/token")
