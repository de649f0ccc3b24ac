"""Whether a document makes sense, by itself and beside what the store has already.

Pure: the store comes in as a `Document` too. All problems are found in one pass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isthmus.blueprint.documents import (
    Authorization,
    Connection,
    Document,
    Path,
    Segment,
    all_properties,
    with_object_type,
)
from isthmus.blueprint.errors import Problem
from isthmus.connections import client_apps, sign_in_troubles
from isthmus.connections.authorizations import Flow
from isthmus.domain.properties import MOST_PROPERTIES, PropertyDefinition, PropertyError
from isthmus.domain.segments import SegmentError, parse
from isthmus.salesforce import HostNotAllowed, HostPolicy, InvalidArgument, JwtBearer


@dataclass(frozen=True, kw_only=True)
class Review:
    """A document, what can be named in it, and the problems found so far."""

    document: Document
    stored: Document
    hosts: HostPolicy
    problems: list[Problem] = field(default_factory=list)

    @property
    def properties(self) -> Mapping[str, PropertyDefinition]:
        """All properties that there will be; as they are stored, where they are."""
        return all_properties(self.document, self.stored)

    @property
    def segments(self) -> list[str]:
        """Keys of all segments that there will be."""
        both = (*self.document.segments, *self.stored.segments)
        return list(dict.fromkeys(each.key for each in both))

    def report(self, path: Path, message: str) -> None:
        """Note a problem of what stands at `path`."""
        places = self.document.places
        line, column = places.find(path)
        self.problems.append(Problem(file=places.file, line=line, column=column, message=message))

    def report_repeated(self, keys: Iterable[str], what: str, path: Path) -> None:
        """Note each of the things at `path` that has the key of one before it."""
        first: dict[str, int] = {}
        for place, key in enumerate(keys):
            if key in first:
                line = self.document.places.find((*path, first[key], "key"))[0]
                self.report(
                    (*path, place, "key"),
                    f"There are two {what} with the key {key!r} (first in line {line}). Keep one "
                    f"of them, or give this one another key.",
                )
            first.setdefault(key, place)


def check_properties(review: Review) -> None:
    """Properties that contradict themselves, each other or those of the store; one too many."""
    document, stored = review.document, {each.key: each for each in review.stored.properties}
    review.report_repeated(
        (each.key for each in document.properties), "properties", ("properties",)
    )
    for place, definition in enumerate(document.properties):
        path: Path = ("properties", place)
        try:
            definition.check()
        except PropertyError as error:
            review.report((*path, "key"), str(error))
        if definition.key in stored:
            _check_fixed(review, path, stored[definition.key], definition)
    _check_number(review)


def _check_fixed(
    review: Review, path: Path, there: PropertyDefinition, asked: PropertyDefinition
) -> None:
    """What can't change once the property exists."""
    for name in ("type", "list", "identifier"):
        before, after = getattr(there, name), getattr(asked, name)
        if before != after:
            review.report(
                (*path, name), f"{_changed(there.key, name, before, after)} {_WHY_FIXED[name]}"
            )
    if there.identifier and there.normalise != asked.normalise:
        changed = _changed(there.key, "normalise", there.normalise, asked.normalise)
        review.report((*path, "normalise"), f"{changed} {_WHY_FIXED['normalise']}")


def _changed(key: str, name: str, before: object, after: object) -> str:
    was, asked = (str(value).lower() for value in (before, after))
    return f"Property {key!r} exists with {name}: {was}, which can't become {asked}:"


_NEW_KEY = "Put it back, or make a new property with another key."
_WHY_FIXED = {
    "type": f"its values are stored in a column of that type. {_NEW_KEY}",
    "list": f"its values are stored in a column of that kind. {_NEW_KEY}",
    "identifier": (
        "values that are stored already would have to be proven unique, or stop naming their "
        f"profiles. {_NEW_KEY}"
    ),
    "normalise": (
        "identifier values that are stored already were normalised that way and would no longer "
        f"be found. {_NEW_KEY}"
    ),
}


def _check_number(review: Review) -> None:
    stored = {each.key for each in review.stored.properties}
    completed = with_object_type(review.document, review.stored).properties
    added = [place for place, each in enumerate(completed) if each.key not in stored]
    room = MOST_PROPERTIES - len(stored)
    if len(added) > room:
        review.report(
            ("properties", added[max(room, 0)], "key"),
            f"This is one property too many: the store has {len(stored)}, the document adds "
            f"{len(added)}, and {MOST_PROPERTIES} is the limit, because a profile has to fit one "
            f"database row. Leave {len(added) - room} out.",
        )


def check_segments(review: Review) -> None:
    """Keys that stand twice, and conditions that can't be understood."""
    segments, properties = review.document.segments, review.properties
    review.report_repeated((each.key for each in segments), "segments", ("segments",))
    for place, segment in enumerate(segments):
        _check_where(review, ("segments", place, "where"), segment, properties)


def _check_where(
    review: Review, path: Path, segment: Segment, properties: Mapping[str, PropertyDefinition]
) -> None:
    try:
        parse(segment.where, properties)
    except SegmentError as error:
        review.report((*path, *error.path), str(error))


def check_connections(review: Review) -> None:
    """Keys that stand twice, and sign-ins that can't work."""
    connections = review.document.connections
    review.report_repeated((each.key for each in connections), "connections", ("connections",))
    for place, connection in enumerate(connections):
        if connection.authorization is not None:
            _check_sign_in(review, place, connection, connection.authorization)
        if connection.share:
            _check_share(review, place, connection)


def _check_sign_in(
    review: Review, place: int, connection: Connection, authorization: Authorization
) -> None:
    path: Path = ("connections", place, "authorization")
    _check_hosts(review, path, authorization)
    _check_kind_of_org(review, (*path, "login_url"), authorization, is_sandbox=connection.sandbox)
    if authorization.flow is Flow.JWT:
        _check_private_key(review, (*path, "private_key"), authorization)
    if authorization.flow is Flow.BROWSER:
        _check_app(review, (*path, "app"), authorization.app)


def _check_app(review: Review, path: Path, name: str) -> None:
    """That there is an app to sign in through."""
    both = (*review.document.apps, *review.stored.apps)
    if why := sign_in_troubles.of_app(name, list(dict.fromkeys(each.name for each in both))):
        review.report(path, why)


def _check_share(review: Review, place: int, connection: Connection) -> None:
    """That the connection named has a sign-in of its own."""
    path: Path = ("connections", place, "authorization", "share")
    there = {each.key: each for each in review.stored.connections}
    for each in review.document.connections:
        before = there.get(each.key)
        is_silent = not (each.authorization or each.share)
        there[each.key] = before if before and is_silent else each
    signed_in = [each.key for each in there.values() if each.authorization or each.share]
    why = sign_in_troubles.of_sharing(
        connection.key, connection.share, known=there, signed_in=signed_in
    )
    if why:
        review.report(path, why)
    elif there[connection.share].share:
        review.report(
            path,
            f"Connection {connection.share!r} has no sign-in of its own to share: it shares that "
            f"of {there[connection.share].share!r}. Name the connection that has one.",
        )


def check_apps(review: Review) -> None:
    """Apps that stand twice, that can't be kept, or whose users would lose their sign-in."""
    stored = {each.name: each for each in review.stored.apps}
    seen: set[str] = set()
    for place, app in enumerate(review.document.apps):
        path: Path = ("apps", place, "name")
        if app.name in seen:
            review.report(path, f"There are two apps {app.name!r}. Keep one of them.")
        seen.add(app.name)
        if why := client_apps.trouble(app.name, app.client_id):
            review.report(path, why)
        before = stored.get(app.name)
        if before and before.client_id != app.client_id and _uses(review, app.name):
            users = ", ".join(repr(each) for each in _uses(review, app.name))
            review.report((*path[:-1], "client_id"), client_apps.in_use(app.name, users))


def _uses(review: Review, app: str) -> list[str]:
    rows = review.stored.connections
    return [each.name for each in rows if each.authorization and each.authorization.app == app]


def _check_hosts(review: Review, path: Path, authorization: Authorization) -> None:
    try:
        review.hosts.check(authorization.login_url)
    except HostNotAllowed as error:
        review.report((*path, "login_url"), str(error))


def _check_kind_of_org(
    review: Review, path: Path, authorization: Authorization, *, is_sandbox: bool
) -> None:
    why = sign_in_troubles.of_host(
        authorization.flow, authorization.login_url, is_sandbox=is_sandbox
    )
    if why:
        review.report(path, why)


def _check_private_key(review: Review, path: Path, authorization: Authorization) -> None:
    try:
        JwtBearer(
            login_url=authorization.login_url,
            client_id=authorization.client_id,
            username=authorization.username,
            private_key=authorization.secret,
        )
    except InvalidArgument as error:
        review.report(path, str(error))
