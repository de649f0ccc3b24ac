"""The filter of an import goal as a form: none, conditions on fields, or a SOQL condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Self

from django.core.exceptions import BadRequest
from django.http import QueryDict

from isthmus.connections.goal_troubles import Path, Trouble
from isthmus.connections.known_objects import Known
from isthmus.domain import filters
from isthmus.domain.filters import FilterError
from isthmus.domain.segments.calendar import Calendar
from isthmus.web.conditions import drawing, tree
from isthmus.web.conditions.drawing import Drawer, Item
from isthmus.web.conditions.reading import Read
from isthmus.web.conditions.sentences import Teller
from isthmus.web.conditions.tree import Group, Test, Tree
from isthmus.web.goal_editor import filter_fields

WAY: Final = "filter_way"
TEXT: Final = "filter_soql"
CHECK: Final = "check-filter"
"""What the button asks for that sends the filter to Salesforce."""

PATH: Final[Path] = ("filter",)
SHOWN: Final = 200


class Way(StrEnum):
    """How records are chosen."""

    NONE = "none"
    CONDITIONS = "conditions"
    SOQL = "soql"


WORDS: Final = {
    Way.NONE: "No filter",
    Way.CONDITIONS: "By conditions",
    Way.SOQL: "By SOQL",
}


def _first() -> Tree:
    return Tree(root=Group(parts=[Test()]))


@dataclass(kw_only=True)
class FilterForm:
    """What the form holds, as it was typed. What is not shown now is kept all the same."""

    way: Way = Way.NONE
    tree: Tree = field(default_factory=_first)
    soql: str = ""
    focus: str = ""
    refused: str = ""  # why a button did nothing
    is_going_on: bool = False  # a button was pressed: what is missing is not told yet
    answer: "Answer | None" = None  # what Salesforce said, where it was asked

    @classmethod
    def opened(cls, plain: Any) -> Self:
        """The form of a stored filter."""
        if plain is None:
            return cls()
        if isinstance(plain, Mapping) and filters.SOQL in plain:
            return cls(way=Way.SOQL, soql=str(plain[filters.SOQL]))
        return cls(way=Way.CONDITIONS, tree=tree.from_document(plain))

    @classmethod
    def posted(cls, data: Mapping[str, Any]) -> Self:
        """What was posted. Raises `BadRequest` for what our pages never post."""
        given = str(data.get(WAY, Way.NONE))
        if given not in list(Way):
            raise BadRequest
        form = cls(way=Way(given), soql=str(data.get(TEXT, "")))
        if f"{tree.ROOT}.join" in data and isinstance(data, QueryDict):
            form.tree = tree.from_form(data)
        return form

    def act(self, asked: str, known: Known | None) -> bool:
        """Do what one of its buttons asks; False where it is none of them."""
        what, _, place = asked.partition(":")
        own = place == tree.ROOT or place.startswith(f"{tree.ROOT}.")
        if what not in (CHECK, "change") and not own:
            return False
        self.is_going_on = what != CHECK
        if own:
            done = tree.act(self.tree, asked)
            self.focus, self.refused = done.focus, done.refused
        drawing.settle(self.tree, filter_fields.subjects(known, self.tree))
        if self.way is Way.CONDITIONS and not self.tree.root.parts:
            self.tree.root.parts.append(Test())
        return True

    def read(self, known: Known | None) -> Read:
        """What the conditions say."""
        offered = filter_fields.subjects(known, self.tree)
        return filter_fields.reader(known, offered).read(self.tree)

    def plain(self, known: Known | None) -> dict[str, Any] | None:
        """The filter as a goal keeps it; None: none, or it can't be read."""
        if self.way is Way.NONE:
            return None
        if self.way is Way.SOQL:
            return {filters.SOQL: self.text}
        found: dict[str, Any] | None = self.read(known).where
        return found

    @property
    def text(self) -> str:
        """The SOQL condition, with line ends as documents have them."""
        return self.soql.replace("\r\n", "\n").strip()

    def gaps(self, known: Known | None) -> list[Trouble]:
        """What is still to be given, or can't be read."""
        if self.way is Way.SOQL:
            try:
                filters.outline({filters.SOQL: self.text})
            except FilterError as error:
                return [Trouble(path=PATH, message=str(error))]
        if self.way is not Way.CONDITIONS:
            return []
        read = self.read(known)
        said = [*read.missing.values(), *read.wrong.values(), *filter(None, [read.refused])]
        return [Trouble(path=PATH, message=each) for each in dict.fromkeys(said)]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Salesforce said of a filter."""

    records: int | None = None  # how many match; None: refused, or not shown
    hidden: bool = False  # it takes the filter, and how many match is not for whoever asks
    refused: str = ""  # its words
    unheard: str = ""  # why nobody answered


@dataclass(frozen=True, kw_only=True)
class FilterView:
    """What the page shows of the form."""

    form: FilterForm
    ways: list[tuple[str, str, bool]]
    items: list[Item]
    errors: list[str]  # of the whole, or of the SOQL
    sentence: str
    written: str  # the condition in SOQL
    answer: Answer | None


def view(form: FilterForm, known: Known | None, zone: str, *, errors: Sequence[str]) -> FilterView:
    """What to show; `errors` are those of the filter, of which some have a place of their own."""
    offered = filter_fields.subjects(known, form.tree)
    read = filter_fields.reader(known, offered).read(form.tree)
    placed = dict(read.wrong) if form.is_going_on else {**read.missing, **read.wrong}
    drawer = Drawer(subjects=offered, of="field", makes=False)
    somewhere = {*read.missing.values(), *read.wrong.values()}
    rest = [each for each in errors if each not in somewhere]
    return FilterView(
        form=form,
        ways=[(each.value, WORDS[each], each is form.way) for each in Way],
        items=drawer.items(form.tree, placed if form.way is Way.CONDITIONS else {}),
        errors=[*filter(None, [form.refused]), *rest],
        sentence=sentence(form, known),
        written=_written(read, known, zone) if form.way is Way.CONDITIONS else "",
        answer=form.answer,
    )


def sentence(form: FilterForm, known: Known | None) -> str:
    """The filter in a line, such as `Mailing Country is not empty`; empty where there is none."""
    if form.way is Way.SOQL:
        return form.text
    if form.way is Way.NONE or any(not test.subject for _, test in form.tree.tests):
        return ""
    return Teller(subjects=filter_fields.subjects(known, form.tree)).tree(form.tree)


def _written(read: Read, known: Known | None, zone: str) -> str:
    """The conditions in SOQL, as of now; empty where they can't be read or types aren't known."""
    if read.where is None or known is None:
        return ""
    try:
        parsed = filters.parse(read.where, filter_fields.fields_of(known))
    except FilterError:
        return ""
    return filters.soql(parsed, Calendar.at(datetime.now(UTC), zone))
