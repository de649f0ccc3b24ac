"""What the pages of segments work with for one request: what there is to ask for, and for whom."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from django.http import HttpRequest
from django.utils import timezone

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments import SegmentError, parse, plain
from isthmus.profiles.estimating import Asked
from isthmus.profiles.properties import definitions
from isthmus.web.conditions import personal
from isthmus.web.conditions.drawing import Drawer
from isthmus.web.conditions.reading import Read, Reader
from isthmus.web.conditions.sentences import Teller
from isthmus.web.conditions.tree import Tree
from isthmus.web.conditions.words import Subject, subjects


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The properties, and those whose values are hidden from whoever asks."""

    properties: dict[str, PropertyDefinition]
    hidden: frozenset[str]

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """The desk for whoever asks."""
        known = definitions()
        return cls(properties=known, hidden=personal.hidden(request, known))

    @cached_property
    def subjects(self) -> dict[str, Subject]:
        """Everything that a condition can ask for."""
        return subjects(self.properties)

    @property
    def teller(self) -> Teller:
        """Says conditions to whoever asks."""
        return Teller(subjects=self.subjects, hidden=self.hidden)

    def canonical(self, where: Any) -> Any:
        """The conditions as they are written; as they stand where they can't be read."""
        try:
            return plain(parse(where, self.properties))
        except SegmentError:
            return where

    def form(self, where: Any) -> Tree:
        """The form of stored conditions, for whoever asks."""
        return personal.shown(self.canonical(where), self.hidden)

    def read(self, tree: Tree, where: Any = None) -> Read:
        """What a form says; `where` is what is stored."""
        kept = personal.kept(self.canonical(where), self.hidden)
        return Reader(
            parse=lambda document: parse(document, self.properties),
            plain=plain,
            subjects=self.subjects,
            kept=kept,
            hidden=self.hidden,
        ).read(tree)

    def drawer(self, where: Any = None) -> Drawer:
        """Draws forms; `where` is what is stored."""
        kept = personal.kept(self.canonical(where), self.hidden)
        return Drawer(subjects=self.subjects, hidden=self.hidden, kept=kept)

    def asked(self, where: Any) -> Asked:
        """The conditions to count by, in the time zone of whoever asks. Raises `SegmentError`."""
        return Asked(
            condition=parse(where, self.properties),
            properties=self.properties,
            timezone=timezone.get_current_timezone_name(),
        )
