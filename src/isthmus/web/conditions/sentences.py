"""Conditions in one line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.domain.segments.operators import RELATIVE
from isthmus.web.conditions.tree import Node, Test, Tree, from_document, lines
from isthmus.web.conditions.words import Subject
from isthmus.web.masking import DOTS

_LONGEST_VALUE = 60
_DIRECTING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_MOST_VALUES = 5


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Says conditions in the words of the form."""

    subjects: Mapping[str, Subject]
    hidden: frozenset[str] = frozenset()  # subjects whose values are not shown

    def all_of(self, where: Any) -> str:
        """The whole, such as `Country is NL and not (Email is empty or …)`."""
        return self.tree(from_document(where))

    def tree(self, tree: Tree) -> str:
        """The same of a form."""
        if tree.is_only:
            return self._node(tree.root.parts[0], inside=False)
        return self._node(tree.root, inside=False)

    def _node(self, node: Node, *, inside: bool = True) -> str:
        nots = "not " * node.nots
        if isinstance(node, Test):
            return f"{nots}{self.test(node)}"
        joined = (" or " if node.any else " and ").join(map(self._node, node.parts))
        bracketed = len(node.parts) > 1 and (inside or node.nots)
        return f"{nots}({joined})" if bracketed else f"{nots}{joined}"

    def test(self, test: Test) -> str:
        """One test, such as `Country is NL or BE`."""
        subject = self.subjects.get(test.subject)
        if subject is None:
            return test.subject.partition(":")[2] or "something that is not chosen yet"
        label = _isolated(subject.label)
        words = f"{label} {subject.says(test.operator)}" if test.operator else label
        value = self._value(test)
        if value and test.subject in self.hidden:
            value = DOTS
        return f"{words} {value}" if value else words

    def _value(self, test: Test) -> str:
        if test.operator in RELATIVE:
            return " and ".join(f"{amount} {_unit(amount, unit)}" for amount, unit in test.spans)
        if test.operator == "between":
            return " and ".join(map(_cut, test.values))
        typed = "\n".join(filter(None, test.values))
        values = [{"true": "yes", "false": "no"}.get(each, each) for each in _each(typed)]
        more = f" or {len(values) - _MOST_VALUES:,} more" if len(values) > _MOST_VALUES else ""
        last = " and " if test.operator == "all_of" else " or "
        return last.join(map(_cut, values[:_MOST_VALUES])) + more


def _each(typed: str) -> list[str]:
    if typed and set(typed.split(",")) <= {"true", "false"}:
        return typed.split(",")
    return lines(typed)


def _unit(amount: str, unit: str) -> str:
    return unit.removesuffix("s") if amount == "1" else unit


def _cut(text: str) -> str:
    short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
    return _isolated(short)


def _isolated(text: str) -> str:
    """The text, which turns nothing around that stands beside it."""
    return f"\u2068{text}\u2069" if _DIRECTING.search(text) else text
