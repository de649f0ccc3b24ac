"""The log of processes that work off runs or serve pages: a line each, as JSON or as text.

A line holds names of ours (connection, run, goal, step), numbers and classes of errors. It never
holds the words of an error, a value or an address: those may be personal data, and are kept in the
database, with the run's problems.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

import orjson

_LEVELS = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}


def document(record: logging.LogRecord) -> dict[str, Any]:
    """The line as JSON has it: time (UTC), level, event, then what the event is about."""
    at = datetime.fromtimestamp(record.created, UTC)
    line: dict[str, Any] = {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": _LEVELS.get(record.levelname, "info"),
        "event": _event(record),
        "process": record.process,
    }
    facts: Mapping[str, Any] = getattr(record, "facts", {})
    line.update({name: value for name, value in facts.items() if value is not None})
    if record.exc_info and record.exc_info[1] is not None:
        line["error"] = type(record.exc_info[1]).__name__
        line["at"] = _places(record.exc_info[1])
    return line


def _event(record: logging.LogRecord) -> str:
    """What happened. Of what a library says, only that it said something: it may name values."""
    event = getattr(record, "event", None)
    if event is not None:
        return str(event)
    ours = record.name.partition(".")[0] == "isthmus"
    return str(record.msg) if ours else f"message of {record.name}"


def _places(error: BaseException) -> list[str]:
    """Where in the code an error came from, innermost last, without any value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{PurePath(each.filename).name}:{each.lineno} {each.name}" for each in frames]


class JsonLines(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return orjson.dumps(document(record), default=str).decode()


class TextLines(logging.Formatter):
    """Time of day, event, and what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = document(record)
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        shown = {name: line[name] for name in line if name not in _APART}
        words = " ".join(f"{name}={_plain(value)}" for name, value in shown.items())
        level = "" if line["level"] == "info" else f"{line['level']}: "
        return f"{at:%H:%M:%S} {level}{line['event']} {words}".rstrip()


_APART = ("time", "level", "event", "process")


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        kept = {name: each for name, each in value.items() if each not in (0, {})}
        return "{" + ", ".join(f"{name}: {_plain(each)}" for name, each in kept.items()) + "}"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)


JSON_SETTING = "ISTHMUS_LOG_JSON"
"""Set for the processes that serve pages, by the one that starts them."""


def note(message: str) -> None:
    """Log a sentence for people, where there is a log and nobody watches."""
    log.info("note", extra={"event": "note", "facts": {"message": message}})


def note_line(message: str) -> str:
    """The line that `note` would log."""
    record = log.makeRecord(log.name, logging.INFO, "", 0, "note", (), None)
    record.event, record.facts = "note", {"message": message}
    return JsonLines().format(record)


log = logging.getLogger("isthmus.notes")

WATCHED_LESS = ("isthmus.requests",)
"""What somebody at a terminal does not want a line of for each."""


def of_server(*, as_json: bool) -> dict[str, Any]:
    """For the web server's own log: the same lines, on standard error."""
    kind = JsonLines if as_json else TextLines
    loggers = {name: {"handlers": ["lines"], "propagate": False} for name in _SERVER}
    stream = {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": f"{kind.__module__}.{kind.__name__}"}},
        "handlers": {"lines": stream},
        "loggers": loggers,
    }


_SERVER = ("_granian", "granian.access")


def configure(*, as_json: bool, everything: bool = True) -> None:
    """Send the log of this process to standard error; `everything`, or only what went wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    ours = logging.getLogger("isthmus")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.INFO if everything else logging.ERROR)
    for name in WATCHED_LESS:
        logging.getLogger(name).setLevel(logging.NOTSET if as_json else logging.WARNING)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.ERROR)
    # What these say of a database that went away is said by the worker, in one line.
    for name in ("procrastinate", "psycopg", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
