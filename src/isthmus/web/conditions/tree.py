"""Conditions as a form holds them: what was typed, also where it can't be read.

Names of fields carry the place: `c` is the whole, `c.0` its first part, `c.0.1` the second part of
that. A group has `PLACE.join` (all or any); a test has `PLACE.subject`, `PLACE.operator` and what
is compared with; both may have `PLACE.not`, how often they are turned around.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import BadRequest
from django.http import QueryDict

from isthmus.domain.segments import Operator
from isthmus.domain.segments.operators import CONTENTS, EQUALITY, RELATIVE
from isthmus.domain.segments.reading import MOST_LEVELS
from isthmus.web.conditions.words import IS_NOT_EMPTY, UNITS

ROOT = "c"
BARE = "c.bare"
"""Whether the whole is the only part itself, and not a list of one part."""

MOST_TESTS = 200
"""Most tests of a form: browsers and server pass a form of no more fields without trouble."""

MOST_CHARACTERS = 1_000_000
"""Most characters of conditions that are edited as a form."""

_FORMS = ("property", "system", "field")
_MOST_NOTS = 9
_NOTS = re.compile(r"[0-9]{1,2}")


@dataclass(kw_only=True)
class Test:
    """One property, system value or field compared in one way."""

    subject: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)  # as typed; lines of a list in one
    spans: list[tuple[str, str]] = field(default_factory=list)  # amount and unit
    match_case: bool = False
    nots: int = 0
    kept: str = ""  # stands for a test that whoever edits may not see


@dataclass(kw_only=True)
class Group:
    """Several parts of which all hold, or any."""

    any: bool = False
    parts: "list[Node]" = field(default_factory=list)
    nots: int = 0


Node = Test | Group


@dataclass(kw_only=True)
class Tree:
    """The whole."""

    root: Group
    bare: bool = False  # the whole is the only part of the root

    def walk(self) -> "Iterator[tuple[str, Node]]":
        """Every node with its place, from the top."""
        return _walk(self.root, ROOT)

    @property
    def tests(self) -> list[tuple[str, Test]]:
        """Every test with its place."""
        return [(place, node) for place, node in self.walk() if isinstance(node, Test)]

    def at(self, place: str) -> Node:
        """The node of that place. Raises `BadRequest`."""
        for found, node in self.walk():
            if found == place:
                return node
        raise BadRequest

    @property
    def is_only(self) -> bool:
        """Whether the whole is written as its only part."""
        root = self.root
        return self.bare and len(root.parts) == 1 and not root.nots and not root.any


def _walk(node: Node, place: str) -> Iterator[tuple[str, Node]]:
    yield place, node
    if isinstance(node, Group):
        for number, part in enumerate(node.parts):
            yield from _walk(part, f"{place}.{number}")


# From a document -----------------------------------------------------------------------------


def from_document(where: Any) -> Tree:
    """The form of conditions in their plain form."""
    node = _node(where)
    if isinstance(node, Group):
        return Tree(root=node)
    return Tree(root=Group(parts=[node]), bare=True)


def _node(document: Any) -> Node:
    nots = 0
    while isinstance(document, dict) and set(document) == {"not"}:
        nots, document = nots + 1, document["not"]
    if not isinstance(document, dict):
        return Test(nots=nots)
    for form in ("all", "any"):
        if isinstance(document.get(form), list):
            parts = [_node(part) for part in document[form]]
            return Group(any=form == "any", parts=parts, nots=nots)
    return _test(document, nots)


def _test(document: dict[str, Any], nots: int) -> Test:
    form = next((each for each in _FORMS if each in document), _FORMS[0])
    operator = next((key for key in document if key not in (form, "match_case")), "")
    value = document.get(operator)
    test = Test(
        subject=f"{form}:{document.get(form)}",
        operator=operator,
        match_case=document.get("match_case") is True,
        nots=nots,
    )
    if operator == Operator.IS_EMPTY:
        test.operator = operator if value else IS_NOT_EMPTY
    elif operator in RELATIVE and isinstance(value, dict):
        test.spans = [(str(amount), unit) for unit, amount in value.items()]
    elif operator == Operator.BETWEEN and isinstance(value, list):
        test.values = [written(each) for each in value]
    elif isinstance(value, list) and all(isinstance(each, bool) for each in value):
        test.values = [",".join(map(written, value))]
    elif isinstance(value, list):
        test.values = ["\n".join(map(written, value))]
    else:
        test.values = [written(value)]
    return test


def written(value: Any) -> str:
    """The value as it stands in a field.

    A text that a field would not give back as it is stands in quotes, with JSON's escapes.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if not isinstance(value, str):
        return "" if value is None else str(value)
    odd = any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value)
    if odd or value != value.strip() or value.startswith('"'):
        return json.dumps(value, ensure_ascii=False)
    return value


def read_text(typed: str) -> str:
    """The text that stands in a field."""
    trimmed = typed.strip()
    if trimmed.startswith('"'):
        try:
            value = json.loads(trimmed)
        except ValueError:
            return trimmed
        return value if isinstance(value, str) else trimmed
    return trimmed


def lines(typed: str) -> list[str]:
    """The lines of a field that are not blank."""
    split = typed.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line for line in split if line.strip()]


def takes_lines(operator: str) -> bool:
    """Whether the operator compares with one or more values, one a line."""
    return operator in (*EQUALITY, *CONTENTS)


# From a posted form --------------------------------------------------------------------------


def from_form(data: QueryDict) -> Tree:
    """What was posted. Raises `BadRequest` for what our pages never post."""
    root = _posted(data, ROOT, MOST_LEVELS + 1)
    if not isinstance(root, Group):
        raise BadRequest
    return Tree(root=root, bare=data.get(BARE) == "1")


def _posted(data: QueryDict, place: str, levels: int) -> Node | None:
    if levels < 0:
        raise BadRequest
    nots = data.get(f"{place}.not", "0")
    if not _NOTS.fullmatch(nots):
        raise BadRequest
    if f"{place}.kept" in data:
        return Test(kept=data.get(f"{place}.kept", ""), nots=int(nots))
    if f"{place}.join" in data:
        group = Group(any=data[f"{place}.join"] == "any", nots=int(nots))
        while part := _posted(data, f"{place}.{len(group.parts)}", levels - 1):
            group.parts.append(part)
        return group
    return _posted_test(data, place, int(nots)) if f"{place}.subject" in data else None


def _posted_test(data: QueryDict, place: str, nots: int) -> Test:
    amounts, units = data.getlist(f"{place}.amount"), data.getlist(f"{place}.unit")
    return Test(
        subject=data.get(f"{place}.subject", ""),
        operator=data.get(f"{place}.operator", ""),
        values=data.getlist(f"{place}.value"),
        spans=list(zip(amounts, units, strict=False)),
        match_case=f"{place}.case" in data,
        nots=nots,
    )


# What a form can be asked to do ----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of an act."""

    focus: str = ""  # place of the control that goes on from here
    refused: str = ""  # why nothing was done


def act(tree: Tree, asked: str) -> Done:
    """Do what a button asks: `ACT:PLACE`. Raises `BadRequest` for what our pages never ask."""
    name, _, place = asked.partition(":")
    if name in ("change", "count"):
        return Done()
    node = tree.at(place)
    if name in ("add", "group") and isinstance(node, Group):
        return _add(tree, place, node, nested=name == "group")
    if name == "remove" and place != ROOT:
        return _remove(tree, place)
    if name in ("not", "unnot"):
        return _turn(place, node, 1 if name == "not" else -1)
    if name == "span" and isinstance(node, Test) and len(node.spans) < len(UNITS):
        node.spans.append(("", UNITS[0]))
        return Done(focus=f"value-{place}-{len(node.spans) - 1}")
    raise BadRequest


def _turn(place: str, node: Node, by: int) -> Done:
    if node.nots + by > _MOST_NOTS and by > 0:
        return Done(refused="It is turned around often enough. Take one away instead.")
    node.nots = max(0, node.nots + by)
    return Done(focus=f"unnot-{place}" if node.nots else f"not-{place}")


def _add(tree: Tree, place: str, group: Group, *, nested: bool) -> Done:
    if len(tree.tests) >= MOST_TESTS:
        return Done(
            refused=f"What is edited here has at most {MOST_TESTS} conditions. Put "
            f"several values into one condition, one a line, or write a document: "
            f"isthmus config apply."
        )
    if nested and place.count(".") + 2 >= MOST_LEVELS - 1:
        return Done(refused="Groups can't be nested deeper. Add the conditions to this group.")
    new = Test()
    group.parts.append(Group(any=not group.any, parts=[new]) if nested else new)
    added = f"{place}.{len(group.parts) - 1}"
    return Done(focus=f"subject-{added}.0" if nested else f"subject-{added}")


def _remove(tree: Tree, place: str) -> Done:
    parent, _, number = place.rpartition(".")
    group = tree.at(parent)
    if not isinstance(group, Group):
        raise BadRequest
    if any(isinstance(node, Test) and node.kept for _, node in _walk(tree.at(place), place)):
        return Done(refused="It has conditions on personal data, which you can't see. It stays.")
    del group.parts[int(number)]
    if not group.parts and parent != ROOT:
        return _remove(tree, parent)
    return Done(focus=f"add-{parent}")
