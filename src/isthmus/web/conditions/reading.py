"""What a form of conditions says: the plain form, or what is missing or wrong, and where."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.domain.segments import Kind, Operator, SegmentError
from isthmus.domain.segments.operators import RELATIVE
from isthmus.web.conditions.tree import (
    Group,
    Node,
    Test,
    Tree,
    lines,
    read_text,
    takes_lines,
)
from isthmus.web.conditions.words import IS_NOT_EMPTY, Subject

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_SHOWN = 60
_EXPECTED = {
    Kind.TEXT: "a text of at least one character that the database can hold",
    Kind.INTEGER: "a whole number, such as 12",
    Kind.DECIMAL: "a number, such as 12.5",
    Kind.BOOLEAN: "yes or no",
    Kind.DATE: "a date, such as 2024-05-31",
    Kind.DATETIME: "a date, such as 2024-05-31, or a date and time, such as 2024-05-31 08:00",
    Kind.PROFILE_ID: "a profile id, such as 01890a5d-ac96-774b-bcce-b302099a8057",
}


WHY_HIDDEN = "personal data, which your account doesn't include, and counts would tell it."


class NotYet(Exception):
    """Something is still to be chosen or typed; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What a form says."""

    where: Any = None  # the plain form, canonical; None where it can't be read
    condition: Any = None
    missing: Mapping[str, str] = field(default_factory=dict)  # by place: what is still to be given
    wrong: Mapping[str, str] = field(default_factory=dict)  # by place: what can't be read
    refused: str = ""  # what is wrong with the whole


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Reads forms with what there is to ask for."""

    parse: Callable[[Any], Any]  # what the plain form says; raises one of `refusals`
    plain: Callable[[Any], Any]  # the plain form of that
    subjects: Mapping[str, Subject]
    of: str = "property"  # what kind of thing most subjects are
    plainly: bool = False  # whether errors are said as documents say them
    refusals: tuple[type[Exception], ...] = (SegmentError,)
    kept: Mapping[str, Any] = field(default_factory=dict)  # tests that are not shown, by token
    hidden: frozenset[str] = frozenset()  # subjects that whoever edits may not ask for

    def read(self, tree: Tree) -> Read:
        """What the form says."""
        missing: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for place, node in tree.walk():
            try:
                self._check(node)
            except NotYet as error:
                missing[place] = str(error)
            except self.refusals as error:
                wrong[place] = str(error)
        if missing or wrong:
            return Read(missing=missing, wrong=wrong)
        try:
            condition = self.parse(self._document(_top(tree)))
        except self.refusals as error:
            return Read(refused=str(error))
        return Read(where=self.plain(condition), condition=condition)

    def _check(self, node: Node) -> None:
        if isinstance(node, Group):
            if not node.parts:
                raise NotYet("Add a condition.")
            return
        document = self._test(node)
        try:
            self.parse(document)
        except self.refusals as error:
            raise self._said(node, document, error) from error

    def _said(self, test: Test, document: Any, error: Exception) -> Exception:
        """The error in words that fit a form."""
        if self.plainly:
            return error
        subject = self.subjects.get(test.subject)
        place: Any = document
        for step in getattr(error, "path", ()):
            if isinstance(place, list | dict):
                place = place[step]
        if subject is None or isinstance(place, list | dict) or test.operator in RELATIVE:
            return error
        said = str(place) if len(str(place)) <= _SHOWN else f"{str(place)[:_SHOWN]}…"
        visible = "".join(
            char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in said
        )
        return SegmentError(
            f"{subject.label} is compared with {_EXPECTED[subject.kind]}; “{visible}” is none."
        )

    def _document(self, node: Node) -> Any:
        if isinstance(node, Group):
            document: Any = {
                "any" if node.any else "all": [self._document(part) for part in node.parts]
            }
        else:
            document = self._test(node)
        for _ in range(node.nots):
            document = {"not": document}
        return document

    def _test(self, test: Test) -> Any:
        if test.kept:
            return self._kept(test.kept)
        subject = self.subjects.get(test.subject)
        if subject is None:
            raise NotYet(self._gone(test.subject))
        if test.subject in self.hidden:
            raise SegmentError(f"{subject.label}: {WHY_HIDDEN}")
        form, _, key = test.subject.partition(":")
        if self.plainly and test.operator and test.operator not in subject.operators:
            return {form: key, test.operator: "\n".join(test.values)}
        if test.operator not in subject.operators:
            raise NotYet(f"{subject.label}: choose how it is compared.")
        case = (
            {"match_case": True} if test.match_case and takes_case(subject, test.operator) else {}
        )
        if test.operator in (Operator.IS_EMPTY, IS_NOT_EMPTY):
            return {form: key, "is_empty": test.operator == Operator.IS_EMPTY}
        return {form: key, test.operator: _operand(test, subject), **case}

    def _gone(self, subject: str) -> str:
        name = subject.partition(":")[2]
        ask = f"Choose a {self.of}"
        return f"{ask}: {name!r} is not there any more." if name else f"{ask}."

    def _kept(self, token: str) -> Any:
        if token not in self.kept:
            raise SegmentError(
                "This condition is on personal data, and somebody else has changed it meanwhile. "
                "Open the segment again."
            )
        return self.kept[token]


def _top(tree: Tree) -> Node:
    return tree.root.parts[0] if tree.is_only else tree.root


def takes_case(subject: Subject, operator: str) -> bool:
    """Whether upper and lower case can be told apart."""
    return (
        subject.cased
        and subject.kind is Kind.TEXT
        and operator not in (Operator.IS_EMPTY, IS_NOT_EMPTY)
    )


def _operand(test: Test, subject: Subject) -> Any:
    ask = f"{subject.label}: give a value."
    if test.operator in RELATIVE:
        return _span(test, subject)
    if test.operator == Operator.BETWEEN:
        ends = [*test.values, "", ""][:2]
        if not all(each.strip() for each in ends):
            raise NotYet(f"{subject.label}: give the lowest and the highest value.")
        return [_value(each, subject.kind) for each in ends]
    typed = "\n".join(filter(None, test.values))
    if subject.kind is Kind.BOOLEAN:
        values = [_value(each, subject.kind) for each in typed.split(",") if each]
    elif takes_lines(test.operator):
        values = [_value(each, subject.kind) for each in lines(typed)]
    else:
        values = [_value(typed, subject.kind)] if typed.strip() else []
    if not values:
        raise NotYet(ask)
    return values if takes_lines(test.operator) else values[0]


def _span(test: Test, subject: Subject) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for amount, unit in test.spans:
        if not amount.strip():
            continue
        if unit in parts:
            raise SegmentError(f"{subject.label}: {unit} are given twice. Add them up.")
        parts[unit] = _value(amount, Kind.INTEGER)
        if not isinstance(parts[unit], int):
            raise SegmentError(f"{subject.label}: give {unit} as a whole number, such as 30.")
    if not parts:
        raise NotYet(f"{subject.label}: give a length of time.")
    return parts


def _value(typed: str, kind: Kind) -> Any:
    """The value as a document has it; what is none stays as it is, for the rules to refuse."""
    if kind is Kind.TEXT:
        return read_text(typed)
    trimmed = typed.strip()
    if kind is Kind.INTEGER and _WHOLE.fullmatch(trimmed):
        return int(trimmed)
    if kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(trimmed, trimmed)
    return trimmed
