"""What applying a document would change, found by comparing it with the store. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from isthmus.blueprint.documents import (
    SECRET_KEYS,
    App,
    Authorization,
    Connection,
    Document,
    Goal,
    Notify,
    Org,
    Segment,
    as_json,
    with_object_type,
)
from isthmus.connections.authorizations import Flow
from isthmus.domain.goals import ExportField, ImportField, ImportGoal
from isthmus.domain.properties import PropertyDefinition

SECRET = "(secret)"  # noqa: S105 - shown in place of one
SECRET_CHANGED = "(secret changed)"  # noqa: S105 - shown in place of one

_IMPORT, _EXPORT = "import", "export"

Attributes = Mapping[str, Any]


class ChangeKind(StrEnum):
    """What happens to a thing."""

    ADD = "add"
    CHANGE = "change"
    DELETE = "delete"


class What(StrEnum):
    """What kind of thing."""

    PROPERTY = "property"
    SEGMENT = "segment"
    CONNECTION = "connection"
    AUTHORIZATION = "authorization"
    GOAL = "goal"
    APP = "app"
    ORG = "org"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that is made, changed or deleted, with the values before and after.

    A change has only the values that differ; of a secret, only that it does.
    """

    kind: ChangeKind
    what: What
    key: str  # a goal's is `connection/goal`, an authorization's that of its connection
    before: Attributes
    after: Attributes

    def __str__(self) -> str:
        if self.kind is not ChangeKind.CHANGE:
            return f"{self.kind} {self.what} {self.key}"
        names = dict.fromkeys((*self.before, *self.after))
        return f"change {self.what} {self.key}: {', '.join(map(self._difference, names))}"

    def _difference(self, name: str) -> str:
        if name not in self.before:
            return f"{name} added: {_shown(self.after[name])}"
        if name not in self.after:
            return f"{name} removed"
        return f"{name}: {_shown(self.before[name])} → {_shown(self.after[name])}"


@dataclass(frozen=True, kw_only=True)
class Untouched:
    """Something in the store that the document does not name, and that stays as it is."""

    what: What
    key: str

    def __str__(self) -> str:
        return f"left alone {self.what} {self.key}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that applying would change, in the order of the document, and what it leaves alone."""

    changes: tuple[Change, ...]
    untouched: tuple[Untouched, ...]
    notes: tuple[str, ...] = ()  # what is left for people to do, and what could not be checked

    @property
    def pending(self) -> bool:
        """Whether anything would change."""
        return bool(self.changes)

    def lines(self) -> list[str]:
        """The changes, what is left alone, and what people have to do, a line each."""
        return [str(each) for each in (*self.changes, *self.untouched, *self.notes)]

    def plain(self) -> dict[str, Any]:
        """The plan as JSON shows it."""
        return {
            "changes": [asdict(change) for change in self.changes],
            "untouched": [asdict(each) for each in self.untouched],
            "notes": list(self.notes),
        }


def compare(document: Document, stored: Document) -> Plan:
    """The plan that takes the store from `stored` to `document`."""
    completed = with_object_type(document, stored)
    changes = (
        *_app_changes(completed, stored),
        *_compared(What.ORG, _orgs(completed), _orgs(stored)),
        *_compared(What.PROPERTY, _properties(completed), _properties(stored)),
        *_compared(What.SEGMENT, _segments(completed), _segments(stored)),
        *_connection_changes(completed, stored),
    )
    return Plan(
        changes=changes,
        untouched=tuple(_untouched(completed, stored)),
        notes=tuple(_notes(completed, stored)),
    )


def _compared(
    what: What, asked: Mapping[str, Attributes], there: Mapping[str, Attributes]
) -> Iterator[Change]:
    """Additions and changes; what is not asked for stays."""
    for key, after in asked.items():
        if key in there:
            yield from _changed(what, key, there[key], after)
        else:
            yield Change(kind=ChangeKind.ADD, what=what, key=key, before={}, after=after)


def _changed(what: What, key: str, before: Attributes, after: Attributes) -> Iterator[Change]:
    names = [
        name
        for name in dict.fromkeys((*before, *after))
        if name not in before or name not in after or before[name] != after[name]
    ]
    if names:
        yield Change(
            kind=ChangeKind.CHANGE,
            what=what,
            key=key,
            before={name: before[name] for name in names if name in before},
            after={name: after[name] for name in names if name in after},
        )


def _connection_changes(document: Document, stored: Document) -> Iterator[Change]:
    there = {each.key: each for each in stored.connections}
    for connection in document.connections:
        before = there.get(connection.key)
        silent = ("schedule",) if connection.schedule is None else ()
        yield from _compared(
            What.CONNECTION,
            {connection.key: {**_connection(connection, silent), **_notify(connection, before)}},
            {before.key: {**_connection(before, silent), **_notified(connection, before)}}
            if before
            else {},
        )
        yield from _authorization_changes(connection, before)
        yield from _goal_changes(connection, before)


def _app_changes(document: Document, stored: Document) -> Iterator[Change]:
    there = {each.name: each for each in stored.apps}
    for app in document.apps:
        before = there.get(app.name)
        if before is None:
            yield from _compared(What.APP, {app.name: _app(app)}, {})
            continue
        after = dict(_app(app))
        if app.secret and before.secret and app.secret != before.secret:
            after["client_secret"] = SECRET_CHANGED
        yield from _changed(What.APP, app.name, _app(before), after)


def _notes(document: Document, stored: Document) -> Iterator[str]:
    """Connections that somebody has to connect by browser once the document is applied."""
    there = {each.key: each.authorization for each in stored.connections}
    for connection in document.connections:
        asked, before = connection.authorization, there.get(connection.key)
        if asked is None or asked.flow is not Flow.BROWSER:
            continue
        if before is None or not before.granted or not same_browser(asked, before):
            yield (
                f"to be done connection {connection.key}: connect it to Salesforce on its page; "
                f"a document can't bring what Salesforce grants"
            )


def same_browser(asked: Authorization, there: Authorization) -> bool:
    """Whether what Salesforce granted to the one serves the other."""
    same = asked.flow is Flow.BROWSER and there.flow is Flow.BROWSER
    return same and asked.login_url == there.login_url and asked.app in ("", there.app)


def _authorization_changes(asked: Connection, there: Connection | None) -> Iterator[Change]:
    if asked.authorization is None and not asked.share:
        return
    key, after = asked.key, _signing_in(asked)
    before = _signing_in(there) if there else {}
    if there is None or not before:
        yield from _compared(What.AUTHORIZATION, {key: after}, {})
        return
    if asked.authorization and there.authorization:
        if same_browser(asked.authorization, there.authorization):
            return
        secret = SECRET_KEYS.get(asked.authorization.flow)
        if secret and asked.authorization.secret != there.authorization.secret:
            after = {**after, secret: SECRET_CHANGED}
    yield from _changed(What.AUTHORIZATION, key, before, after)


def _goal_changes(asked: Connection, there: Connection | None) -> Iterator[Change]:
    if asked.goals is None:
        return
    before, after = _goals(there), _goals(asked)
    kept = {key: goal for key, goal in before.items() if key in after and _same(goal, after[key])}
    for key in before:
        if key not in kept:
            yield _deleted(f"{asked.key}/{key}", before[key])
    for key, goal in after.items():
        name = f"{asked.key}/{key}"
        if key in kept:
            yield from _changed(What.GOAL, name, *_with_order(kept[key], goal))
        else:
            yield from _compared(What.GOAL, {name: goal}, {})
    order, asked_order = _order(kept, after)
    yield from _changed(What.CONNECTION, asked.key, {"goals": order}, {"goals": asked_order})


def _with_order(before: Attributes, after: Attributes) -> tuple[Attributes, Attributes]:
    """Both, with the order of the mapping rows that are in both."""
    rows, asked_rows = _order(before, after)
    arrow = [[name for name in names if "→" in name] for names in (rows, asked_rows)]
    return {**before, "order": arrow[0]}, {**after, "order": arrow[1]}


def _same(before: Attributes, after: Attributes) -> bool:
    """Whether both import, or both export; else the one ends and the other is new."""
    return (_IMPORT in before) == (_IMPORT in after)


def _order(before: Iterable[str], after: Iterable[str]) -> tuple[list[str], list[str]]:
    """What is in both, in either order."""
    first, second = dict.fromkeys(before), dict.fromkeys(after)
    return [key for key in first if key in second], [key for key in second if key in first]


def _deleted(name: str, attributes: Attributes) -> Change:
    return Change(kind=ChangeKind.DELETE, what=What.GOAL, key=name, before=attributes, after={})


def _untouched(document: Document, stored: Document) -> Iterator[Untouched]:
    named: Sequence[tuple[What, Mapping[str, Attributes], Mapping[str, Attributes]]] = (
        (What.APP, _apps(document), _apps(stored)),
        (What.ORG, _orgs(document), _orgs(_without_usual_orgs(stored))),
        (What.PROPERTY, _properties(document), _properties(stored)),
        (What.SEGMENT, _segments(document), _segments(stored)),
        (What.CONNECTION, _connections(document), _connections(stored)),
    )
    for what, asked, there in named:
        yield from (Untouched(what=what, key=key) for key in there if key not in asked)
    silent = {each.key for each in document.connections if each.goals is None}
    for connection in stored.connections:
        if connection.key in silent:
            for goal in connection.goals or ():
                yield Untouched(what=What.GOAL, key=f"{connection.key}/{goal.key}")


def _apps(document: Document) -> dict[str, Attributes]:
    return {each.name: _app(each) for each in document.apps}


def _app(app: App) -> Attributes:
    return {"client_id": app.client_id, **({"client_secret": SECRET} if app.secret else {})}


def _without_usual_orgs(stored: Document) -> Document:
    """Every org that was asked anything is stored; those with the usual share go without saying."""
    return replace(stored, orgs=tuple(each for each in stored.orgs if each != Org(id=each.id)))


def _orgs(document: Document) -> dict[str, Attributes]:
    return {each.id: {"api_share_percent": each.api_share_percent} for each in document.orgs}


def _properties(document: Document) -> dict[str, Attributes]:
    return {each.key: _property(each) for each in document.properties}


def _segments(document: Document) -> dict[str, Attributes]:
    return {each.key: _segment(each) for each in document.segments}


def _connections(document: Document) -> dict[str, Attributes]:
    return {each.key: _connection(each) for each in document.connections}


def _goals(connection: Connection | None) -> dict[str, Attributes]:
    goals = connection.goals or () if connection else ()
    return {goal.key: _goal(goal) for goal in goals}


def _property(definition: PropertyDefinition) -> Attributes:
    values = asdict(definition)
    del values["key"]
    return {name: as_json(value) for name, value in values.items()}


def _segment(segment: Segment) -> Attributes:
    return {"name": segment.name, "where": segment.where}


def _connection(connection: Connection, silent: Sequence[str] = ()) -> Attributes:
    """The connection, but for what the document says nothing of."""
    left_out = ("key", "authorization", "share", "goals", "notify", *silent)
    values = vars(connection).items()
    plain = {name: as_json(value) for name, value in values if name not in left_out}
    if connection.schedule is not None and "schedule" in plain:
        plain["schedule"] = as_json(connection.schedule.as_plain())
    return plain


def _notify(asked: Connection, there: Connection | None) -> Attributes:
    """Who is to hear of runs; nothing where the document says nothing of it."""
    if asked.notify is None:
        return {}
    values, webhook = _plain_notify(asked.notify), asked.notify.webhook
    before = there.notify.webhook if there and there.notify else None
    if webhook and before and webhook.secret != before.secret:
        values["webhook"]["secret"] = SECRET_CHANGED
    return {"notify": values}


def _notified(asked: Connection, there: Connection) -> Attributes:
    """Who hears of them so far, where the document says something of it."""
    return {"notify": _plain_notify(there.notify or Notify())} if asked.notify else {}


def _plain_notify(notify: Notify) -> dict[str, Any]:
    values: dict[str, Any] = {"to": list(notify.to), "when": notify.when}
    if notify.webhook is not None:
        values["webhook"] = {"url": notify.webhook.url, "secret": SECRET}
    return values


def _signing_in(connection: Connection) -> Attributes:
    """How it signs in; nothing where it does not."""
    if connection.share:
        return {"share": connection.share}
    return _authorization(connection.authorization) if connection.authorization else {}


def _authorization(authorization: Authorization) -> Attributes:
    values = {name: as_json(value) for name, value in vars(authorization).items() if value}
    for name in ("secret", "granted"):
        values.pop(name, None)
    secret = SECRET_KEYS.get(authorization.flow)
    if secret is None:
        values.pop("client_id", None)
        return values
    return {**values, secret: SECRET}


def _goal(goal: Goal) -> Attributes:
    """The goal with each mapping row under a name of its own, so that one row's change shows."""
    values = {name: as_json(value) for name, value in goal.plain().items()}
    del values["key"], values["fields"]
    values[_IMPORT if isinstance(goal, ImportGoal) else _EXPORT] = values.pop("object")
    return {**values, **dict(_row(row) for row in goal.fields)}


def _row(row: ImportField | ExportField) -> tuple[str, Attributes]:
    values = {name: as_json(value) for name, value in asdict(row).items() if value is not None}
    field = values.pop("field")
    if isinstance(row, ImportField):
        return f"{field} → {values.pop('property')}", values
    kind = values.pop("kind")
    return f"→ {field}", {kind: values.pop("value"), **values}


def _shown(value: Any) -> str:
    """A value in a line of text."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_shown(each)}" for name, each in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return repr(value)
