"""Calling a webhook: one signed POST, to an address that was looked at before, and nowhere else."""

import hashlib
import hmac
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, SSLError
from urllib3.exceptions import TimeoutError as TooSlow

from isthmus import __version__
from isthmus.connections.deadlines import ends_after
from isthmus.connections.webhook_setting import Target, WebhookRefused, not_public, target
from isthmus.errors import Retryable
from isthmus.salesforce.networks import is_public

SIGNATURE: Final = "Isthmus-Signature"
EVENT: Final = "Isthmus-Event-Id"

ANSWER_SECONDS: Final = 10.0
WHOLE_SECONDS: Final = 30.0

_GONE: Final = 410
_GOOD: Final = range(200, 300)
_ELSEWHERE: Final = range(300, 400)


class WebhookTrouble(Retryable):
    """The webhook did not take what it was sent."""


class WebhookGone(WebhookTrouble):
    """The webhook says that it is not there any more, and is not to be called again."""


def signature(secret: str, body: bytes, at: int) -> str:
    """What the header says of a body that is sent at that moment, in seconds since 1970."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


def call(
    url: str,
    body: bytes,
    *,
    secret: str,
    event: str,
    answer_seconds: float = ANSWER_SECONDS,
) -> int:
    """Send the body; the status of the answer, which is one of success.

    Raises `WebhookRefused` for an address that may not be called, `WebhookGone`, and
    `WebhookTrouble`.
    """
    found = target(url)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"isthmus/{__version__}",
        EVENT: event,
        SIGNATURE: signature(secret, body, int(time.time())),
    }
    made: list[socket.socket] = []
    with (
        ends_after(WHOLE_SECONDS, lambda: made[-1] if made else None),
        _translated(found),
        _pool(found, made, answer_seconds) as pool,
    ):
        answer = pool.urlopen(
            "POST",
            found.path,
            body=body,
            headers=headers,
            redirect=False,
            retries=False,
            preload_content=False,  # what it says is nobody's business
        )
        status = answer.status
        answer.close()
    return _checked(found, status)


def _checked(found: Target, status: int) -> int:
    if status in _GOOD:
        return status
    if status == _GONE:
        raise WebhookGone(
            f"{found.host} answers 410, which says that the webhook is not wanted any more. Take "
            f"its address out of the connection, or enter another."
        )
    if status in _ELSEWHERE:
        raise WebhookTrouble(
            f"{found.host} answers {status} and leads elsewhere, which is not followed. Enter the "
            f"address that it leads to."
        )
    raise WebhookTrouble(
        f"{found.host} answers {status} where 200 to 299 says that all is well. Look into the log "
        f"of what answers there."
    )


@contextmanager
def _pool(
    found: Target, made: list[socket.socket], answer_seconds: float
) -> Iterator[HTTPConnectionPool]:
    """Connections to the host, at addresses that may be connected to; `made` takes the sockets."""

    def connected() -> socket.socket:
        sock = _connected(found, answer_seconds)
        made.append(sock)
        return sock

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connected()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connected()

    timeout = urllib3.Timeout(connect=answer_seconds, read=answer_seconds)
    pool: HTTPConnectionPool
    if found.scheme == "https":
        context = ssl.create_default_context()
        pool = HTTPSConnectionPool(found.host, found.port, timeout=timeout, ssl_context=context)
        pool.ConnectionCls = Secure
    else:
        pool = HTTPConnectionPool(found.host, found.port, timeout=timeout)
        pool.ConnectionCls = Plain
    try:
        yield pool
    finally:
        pool.close()


def _connected(found: Target, seconds: float) -> socket.socket:
    """A connection to an address that was looked at: the name is not asked for a second time."""
    known = socket.getaddrinfo(found.host, found.port, type=socket.SOCK_STREAM)
    places = [str(each[4][0]) for each in known]
    allowed = [each for each in places if found.is_allowed or is_public(each)]
    if not allowed:
        raise WebhookRefused(not_public(found.host))
    error: OSError | None = None
    for place in allowed:
        try:
            return socket.create_connection((place, found.port), seconds)
        except OSError as failed:
            error = failed
    raise error or OSError


@contextmanager
def _translated(found: Target) -> Iterator[None]:
    try:
        yield
    except SSLError as error:
        raise WebhookTrouble(
            f"{found.host} did not agree on encryption, or its certificate is not trusted. Nothing "
            f"was sent. Look at its certificate."
        ) from error
    except socket.gaierror as error:
        raise WebhookTrouble(
            f"There is no host {found.host!r}, or this machine's DNS does not know it. Correct the "
            f"address."
        ) from error
    except (TooSlow, TimeoutError) as error:
        raise WebhookTrouble(
            f"{found.host} did not answer in time. It has {ANSWER_SECONDS:.0f} seconds: let it "
            f"answer first, and work then."
        ) from error
    except (HTTPError, OSError) as error:
        raise WebhookTrouble(
            f"{found.host} can't be reached on port {found.port}, or broke the connection. Look "
            f"whether it runs there, and whether a firewall lets this machine through."
        ) from error
