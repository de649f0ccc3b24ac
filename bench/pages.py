"""Every page over a store of many profiles, while a worker imports at full speed.

Two clients ask for all addresses that answer a GET, in rotation. `p95_ms` is over all of them;
`max_kb` is the most that a first visit takes over the wire: the page with all styles, scripts and
icons that it names, compressed. A page that has no place in here fails the benchmark.
"""

import gzip
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bench import busy_store
from bench.org_client import percentile_ms
from bench.surroundings import FOLDER, empty_store, free_port, org

if TYPE_CHECKING:
    from django.urls import URLPattern

CLIENTS = 2
ROUNDS = 10
ROUNDS_AFTERWARDS = 3
PATIENCE_SECONDS = 600
SLOW_SECONDS = 0.5
_LOOK_SECONDS = 0.05
_ASSET = re.compile(r'(?:href|src)="(/static/[^"#]+)')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_GZIP = b"\x1f\x8b"
_BY_POST = {http.HTTPStatus.METHOD_NOT_ALLOWED}
_PLACE = re.compile(r"<\w+:(\w+)>")

QUERIES: dict[str, tuple[str, ...]] = {
    "profiles": (
        "?q=nobody%40example.com",
        "?property=title&op=is&value=Title+7",
        "?property=last_name&op=contains&value=nothing",
    ),
    "runs": ("?state=problems",),
    "run-rows": (
        "?goal=leads_in&outcome=skipped",
        "?goal=leads_in&code=not_a_whole_number",
        "?q=00Q000000005000ZZZ",
    ),
}
"""More to ask of an address, beside the address as it is."""

AFTER_THE_PAGE = frozenset(
    {
        *["connection-losses", "connection-org-losses", "goal-losses"],
        *["home-profiles", "run-problems", "segment-count", "segment-sample"],
    }
)
"""What a page asks for once it stands, as it takes long: measured by itself afterwards."""


OF_OTHER_SIGN_INS = frozenset({"connection-certificate", "authorization-certificate"})
"""What only a connection has that signs in by a certificate; this one does by a secret."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came over the wire, and how long it took."""

    status: int
    kind: str
    content: bytes
    seconds: float

    @property
    def is_page(self) -> bool:
        """Whether a browser shows it: files and answers to programs are none."""
        return self.status == http.HTTPStatus.OK and self.kind.startswith("text/html")

    @property
    def text(self) -> str:
        """The content as it was before it was compressed."""
        packed = self.content.startswith(_GZIP)
        return (gzip.decompress(self.content) if packed else self.content).decode()


@dataclass
class Client:
    """A browser that is signed in: it keeps one connection and its cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, path: str, form: dict[str, str] | None = None) -> Answer:
        """The answer; with a form it is sent, else the page is asked for."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookies, "Accept-Encoding": "gzip, br"}
        body = None if form is None else urlencode(form)
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        started = time.monotonic()
        self._connection.request("POST" if body else "GET", path, body, headers)
        answer = self._connection.getresponse()
        kind = answer.headers.get("Content-Type", "")
        # A download of any length is no page, and is not waited for.
        content = b"" if "Content-Disposition" in answer.headers else answer.read()
        seconds = time.monotonic() - started
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if not content:
            self.rest()
        return Answer(status=answer.status, kind=kind, content=content, seconds=seconds)

    def rest(self) -> None:
        """Let go of the connection; the next request opens another."""
        self._connection.close()

    def sign_in(self) -> None:
        """Sign in as the administrator."""
        token = _TOKEN.search(self.ask("/sign-in").text)
        assert token is not None  # noqa: S101 - the form has one
        form = {"csrfmiddlewaretoken": token[1], "email": busy_store.EMAIL}
        answer = self.ask("/sign-in", form | {"password": busy_store.PASSWORD})
        if answer.status != http.HTTPStatus.FOUND:
            raise SystemExit(f"Signing in was answered with {answer.status}")


@dataclass(frozen=True)
class Asked:
    """One answer to one address."""

    name: str
    seconds: float
    under_way: bool


def measure(size: int) -> dict[str, float]:
    """Figures of all pages over `size` profiles, with an import of half as many leads under way."""
    with (
        org(leads=max(size // 2, 100), contacts=0, persons=0, cases=0) as address,
        empty_store(address),
        busy_store.filled(address, size) as busy,
        _going("worker"),
        _web() as port,
    ):
        clients = [Client(port) for _ in range(CLIENTS)]
        for client in clients:
            client.sign_in()
        weights = _weights(clients[0], dict(_addresses(busy.places)))
        addresses = {path: name for path, name in _addresses(busy.places) if name in weights}
        later = {path: name for path, name in addresses.items() if name in AFTER_THE_PAGE}
        run = _begin(busy.under_way)
        with_run = busy.places | {"number": str(busy.under_way)}
        pages = addresses | {path: name for path, name in _addresses(with_run) if name in weights}
        pages = {path: name for path, name in pages.items() if path not in later}
        for client in clients:
            client.rest()  # a connection that did nothing for long may be gone
        with ThreadPoolExecutor(CLIENTS) as pool:
            parts = pool.map(lambda n: _rotate(clients[n], n, pages, run), range(CLIENTS))
            asked = [each for part in parts for each in part]
        clients[0].rest()
        afterwards = _rotate(clients[0], 0, later, run, rounds=ROUNDS_AFTERWARDS)
    return _figures(asked, weights) | _by_name(asked + afterwards, weights)


def _figures(asked: list[Asked], weights: dict[str, int]) -> dict[str, float]:
    pages = [each.seconds for each in asked]
    return {
        "p95_ms": percentile_ms(pages, 0.95),
        "p50_ms": percentile_ms(pages, 0.5),
        "max_kb": max(weights.values()) / 1000,
        "requests": float(len(asked)),
        "load_of_machine": os.getloadavg()[0],
        "with_run_under_way": sum(each.under_way for each in asked) / len(asked),
    }


def _by_name(asked: list[Asked], weights: dict[str, int]) -> dict[str, float]:
    figures = dict[str, float]()
    for name in sorted(weights):
        times = [each.seconds for each in asked if each.name == name]
        figures[f"{name} p95_ms"] = percentile_ms(times, 0.95)
        figures[f"{name} kb"] = weights[name] / 1000
    return figures


def _addresses(places: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every address with its name, filled with what is in the store, and its variants."""
    from isthmus.web.urls import urlpatterns

    patterns: list[URLPattern] = urlpatterns
    for pattern in patterns:
        name, route = str(pattern.name), str(pattern.pattern)
        if unknown := [place for place in _PLACE.findall(route) if place not in places]:
            raise SystemExit(f"bench/busy_store.py has nothing to fill {unknown} of {name!r} with")
        filled = _PLACE.sub(lambda place: places[place[1]], route)
        for query in ("", *QUERIES.get(name, ())):
            yield f"/{filled}{query}", name
    yield f"/connections/{places['connection_key']}/goals/{busy_store.MANY_GOAL}", "goal"


def _weights(client: Client, addresses: dict[str, str]) -> dict[str, int]:
    """By name, the bytes of a first visit; addresses that give no page are left out."""
    weights, assets = dict[str, int](), dict[str, int]()
    for path, name in addresses.items():
        if name in OF_OTHER_SIGN_INS:
            continue
        answer = client.ask(path)
        if answer.status >= http.HTTPStatus.NOT_FOUND and answer.status not in _BY_POST:
            raise SystemExit(f"Page {name!r} ({path}) was answered with {answer.status}")
        if not answer.is_page:
            continue
        if answer.seconds > SLOW_SECONDS:
            print(f"  {path} took {answer.seconds:.2f} s when asked for first", flush=True)
        named = set(_ASSET.findall(answer.text))
        assets |= {asset: len(client.ask(asset).content) for asset in named - set(assets)}
        weight = len(answer.content) + sum(assets[asset] for asset in named)
        weights[name] = max(weight, weights.get(name, 0))
    return weights


def _rotate(
    client: Client, number: int, addresses: dict[str, str], run: Any, *, rounds: int = ROUNDS
) -> list[Asked]:
    """All addresses again and again, each client from another one on."""
    from django.db import connection

    paths = list(addresses)
    start = number * len(paths) // CLIENTS
    asked = []
    for _ in range(rounds):
        under_way = _is_under_way(run)
        for path in [*paths[start:], *paths[:start]]:
            answer = client.ask(path)
            if answer.status != http.HTTPStatus.OK:
                raise SystemExit(f"{path} was answered with {answer.status}")
            asked.append(Asked(addresses[path], answer.seconds, under_way))
    connection.close()
    return asked


def _begin(number: int) -> Any:
    """Ask for an import of everything, and wait until it writes profiles."""
    from isthmus.connections import queueing
    from isthmus.connections.models import Connection, RunGoal

    run = queueing.ask(Connection.objects.get(key="org"), by="benchmark")
    if run.number != number:
        raise SystemExit(f"The run that is under way has number {run.number}, not {number}")
    limit = time.monotonic() + PATIENCE_SECONDS
    while not RunGoal.objects.filter(run=run, position__isnull=False).exists():
        if time.monotonic() > limit or not _is_open(run):
            raise SystemExit("The worker did not begin to import")
        time.sleep(_LOOK_SECONDS)
    return run


def _is_under_way(run: Any) -> bool:
    from isthmus.connections.models import UNDER_WAY, Run

    return Run.objects.filter(id=run.id, state__in=UNDER_WAY).exists()


def _is_open(run: Any) -> bool:
    from isthmus.connections.models import OPEN, Run

    return Run.objects.filter(id=run.id, state__in=OPEN).exists()


@contextmanager
def _web() -> Iterator[int]:
    port = free_port()
    with _going("web", "--port", str(port)):
        limit = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < limit:
            try:
                Client(port).ask("/health")
            except OSError:
                time.sleep(_LOOK_SECONDS)
            else:
                break
        yield port


@contextmanager
def _going(*words: str) -> Iterator[None]:
    """A command of ours that ends with this process, or with the block."""
    with (FOLDER / f"{words[0]}.log").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "isthmus", *words, "--exit-with-stdin"],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            env=os.environ,
        )
        assert process.stdin is not None  # noqa: S101 - asked for above
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(30)
