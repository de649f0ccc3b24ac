"""When something was is said alike wherever an alert is read: on its connection's clocks, named."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from psycopg import Connection as Session
from typer.testing import CliRunner

from integration.set_up import new_connection
from isthmus.cli import program, session
from isthmus.connections import alert_words, letter_payload, letter_words
from isthmus.connections.alert_signs import Kind
from isthmus.connections.models import Alert, Connection, Letter

AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
SAID = "2 July 2026, 07:30 (Asia/Tokyo)"


@pytest.fixture
def alert(store: Session[Any]) -> Alert:
    connection = new_connection("acme", name="Acme", timezone="Asia/Tokyo")
    facts = {"since": AT.isoformat(), "run": 3}
    return Alert.objects.create(
        kind=Kind.WAITS_FOR_CALLS, about="run 3", connection=connection, facts=facts, opened_at=AT
    )


def test_a_moment_names_the_time_zone_of_the_connection_in_letters_and_webhooks(
    alert: Alert,
) -> None:
    letter = Letter(id=1, channel=Letter.EMAIL, key="a", alert=alert, written_at=AT)
    words = letter_words.of(letter)
    assert SAID in words.sentences[0]
    assert words.facts == [("Since", SAID)]
    told = orjson.loads(letter_payload.body(letter))
    assert SAID in told["alert"]["sentence"]
    assert told["alert"]["opened_at"] == "2026-07-01T22:30:00Z"


def test_a_command_says_it_alike(alert: Alert, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    monkeypatch.setattr(session, "database", nullcontext)
    said = " ".join(CliRunner().invoke(program.app, ["alerts", "list"]).output.split())
    assert f"began on {SAID}" in said
    assert f"since {SAID}" in said


def test_of_an_alert_of_the_whole_store_and_of_a_zone_that_is_not_known_it_is_utc(
    alert: Alert,
) -> None:
    facts = {"channel": "email", "waiting": 1, "since": AT.isoformat()}
    of_all = Alert(kind=Kind.LETTERS_WAIT, about="x", facts=facts)
    assert "1 July 2026, 22:30 (UTC)" in alert_words.words(of_all).sentence
    Connection.objects.update(timezone="No/where")
    alert.refresh_from_db()
    assert "1 July 2026, 22:30 (UTC)" in alert_words.words(alert).sentence
