"""Reading the audit log: who changed what of the set-up, and who asked for which run.

It is written by triggers of the database alone (`people/auditing.py`, `profiles/schema.sql`).
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from isthmus.connections.models import Authorization, Connection
from isthmus.profiles import statements

QUERIES = statements.load("isthmus.connections", "audit.sql")

KINDS: Final = (
    *("connection", "goal", "run", "sign-in", "app", "org", "mail server"),
    *("property", "segment", "account", "store"),
)
"""What there are entries of."""

SHOWN: Final = 12
"""Changes of an entry that are shown with it. One that has more has a page of its own."""

COUNTED: Final = 1_000
"""Up to so many changes of an entry are counted."""

_MOST_PEOPLE: Final = 500
_READ_AT_ONCE: Final = 200
_FORGOTTEN_AT_ONCE: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which changes are asked for; what is None is not asked for."""

    who: str | None = None
    how: str | None = None
    kind: str | None = None
    thing: int | None = None  # row id; with `kind`
    connection: int | None = None  # row id
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_possible(self) -> bool:
        """Whether there may be any: the database holds no byte 0, and no half of a pair."""
        texts = (each for each in (self.who, self.how, self.kind) if each)
        return not any("\0" in text or _is_broken(text) for text in texts)


def _is_broken(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


EVERYTHING: Final = Wanted()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that was changed, as the log holds it."""

    id: int
    action: UUID
    at: datetime
    who: str
    how: str
    kind: str
    act: str
    thing: int
    connection: int | None
    key: str
    name: str
    changes: Mapping[str, Sequence[Any]]  # by column: before and after


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What somebody did at once."""

    action: UUID
    began: datetime
    changes: Sequence[Change]  # the first of them
    number: int  # how many there are; `COUNTED` stands for so many or more

    @property
    def who(self) -> str:
        """Whose doing it is."""
        return self.changes[0].who

    @property
    def how(self) -> str:
        """By what way. A command that applied a document did it by the document."""
        return self.changes[-1].how


Place = tuple[datetime, UUID]
"""Where an entry stands among others."""


def entries(
    wanted: Wanted = EVERYTHING, *, behind: Place | None = None, most: int, shown: int = SHOWN
) -> list[Entry]:
    """The entries behind a place, newest first, with the changes that are wanted of each."""
    if not wanted.is_possible:
        return []
    began, action = behind or (None, None)
    names = {**vars(wanted), "began": began, "action": action, "most": most}
    found = _rows("entries", names)
    return list(_with_changes(wanted, found, shown)) if found else []


def _with_changes(
    wanted: Wanted, found: Sequence[Mapping[str, Any]], shown: int
) -> Iterator[Entry]:
    began = {row["action"]: row["began"] for row in found}
    names = {**vars(wanted), "actions": list(began), "behind": 0, "most": shown}
    rows = _rows("rows", {**names, "countable": COUNTED})
    for action, these in groupby(rows, lambda row: row["action"]):
        held = list(these)
        yield Entry(
            action=action,
            began=began[action],
            changes=[_change(row) for row in held],
            number=held[0]["rows"],
        )


def entry(action: UUID) -> Entry | None:
    """The whole entry of that number, with its first changes."""
    rows = _rows("rows", _of_one(action, behind=0, most=SHOWN))
    if not rows:
        return None
    changes = [_change(row) for row in rows]
    return Entry(action=action, began=changes[0].at, changes=changes, number=rows[0]["rows"])


def changes_of(action: UUID, *, behind: int, most: int) -> list[Change]:
    """Changes of one entry behind the one of that row id, in the order in which they were made."""
    return [_change(row) for row in _rows("rows", _of_one(action, behind=behind, most=most))]


def _of_one(action: UUID, *, behind: int, most: int) -> dict[str, Any]:
    nothing = vars(EVERYTHING)
    return {**nothing, "actions": [action], "behind": behind, "most": most, "countable": COUNTED}


def every(wanted: Wanted = EVERYTHING) -> Iterator[Change]:
    """All changes that are wanted, newest entry first; few of them are held at a time."""
    behind: Place | None = None
    while page := entries(wanted, behind=behind, most=_READ_AT_ONCE, shown=COUNTED):
        for each in page:
            yield from each.changes
            if each.number >= COUNTED:
                yield from _rest_of(each, wanted)
        behind = (page[-1].began, page[-1].action)


def _rest_of(each: Entry, wanted: Wanted) -> Iterator[Change]:
    names = {**vars(wanted), **_of_one(each.action, behind=0, most=COUNTED)}
    names |= {name: getattr(wanted, name) for name in ("kind", "thing", "connection")}
    last = each.changes[-1].id
    while rows := _rows("rows", {**names, "behind": last}):
        yield from map(_change, rows)
        last = rows[-1]["id"]


def people() -> list[str]:
    """Whoever is in the log, up to 500."""
    return [row["who"] for row in _rows("people", {"most": _MOST_PEOPLE})]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What things are called that changes name by their row ids; also those that are gone."""

    connections: Mapping[int, str]
    sign_ins: Mapping[int, str]

    def connection(self, of: Change) -> str:
        """The connection that the thing belongs to."""
        number = of.connection or 0
        return self.connections.get(number) or f"connection number {number}"


def names(changes: Sequence[Change]) -> Names:
    """What the connections and sign-ins are called that these changes name."""
    connections = {each.connection for each in changes if each.connection is not None}
    both = [each.changes.get("authorization_id", ()) for each in changes]
    sign_ins = {number for pair in both for number in pair if isinstance(number, int)}
    named = dict(Connection.objects.filter(id__in=connections).values_list("id", "name"))
    rows = Authorization.objects.filter(id__in=sign_ins)
    there = {row.id: row.user_name or row.username or row.login_url for row in rows}
    return Names(
        connections={**_last_names("connection", connections - named.keys()), **named},
        sign_ins={**_last_names("sign-in", sign_ins - there.keys()), **there},
    )


def _last_names(kind: str, ids: Collection[int]) -> dict[int, str]:
    rows = _rows("last_names", {"kind": kind, "ids": list(ids)}) if ids else []
    return {row["id"]: row["name"] for row in rows}


def there(changes: Sequence[Change]) -> Mapping[tuple[str, int], str]:
    """Those things of the changes that there still are, with their keys, by kind and row id."""
    wanted = {kind: [each.thing for each in changes if each.kind == kind] for kind in KINDS}
    found = _rows("there", {kind.replace("-", "_"): ids for kind, ids in wanted.items()})
    return {(row["kind"], row["id"]): row["key"] for row in found}


def forget(before: datetime) -> int:
    """Take away what was logged before that moment; how many rows that were."""
    gone = 0
    while True:
        with transaction.atomic(), database.cursor() as cursor:
            cursor.execute(QUERIES["keep_house"])
            cursor.execute(QUERIES["forget"], {"before": before, "most": _FORGOTTEN_AT_ONCE})
            number = int(cursor.rowcount)
        gone += number
        if number < _FORGOTTEN_AT_ONCE:
            return gone


def _change(row: Mapping[str, Any]) -> Change:
    values = {name: row[name] for name in Change.__dataclass_fields__}
    return replace(Change(**values), changes=_plain(row["changes"]))


def _plain(changes: Any) -> Mapping[str, Sequence[Any]]:
    """Django hands JSON on as text where no model says what it is."""
    plain: Mapping[str, Sequence[Any]] = (
        json.loads(changes) if isinstance(changes, str) else changes
    )
    return plain


def _rows(block: str, names: Mapping[str, Any]) -> list[dict[str, Any]]:
    with database.cursor() as cursor:
        cursor.execute(QUERIES[block], names)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
