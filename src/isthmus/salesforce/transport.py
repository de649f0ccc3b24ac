"""The one place that touches the network: urllib3 in, our own errors out."""

import contextlib
import logging
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol
from urllib.parse import urlsplit
from weakref import WeakSet

import urllib3
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.response import BaseHTTPResponse

from isthmus import __version__
from isthmus.salesforce.errors import (
    CertificateNotTrusted,
    ConnectionLost,
    HostUnreachable,
    SalesforceError,
)
from isthmus.salesforce.hosts import HostPolicy
from isthmus.salesforce.settings import ClientSettings
from isthmus.salesforce.wire import Request, Response

log = logging.getLogger("isthmus.salesforce")


class Answer:
    """An answer whose body is still on the wire. Close it when done."""

    def __init__(self, raw: BaseHTTPResponse, request: Request) -> None:
        self.status = raw.status
        self.headers: Mapping[str, str] = {k.lower(): v for k, v in raw.headers.items()}
        self._raw = raw
        self._request = request

    def read(self) -> Response:
        """The whole answer. Raises `ConnectionLost` where its body is cut."""
        with self._translated():
            body = self._raw.read()
        return Response(
            status=self.status, headers=self.headers, body=body, target=self._request.target
        )

    def chunks(self, size: int) -> Iterator[bytes]:
        """The body in pieces of at most `size` bytes. Raises `ConnectionLost` where it is cut."""
        encoded = "content-encoding" in self.headers
        while True:
            with self._translated():
                data = self._raw.read(size, decode_content=encoded)
            if not data:
                return
            yield data

    def close(self) -> None:
        """Give the connection back; one that still has bytes coming is closed instead."""
        self._raw.close()
        self._raw.release_conn()

    def _translated(self) -> contextlib.AbstractContextManager[None]:
        return translated(self._request)


class Transport(Protocol):
    """Sends requests; tests have their own."""

    def open(self, request: Request) -> Answer:
        """The answer, whatever its status."""

    def close(self) -> None:
        """Close all connections."""

    def break_off(self) -> None:
        """End all calls that are under way, in whatever thread: they lose their connection."""

    @property
    def calls(self) -> int:
        """How many requests were sent."""


class PoolTransport:
    """Sends requests over kept connections; safe to use from several threads."""

    def __init__(self, settings: ClientSettings, hosts: HostPolicy | None = None) -> None:
        """Take whose addresses are checked as they are connected to; anybody's without it."""
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._pool = urllib3.PoolManager(
            maxsize=settings.connections,
            timeout=urllib3.Timeout(connect=settings.connect_seconds, read=settings.read_seconds),
            ssl_context=_tls(settings),
            retries=False,
        )
        self._pool.pool_classes_by_scheme = _guarded_pools(self._sockets, hosts)
        self._headers = {
            "User-Agent": f"isthmus/{__version__}",
            "Sforce-Call-Options": f"client={settings.client_name}",
        }
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def calls(self) -> int:
        """How many requests were sent, those without an answer included."""
        return self._calls

    def open(self, request: Request) -> Answer:
        """The answer, whatever its status; redirects are answers too."""
        with self._lock:
            self._calls += 1
        try:
            raw = self._send(request)
        except _SourceFailedError as failed:
            raise failed.error from None
        log.debug("%s answered %s", request.target, raw.status)
        return Answer(raw, request)

    def _send(self, request: Request) -> BaseHTTPResponse:
        body = request.body
        with translated(request):
            return self._pool.request(
                request.method,
                request.url,
                body=body if body is None or isinstance(body, bytes) else _guarded(body),
                headers={**self._headers, **request.headers},
                redirect=False,
                preload_content=False,
            )

    def close(self) -> None:
        """Close all idle connections."""
        self._pool.clear()

    def break_off(self) -> None:
        """End all calls that are under way. Later ones make connections of their own."""
        for each in list(self._sockets):
            # The plain socket's own method, which unlike TLS's leaves the other thread's state be.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)


def _guarded_pools(
    sockets: "WeakSet[socket.socket]", hosts: HostPolicy | None
) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections put their sockets into a set, and look at whom they have reached.

    The address is that of the very connection that is used, so a name that leads elsewhere the
    second time it is looked up gains nothing. Nothing is sent before.
    """

    def checked(made: socket.socket, scheme: str, host: str, port: int) -> socket.socket:
        try:
            if hosts is not None:
                hosts.check_peer(f"{scheme}://{host}:{port}", str(made.getpeername()[0]))
        except Exception:
            made.close()
            raise
        return made

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn(), "http", self.host, self.port)

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return checked(super()._new_conn(), "https", self.host, self.port)

        def connect(self) -> None:
            super().connect()
            sockets.add(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _SourceFailedError(Exception):
    """Carries what the caller's own pieces raised past urllib3, which would take it for its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _guarded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except Exception as error:
        raise _SourceFailedError(error) from error


@contextlib.contextmanager
def translated(request: Request) -> Iterator[None]:
    """Turn urllib3's errors into ours, naming the host and what was asked."""
    try:
        yield
    except (NewConnectionError, ConnectTimeoutError) as error:
        raise _unreachable(request, error) from error
    except SSLError as error:
        raise _tls_error(request, error) from error
    except ReadTimeoutError as error:
        raise _lost(request, "did not answer in time") from error
    except HTTPError as error:
        raise _lost(request, "broke the connection") from error


def _unreachable(request: Request, error: Exception) -> HostUnreachable:
    reason = str(error).rpartition(": ")[2]
    return HostUnreachable(
        f"{_host(request)} cannot be reached ({reason}). {HostUnreachable.advice}",
        path=request.target,
    )


def _tls_error(request: Request, error: SSLError) -> SalesforceError:
    causes = (*error.args, error.__cause__, error.__context__)
    if not any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return _lost(request, "broke off the encrypted connection")
    return CertificateNotTrusted(
        f"The certificate of {_host(request)} is not trusted ({error.args[0]}). "
        f"{CertificateNotTrusted.advice}",
        path=request.target,
    )


def _lost(request: Request, what: str) -> ConnectionLost:
    return ConnectionLost(
        f"{_host(request)} {what} ({request.target}). {ConnectionLost.advice}",
        path=request.target,
    )


def _host(request: Request) -> str:
    return urlsplit(request.url).netloc


def _tls(settings: ClientSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(cafile=settings.ca_file)
    return context
