"""The set-up as plain values: what a document says, and what a store has, in one form."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from isthmus.connections.authorizations import Flow
from isthmus.domain import notifying
from isthmus.domain.call_shares import SHARE_PERCENT
from isthmus.domain.goals import (
    OBJECT_TYPE_LABEL,
    OBJECT_TYPE_PROPERTY,
    ExportGoal,
    ImportGoal,
)
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.schedules import Schedule

Path = tuple[str | int, ...]
"""Where in the document: keys and places in lists (from 0), from the top."""

Goal = ImportGoal | ExportGoal

SECRET_KEYS = {Flow.CLIENT_CREDENTIALS: "client_secret", Flow.JWT: "private_key"}
"""How each flow calls its secret; of a sign-in by browser a document has none."""

OVERLAP_SECONDS = 600
SETTLE_SECONDS = 30
CONFIRM_HOURS = 24


@dataclass(frozen=True)
class Places:
    """Line and column (from 1) of each value of a document."""

    file: str = "document"
    known: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    def find(self, path: Path) -> tuple[int, int]:
        """Where `path` stands, or the nearest value around it that is in the file."""
        while path not in self.known and path:
            path = path[:-1]
        return self.known.get(path, (1, 1))


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A named condition."""

    key: str
    name: str
    where: Any  # as JSON: mappings, lists, texts, numbers


@dataclass(frozen=True, kw_only=True)
class Authorization:
    """How to sign in to one org."""

    flow: Flow
    login_url: str  # without a slash at its end
    client_id: str
    secret: str = field(default="", repr=False)  # or private key; empty where it can't be read
    username: str = ""  # for jwt
    audience: str = ""  # for jwt; worked out from the login host where empty
    app: str = ""  # name of the app, for browser; empty: whichever there is
    granted: bool = field(default=False, compare=False)  # whether somebody has connected by browser


@dataclass(frozen=True, kw_only=True)
class App:
    """What people sign in through by their browser."""

    name: str
    client_id: str
    secret: str = field(default="", repr=False)  # empty: it has none, or it can't be read


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """What is called for the same runs that letters tell of."""

    url: str
    secret: str = field(default="", repr=False)  # calls are signed with it; empty: can't be read


@dataclass(frozen=True, kw_only=True)
class Notify:
    """Who hears of the runs of a connection."""

    to: tuple[str, ...] = ()  # e-mail addresses
    when: str = notifying.PROBLEMS
    webhook: Webhook | None = None


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One org, how to sign in, and what to do with it."""

    key: str
    name: str
    authorization: Authorization | None = None  # None where the document says nothing of it
    share: str = ""  # key of the connection that it signs in with, in place of an authorization
    active: bool = True
    sandbox: bool = False
    timezone: str = "UTC"  # IANA name
    overlap_seconds: int = OVERLAP_SECONDS
    settle_seconds: int = SETTLE_SECONDS
    confirm_above: int | None = None  # percent; None: a run may change any share by itself
    confirm_hours: int = CONFIRM_HOURS
    schedule: Schedule | None = None  # None where the document says nothing of it
    labels: tuple[str, ...] = ()
    description: str = ""
    notify: Notify | None = None  # None where the document says nothing of it
    goals: tuple[Goal, ...] | None = None  # in order; None where the document says nothing of them


@dataclass(frozen=True, kw_only=True)
class Org:
    """A Salesforce org, and how much of its API calls may be used."""

    id: str  # 18 characters
    api_share_percent: int = SHARE_PERCENT


@dataclass(frozen=True, kw_only=True)
class Document:
    """A whole set-up."""

    properties: tuple[PropertyDefinition, ...] = ()
    segments: tuple[Segment, ...] = ()
    connections: tuple[Connection, ...] = ()
    apps: tuple[App, ...] = ()
    orgs: tuple[Org, ...] = ()
    places: Places = field(default_factory=Places, compare=False, repr=False)


def with_object_type(document: Document, stored: Document) -> Document:
    """The document, with the default object type property where a goal needs it and none is."""
    known = {each.key for each in (*document.properties, *stored.properties)}
    if OBJECT_TYPE_PROPERTY in known or not _needs_object_type(document):
        return document
    made = PropertyDefinition(key=OBJECT_TYPE_PROPERTY, label=OBJECT_TYPE_LABEL, list=True)
    return replace(document, properties=(*document.properties, made))


def _needs_object_type(document: Document) -> bool:
    return any(
        isinstance(goal, ImportGoal) and goal.object_type_property == OBJECT_TYPE_PROPERTY
        for connection in document.connections
        for goal in connection.goals or ()
    )


def all_properties(document: Document, stored: Document) -> dict[str, PropertyDefinition]:
    """All properties that there will be, by key; as they are stored, where they are."""
    completed = with_object_type(document, stored).properties
    return {each.key: each for each in (*completed, *stored.properties)}


def as_json(value: Any) -> Any:
    """Only what JSON has: no tuples, and texts for the words of a rule."""
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, Mapping):
        return {name: as_json(each) for name, each in value.items()}
    return [as_json(each) for each in value] if isinstance(value, tuple | list) else value
