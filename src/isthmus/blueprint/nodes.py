"""Values of a YAML document with their places; what does not fit becomes a problem there.

Every reader gives a value even where it found a problem, so that one pass finds all problems. Such
a value is never used: `reading.read` raises as soon as there is one problem.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from isthmus.blueprint.documents import Path, Places
from isthmus.blueprint.errors import BlueprintInvalid, Problem
from isthmus.connections.goal_troubles import UNSTORABLE, is_storable
from isthmus.domain.suggestions import suggestion

_DEEPEST = 50
_MOST_VALUES = 100_000
"""Limits of what is read: aliases of aliases make endless documents out of few lines."""

_TAG = "tag:yaml.org,2002:"
_INTEGER_BASES = {"0x": 16, "0o": 8, "0b": 2}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(kw_only=True)
class Source:
    """A document while it is read: where its variables come from, what was found wrong so far."""

    file: str
    environment: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    known: dict[Path, tuple[int, int]] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """Where each value that was read stands."""
        return Places(self.file, self.known)

    def report(self, place: tuple[int, int], message: str) -> None:
        """Note a problem."""
        line, column = place
        self.problems.append(Problem(file=self.file, line=line, column=column, message=message))

    def place(self, path: Path, place: tuple[int, int]) -> None:
        """Note where a value stands."""
        self.known[path] = place
        if len(self.known) > _MOST_VALUES or len(path) > _DEEPEST:
            self.report(
                place,
                f"The document holds more than {_MOST_VALUES:,} values, or values more than "
                f"{_DEEPEST} levels deep, counting what aliases (*name) repeat. Take out aliases "
                f"within aliases, or split the document.",
            )
            raise BlueprintInvalid(self.problems)


@dataclass(frozen=True, kw_only=True)
class Value:
    """One value of the document, to be read as what it should be."""

    source: Source
    node: Node
    path: Path

    def report(self, message: str) -> None:
        """Note a problem of this value."""
        self.source.report(self.source.known[self.path], message)

    def report_at(self, path: Path, message: str) -> None:
        """Note a problem of what stands at `path` within this value, or of what is around it."""
        places = self.source.places
        self.source.report(places.find((*self.path, *path)), message)

    def entries(self, *, required: Iterable[str] = (), optional: Iterable[str] = ()) -> "Entries":
        """The values of a mapping by key; other keys, and missing ones, are problems."""
        allowed = (*required, *optional)
        found = self._pairs(allowed)
        for key in required:
            if key not in found and isinstance(self.node, MappingNode):
                self.report(f"{key!r} is missing. Write {key}: … here.")
        return Entries(values=found, parent=self)

    def keys(self) -> list[str]:
        """The keys of a mapping as they stand; none where it is something else."""
        if not isinstance(self.node, MappingNode):
            return []
        return [str(key.value) for key, _ in self.node.value]

    def peek(self, key: str) -> str:
        """The text of a scalar in a mapping, unchecked; empty where there is none."""
        if not isinstance(self.node, MappingNode):
            return ""
        found = (node.value for name, node in self.node.value if name.value == key)
        return str(next(found, ""))

    def items(self) -> list["Value"]:
        """The values of a list."""
        if not self._is(SequenceNode, "seq", "a list"):
            return []
        return [self._child(place, node, node) for place, node in enumerate(self.node.value)]

    def text(self) -> str:
        """A text with at least one visible character."""
        text = self._any_text()
        if text is not None and not text.strip():
            self.report("This text is empty. Write something, or leave the key out.")
        return text or ""

    def separator(self) -> str:
        """A text that may be nothing but spaces."""
        text = self._any_text()
        if text == "":
            self.report("This text is empty. Write the characters that stand between two values.")
        return text or ""

    def flag(self) -> bool:
        """Whether true stands there, and not false."""
        if self._tag == "bool":
            return str(self.node.value).lower() == "true"
        self.report(f"{self._came} is not true or false. Write one of the two, without quotes.")
        return False

    def integer(self, lowest: int, highest: int) -> int:
        """A whole number within these limits."""
        number = _integer(self.node.value) if self._tag == "int" else None
        if number is None or not lowest <= number <= highest:
            self.report(
                f"{self._came} is not a whole number from {lowest:,} to {highest:,}. "
                f"Write such a number, without quotes."
            )
            return lowest
        return number

    def number(self) -> int | None:
        """A whole number of any size; None where it is something else."""
        return _integer(self.node.value) if self._tag == "int" else None

    def choice(self, kind: type[Choice]) -> Choice:
        """One of the words of `kind`."""
        words = {str(word): word for word in kind}
        text = self._any_text()
        if text is not None and text not in words:
            self.report(f"{text!r} is not known here. {suggestion(text, words)}")
        return words.get(text or "", next(iter(kind)))

    def expanded(self) -> str:
        """A text in which each `${NAME}` is replaced by that variable of the environment."""
        text = self.text()
        if "${" in _VARIABLE.sub("", text):
            self.report(
                f"{text!r} has a ${{ that names no variable. Write ${{NAME}}, with letters, "
                f"digits and `_` in the name."
            )
        return _VARIABLE.sub(lambda found: self._variable(found[1]), text)

    def secret(self) -> str:
        """What the environment holds for `${NAME}`; anything else is refused and not repeated."""
        text = self.text()
        found = _VARIABLE.fullmatch(text)
        if found:
            return self._variable(found[1])
        if text:
            self.report(
                f"A secret may not stand in the document. Write {self.path[-1]}: "
                f'"${{SOME_NAME}}" and put the secret into that environment variable. If the '
                f"document has been shared, replace the secret too."
            )
        return ""

    def plain(self) -> Any:
        """The value as JSON: mappings, lists, texts, numbers, true, false and null."""
        if isinstance(self.node, MappingNode):
            return {key: value.plain() for key, value in self._pairs(None).items()}
        if isinstance(self.node, SequenceNode):
            return [item.plain() for item in self.items()]
        reader = _SCALARS.get(self._tag)
        try:
            return reader(self) if reader else self._any_text()
        except (ValueError, OverflowError):
            self.report(f"{self._came} is too large, or no number. Write a smaller one.")
            return None

    def _variable(self, name: str) -> str:
        value = self.source.environment.get(name, "")
        if not value.strip():
            state = "is empty" if name in self.source.environment else "is not set"
            self.report(
                f"The environment variable {name} {state}. Set it before reading this document, "
                f"or correct the name in ${{{name}}}."
            )
        return value

    @property
    def _tag(self) -> str:
        return str(self.node.tag).removeprefix(_TAG)

    @property
    def _came(self) -> str:
        """What stands there, in a few words."""
        if not isinstance(self.node, ScalarNode):
            return "A list" if isinstance(self.node, SequenceNode) else "A mapping"
        text = str(self.node.value)
        if self._tag == "null":
            return "An empty value"
        return repr(text if len(text) <= 60 else f"{text[:57]}...")  # noqa: PLR2004

    def _is(self, kind: type[Node], tag: str, wanted: str) -> bool:
        if isinstance(self.node, kind) and self._tag == tag:
            return True
        empty = " If there is nothing to say, leave the key out." if self._tag == "null" else ""
        self.report(f"{self._came} stands where {wanted} belongs.{empty}")
        return False

    def _any_text(self) -> str | None:
        """The text, or None where it is something else."""
        if isinstance(self.node, ScalarNode) and self._tag in ("str", "timestamp"):
            text = str(self.node.value)
            if is_storable(text):
                return text
            self.report(UNSTORABLE)
            return None
        quotes = " Put it in quotes." if self._tag in ("int", "float", "bool") else ""
        self.report(f"{self._came} stands where a text belongs.{quotes}")
        return None

    def _pairs(self, allowed: Iterable[str] | None) -> dict[str, "Value"]:
        """The values of a mapping by key; `allowed` None allows every key."""
        if not self._is(MappingNode, "map", "a mapping (key: value)"):
            return {}
        found: dict[str, Value] = {}
        for key_node, node in self.node.value:
            key = self._key(key_node, found, allowed)
            if key is not None:
                found[key] = self._child(key, node, key_node)
        return found

    def _key(
        self, node: Node, found: Mapping[str, "Value"], allowed: Iterable[str] | None
    ) -> str | None:
        """The key; None, with a problem, where it may not stand here."""
        key = str(node.value)
        if (
            not isinstance(node, ScalarNode)
            or str(node.tag) != f"{_TAG}str"
            or not is_storable(key)
        ):
            shown = repr(key) if isinstance(node, ScalarNode) else "A list or mapping"
            message = f"{shown} is not a key. Keys are texts: put it in quotes."
        elif key in found:
            line = self.source.known[found[key].path][0]
            message = f"{key!r} stands twice (first in line {line}). Keep one of the two."
        elif allowed is not None and key not in allowed:
            message = f"{key!r} is not a key here. {suggestion(key, allowed)}"
        else:
            return key
        self.source.report(_place(node), message)
        return None

    def _child(self, step: str | int, node: Node, stands_by: Node) -> "Value":
        path = (*self.path, step)
        self.source.place(path, _place(stands_by if _is_nothing(node) else node))
        return Value(source=self.source, node=node, path=path)


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The values of a mapping that were found, by key."""

    values: Mapping[str, Value]
    parent: Value

    def __contains__(self, key: object) -> bool:
        return key in self.values

    def report(self, key: str, message: str) -> None:
        """Note a problem of the value of `key`."""
        self.values[key].report(message)

    def text(self, key: str, default: str = "") -> str:
        """See `Value.text`."""
        return self.values[key].text() if key in self.values else default

    def expanded(self, key: str) -> str:
        """See `Value.expanded`."""
        return self.values[key].expanded() if key in self.values else ""

    def secret(self, key: str) -> str:
        """See `Value.secret`."""
        return self.values[key].secret() if key in self.values else ""

    def separator(self, key: str) -> str | None:
        """See `Value.separator`."""
        return self.values[key].separator() if key in self.values else None

    def flag(self, key: str, *, default: bool = False) -> bool:
        """See `Value.flag`."""
        return self.values[key].flag() if key in self.values else default

    def integer(self, key: str, default: int, highest: int) -> int:
        """See `Value.integer`; from 0."""
        return self.values[key].integer(0, highest) if key in self.values else default

    def choice(self, key: str, default: Choice) -> Choice:
        """See `Value.choice`."""
        return self.values[key].choice(type(default)) if key in self.values else default

    def items(self, key: str) -> list[Value]:
        """See `Value.items`; none where the key is missing."""
        return self.values[key].items() if key in self.values else []


def root(text: str, source: Source) -> Value:
    """The document as one value. Raises `BlueprintInvalid` where it is not YAML."""
    node = _composed(text, source)
    source.place((), (1, 1) if node is None else _place(node))
    nothing = MappingNode(f"{_TAG}map", [])
    return Value(source=source, node=nothing if node is None else node, path=())


def _composed(text: str, source: Source) -> Node | None:
    # The loader is asked for nodes only, and not for Python values: nodes have places, keep both of
    # two equal keys, and `NO` and `2025-01-01` as they were written.
    yaml = YAML(typ="safe", pure=True)
    yaml.max_depth = _DEEPEST
    yaml.composer.warn_double_anchors = False
    try:
        node: Node | None = yaml.compose(text)
    except YAMLError as error:
        source.report(_error_place(error, text), _error_message(error))
        raise BlueprintInvalid(source.problems) from error
    if yaml.resolver.processing_version != (1, 2):
        source.report((1, 1), "This document asks for another YAML than 1.2. Remove %YAML.")
        raise BlueprintInvalid(source.problems)
    return node


def _error_place(error: YAMLError, text: str) -> tuple[int, int]:
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if isinstance(error, ReaderError):
        before = text[: error.position]
        return before.count("\n") + 1, len(before) - before.rfind("\n")
    return 1, 1


def _error_message(error: YAMLError) -> str:
    if isinstance(error, MarkedYAMLError):
        found = ", ".join(part for part in (error.context, error.problem) if part)
    else:
        found = str(error).splitlines()[0]
    return (
        f"This is not YAML: {found}. Correct it here or just before; texts with "
        f"`: `, ` #`, `{{` or `[` need quotes."
    )


def _place(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _is_nothing(node: Node) -> bool:
    """Whether nothing stands after the key; such a node's own place is that of the next word."""
    return isinstance(node, ScalarNode) and node.value == "" and not node.style


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = _INTEGER_BASES.get(digits[:2])
    return sign * (int(digits[2:], base) if base else int(digits))


def _finite(text: str) -> float:
    number = float(text.replace("_", ""))
    if not math.isfinite(number):
        raise OverflowError
    return number


_SCALARS: Mapping[str, Callable[[Value], Any]] = {
    "null": lambda _: None,
    "bool": lambda value: str(value.node.value).lower() == "true",
    "int": lambda value: _integer(value.node.value),
    "float": lambda value: _finite(value.node.value),
}
