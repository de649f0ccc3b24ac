"""The host names that one org answers for, and what each of them is good for."""

import ipaddress
import re
from typing import Literal

from starlette.requests import HTTPConnection

HostKind = Literal["login", "test", "my_domain", "plain"]
LOGIN_HOST = "login.salesforce.com"
TEST_HOST = "test.salesforce.com"
_NAME = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MY_DOMAIN_SUFFIX = ".my.salesforce.com"


def my_domain_host(my_domain: str) -> str:
    """The host of a My Domain: `acme` and `acme--dev.sandbox` go before `.my.salesforce.com`."""
    return my_domain.lower() + _MY_DOMAIN_SUFFIX


def kind_of(host: str) -> HostKind:
    """What the value of a Host header stands for; an address of one's own is `plain`."""
    name = host.partition(":")[0].lower()
    if name == LOGIN_HOST:
        return "login"
    if name == TEST_HOST:
        return "test"
    return "my_domain" if name.endswith(_MY_DOMAIN_SUFFIX) else "plain"


def host_kind(request: HTTPConnection) -> HostKind:
    """What the host that a request came to stands for.

    `login` and `test` sign in only, client credentials need `my_domain`, `plain` is for everything.
    """
    return kind_of(request.headers.get("host", ""))


def instance_url(request: HTTPConnection) -> str:
    """Where the API of the org is, as a token's answer says: never the login or test host."""
    if host_kind(request) not in {"login", "test"}:
        return str(request.base_url).rstrip("/")
    host = my_domain_host(request.app.state.org.settings.my_domain)
    port = request.base_url.port
    return f"{request.base_url.scheme}://{host}" + (f":{port}" if port else "")


def is_host_name(name: str) -> bool:
    """Whether `name` can be a host's name or address."""
    return _NAME.fullmatch(name) is not None or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
