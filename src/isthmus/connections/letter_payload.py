"""What a webhook is sent: the same as a letter says, as JSON for programs. No personal data."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from isthmus.connections import alert_words, guards, letter_words, page_address
from isthmus.connections.models import Alert, Connection, Letter, Run, RunGoal
from isthmus.connections.reading import counts

ENDED, WAITS, ALERT, TEST = "run.ended", "run.waiting", "alert.opened", "test"


def event_id(letter: Letter) -> str:
    """Names what happened: the same however often it is sent."""
    about = f"{letter.id} {letter.key} {letter.written_at.isoformat()}"
    return f"evt_{hashlib.sha256(about.encode()).hexdigest()[:24]}"


def body(letter: Letter) -> bytes:
    """What is sent for a letter, as things stand now."""
    if letter.asks is not None:
        kind, about = WAITS, _of_question(letter.asks)
    elif letter.run is not None:
        kind, about = ENDED, _of_run(letter.run)
    else:
        assert letter.alert is not None  # noqa: S101 - a letter is about one of the three
        kind, about = ALERT, _of_alert(letter.alert)
    return _document(kind, event_id(letter), letter.written_at, about)


def test_body(connection: Connection, event: str, now: datetime) -> bytes:
    """What is sent to see whether the webhook takes it."""
    links = {"connection": _url(page_address.connection(connection.key))}
    return _document(TEST, event, now, {"connection": _connection(connection), "links": links})


def _document(kind: str, event: str, at: datetime, about: Mapping[str, Any]) -> bytes:
    document = {"id": event, "type": kind, "created_at": at, **about}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2)


def _connection(row: Connection) -> dict[str, str]:
    return {"key": row.key, "name": row.name}


def _url(path: str) -> str | None:
    """The address of a page; None where nobody knows where the pages are."""
    return letter_words.link("", path).url or None


def _of_run(run: Run) -> dict[str, Any]:
    parts = list(run.goals.select_related("goal"))
    return {
        "connection": _connection(run.connection),
        "run": {
            **_run(run),
            "sign_in_lost": letter_words.sign_in_is_lost(run.connection),
            "goals": [_goal(part) for part in parts],
        },
        "links": _links(run),
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "number": run.number,
        "state": run.state,
        "scheduled_for": run.due_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def _goal(part: RunGoal) -> dict[str, Any]:
    return {
        "key": part.key,
        "direction": part.direction,
        "state": part.state,
        "counts": counts(part).plain() if part.counts else None,
    }


def _links(run: Run) -> dict[str, str | None]:
    key, number = run.connection.key, run.number
    return {
        "run": _url(page_address.run(key, number)),
        "problems": _url(page_address.problems(key, number)),
        "connection": _url(page_address.connection(key)),
    }


def _of_question(part: RunGoal) -> dict[str, Any]:
    run, asked = part.run, guards.Asked.of(part)
    size = asked.size if asked else None
    return {
        "connection": _connection(run.connection),
        "run": {**_run(run), "confirm_until": run.confirm_until},
        "would_change": {
            "goal": part.key,
            "created": size.created,
            "updated": size.updated,
            "removed": size.removed,
            "of": size.of,
        }
        if size
        else None,
        "links": _links(run),
    }


def _of_alert(alert: Alert) -> dict[str, Any]:
    said = alert_words.words(alert)
    return {
        "connection": _connection(alert.connection) if alert.connection else None,
        "alert": {
            "kind": alert.kind,
            "opened_at": alert.opened_at,
            "title": said.title,
            "sentence": said.sentence,
            "next_step": said.next_step,
        },
        "links": {"alert": _url(said.address)},
    }
