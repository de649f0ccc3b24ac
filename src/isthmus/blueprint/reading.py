"""From YAML to a `Document`. All problems of one text are found in one pass."""

import re
from collections.abc import Mapping
from typing import Any

from isthmus.blueprint.documents import (
    CONFIRM_HOURS,
    OVERLAP_SECONDS,
    SECRET_KEYS,
    SETTLE_SECONDS,
    App,
    Authorization,
    Connection,
    Document,
    Goal,
    Org,
    Segment,
)
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.blueprint.goal_reading import read_goal, read_key
from isthmus.blueprint.nodes import Entries, Source, Value, root
from isthmus.blueprint.notify_reading import read_notify
from isthmus.connections import guarding
from isthmus.connections.authorizations import Flow
from isthmus.domain import call_shares, labels, schedules, wall_clock
from isthmus.domain.properties import Normalise, OnMerge, PropertyDefinition, PropertyType
from isthmus.domain.record_ids import full_id
from isthmus.domain.schedules import Schedule, ScheduleInvalid

_TOP = ("apps", "orgs", "properties", "segments", "connections")
_ORG_IDS = "00D"
_LONGEST_SECONDS = 86_400
_FLOW_KEYS = {
    Flow.CLIENT_CREDENTIALS: (("flow", "login_url", "client_id", "client_secret"), ()),
    Flow.JWT: (("flow", "login_url", "client_id", "username", "private_key"), ("audience",)),
    Flow.BROWSER: (("flow", "login_url"), ("app",)),
}
_WEB_ADDRESS = re.compile(r"https?://[^\s/]+.*", re.IGNORECASE)


def read(text: str, *, name: str, environment: Mapping[str, str]) -> Document:
    """What the text says. `name` (a file's, say) stands in messages.

    `environment` holds what `${NAME}` stands for. Raises `BlueprintInvalid` with every problem.
    """
    source = Source(file=name, environment=environment)
    top = root(text, source).entries(optional=_TOP)
    document = Document(
        properties=tuple(_property(each) for each in top.items("properties")),
        segments=tuple(_segment(each) for each in top.items("segments")),
        connections=tuple(_connection(each) for each in top.items("connections")),
        apps=tuple(_app(each) for each in top.items("apps")),
        orgs=_orgs(top),
        places=source.places,
    )
    if source.problems:
        raise BlueprintInvalid(source.problems)
    return document


def _property(value: Value) -> PropertyDefinition:
    entries = value.entries(
        required=("key", "label", "type"),
        optional=("list", "identifier", "description", "personal", "normalise", "on_merge"),
    )
    identifier = entries.flag("identifier")
    personal = entries.flag("personal", default=identifier)
    if identifier and not personal and "personal" in entries:
        entries.report(
            "personal",
            "An identifier is personal data always. Leave `personal` out, or `identifier`.",
        )
    return PropertyDefinition(
        key=entries.text("key"),
        label=entries.text("label"),
        type=entries.choice("type", PropertyType.TEXT),
        list=entries.flag("list"),
        identifier=identifier,
        description=entries.text("description"),
        personal=personal,
        normalise=entries.choice("normalise", Normalise.NONE),
        on_merge=entries.choice("on_merge", OnMerge.NEWER),
    )


def _app(value: Value) -> App:
    entries = value.entries(required=("name", "client_id"), optional=("client_secret",))
    return App(
        name=entries.text("name"),
        client_id=entries.expanded("client_id"),
        secret=entries.secret("client_secret"),
    )


def _orgs(top: Entries) -> tuple[Org, ...]:
    found: dict[str, Org] = {}
    for value in top.items("orgs"):
        entries = value.entries(required=("id", "api_share_percent"))
        key = _org_id(entries)
        if key and key in found:
            entries.report("id", f"Org {key!r} stands here twice. Keep one of them.")
        found[key] = Org(id=key, api_share_percent=_api_share(entries))
    return tuple(found.values())


def _org_id(entries: Entries) -> str:
    """The 18 characters; empty where it is no id, which is reported."""
    given = entries.text("id")
    try:
        found = full_id(given)
    except ValueError as error:
        if given:
            entries.report("id", str(error))
        return ""
    if not found.startswith(_ORG_IDS):
        entries.report("id", f"{given!r} is not the id of an org: that begins with {_ORG_IDS}.")
        return ""
    return found


def _api_share(entries: Entries) -> int:
    if "api_share_percent" not in entries:
        return call_shares.SHARE_PERCENT
    percent = entries.values["api_share_percent"].number()
    for why in call_shares.troubles(percent):
        entries.report("api_share_percent", why)
    return call_shares.SHARE_PERCENT if percent is None else percent


def _segment(value: Value) -> Segment:
    entries = value.entries(required=("key", "where"), optional=("name",))
    key = read_key(entries)
    where = entries.values["where"].plain() if "where" in entries else None
    return Segment(key=key, name=entries.text("name", key), where=where)


def _connection(value: Value) -> Connection:
    entries = value.entries(
        required=("key",),
        optional=(
            *("name", "active", "sandbox", "timezone", "labels", "description"),
            *("overlap_seconds", "settle_seconds", "authorization", "goals"),
            *("confirm_above", "confirm_hours", "schedule", "notify"),
        ),
    )
    key = read_key(entries)
    return Connection(
        key=key,
        name=entries.text("name", key),
        active=entries.flag("active", default=True),
        sandbox=entries.flag("sandbox"),
        timezone=_timezone(entries),
        overlap_seconds=entries.integer("overlap_seconds", OVERLAP_SECONDS, _LONGEST_SECONDS),
        settle_seconds=entries.integer("settle_seconds", SETTLE_SECONDS, _LONGEST_SECONDS),
        **_guard(entries),
        authorization=_authorization(entries),
        share=_share(entries),
        schedule=_schedule(entries),
        labels=_labels(entries),
        description=entries.text("description"),
        notify=read_notify(entries),
        goals=_goals(entries),
    )


def _guard(entries: Entries) -> dict[str, Any]:
    """When a run waits for a yes, and how long."""
    above = _number(entries, "confirm_above")
    hours = _number(entries, "confirm_hours")
    for key, why in guarding.troubles(above, CONFIRM_HOURS if hours is None else hours):
        entries.report(key, why)
    return {"confirm_above": above, "confirm_hours": CONFIRM_HOURS if hours is None else hours}


def _number(entries: Entries, key: str) -> int | None:
    """The number; None where there is none, or something else, which is reported."""
    if key not in entries:
        return None
    number = entries.values[key].number()
    if number is None:
        entries.report(key, guarding.WORDS[key])
    return number


def _labels(entries: Entries) -> tuple[str, ...]:
    values = entries.items("labels")
    texts = [value.text() for value in values]
    for place, why in labels.troubles(texts):
        values[place].report(why)
    return tuple(texts)


def _timezone(entries: Entries) -> str:
    name = entries.text("timezone", "UTC")
    if name and (why := wall_clock.trouble(name)):
        entries.report("timezone", why)
    return name


def _schedule(entries: Entries) -> Schedule | None:
    """When it runs by itself; None where the document says nothing of it, or what can't be read."""
    if "schedule" not in entries:
        return None
    value = entries.values["schedule"]
    before = len(value.source.problems)
    # Problems are reported at their places: a list's values have places once they were read.
    plain = value.plain()
    if len(value.source.problems) > before:
        return None
    try:
        return schedules.read(plain)
    except ScheduleInvalid as error:
        for path, why in error.troubles:
            value.report_at(path, why)
        return None


def _share(connection: Entries) -> str:
    """The connection whose sign-in is used, where the document names one."""
    if "authorization" not in connection or not connection.values["authorization"].peek("share"):
        return ""
    return connection.values["authorization"].entries(required=("share",)).text("share")


def _authorization(connection: Entries) -> Authorization | None:
    if "authorization" not in connection or connection.values["authorization"].peek("share"):
        return None
    value = connection.values["authorization"]
    flow = _flow(value)
    required, optional = _FLOW_KEYS[flow]
    entries = value.entries(required=required, optional=optional)
    entries.choice("flow", flow)
    return Authorization(
        flow=flow,
        login_url=_web_address(entries, "login_url"),
        client_id=entries.expanded("client_id"),
        secret=_secret(entries, SECRET_KEYS[flow]) if flow in SECRET_KEYS else "",
        username=entries.expanded("username"),
        audience=_web_address(entries, "audience"),
        app=entries.text("app"),
    )


def _flow(value: Value) -> Flow:
    """The flow that says which keys belong here; a wrong one is reported by the caller."""
    given = value.peek("flow")
    return next((flow for flow in Flow if flow == given), Flow.CLIENT_CREDENTIALS)


def _web_address(entries: Entries, key: str) -> str:
    address = entries.expanded(key)
    if address and not _WEB_ADDRESS.fullmatch(address):
        entries.report(
            key,
            "This is not a web address. Write https:// and the host, such as "
            "https://example.my.salesforce.com.",
        )
    return address.rstrip("/")


def _secret(entries: Entries, key: str) -> str:
    # Many ways of setting environment variables know no line breaks: PEM keys then come with \n.
    secret = entries.secret(key)
    return secret.replace("\\n", "\n") if key == SECRET_KEYS[Flow.JWT] else secret


def _goals(entries: Entries) -> tuple[Goal, ...] | None:
    if "goals" not in entries:
        return None
    read_goals = (read_goal(each) for each in entries.items("goals"))
    return tuple(goal for goal in read_goals if goal is not None)
