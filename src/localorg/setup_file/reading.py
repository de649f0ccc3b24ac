"""From the text of a set-up file, YAML or JSON, to values that know where they stand."""

import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from localorg.setup_file.errors import SetupFileError
from localorg.setup_file.values import Data, Problems, Scalar, Value

SECTIONS = (
    *("objects", "users", "profiles", "permission_sets", "apps"),
    *("queues", "assignment_rules", "duplicate_rules"),
)
_MOST_BYTES = 16 * 1024 * 1024
_MOST_VALUES = 200_000
_DEEPEST = 50
# SQLite ends a text at the first, and UTF-8 has no form for the others.
_UNKEPT = re.compile("[\x00\ud800-\udfff]")
_TRUE = frozenset({"true", "True", "TRUE"})


@dataclass(frozen=True)
class SetupFile:
    """A set-up file that was read but not checked: the areas of the org read their sections."""

    # What the file is called in messages.
    name: str
    # The values of the top-level keys that the file has.
    sections: Mapping[str, Value]
    problems: Problems

    def section(self, key: str) -> Value | None:
        """The value of a top-level key, or None where the file does not have it."""
        return self.sections.get(key)

    def raise_problems(self) -> None:
        """Raise SetupFileError with all that was reported so far, if anything was."""
        self.problems.raise_any()


def read(path: Path | str) -> SetupFile:
    """The sections of a file, YAML or JSON; raises SetupFileError where it is neither.

    A key that is no section is reported too, but only `raise_problems` raises that, so that the
    reader of the sections can add what else is wrong.
    """
    source = Path(path)
    try:
        content = source.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        message = f"{source}: The file can't be read: {error.strerror}. Give the path of a file."
        raise SetupFileError([message]) from error
    except UnicodeDecodeError as error:
        message = f"{source}: The file is not UTF-8 at byte {error.start}. Save it as UTF-8."
        raise SetupFileError([message]) from error
    if len(content) > _MOST_BYTES:
        message = f"{source}: The file has {len(content)} bytes; {_MOST_BYTES} are allowed."
        raise SetupFileError([message])
    return parse(text, source.name)


def parse(text: str, name: str) -> SetupFile:
    """The sections of a text; `name` stands for the file in messages. See `read`."""
    problems = Problems(name)
    # JSON may be indented with tabs, YAML may not; a text in JSON never holds a bare tab.
    source = text.replace("\t", " ") if text.lstrip().startswith("{") else text
    node = _composed(source, name)
    if node is None:
        return SetupFile(name, {}, problems)
    top = _Reader(problems).value(node, "", 0)
    entries = top.entries(optional=SECTIONS)
    return SetupFile(name, {key: entries[key] for key in entries if key in SECTIONS}, problems)


def _composed(text: str, name: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    try:
        node: Node | None = yaml.compose(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        reason = error.problem or error.context
        raise _unreadable(name, line, reason) from error
    except (YAMLError, ValueError, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it is nested too deep"
        raise _unreadable(name, 1, reason) from error
    return node


def _unreadable(name: str, line: int, reason: str | None) -> SetupFileError:
    return SetupFileError([f"{name}:{line}: This is neither YAML nor JSON: {reason}."])


class _Reader:
    """Turns nodes into values."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._count = 0

    def value(self, node: Any, path: str, depth: int) -> Value:
        line = node.start_mark.line + 1
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_VALUES:
            message = (
                f"{self._problems.file}:{line}: {path}: The file is nested too deep or has too "
                f"many values. Allowed: {_DEEPEST} levels and {_MOST_VALUES} values."
            )
            raise SetupFileError([message])
        return Value(self._data(node, path, depth), line, path, self._problems)

    def _data(self, node: Any, path: str, depth: int) -> Data:
        if isinstance(node, MappingNode):
            return dict(self._entries(node, path, depth))
        if isinstance(node, SequenceNode):
            return [
                self.value(item, f"{path}[{place}]", depth + 1)
                for place, item in enumerate(node.value)
            ]
        return self._scalar(node, path) if isinstance(node, ScalarNode) else None

    def _scalar(self, node: ScalarNode, path: str) -> Scalar:
        found = _scalar(node)
        if not isinstance(found, str):
            return found
        # JSON writes a character beyond U+FFFF as two, which YAML takes for two characters.
        text = found.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        unkept = _UNKEPT.search(text)
        if unkept is None:
            return text
        code = f"U+{ord(unkept[0]):04X}"
        message = f"The text holds a character that can't be kept, {code}. Leave it out."
        self._problems.add(node.start_mark.line + 1, path, message)
        return _UNKEPT.sub("\ufffd", text)

    def _entries(self, node: MappingNode, path: str, depth: int) -> Iterator[tuple[str, Value]]:
        seen = set()
        for key_node, item in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                kind = "mapping" if isinstance(key_node, MappingNode) else "list"
                self._problems.add(line, path, f"A {kind} stands here as a key. Write a text.")
                continue
            key = str(key_node.value)
            inner = f"{path}.{key}" if path else key
            if key in seen:
                self._problems.add(line, inner, "The key stands here twice. Keep one of them.")
                continue
            seen.add(key)
            yield key, self.value(item, inner, depth + 1)


def _scalar(node: ScalarNode) -> Scalar:
    kind = str(node.tag).rpartition(":")[2]
    text: str = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text in _TRUE
    if kind in {"int", "float"}:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    for kind in (int, float):
        try:
            number = kind(text)
        except (ValueError, OverflowError):
            continue
        return number if math.isfinite(number) else text
    return text
