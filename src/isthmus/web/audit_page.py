"""The audit log as pages show it: what is asked for, and entries with links to what they are of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final, Self
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from isthmus.connections import audit, audit_words
from isthmus.connections.audit import Change, Entry, Names, Wanted
from isthmus.connections.audit_words import KINDS, WAYS, Reader, Sentence, Setting
from isthmus.people import accounts
from isthmus.profiles import properties
from isthmus.web.conditions import personal
from isthmus.web.conditions.sentences import Teller
from isthmus.web.conditions.words import subjects
from isthmus.web.masking import sees_personal_data

_LONGEST: Final = 400
"""Characters that are asked for by who; an e-mail has fewer."""

_LARGEST: Final = 2**63
_LONG: Final = 160
"""Characters of a value above which it is folded."""


_FEW: Final = 4
"""Changes of an entry that are shown with it; those of a longer one have a page."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks for, as texts; what is not understood is as if it were not there."""

    who: str
    how: str
    kind: str
    thing: str
    connection: str
    since: str
    until: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """What is asked for."""
        given = {name: request.GET.get(name, "")[:_LONGEST] for name in cls.__dataclass_fields__}
        given["how"] = given["how"] if given["how"] in WAYS else ""
        given["kind"] = given["kind"] if given["kind"] in KINDS else ""
        numbers = {name: given[name] for name in ("thing", "connection")}
        given |= {name: text if _is_number(text) else "" for name, text in numbers.items()}
        if not given["kind"]:
            given["thing"] = ""
        days = {name: given[name] for name in ("since", "until")}
        given |= {name: text if _day(text) else "" for name, text in days.items()}
        return cls(**given)

    @property
    def wanted(self) -> Wanted:
        """The same for the log; the last day is one of those that are asked for."""
        until = _day(self.until)
        return Wanted(
            who=self.who or None,
            how=self.how or None,
            kind=self.kind or None,
            thing=int(self.thing) if self.thing else None,
            connection=int(self.connection) if self.connection else None,
            since=_begin(_day(self.since)),
            until=_begin(until + timedelta(days=1)) if until else None,
        )

    @property
    def is_any(self) -> bool:
        """Whether anything is asked for at all."""
        return any(vars(self).values())

    @property
    def query(self) -> str:
        """What is asked for as an address holds it."""
        return urlencode({name: value for name, value in vars(self).items() if value})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < _LARGEST


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # The first and the last years have no day before or behind every one of theirs.
    return day if date.min.year < day.year < date.max.year else None


def _begin(day: date | None) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One change on a page."""

    sentence: Sentence
    act: str
    address: str  # of the thing; empty where it is no more, or has no page
    settings: Sequence[tuple[Setting, bool]]  # and whether it is long


@dataclass(frozen=True, kw_only=True)
class Line:
    """An entry on a page."""

    entry: Entry
    sentence: Sentence
    more: str
    address: str
    who: str
    way: str
    email: str  # of the account, where there is one
    changes: Sequence[Shown]  # all of them where they are few, else none


def lines(request: HttpRequest, entries: Sequence[Entry]) -> list[Line]:
    """Entries for whoever asks; so many questions to the database however many there are."""
    changes = [change for entry in entries for change in entry.changes]
    names, reader = audit.names(changes), reader_of(request)
    addresses = _addresses(changes)
    people = accounts.names(entry.who for entry in entries)
    return [_line(entry, names, reader, addresses, people) for entry in entries]


def shown(request: HttpRequest, changes: Sequence[Change]) -> list[Shown]:
    """Changes of one entry for whoever asks."""
    names, reader, addresses = audit.names(changes), reader_of(request), _addresses(changes)
    return [_shown(each, names, reader, addresses) for each in changes]


def reader_of(request: HttpRequest) -> Reader:
    """What is told to whoever asks."""
    return reader(sees=sees_personal_data(request))


def reader(*, sees: bool) -> Reader:
    """What is told to somebody with or without the right to see personal data."""
    known = properties.definitions()
    hidden = frozenset() if sees else personal.subjects_of(known)
    teller = Teller(subjects=subjects(known), hidden=hidden)
    return Reader(sees_personal_data=sees, conditions=partial(_told, teller))


def _told(teller: Teller, where: Any) -> str:
    try:
        return teller.all_of(where)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return "conditions that can't be told any more"


def _line(
    entry: Entry,
    names: Names,
    reader: Reader,
    addresses: Mapping[int, str],
    people: Mapping[str, str],
) -> Line:
    main, sentence, more = audit_words.headline(entry, names)
    return Line(
        entry=entry,
        sentence=sentence,
        more=more,
        address="" if sentence.lead.startswith("applied") else addresses.get(main.id, ""),
        who=audit_words.who(entry.who, entry.how, people),
        way=WAYS.get(entry.how, entry.how),
        email=entry.who if entry.who in people else "",
        changes=[
            _shown(each, names, reader, addresses) for each in entry.changes if entry.number <= _FEW
        ],
    )


_ACTS: Final = {"made": "made", "asked": "made", "deleted": "deleted"}
"""Of what there is only an after, or only a before."""


def _shown(change: Change, names: Names, reader: Reader, addresses: Mapping[int, str]) -> Shown:
    settings = audit_words.settings(change, names, reader)
    return Shown(
        sentence=audit_words.sentence(change, names),
        act=_ACTS.get(change.act, "changed"),
        address=addresses.get(change.id, ""),
        settings=[(each, _is_long(each)) for each in settings],
    )


def _is_long(setting: Setting) -> bool:
    return max(len(setting.before), len(setting.after)) > _LONG


def _addresses(changes: Iterable[Change]) -> dict[int, str]:
    """Where the things of changes are, by the change's row id."""
    several = list(changes)
    there = audit.there(several)
    found = {each.id: _address(each.kind, there.get((each.kind, each.thing))) for each in several}
    return {number: address for number, address in found.items() if address}


_PLACES: Final = {
    "connection": ("connection", ("connection_key",)),
    "goal": ("goal", ("connection_key", "goal_key")),
    "run": ("run", ("connection_key", "number")),
    "app": ("salesforce-app", ("app_id",)),
    "property": ("property", ("property_key",)),
    "segment": ("segment", ("segment_key",)),
    "account": ("person", ("user_id",)),
}


def _address(kind: str, key: str | None) -> str:
    if key is None:
        return ""
    name, places = _PLACES[kind]
    return reverse(name, kwargs=dict(zip(places, key.split("/"), strict=True)))


def place(after: Sequence[Any] | None) -> audit.Place | None:
    """The entry that a cursor names. Raises `BadRequest` for what is none."""
    if after is None:
        return None
    try:
        began, action = after
        moment = datetime.fromisoformat(began)
        if moment.tzinfo is None:
            raise BadRequest
        return moment, UUID(action)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequest from error
