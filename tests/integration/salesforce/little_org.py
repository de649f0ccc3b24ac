"""A small HTTP server on this machine that plays what a test tells it to."""

import contextlib
import socket
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import orjson

from isthmus.salesforce import ClientCredentials, ClientSettings, Clock, HostPolicy, Salesforce
from unit.salesforce.scripted import SECRET, TOKEN_PATH, token_body

Handler = BaseHTTPRequestHandler
Play = Callable[[Handler], None]
QUICK = ClientSettings(connect_seconds=5, read_seconds=5)


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int
    """The client's; it tells connections apart."""


def answer(
    content: object = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Play:
    """An answer as it should be: JSON, or bytes as they are."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)

    def play(handler: Handler) -> None:
        _head(handler, status, {"Content-Length": str(len(body)), **(headers or {})})
        handler.wfile.write(body)

    return play


def cut(body: bytes, promised: int, headers: Mapping[str, str] | None = None) -> Play:
    """An answer that promises more bytes than it has, then hangs up."""

    def play(handler: Handler) -> None:
        _head(handler, 200, {"Content-Length": str(promised), **(headers or {})})
        handler.wfile.write(body)
        _hang_up(handler)

    return play


def chunked(*pieces: bytes, whole: bool = True) -> Play:
    """An answer in chunks, with its end or hung up before it."""

    def play(handler: Handler) -> None:
        _head(handler, 200, {"Transfer-Encoding": "chunked"})
        for piece in pieces:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if whole:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            _hang_up(handler)

    return play


def no_answer(handler: Handler) -> None:
    """The connection is closed as if the request had never come."""
    _hang_up(handler)


def reset(handler: Handler) -> None:
    """The connection is torn down with a reset."""
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
    handler.close_connection = True


def silence(until: threading.Event) -> Play:
    """No byte comes until the test is over."""

    def play(handler: Handler) -> None:
        until.wait(30)
        _hang_up(handler)

    return play


def _head(handler: Handler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


def _hang_up(handler: Handler) -> None:
    handler.wfile.flush()
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


class LittleOrg:
    """Signs everybody in, and plays the given answers to everything else, in turn."""

    def __init__(self, certificate: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self.tokens = 0
        self.checks_tokens = False
        self._plays: dict[str, deque[Play]] = defaultdict(deque)
        self._faults: deque[Play] = deque()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        if certificate is not None:
            self._server.socket = certificate.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{'http' if certificate is None else 'https'}://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def plays(self, target: str, *plays: Play) -> None:
        """Queue the answers to `METHOD /path`, whatever the query; the last one stays."""
        self._plays[target].extend(plays)

    def faults(self, *plays: Play) -> None:
        """Queue what happens to the next requests, whatever they ask."""
        self._faults.extend(plays)

    def targets(self) -> list[str]:
        return [f"{seen.method} {urlsplit(seen.path).path}" for seen in self.seen]

    def count(self, target: str) -> int:
        return self.targets().count(target)

    def respond(self, handler: Handler) -> None:
        target = f"{handler.command} {urlsplit(handler.path).path}"
        body = _body(handler)
        with self._lock:
            self.seen.append(
                Seen(
                    handler.command,
                    handler.path,
                    dict(handler.headers),
                    body,
                    handler.client_address[1],
                )
            )
            play = self._play_for(handler, target)
        play(handler)

    def _play_for(self, handler: Handler, target: str) -> Play:
        if self._faults:
            return self._faults.popleft()
        queue = self._plays[target]
        if queue:
            return queue.popleft() if len(queue) > 1 else queue[0]
        if target == f"POST {TOKEN_PATH}":
            self.tokens += 1
            return answer(token_body(self._token(), instance_url=self.url))
        if self.checks_tokens and handler.headers["Authorization"] != f"Bearer {self._token()}":
            return answer([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], 401)
        return answer({})

    def _token(self) -> str:
        return f"00Dxx0000001gPL!t{self.tokens}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the play."""


def _handler_of(org: LittleOrg) -> type[Handler]:
    class Handling(Handler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *parts: Any) -> None:
            pass

        def play(self) -> None:
            org.respond(self)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = play  # noqa: N815

    return Handling


def _body(handler: Handler) -> bytes:
    if handler.headers.get("Transfer-Encoding") == "chunked":
        return b"".join(_chunks(handler))
    return handler.rfile.read(int(handler.headers.get("Content-Length", 0)))


def _chunks(handler: Handler) -> Iterator[bytes]:
    while size := int(handler.rfile.readline(), 16):
        yield handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()


@dataclass
class Sleeps:
    """Pauses of the client, remembered instead of slept."""

    seconds: list[float] = field(default_factory=list)

    def clock(self) -> Clock:
        return Clock(now=time.time, sleep=self.seconds.append, random=lambda: 1.0)


def connect(
    org: LittleOrg, settings: ClientSettings = QUICK, clock: Clock | None = None
) -> Salesforce:
    return Salesforce(
        ClientCredentials(login_url=org.url, client_id="app", client_secret=SECRET),
        hosts=HostPolicy(frozenset({org.host})),
        settings=settings,
        clock=clock or Sleeps().clock(),
    )
