"""What a doctor says when things are broken for real, and that it says so in time."""

import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection as Database

from integration.set_up import new_connection
from isthmus.cli import doctor_checks as checks
from isthmus.cli.checking import Finding
from isthmus.cli.looking_within import Check, all_within, within
from isthmus.connections import holding, mail_server, secrets
from isthmus.connections.mail_server import Security, Server
from isthmus.connections.models import App, Letter
from isthmus.errors import Final
from isthmus.profiles import database, upkeep


def bad(check: Check) -> list[Finding]:
    return [each for each in within("x", 20, check) if not each.ok]


def only_words(check: Check) -> str:
    (found,) = bad(check)
    return found.detail


def test_all_is_well_in_a_new_store(store: Database[Any]) -> None:
    for check in (
        checks.server,
        checks.clock,
        checks.zones,
        checks.tables,
        checks.workers,
        checks.upkeep,
        checks.secrets,
        checks.mail,
    ):
        assert bad(check) == [], check


def test_a_server_that_is_down_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_CONNINFO", "host=127.0.0.1 port=9 dbname=x")
    assert "start it again" in only_words(checks.server)


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_server_that_does_not_answer_is_not_waited_for(
    silent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_CONNINFO", f"host=127.0.0.1 port={silent} dbname=x")
    began = time.monotonic()
    (found,) = within("database", 1, checks.server, advice="Look whether it runs.")
    assert time.monotonic() - began < 5
    assert not found.ok
    assert found.detail == "There was no answer within 1 seconds. Look whether it runs."


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("ahead", "word"), [(200, "ahead of"), (-200, "behind")])
def test_a_clock_that_is_wrong_is_said(
    ahead: float, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "now", lambda: datetime.now(UTC) + timedelta(seconds=ahead))
    words = only_words(checks.clock)
    assert f"3 min 20 s {word} the database server's" in words
    assert "NTP" in words


@pytest.mark.usefixtures("store")
def test_a_time_zone_that_nobody_knows_is_said() -> None:
    new_connection(timezone="Europe/Atlantis")
    found = bad(checks.zones)
    assert ["Europe/Atlantis" in each.detail for each in found] == [True, True]
    assert "tzdata" in found[0].detail


def test_tables_of_another_version_are_said(store: Database[Any]) -> None:
    store.execute("COMMENT ON SCHEMA store IS 'another'")
    assert "isthmus migrate" in only_words(checks.tables)


@pytest.mark.usefixtures("store")
def test_a_key_that_does_not_open_the_secrets_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    App.objects.create(name="one", client_id="x", sealed_secret=secrets.seal("s"))
    assert bad(checks.secrets) == []
    monkeypatch.setenv(secrets.SETTING, secrets.new_key())
    assert "1 secret can't be opened" in only_words(checks.secrets)


def test_a_worker_of_another_version_is_said(store: Database[Any]) -> None:
    store.execute("SET application_name = 'isthmus worker 0.0.9'")
    words = only_words(checks.workers)
    assert "0.0.9" in words
    assert "start it anew" in words


def test_backups_that_stopped_are_said(store: Database[Any]) -> None:
    upkeep.note(store, upkeep.BACKUP)
    assert bad(checks.upkeep) == []
    store.execute("UPDATE store.upkeep SET at = now() - interval '9 days'")
    assert "9 d 0 h ago" in only_words(checks.upkeep)


def test_housekeeping_that_stopped_is_said(store: Database[Any]) -> None:
    upkeep.note(store, upkeep.TIDIED)
    assert bad(checks.upkeep) == []
    store.execute("UPDATE store.upkeep SET at = now() - interval '4 days'")
    assert "log" in only_words(checks.upkeep)


def test_a_store_that_is_held_is_said(store: Database[Any]) -> None:
    upkeep.note(store, upkeep.HELD, made_at="2026-01-02T03:04:05+00:00")
    words = only_words(checks.upkeep)
    assert "2026-01-02 03:04 UTC" in words
    assert "isthmus resume" in words
    assert holding.release()
    assert not holding.release()


def mail_at(port: int) -> None:
    mail_server.save(
        Server(host="127.0.0.1", port=port, security=Security.NONE, sender="us@example.com")
    )


@pytest.mark.usefixtures("store")
def test_a_mail_server_that_is_down_is_said() -> None:
    mail_at(9)
    assert "nothing listens on port 9" in only_words(checks.mail)


@pytest.mark.usefixtures("store")
def test_letters_that_nobody_got_are_said() -> None:
    now = timezone.now()
    acme = new_connection("acme", notify_to=["ann@example.com"])
    missed = {"given_up_at": now, "missed": acme.notify_to}
    Letter.objects.create(channel=Letter.EMAIL, key="x", connection=acme, **missed)
    Letter.objects.create(channel=Letter.WEBHOOK, key="y", trouble="example.com answers 500.")
    found = [(each.what, each.ok, each.detail) for each in checks.mail()]
    assert found[0][:2] == ("e-mail", False)
    assert found[0][2].startswith("1 letter given up, and some got none since: mend")
    assert found[1] == ("webhooks", False, "1 letter waiting: example.com answers 500.")


@pytest.mark.usefixtures("store")
def test_a_mail_server_that_is_silent_is_not_waited_for_long(silent: int) -> None:
    mail_at(silent)
    began = time.monotonic()
    assert str(silent) in only_words(checks.mail)
    assert time.monotonic() - began < 15


def _broken() -> list[Finding]:
    raise ZeroDivisionError("odd")


def test_one_check_that_fails_or_hangs_hides_no_other() -> None:
    def fine() -> Iterator[Finding]:
        yield Finding(what="fine", ok=True, detail="")

    def refuses() -> Iterator[Finding]:
        yield Finding(what="before", ok=True, detail="")
        raise Final("It is so. Do this.")

    def breaks() -> Iterator[Finding]:
        yield from _broken()

    def hangs() -> Iterator[Finding]:
        time.sleep(30)
        yield Finding(what="late", ok=True, detail="")

    made: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("hangs", hangs),
        ("refuses", refuses),
        ("breaks", breaks),
        ("fine", fine),
    ]
    found = all_within(made, 1.0, most=2)
    assert [(each.what, each.ok) for each in found] == [
        ("hangs", False),
        ("before", True),
        ("refuses", False),
        ("breaks", False),
        ("fine", True),
    ]
    assert found[2].detail == "It is so. Do this."
    assert "ZeroDivisionError: odd" in found[3].detail


@pytest.mark.usefixtures("store")
def test_a_lock_on_the_tables_is_not_waited_for_without_end(store: Database[Any]) -> None:
    with store.transaction():
        store.execute("LOCK TABLE connections_app")
        (found,) = within("stored secrets", 1.0, checks.secrets, advice="Try it again.")
    assert not found.ok
    assert "within 1 seconds" in found.detail
    with database.connected() as session:
        session.execute("SELECT 1")
