"""After a sign-in and runs no token and no secret is found anywhere in clear."""

import json
import re
import shutil
import subprocess
import sys
import threading
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil
import psycopg
import pytest
from psycopg import sql

from isthmus import embedded
from journeys.cli.test_web import Browser, end, serving
from journeys.processes import Isthmus
from localorg.testing import LocalOrg, LocalOrgSettings, running

PROGRAM = Path(__file__).parent / "renewing.py"
TESTS = Path(__file__).parents[2]
GOAL = """
properties:
  - {key: email, label: Email, type: email, identifier: true}
  - {key: title, label: Title, type: text}
connections:
  - key: acme
    name: Acme
    settle_seconds: 0
    goals:
      - key: leads_in
        import: Lead
        match: [{field: Email, identifier: email}]
        create_profiles: true
        fields: [{field: Title, property: title}]
"""


class Looker:
    """Collects what processes show to others while something goes on."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for each in psutil.Process().children(recursive=True):
                try:
                    self.seen.add(" ".join(each.cmdline()))
                    self.seen.add(json.dumps(each.environ()))
                except psutil.Error:
                    continue

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def play(isthmus: Isthmus, org: LocalOrg) -> Iterator[tuple[str, str]]:
    """Run, look at everything, lose the session and run again: what all commands say."""
    document = isthmus.home / "goal.yaml"
    document.write_text(GOAL)
    for words in (
        ("config", "apply", str(document)),
        ("connection", "run", "acme"),
        ("authorization", "list", "--json"),
        ("authorization", "show", "acme"),
        ("authorization", "check", "acme"),
        ("connection", "check", "acme", "--json"),
        ("doctor",),
        ("app", "list", "--json"),
        ("worker", "--once"),
        ("mail", "show"),
        ("mail", "test", "ops@example.com"),
        ("connection", "notify", "acme", "--test-webhook"),
        ("config", "export"),
    ):
        yield said(isthmus, *words)
    org.control("DELETE", "sessions")
    yield said(isthmus, "connection", "run", "acme", "--full")
    org.control("POST", "faults", {"kind": "server_unavailable", "path": "/token", "count": 1})
    org.control("DELETE", "sessions")
    yield said(isthmus, "connection", "run", "acme")


def said(isthmus: Isthmus, *words: str) -> tuple[str, str]:
    ended = isthmus.run(*words)
    return " ".join(words), ended.out + ended.err


def opened(isthmus: Isthmus) -> set[str]:
    """Everything that is stored sealed now."""
    done = subprocess.run(
        [sys.executable, PROGRAM, "secrets"],
        env=isthmus.variables(),
        check=True,
        capture_output=True,
    )
    return set(json.loads(done.stdout))


def dumped(conninfo: str) -> Iterator[tuple[str, bytes]]:
    """Every table of every schema, as text."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            copying = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(
                sql.Identifier(schema, table)
            )
            with connection.cursor().copy(copying) as rows:
                yield f"{schema}.{table}", b"".join(map(bytes, rows))


def page(browser: Browser, path: str) -> str:
    """What the page says, also where it says that it is not there."""
    try:
        return str(browser.get(path).read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def pages(browser: Browser) -> Iterator[tuple[str, str]]:
    """Pages on which sign-ins show, and what they lead to."""
    found = {"/connections", "/connections/acme", "/salesforce-apps", "/mail"}
    for path in sorted(found):
        text = page(browser, path)
        yield path, text
        found.update(re.findall(r'href="(/connections/acme/[\w/-]+)"', text))
    for path in sorted(found - {"/connections", "/connections/acme", "/salesforce-apps"}):
        yield path, page(browser, path)


@contextmanager
def set_up(folder: Path, template: Path) -> Iterator[tuple[Isthmus, LocalOrg, str]]:
    home = folder / "secrets"
    shutil.copytree(template, home, symlinks=True)
    with running(LocalOrgSettings(leads=40)) as org, embedded.running(home) as server:
        isthmus = Isthmus(home=home).set(
            ISTHMUS_WEBHOOK_HOSTS="localhost:*",
            ISTHMUS_SALESFORCE_HOSTS="127.0.0.1:*",
            PYTHONPATH=str(TESTS),
            ISTHMUS_DEBUG="1",
        )
        org.control("PATCH", "apps/localorg", {"rotate_refresh_tokens": True})
        yield isthmus, org, server.conninfo


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_token_and_no_secret_is_found_in_clear(home_template: Path, folder: Path) -> None:
    with set_up(folder, home_template) as (isthmus, org, conninfo):
        places: dict[str, bytes] = {}
        with Looker() as looker:
            connecting = [sys.executable, str(PROGRAM), "connect", org.url]
            subprocess.run(connecting, env=isthmus.variables(), check=True)
            secrets = opened(isthmus)
            for words, text in play(isthmus, org):
                places[f"{words} {len(places)}"] = text.encode()
                if "run" in words:
                    secrets |= opened(isthmus)
            with serving(isthmus) as (browser, going):
                signed_in(isthmus, browser)
                places.update((path, text.encode()) for path, text in pages(browser))
                end(going)
                places["log of the pages"] = going.said.encode()
            org.control("DELETE", "grants")
            for command in (("connection", "run", "acme"), ("authorization", "check", "acme")):
                label, text = said(isthmus, *command)
                places[f"{label}, lost"] = text.encode()
            label, text = said(isthmus, "authorization", "remove", "acme")
            places[label] = text.encode()
        places["processes"] = "\n".join(looker.seen).encode()
        places.update(dumped(conninfo))
    files = [each for each in isthmus.home.rglob("*") if each.is_file()]
    places.update((str(each), each.read_bytes()) for each in files)
    assert b"finished" in places["connection run acme 1"], places
    assert b"Connect to Salesforce again" in places["connection run acme, lost"]
    assert "localorg-secret" in secrets
    assert len(secrets) >= 8
    assert b"localhost refused the connection" in places["/mail"]
    assert found(secrets, places) == []


def signed_in(isthmus: Isthmus, browser: Browser) -> None:
    isthmus.run(
        *("user", "add", "alice@example.com", "--password-stdin"), stdin="a long password 12\n"
    )
    browser.send("/sign-in", email="alice@example.com", password="a long password 12")


def found(secrets: set[str], places: dict[str, bytes]) -> list[str]:
    """Where any of them stands, as it is or as PostgreSQL shows bytes."""
    ways = [each.encode() for each in secrets]
    ways += [each.hex().encode() for each in ways]
    return [name for name, text in places.items() if any(each in text for each in ways)]
