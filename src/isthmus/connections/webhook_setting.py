"""Where a connection's webhook leads, and the secret that its calls are signed with."""

import os
import re
import secrets as random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from isthmus.connections import secrets
from isthmus.errors import Final as FinalError
from isthmus.salesforce.networks import is_public

if TYPE_CHECKING:
    from isthmus.connections.models import Connection

HOSTS_SETTING: Final = "ISTHMUS_WEBHOOK_HOSTS"

URL_LENGTH: Final = 2_000
SHORTEST_SECRET: Final = 16
LONGEST_SECRET: Final = 200

_PORTS: Final = {"https": 443, "http": 80}
_PLAIN: Final = re.compile(r"[!-~]+", re.ASCII)
_MAKES_AMBIGUOUS: Final = frozenset("\\@#")


class WebhookRefused(FinalError):
    """The webhook can't be called."""

    is_of_input = True


@dataclass(frozen=True, kw_only=True)
class Target:
    """A web address that may be called, in parts."""

    url: str
    scheme: str
    host: str
    port: int
    path: str  # with the query
    is_allowed: bool  # by the operator: also by http, and within this network


def target(url: str) -> Target:
    """The address in parts. Raises `WebhookRefused` where it may not be called."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise WebhookRefused(_no_address()) from None
    if (
        not (parts.hostname and port and _PLAIN.fullmatch(url))
        or _MAKES_AMBIGUOUS & set(url)
        or len(url) > URL_LENGTH
    ):
        raise WebhookRefused(_no_address())
    found = Target(
        url=url,
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        path=f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
        is_allowed=_is_allowed(parts, port),
    )
    if not found.is_allowed and parts.scheme != "https":
        raise WebhookRefused(
            f"A webhook is called by https only, so that nobody on the way reads it. Write https://"
            f"{found.host}{found.path}, or have the operator name the host in {HOSTS_SETTING}."
        )
    if not found.is_allowed and _looks_like_address(found.host) and not is_public(found.host):
        raise WebhookRefused(not_public(found.host))
    return found


def trouble(url: str) -> str:
    """Why the address may not be called, with what to do; empty where it may."""
    try:
        target(url)
    except WebhookRefused as error:
        return str(error)
    return ""


def secret_trouble(secret: str) -> str:
    """Why calls can't be signed with the secret; empty where they can. It is not repeated."""
    if SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET and secret.isprintable():
        return ""
    return (
        f"A webhook's secret has {SHORTEST_SECRET} to {LONGEST_SECRET} visible characters. Take "
        f"random ones."
    )


def not_public(host: str) -> str:
    """What is said of a host that leads into a private network."""
    return (
        f"{host!r} is no address of the public internet, so it is not called: what is in the "
        f"network of this machine must not be reached through it. The operator can allow the host "
        f"in {HOSTS_SETTING}."
    )


def new_secret() -> str:
    """A fresh random secret."""
    return f"whsec_{random.token_urlsafe(32)}"


def set_webhook(connection: "Connection", url: str, *, secret: str = "") -> str:
    """Set the attributes of a connection that is held; the secret where one was made, else nothing.

    An empty address takes the webhook away. One that is there keeps its secret, unless one is
    given; a new one gets a secret of its own. The caller saves `COLUMNS`. Raises `WebhookRefused`.
    """
    if not url:
        connection.webhook_url, connection.sealed_webhook_secret = "", b""
        return ""
    target(url)
    if secret and (why := secret_trouble(secret)):
        raise WebhookRefused(why)
    connection.webhook_url = url
    if secret:
        connection.sealed_webhook_secret = secrets.seal(secret)
        return ""
    return "" if bytes(connection.sealed_webhook_secret) else renew(connection)


def renew(connection: "Connection") -> str:
    """Give it another secret, which comes back; the caller saves `COLUMNS`."""
    made = new_secret()
    connection.sealed_webhook_secret = secrets.seal(made)
    return made


def renewed(connection: "Connection") -> str:
    """The same, where there is a webhook. Raises `WebhookRefused`."""
    if not connection.webhook_url:
        raise WebhookRefused("The connection has no webhook. Enter its address first.")
    return renew(connection)


COLUMNS: Final = ("webhook_url", "sealed_webhook_secret")


def _is_allowed(parts: SplitResult, port: int) -> bool:
    """Whether the operator names it, as `host` (on the default port), `host:port` or `host:*`."""
    if parts.scheme not in _PORTS:
        return False
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    given = {each.strip().lower() for each in os.environ.get(HOSTS_SETTING, "").split(",")}
    names = {f"{host}:{port}", f"{host}:*"}
    if port == _PORTS[parts.scheme]:
        names.add(host)
    return not names.isdisjoint(given)


def _looks_like_address(host: str) -> bool:
    """Whether it is an IP address in any of the ways that these are written."""
    last = host.rpartition(".")[2].lower()
    return ":" in host or last.isdigit() or last.startswith("0x") or host.lower() == "localhost"


def _no_address() -> str:
    return (
        "That is no web address that can be called. Write one such as https://example.com/hook, "
        f"in at most {URL_LENGTH:,} characters, without a user name and without #."
    )
