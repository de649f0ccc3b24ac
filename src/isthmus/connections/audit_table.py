"""The audit log as a table: a line for each changed setting."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC
from itertools import islice
from typing import Final

from isthmus.connections import audit, audit_words
from isthmus.connections.audit import Change, Names
from isthmus.connections.audit_words import WAYS, Reader, Setting
from isthmus.people import accounts

COLUMNS: Final = (
    *("time", "who", "account", "way", "what", "kind", "thing", "connection"),
    *("setting", "before", "after", "action"),
)

_AT_ONCE: Final = 200
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n\u2212]")


def rows(changes: Iterable[Change], reader: Reader) -> Iterator[Sequence[str]]:
    """The lines of these changes. Few are held at a time, and names are asked for together."""
    left = iter(changes)
    while several := list(islice(left, _AT_ONCE)):
        names = audit.names(several)
        people = accounts.names(each.who for each in several)
        for each in several:
            who = audit_words.who(each.who, each.how, people)
            yield from _of(each, who, names, reader)


def _of(each: Change, who: str, names: Names, reader: Reader) -> Iterator[Sequence[str]]:
    told = list(audit_words.settings(each, names, reader)) or [Setting(label="")]
    first = (
        f"{each.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        who,
        each.who,
        WAYS.get(each.how, each.how),
        str(audit_words.sentence(each, names)),
        audit_words.word_of(each.kind),
        each.name or each.key,
        "" if each.connection is None else names.connection(each),
    )
    for setting in told:
        for before, after in _values(setting):
            yield (*first, setting.label, before, after, str(each.action))


def _values(setting: Setting) -> Iterator[tuple[str, str]]:
    """Before and after; of rows of a mapping each, on the side on which it was."""
    for row in setting.rows:
        yield (row[2:], "") if row.startswith("\u2212 ") else ("", row.removeprefix("+ "))
    if not setting.rows:
        yield setting.before, setting.after or setting.said


def neutral(cell: str) -> str:
    """The cell for a program that takes some texts for formulas: an apostrophe says it is none."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
