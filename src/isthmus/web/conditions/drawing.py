"""What the template shows of a form of conditions.

The tree is laid out flat, with an item where a group opens and one where it ends: templates that
call themselves fifty levels deep would not end well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from isthmus.domain.segments import Kind, Operator
from isthmus.domain.segments.operators import RELATIVE
from isthmus.web.conditions.reading import WHY_HIDDEN, takes_case
from isthmus.web.conditions.sentences import Teller
from isthmus.web.conditions.tree import (
    ROOT,
    Node,
    Test,
    Tree,
    from_document,
    lines,
    read_text,
    takes_lines,
    written,
)
from isthmus.web.conditions.words import IS_NOT_EMPTY, UNITS, Subject

_MOST_OPTIONS = 3_000
"""Options that a page has at most: beyond it only what is not chosen yet offers all of them."""

_MOST_LINES = 8
_PLACEHOLDERS = {
    Kind.TEXT: "Text",
    Kind.INTEGER: "12",
    Kind.DECIMAL: "12.5",
    Kind.DATE: "2024-05-31",
    Kind.DATETIME: "2024-05-31 08:00",
    Kind.PROFILE_ID: "01890a5d-ac96-774b-bcce-b302099a8057",
}
_INPUT_MODES = {Kind.INTEGER: "numeric", Kind.DECIMAL: "decimal"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An option of a select."""

    value: str
    word: str
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class Item:
    """A line of the form."""

    kind: str  # open, close or test
    place: str
    nots: range = range(0)
    error: str = ""
    any: bool = False  # of a group
    is_root: bool = False
    row: "Row | None" = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A test with its controls."""

    sentence: str
    subject: Subject | None
    options: SafeString = field(default_factory=SafeString)
    operators: list[Choice] = field(default_factory=list)
    control: str = ""  # lines, one, two, choice, ticks or spans; empty: nothing to compare with
    values: list[str] = field(default_factory=list)
    height: int = 1
    choices: list[Choice] = field(default_factory=list)
    spans: list[tuple[str, list[Choice]]] = field(default_factory=list)
    input_type: str = "text"
    input_mode: str = ""
    placeholder: str = ""
    case: bool | None = None  # whether it is told apart; None: there is none
    kept: str = ""  # token of a test that is not shown
    said: str = ""  # the values that are ticked, in words
    of: str = ""  # what kind of thing is asked for
    makes: bool = False  # whether one can be made on the spot


@dataclass(frozen=True, kw_only=True)
class Drawer:
    """Draws forms with what there is to ask for."""

    subjects: Mapping[str, Subject]
    hidden: frozenset[str] = frozenset()
    kept: Mapping[str, Any] = field(default_factory=dict)
    of: str = "property"  # what kind of thing most subjects are
    makes: bool = True  # whether one can be made on the spot

    def items(self, tree: Tree, errors: Mapping[str, str] | None = None) -> list[Item]:
        """The lines of the form, from the top; `errors` by place."""
        many = len(tree.tests) * len(self.subjects) > _MOST_OPTIONS
        pieces = [] if many else [self._option(each) for each in self.subjects.values()]
        return list(self._items(tree.root, ROOT, errors or {}, pieces))

    def _items(
        self, node: Node, place: str, errors: Mapping[str, str], pieces: list["_Option"]
    ) -> Iterator[Item]:
        error, nots = errors.get(place, ""), range(node.nots)
        if isinstance(node, Test):
            row = self._kept_row(node) if node.kept else self._row(node, pieces)
            yield Item(kind="test", place=place, nots=nots, error=error, row=row)
            return
        root = place == ROOT
        yield Item(kind="open", place=place, nots=nots, any=node.any, is_root=root)
        for number, part in enumerate(node.parts):
            yield from self._items(part, f"{place}.{number}", errors, pieces)
        yield Item(kind="close", place=place, error=error, is_root=root)

    def _kept_row(self, test: Test) -> Row:
        teller = Teller(subjects=self.subjects, hidden=self.hidden)
        document = self.kept.get(test.kept)
        said = teller.all_of(document) if document else "A condition on personal data"
        return Row(sentence=said, subject=None, kept=test.kept)

    def _row(self, test: Test, pieces: list["_Option"]) -> Row:
        teller = Teller(subjects=self.subjects, hidden=self.hidden)
        subject = self.subjects.get(test.subject)
        options = self._options(test, subject, pieces)
        what: dict[str, Any] = {"of": self.of, "makes": self.makes}
        if subject is None:
            return Row(sentence=teller.test(test), subject=None, options=options, **what)
        return Row(
            sentence=teller.test(test),
            subject=subject,
            options=options,
            operators=[
                Choice(value=each, word=subject.says(each), chosen=each == test.operator)
                for each in subject.operators
            ],
            case=test.match_case if takes_case(subject, test.operator) else None,
            **_control(test, subject),
            **what,
        )

    def _options(self, test: Test, subject: Subject | None, pieces: list["_Option"]) -> SafeString:
        first = format_html('<option value="">{}</option>', f"Choose a {self.of}")
        if not pieces:
            chosen = [subject] if subject else self.subjects.values()
            pieces = [self._option(each) for each in chosen]
        parts = [each.chosen if each.value == test.subject else each.offered for each in pieces]
        return mark_safe("".join([first, *parts]))  # noqa: S308 - each is escaped

    def _option(self, subject: Subject) -> "_Option":
        # An object may have hundreds of fields, for which filling in a format takes too long.
        value, code, icon, kind, label = (
            escape(each)
            for each in (subject.value, subject.code, subject.icon, subject.type, subject.label)
        )
        blocked = subject.value in self.hidden
        why = f' disabled data-why="{escape(f"Not for you: {WHY_HIDDEN}")}"' if blocked else ""
        rest = f' data-code="{code}" data-icon="{icon}" data-type="{kind}"{why}>{label}</option>'
        return _Option(
            value=subject.value,
            offered=mark_safe(f'<option value="{value}"{rest}'),  # noqa: S308 - escaped above
            chosen=mark_safe(f'<option selected value="{value}"{rest}'),  # noqa: S308
        )


@dataclass(frozen=True, kw_only=True)
class _Option:
    """An option in both of its states, written once for all selects."""

    value: str
    offered: SafeString
    chosen: SafeString


def _control(test: Test, subject: Subject) -> dict[str, Any]:
    """What is compared with: which control, and what stands in it."""
    operator = test.operator
    typed = [*test.values, "", ""]
    if operator in (Operator.IS_EMPTY, IS_NOT_EMPTY):
        return {}
    if operator in RELATIVE:
        spans = test.spans or [("", UNITS[0])]
        return {
            "control": "spans",
            "spans": [(each, _choices(UNITS, unit)) for each, unit in spans],
        }
    if subject.kind is Kind.BOOLEAN:
        return {"control": "choice", "choices": _yes_or_no(typed[0])}
    looks = {
        "placeholder": _PLACEHOLDERS[subject.kind],
        "input_mode": _INPUT_MODES.get(subject.kind, ""),
    }
    if takes_lines(operator) and subject.choices:
        ticks = _ticks(typed, subject)
        said = " or ".join(each.word for each in ticks if each.chosen)
        return {"control": "ticks", "choices": ticks, "said": said}
    if takes_lines(operator):
        several = "\n".join(filter(None, test.values))
        height = min(several.count("\n") + 1, _MOST_LINES)
        return {"control": "lines", "values": [several], "height": height, **looks}
    # What was typed as a list for another operator would run together in one line.
    typed = [line.removesuffix("\r") for each in typed for line in each.split("\n")]
    values = typed[:2] if operator == Operator.BETWEEN else typed[:1]
    if subject.kind is Kind.DATE and all(map(_fits_date_field, values)):
        looks["input_type"] = "date"
    return {"control": "two" if operator == Operator.BETWEEN else "one", "values": values, **looks}


def _ticks(typed: list[str], subject: Subject) -> list[Choice]:
    """The values that are offered, and those that were given and are offered no more."""
    given = [read_text(line) for each in typed for line in lines(each)]
    offered = dict(subject.choices)
    return [
        Choice(value=written(value), word=label or value, chosen=value in given)
        for value, label in (offered | {each: offered.get(each, each) for each in given}).items()
    ]


def _fits_date_field(typed: str) -> bool:
    return not typed or (len(typed) == len("2024-05-31") and typed[4] == typed[7] == "-")


def _choices(words: tuple[str, ...], chosen: str) -> list[Choice]:
    return [Choice(value=each, word=each, chosen=each == chosen) for each in words]


def _yes_or_no(typed: str) -> list[Choice]:
    known = {"true": "yes", "false": "no", "true,false": "yes or no"}
    parts = typed.split(",")
    if typed and typed not in known and set(parts) <= {"true", "false"}:
        known[typed] = " or ".join(known[part] for part in parts)
    chosen = typed if typed in known else "true"
    return [Choice(value=each, word=word, chosen=each == chosen) for each, word in known.items()]


def read_only(where: Any, subjects: Mapping[str, Subject], hidden: frozenset[str]) -> list[Item]:
    """The lines without controls, with a sentence for each test."""
    teller = Teller(subjects=subjects, hidden=hidden)

    def lines(node: Node, place: str) -> Iterator[Item]:
        if isinstance(node, Test):
            row = Row(sentence=teller.test(node), subject=subjects.get(node.subject))
            yield Item(kind="test", place=place, nots=range(node.nots), row=row)
            return
        root = place == ROOT
        yield Item(kind="open", place=place, nots=range(node.nots), any=node.any, is_root=root)
        for number, part in enumerate(node.parts):
            yield from lines(part, f"{place}.{number}")
        yield Item(kind="close", place=place, is_root=root)

    tree = from_document(where)
    return list(lines(tree.root, ROOT))


def settle(tree: Tree, subjects: Mapping[str, Subject]) -> None:
    """Give each test an operator that its property takes, after either was changed."""
    for _, test in tree.tests:
        subject = subjects.get(test.subject)
        if subject and test.operator not in subject.operators:
            test.operator = subject.operators[0]
            test.match_case = test.match_case and takes_case(subject, test.operator)
        if subject and subject.kind is Kind.BOOLEAN:
            # What the control shows is what counts, also before anything was chosen.
            shown = _yes_or_no(test.values[0] if test.values else "")
            test.values = [each.value for each in shown if each.chosen]
