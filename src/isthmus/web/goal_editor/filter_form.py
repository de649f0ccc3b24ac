"""The filter of an import goal as a form: none, conditions on fields, or a SOQL condition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.http import QueryDict

from isthmus.web.conditions import drawing, tree
from isthmus.web.conditions.drawing import Drawer, Item
from isthmus.web.conditions.reading import Read, Reader
from isthmus.web.conditions.tree import Group, Test, Tree
from isthmus.web.conditions.words import Subject

WAY: Final = "filter_way"
SOQL: Final = "filter_soql"
CHECK: Final = "check-filter"
"""What the button asks for that sends the filter to Salesforce."""


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


@dataclass(kw_only=True)
class FilterForm:
    """What the form holds, as it was typed. What is not shown now is kept all the same."""

    way: Way = Way.NONE
    tree: Tree = field(default_factory=lambda: Tree(root=Group(parts=[Test()])))
    soql: str = ""
    focus: str = ""
    refused: str = ""  # why a button did nothing

    @classmethod
    def posted(cls, data: QueryDict) -> "FilterForm":
        """What was posted. Raises `BadRequest` for what our pages never post."""
        given = data.get(WAY, Way.NONE)
        if given not in list(Way):
            raise BadRequest
        form = cls(way=Way(given), soql=data.get(SOQL, ""))
        if f"{tree.ROOT}.join" in data:
            form.tree = tree.from_form(data)
        return form

    def act(self, asked: str, subjects: Mapping[str, Subject]) -> bool:
        """Do what one of its buttons asks; False where it is none of them."""
        place = asked.partition(":")[2]
        own = place == tree.ROOT or place.startswith(f"{tree.ROOT}.")
        if asked not in (CHECK, "change") and not own:
            return False
        if own:
            done = tree.act(self.tree, asked)
            self.focus, self.refused = done.focus, done.refused
        drawing.settle(self.tree, subjects)
        if self.way is Way.CONDITIONS and not self.tree.root.parts:
            self.tree.root.parts.append(Test())
        return True

    def items(self, subjects: Mapping[str, Subject], errors: Mapping[str, str]) -> list[Item]:
        """The lines of the conditions, with what is wrong with each."""
        drawer = Drawer(subjects=subjects, of="field", makes=False)
        return drawer.items(self.tree, errors)

    def read(self, reader: Reader) -> Read:
        """What the conditions say."""
        return reader.read(self.tree)


def ways(chosen: Way) -> list[Mapping[str, Any]]:
    """The choice between the three."""
    return [{"value": each, "word": WORDS[each], "chosen": each is chosen} for each in Way]
