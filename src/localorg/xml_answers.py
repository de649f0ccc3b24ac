"""Answers as XML: the same values as in JSON, as elements under a root named after the resource."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_NIL = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000")
_NO_CHARACTERS_OF_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_VERSION_SEGMENTS = 3
_ROOTS = {
    "batch": "batchResults",
    "composite": "compositeResults",
    "limits": "LimitsSnapshot",
    "query": "QueryResult",
    "queryall": "QueryResult",
    "recordcount": "recordCounts",
}


def as_xml(path: str, status: int, value: Any, *, pretty: bool = False) -> bytes:
    """The XML of an answer to a request for `path`, whose JSON would be `value`."""
    if isinstance(value, list):
        root, content = _list_content(path, status, value)
    else:
        root, content = _root(path, value), value
    lines = _element(root, content, f" {_NIL}")
    separator = "\n" if pretty else ""
    return separator.join((_DECLARATION, *lines)).encode()


def _list_content(path: str, status: int, entries: list[Any]) -> tuple[str, dict[str, Any]]:
    """The root of an answer that is an array, and its entries by the name each of them gets."""
    if status >= 400:  # noqa: PLR2004 - where errors begin in HTTP
        return "Errors", {"Error": entries}
    if len(_segments(path)) < _VERSION_SEGMENTS:
        return "Versions", {"Version": entries}
    if entries and isinstance(entries[0], str):
        return "urls", {"url": entries}
    return "Results", {"Result": entries}


def _root(path: str, value: Any) -> str:
    if isinstance(value, Mapping):
        kind = (value.get("attributes") or {}).get("type")
        if kind:
            return str(kind)
        if {"success", "errors"} <= value.keys():
            return "Result"
    segments = _segments(path)[_VERSION_SEGMENTS:]
    if not segments:
        return "urls"
    if segments[0].lower() == "sobjects":
        return segments[1] if len(segments) > 1 else "DescribeGlobal"
    name = segments[-1]
    if segments[0].lower() in {"query", "queryall"}:
        name = "query"
    return _ROOTS.get(name.lower(), name if _NAME.fullmatch(name) else "Result")


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _element(name: str, value: Any, more: str = "") -> Iterator[str]:
    """The lines of an element; a list is its entries under the same name."""
    if isinstance(value, list):
        for entry in value:
            yield from _element(name, entry, more)
        return
    tag, naming = _tag(name)
    opening = f"{tag}{naming}{more}"
    if value is None:
        yield f'<{opening} xsi:nil="true"/>'
    elif isinstance(value, Mapping):
        yield f"<{opening}{_attributes(value)}>"
        for key, entry in value.items():
            if key != "attributes":
                yield from _element(str(key), entry)
        yield f"</{tag}>"
    else:
        yield f"<{opening}>{_text(value)}</{tag}>"


def _tag(name: str) -> tuple[str, str]:
    """A name as XML allows it; one that it doesn't allow becomes an attribute."""
    return (name, "") if _NAME.fullmatch(name) else ("entry", f" name={quoteattr(name)}")


def _attributes(value: Mapping[str, Any]) -> str:
    attributes = value.get("attributes")
    return "".join(_attribute_texts(attributes.items() if isinstance(attributes, Mapping) else ()))


def _attribute_texts(pairs: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for key, value in pairs:
        yield f" {key}={quoteattr(_plain(value))}"


def _text(value: Any) -> str:
    text = _plain(value)
    moment = _MOMENT.fullmatch(text)
    return f"{moment[1]}Z" if moment else escape(text)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NO_CHARACTERS_OF_XML.sub("", str(value))
