"""The audit log in words: what was done, and each changed setting before and after."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from isthmus.connections import masking
from isthmus.connections.audit import Change, Entry, Names
from isthmus.domain import schedules
from isthmus.errors import IsthmusError
from isthmus.people import auditing

DOTS = masking.DOTS

WAYS: Final = {
    auditing.PAGE: "Page",
    auditing.COMMAND_LINE: "Command line",
    auditing.DOCUMENT: "Set-up document",
    auditing.FIRST_START: "First start",
    auditing.BY_ITSELF: "By itself",
    auditing.FROM_OUTSIDE: "Past Isthmus",
}
"""What the ways are called by which something is changed."""

KINDS: Final = {
    "connection": ("Connections", "connection", "connections"),
    "goal": ("Goals", "goal", "goals"),
    "run": ("Runs", "run", "runs"),
    "sign-in": ("Sign-ins to Salesforce", "sign-in", "sign-ins"),
    "app": ("Salesforce apps", "Salesforce app", "Salesforce apps"),
    "org": ("API calls of orgs", "org", "orgs"),
    "mail server": ("Mail server", "mail server", "mail servers"),
    "property": ("Properties", "property", "properties"),
    "segment": ("Segments", "segment", "segments"),
    "account": ("People", "account", "accounts"),
    "store": ("Restored stores", "store", "stores"),
}
"""What the kinds of things are called: where one is chosen, one, and several. In the order in which
they tell most of an entry."""

_RUNS: Final = {
    "asked": "asked for",
    "widened": "asked for more of",
    "stopped": "stopped",
    "confirmed": "agreed to",
    "refused": "did not agree to",
}
_LABELS: Final = {
    "name": "Title",
    "key": "Key",
    "active": "On",
    "timezone": "Time zone",
    "overlap_seconds": "Overlap, in seconds",
    "settle_seconds": "Margin, in seconds",
    "org_id": "Org",
    "org_name": "Name of the org",
    "authorization_id": "Sign-in",
    "confirm_above": "Asks first above, in percent",
    "confirm_hours": "Waits for a yes, in hours",
    "notify_to": "Addresses for e-mail",
    "notify_when": "E-mail on",
    "webhook_url": "Webhook",
    "sealed_webhook_secret": "Secret of the webhook",
    "position": "Place",
    "direction": "Direction",
    "sealed_secret": "Secret",
    "sealed_password": "Password",
    "client_id": "Consumer key",
    "login_url": "Login host",
    "flow": "Way to sign in",
    "username": "User name",
    "user_name": "User in Salesforce",
    "user_id": "Id of the user",
    "signed_in_at": "Signed in at",
    "share_percent": "Share of API calls, in percent",
    "security": "Encryption",
    "sees_personal_data": "Sees personal data",
    "is_active": "On",
    "email": "E-mail",
    "where": "Conditions",
    "on_merge": "When profiles merge",
    "personal": "Personal data",
    "normalise": "Normalised",
    "full": "Everything again",
    "goal_keys": "Goals",
    "first": "Only the first",
    "only": "Only the one with the id",
    "fields": "Mapping",
    "match": "Matching",
    "create_profiles": "Creates profiles",
    "create_records": "Creates records",
    "update_records": "Updates records",
    "object_type_property": "Property for the object type",
    "object_type_on_delete": "Object type of deleted records",
}
"""What columns are called, where their name alone says too little."""

_OF_PEOPLE: Final = {"name": "Name"}
_ON_OFF: Final = frozenset({"active", "is_active"})
_SAID_ELSEWHERE: Final = frozenset({"direction", "document.key"})
_MOST_SAID: Final = 3
_ZONE: Final = "UTC"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Whoever the words are for."""

    sees_personal_data: bool
    conditions: Callable[[Any], str]  # says a segment's conditions, as far as they may be seen


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One changed setting. Rows of a mapping are told one by one."""

    label: str
    before: str = ""
    after: str = ""
    rows: Sequence[str] = ()
    said: str = ""  # where the values are not told: that it was changed


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """What was done, such as `changed the mapping of`, `Import leads`, ` of Acme`."""

    lead: str
    name: str
    tail: str = ""

    def __str__(self) -> str:
        return f"{self.lead} {self.name}{self.tail}"


def who(of: str, how: str, names: Mapping[str, str]) -> str:
    """Who did it; `names` are those of accounts, by e-mail."""
    if how == auditing.BY_ITSELF:
        return "Isthmus"
    if how == auditing.FROM_OUTSIDE:
        return f"Nobody known (database account {of})"
    return names.get(of) or of or "Nobody signed in"


def headline(entry: Entry, names: Names) -> tuple[Change, Sentence, str]:
    """What tells most of an entry, that in words, and what else there is of it."""
    main = min(entry.changes, key=lambda each: (_place(each.kind), each.id))
    others = entry.number - 1
    if entry.how == auditing.DOCUMENT and others:
        what = Sentence(lead="applied a set-up document:", name=_counted(entry))
        return main, what, ""
    more = f"{others:,}{'+' if entry.number >= _MANY else ''} more" if others else ""
    return main, sentence(main, names), more


_MANY: Final = 1_000


def word_of(kind: str) -> str:
    """What one thing of the kind is called. A later version may have left kinds not known here."""
    return KINDS[kind][1] if kind in KINDS else kind


def _several(kind: str) -> str:
    return KINDS[kind][2] if kind in KINDS else kind


def _place(kind: str) -> int:
    return list(KINDS).index(kind) if kind in KINDS else len(KINDS)


def _counted(entry: Entry) -> str:
    """How much of what was made, changed and deleted, as far as it was read."""
    numbers = Counter((each.kind, each.act) for each in entry.changes)
    parts = [
        f"{number:,} {word_of(kind) if number == 1 else _several(kind)} {act}"
        for (kind, act), number in numbers.items()
    ]
    if entry.number > len(entry.changes):
        parts.append(f"and {entry.number - len(entry.changes):,} more")
    return ", ".join(parts)


def sentence(of: Change, names: Names) -> Sentence:
    """What was done to one thing."""
    name = _host(of.name) or of.key
    if of.kind == "run":
        return Sentence(
            lead=_RUNS.get(of.act, of.act),
            name=f"run #{of.key}",
            tail=f" of {names.connection(of)}",
        )
    if of.kind == "store":
        return Sentence(lead="let the restored", name="store", tail=" go on")
    tail = f" of {names.connection(of)}" if of.kind == "goal" else ""
    word = word_of(of.kind)
    if of.act == "emptied":
        return Sentence(lead="took away all", name=_several(of.kind))
    if of.act != "changed":
        return Sentence(lead=f"{of.act} the {word}", name=name, tail=tail)
    lead = _changed(of)
    # A title alone says what it is the title of; names of other things do not.
    named = lead if of.kind in ("connection", "goal") else f"{lead} the {word}"
    return Sentence(lead=named, name=name, tail=tail)


def _host(name: str) -> str:
    """The name without what every address of a login host begins with."""
    return name.removeprefix("https://").removeprefix("http://")


def _changed(of: Change) -> str:
    """Up to the name of the thing."""
    columns = [_bare(column) for column in of.changes]
    if len(columns) == 1 and columns[0] in _ON_OFF:
        return "switched on" if next(iter(of.changes.values()))[1] else "switched off"
    if of.kind == "connection" and "authorization_id" in columns:
        before, after = of.changes["authorization_id"]
        if after is None:
            return "disconnected"
        return "connected" if before is None else "connected anew"
    if columns == ["position"]:
        return "moved"
    if len(columns) > _MOST_SAID:
        return f"changed {len(columns)} settings of"
    said = [_in_sentence(_label(column, of.kind)) for column in sorted(columns)]
    return f"changed {' and '.join(filter(None, [', '.join(said[:-1]), said[-1]]))} of"


def _in_sentence(label: str) -> str:
    if label == _LABELS["active"]:
        return "the switch"
    if label[1:2].isupper():
        return label
    return f"the {label[:1].lower()}{label[1:]}"


def settings(of: Change, names: Names, reader: Reader) -> Iterator[Setting]:
    """The changed settings of one thing, in the order in which pages have them."""
    order = list(_LABELS)
    known = [name for name in of.changes if name not in _SAID_ELSEWHERE]
    for column in sorted(
        known, key=lambda name: order.index(_bare(name)) if _bare(name) in order else len(order)
    ):
        before, after = of.changes[column]
        yield _setting(of, column, (before, after), names, reader)


def _setting(
    of: Change, column: str, pair: tuple[Any, Any], names: Names, reader: Reader
) -> Setting:
    name = _bare(column)
    label = _label(name, of.kind)
    if any(isinstance(each, dict) and each.get("secret") for each in pair):
        return Setting(label=label, said=_of_secret(*pair))
    if column in ("document.fields", "document.match"):
        rows = list(_rows(*pair))
        return Setting(label=label, rows=rows, said="" if rows else "in another order")
    before, after = (_value(name, each, names, reader) for each in pair)
    if before == after and pair[0] != pair[1]:
        return Setting(label=label, before=before, said="changed")
    return Setting(label=label, before=before, after=after)


def _of_secret(before: Any, after: Any) -> str:
    if before is None:
        return "set; what it is is not kept here"
    return "taken away" if after is None else "changed; what it is is not kept here"


def _label(name: str, kind: str) -> str:
    own = _OF_PEOPLE.get(name) if kind in ("account", "app", "segment") else None
    return own or _LABELS.get(name) or name.replace("_", " ").capitalize()


def _bare(column: str) -> str:
    return column.removeprefix("document.")


def _value(name: str, value: Any, names: Names, reader: Reader) -> str:
    """A value in words, as far as the reader may see it; empty: there was none."""
    if value is None or value in ("", [], {}):
        return ""
    if name == "authorization_id":
        return names.sign_ins.get(value) or f"number {value}"
    if name == "where":
        return reader.conditions(value)
    if isinstance(value, dict) and set(value) == {"site"}:
        return f"{value['site']}/…"
    if name == "schedule":
        return _schedule(value)
    hides = name in _PERSONAL and not reader.sees_personal_data
    return _written(_PERSONAL[name](value) if hides else value, outermost=True)


def _schedule(value: Any) -> str:
    """The schedule without its time zone, which is a setting of its own."""
    try:
        return schedules.read(value).words(_ZONE).removesuffix(f", {_ZONE}")
    except IsthmusError:
        return _written(value, outermost=True)


def _without_values(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_values(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_values(each)
        if name in ("all", "any", "not")
        else each
        if name == "field"
        else DOTS
        for name, each in part.items()
    }


_PERSONAL: Final[Mapping[str, Callable[[Any], Any]]] = {
    "filter": _without_values,
    "notify_to": lambda addresses: [DOTS for _ in addresses],
}
"""Settings that may hold personal data, and what is left of their values without it."""


def _written(value: Any, *, outermost: bool = False) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        said = ", ".join(f"{name}: {_written(each)}" for name, each in value.items())
        return said if outermost else f"({said})"
    if isinstance(value, list):
        said = ", ".join(map(_written, value))
        return said if outermost else f"[{said}]"
    return str(value)


def _rows(before: Any, after: Any) -> Iterator[str]:
    """What became of the rows of a mapping: those that went, came and changed."""
    old, new = (_by_target(each) for each in (before, after))
    for key in old.keys() - new.keys():
        yield f"\u2212 {_row(old[key])}"
    for key, row in new.items():
        if key not in old:
            yield f"+ {_row(row)}"
        elif old[key] != row:
            yield f"{_ends(row)}: {_differences(old[key], row)}"


def _by_target(rows: Any) -> dict[tuple[str, str, int], dict[str, Any]]:
    """Rows by what they join; of two that join the same, the second is another."""
    several = rows if isinstance(rows, list) else [rows] if rows else []
    found: dict[tuple[str, str, int], dict[str, Any]] = {}
    for row in several:
        field, other = str(row.get("field", "")), _other(row)
        number = sum(1 for key in found if key[:2] == (field, other))
        found[field, other, number] = row
    return found


def _other(row: Mapping[str, Any]) -> str:
    """What a Salesforce field is joined with."""
    return str(row.get("property") or row.get("identifier") or row.get("value") or "")


def _ends(row: Mapping[str, Any]) -> str:
    field, other = str(row.get("field", "")), _other(row)
    if "kind" not in row:
        return f"{field} → {other}"
    return f"“{other}” → {field}" if row["kind"] == "text" else f"{other} → {field}"


def _row(row: Mapping[str, Any]) -> str:
    more = [
        _said(name, value)
        for name, value in row.items()
        if name not in ("field", "property", "identifier", "value", "kind") and value
    ]
    return _ends(row) + (f" ({', '.join(more)})" if more else "")


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    pairs = {name: (before.get(name), after[name]) for name in after}
    return ", ".join(
        f"{name.replace('_', ' ')} {_in_row(old)} → {_in_row(new)}"
        for name, (old, new) in pairs.items()
        if old != new
    )


def _in_row(value: Any) -> str:
    return "none" if value is None else _written(value).replace("_", " ")


def _said(name: str, value: Any) -> str:
    words = name.replace("_", " ")
    return words if value is True else f"{words} {_written(value)}".replace("_", " ")
