"""From a `Document` to YAML that `reading.read` turns into the same document."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from enum import StrEnum
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from isthmus.blueprint.documents import (
    SECRET_KEYS,
    App,
    Authorization,
    Connection,
    Document,
    Goal,
    Notify,
    Org,
    Segment,
)
from isthmus.domain.goals import ExportField, ImportField, ImportGoal
from isthmus.domain.properties import PropertyDefinition

_LINE = 96
"""Longest line of a mapping that is written on one line, in characters without indentation."""

_UNLIMITED = 1_000_000
_PLAIN = re.compile(r"[^\W\d](?:[\w ./@+*()-]*[\w)])?")
"""Texts that go without quotes: all others have them, so that none is taken for something else."""

_NO_TEXTS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that are no texts, in this YAML or in older ones."""

_HEADER = """\
# The set-up of this store. Change it and apply it; what it does not name stays as it is.
"""
_SECRETS_HEADER = """\
# Secrets are not in here. They are read from these environment variables:
"""


def write(document: Document) -> str:
    """The document as YAML, defaults left out. Secrets become names: see `secret_names`."""
    names = secret_names(document)
    top = {
        "apps": [_compact(_app(each, names)) for each in document.apps],
        "orgs": [_compact(_org(each)) for each in document.orgs if each != Org(id=each.id)],
        "properties": [_compact(_property(each)) for each in document.properties],
        "segments": [_block(_segment(each)) for each in document.segments],
        "connections": [_block(_connection(each, names)) for each in document.connections],
    }
    listed = "".join(f"#   {name}\n" for name in names.values())
    header = f"{_HEADER}{_SECRETS_HEADER}{listed}" if names else _HEADER
    filled = {key: CommentedSeq(rows) for key, rows in top.items() if rows}
    return f"{header}\n{_dumped(CommentedMap(filled))}" if filled else header


def secret_names(document: Document) -> dict[str, str]:
    """Environment variable of each secret, by the connection's key, `app NAME`, `webhook KEY`."""
    names: dict[str, str] = {}
    for app in document.apps:
        if app.secret:
            word = re.sub(r"[^A-Z0-9]+", "_", f"APP_{app.name}_CLIENT_SECRET".upper())
            names[f"app {app.name}"] = _free(word, names.values())
    for connection in document.connections:
        if connection.authorization is None or connection.authorization.flow not in SECRET_KEYS:
            continue
        word = f"{connection.key}_{SECRET_KEYS[connection.authorization.flow]}".upper()
        names[connection.key] = _free(_variable(word), names.values())
    for connection in document.connections:
        if connection.notify is not None and connection.notify.webhook is not None:
            word = f"{connection.key}_WEBHOOK_SECRET".upper()
            names[f"webhook {connection.key}"] = _free(_variable(word), names.values())
    return names


def _variable(word: str) -> str:
    return f"CONNECTION_{word}" if word[0].isdigit() else word


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number where it is taken: keys differ by case, these names don't."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _property(definition: PropertyDefinition) -> dict[str, Any]:
    values = {"key": definition.key, "label": definition.label, "type": definition.type}
    others = _differing(definition, ("list", "identifier", "normalise", "personal", "on_merge"))
    if definition.identifier:
        others.pop("personal", None)
    return {**values, **others, **_differing(definition, ("description",))}


def _segment(segment: Segment) -> dict[str, Any]:
    return {"key": segment.key, **_name(segment), "where": _compact(segment.where)}


def _connection(connection: Connection, names: Mapping[str, str]) -> dict[str, Any]:
    options = ("active", "sandbox", "timezone", "overlap_seconds", "settle_seconds")
    guard = ("confirm_above", "confirm_hours")
    values = {
        "key": connection.key,
        **_name(connection),
        **_differing(connection, ("description",)),
        **_differing(connection, (*options, *guard)),
    }
    if connection.schedule is not None:
        values["schedule"] = _compact(connection.schedule.as_plain())
    if connection.labels:
        values["labels"] = _compact(list(connection.labels))
    if connection.notify is not None:
        secret = names.get(f"webhook {connection.key}", "")
        values["notify"] = _compact(_notify(connection.notify, secret))
    if connection.share:
        values["authorization"] = _compact({"share": connection.share})
    elif connection.authorization is not None:
        secret = names.get(connection.key, "")
        values["authorization"] = _block(_authorization(connection.authorization, secret))
    if connection.goals is not None:
        values["goals"] = CommentedSeq([_block(_goal(goal)) for goal in connection.goals])
    return values


def _notify(notify: Notify, secret: str) -> dict[str, Any]:
    values: dict[str, Any] = {"to": list(notify.to), **_differing(notify, ("when",))}
    if notify.webhook is not None:
        named = DoubleQuotedScalarString(f"${{{secret}}}")
        values["webhook"] = {"url": notify.webhook.url, "secret": named}
    return values


def _app(app: App, names: Mapping[str, str]) -> dict[str, Any]:
    secret = names.get(f"app {app.name}")
    values: dict[str, Any] = {"name": app.name, "client_id": app.client_id}
    if secret:
        values["client_secret"] = DoubleQuotedScalarString(f"${{{secret}}}")
    return values


def _org(org: Org) -> dict[str, Any]:
    return {"id": org.id, "api_share_percent": org.api_share_percent}


def _authorization(authorization: Authorization, secret: str) -> dict[str, Any]:
    if authorization.flow not in SECRET_KEYS:
        return {
            "flow": authorization.flow,
            "login_url": authorization.login_url,
            **_differing(authorization, ("app",)),
        }
    return {
        "flow": authorization.flow,
        "login_url": authorization.login_url,
        "client_id": authorization.client_id,
        **_differing(authorization, ("username", "audience")),
        SECRET_KEYS[authorization.flow]: DoubleQuotedScalarString(f"${{{secret}}}"),
    }


def _goal(goal: Goal) -> dict[str, Any]:
    direction = "import" if isinstance(goal, ImportGoal) else "export"
    values: dict[str, Any] = {"key": goal.key, **_name(goal), direction: goal.object.name}
    values |= _differing(
        goal, ("active", "segment", "object_type_property", "object_type_on_delete")
    )
    if isinstance(goal, ImportGoal) and goal.filter is not None:
        values["filter"] = _compact(goal.filter)
    rows = goal.match if isinstance(goal, ImportGoal) else [goal.match]
    match = [_compact(asdict(row)) for row in rows]
    values["match"] = CommentedSeq(match) if isinstance(goal, ImportGoal) else match[0]
    values |= _differing(goal, ("create_profiles", "create_records", "update_records", "on_merge"))
    values["fields"] = CommentedSeq([_compact(_row(row)) for row in goal.fields])
    return values


def _row(row: ImportField | ExportField) -> dict[str, Any]:
    if isinstance(row, ImportField):
        values = {"field": row.field, "property": row.property}
        return {**values, **_differing(row, ("rule", "keep_when_empty"))}
    values = {"field": row.field, row.kind: row.value}
    return {**values, **_differing(row, ("when_empty", "when_too_long", "separator"))}


def _name(thing: Segment | Connection | Goal) -> dict[str, str]:
    return {"name": thing.name} if thing.name != thing.key else {}


def _differing(thing: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """These of the thing's values that are not what reading takes by itself."""
    defaults = {field.name: field.default for field in fields(thing)}
    return {
        name: getattr(thing, name)
        for name in names
        if name in defaults and getattr(thing, name) != defaults[name]
    }


def _block(values: Mapping[str, Any]) -> CommentedMap:
    """A mapping over several lines."""
    return CommentedMap({_text(key): _leaf(value) for key, value in values.items()})


def _compact(value: Any) -> Any:
    """The value on one line where it fits; else over several, each part on one where that fits."""
    if not isinstance(value, dict | list):
        return _leaf(value)
    whole = _flow(value)
    if _fits(whole):
        return whole
    if isinstance(value, dict):
        return CommentedMap({_text(key): _compact(each) for key, each in value.items()})
    return CommentedSeq([_compact(each) for each in value])


def _flow(value: Any) -> Any:
    if not isinstance(value, dict | list):
        return _leaf(value)
    whole: Any
    if isinstance(value, dict):
        whole = CommentedMap({_text(key): _flow(each) for key, each in value.items()})
    else:
        whole = CommentedSeq([_flow(each) for each in value])
    whole.fa.set_flow_style()
    return whole


def _fits(whole: Any) -> bool:
    length = _plain_length(whole)
    if length is not None:
        return length <= _LINE
    written = _dumped(whole).rstrip("\n")
    return len(written) <= _LINE and "\n" not in written and "\\n" not in written


def _plain_length(value: Any) -> int | None:
    """How long the value is on one line; None where only writing it can tell.

    Most rows of a mapping are plain texts, and writing each of them twice takes long.
    """
    if isinstance(value, bool):
        return len("true" if value else "false")
    if type(value) is str or isinstance(value, int):
        return len(str(value))
    if isinstance(value, CommentedMap):
        parts = [_plain_length(each) for pair in value.items() for each in pair]
    elif isinstance(value, CommentedSeq) and not any(
        isinstance(each, dict | list) for each in value
    ):
        parts = [_plain_length(each) for each in value]
    else:
        return None
    # Between two parts are two characters, and so are the brackets around them all.
    return None if None in parts else sum(filter(None, parts)) + 2 * max(len(parts), 1)


def _leaf(value: Any) -> Any:
    if isinstance(value, CommentedMap | CommentedSeq | DoubleQuotedScalarString):
        return value
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> str:
    """The text in the plainest form that is read as the same text everywhere."""
    text = str(value) if isinstance(value, StrEnum) else value
    if _PLAIN.fullmatch(text) and text.lower() not in _NO_TEXTS:
        return text
    quoted: str = (LiteralScalarString if _is_tidy(text) else DoubleQuotedScalarString)(text)
    return quoted


def _is_tidy(text: str) -> bool:
    """Whether these are several lines that look the same when they are written below each other."""
    lines = text.removesuffix("\n").split("\n")
    plain = all(line.isprintable() and line == line.rstrip() for line in lines)
    return plain and len(lines) > 1 and bool(lines[-1]) and lines[0] != "" and lines[0][0] != " "


def _dumped(value: Any) -> str:
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = _UNLIMITED
    stream = StringIO()
    yaml.dump(value, stream)
    return stream.getvalue()
