"""The host names that one org answers for, and what each of them is good for."""

import ipaddress
import re
from collections.abc import Iterable
from typing import Literal

from starlette.requests import HTTPConnection

HostKind = Literal["login", "test", "my_domain", "plain"]
LOGIN_HOST = "login.salesforce.com"
TEST_HOST = "test.salesforce.com"
LOCALHOST = "localhost"
_NAME = re.compile(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MY_DOMAIN_SUFFIX = ".my.salesforce.com"
# A host with this dot is the same host; the port may follow.
_LAST_DOT = re.compile(r"\.(?=(:\d*)?$)")


def my_domain_host(my_domain: str) -> str:
    """The host of a My Domain: `acme` and `acme--dev.sandbox` go before `.my.salesforce.com`."""
    return my_domain.lower() + _MY_DOMAIN_SUFFIX


def name_in(host: str) -> str:
    """The name or address in a Host header: no port, no dot at the end, in lower case."""
    text = host.lower()
    name = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    return name.removesuffix(".")


def kind_of(host: str) -> HostKind:
    """What the value of a Host header stands for; an address of one's own is `plain`."""
    name = name_in(host)
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


def base_url(request: HTTPConnection) -> str:
    """The address that a request came to, such as `https://localhost:8765`."""
    return plain_origin(f"{request.base_url.scheme}://{request.base_url.netloc}")


def plain_origin(origin: str) -> str:
    """Scheme, host and port in lower case, without a dot at the end of the host."""
    return _LAST_DOT.sub("", origin.lower())


def is_own_host(host: str, names: Iterable[str]) -> bool:
    """Whether a Host header says an address, `localhost`, or one of `names`.

    Nobody else can lead such a name here, which they can with a name of their own.
    """
    name = name_in(host)
    return _is_address(name) or name == LOCALHOST or name in map(name_in, names)


def instance_url(request: HTTPConnection) -> str:
    """Where the API of the org is, as a token's answer says: never the login or test host."""
    if host_kind(request) not in {"login", "test"}:
        return base_url(request)
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
