"""The numbered steps of a goal's page: how far each is, and what it says in a line."""

from dataclasses import dataclass
from typing import Final

from isthmus.web.words import State, plural

COMPLETE: Final = State(kind="ok", icon="ok", word="Complete")
OPTIONAL: Final = State(kind="idle", icon="dash", word="Optional")
TO_DO: Final = State(kind="idle", icon="dash", word="To do")


def problems(number: int) -> State:
    """So many problems."""
    return State(kind="bad", icon="warn", word=plural(number, "problem"))


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step as the page shows it."""

    number: int
    key: str  # names its part of the page
    title: str
    said: str  # what was chosen in it, in words
    state: State
    is_open: bool
    template: str  # its body

    @property
    def kind(self) -> str:
        """How its number looks."""
        if self.state is COMPLETE:
            return "done"
        return "todo" if self.state in (OPTIONAL, TO_DO) else "now"


def state(troubles: int, *, begun: bool) -> State:
    """How far a step is; before anything was chosen in it, nothing is held against it."""
    if not begun:
        return TO_DO
    return problems(troubles) if troubles else COMPLETE
