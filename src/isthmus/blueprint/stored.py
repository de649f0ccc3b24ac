"""The set-up that the store has, as a `Document`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from isthmus.blueprint.documents import (
    App,
    Authorization,
    Connection,
    Document,
    Notify,
    Org,
    Segment,
    Webhook,
)
from isthmus.connections import client_apps, due, models, secrets
from isthmus.connections.authorizations import Flow
from isthmus.domain.schedules import Schedule, ScheduleInvalid
from isthmus.profiles.models import Property
from isthmus.profiles.models import Segment as StoredSegment


def stored() -> Document:
    """All that is set up, in the order in which it was made; goals in their own order."""
    connections = models.Connection.objects.select_related("authorization").prefetch_related(
        "goals"
    )
    apps = tuple(_app(each) for each in client_apps.all_apps())
    owners = _owners()
    return Document(
        apps=apps,
        orgs=tuple(
            Org(id=each.org_id, api_share_percent=each.share_percent)
            for each in models.Org.objects.all()
        ),
        properties=tuple(each.definition for each in Property.objects.all()),
        segments=tuple(
            Segment(key=each.key, name=each.name, where=each.conditions)
            for each in StoredSegment.objects.all()
        ),
        connections=tuple(_connection(each, owners, apps) for each in connections),
    )


def without_operators(document: Document) -> Document:
    """The document without the app that the environment gives."""
    apps = tuple(each for each in document.apps if each.name != client_apps.OPERATORS)
    return replace(document, apps=apps)


def stored_connection(key: str) -> Connection | None:
    """The connection of that key, where there is one."""
    rows = models.Connection.objects.select_related("authorization").prefetch_related("goals")
    row = rows.filter(key=key).first()
    apps = tuple(_app(each) for each in client_apps.all_apps())
    return _connection(row, _owners(), apps) if row else None


def with_example(connection: Connection) -> Connection:
    """The connection; where it has no sign-in, with one that is to be filled in."""
    if connection.authorization is not None or connection.share:
        return connection
    domain = "example--uat.sandbox" if connection.sandbox else "example"
    example = Authorization(
        flow=Flow.CLIENT_CREDENTIALS,
        login_url=f"https://{domain}.my.salesforce.com",
        client_id="consumer key of the External Client App",
        secret="",
    )
    return replace(connection, authorization=example, active=True)


def _owners() -> dict[int, str]:
    """The connection that stands for each authorization: the first one that uses it."""
    rows = models.Connection.objects.filter(authorization__isnull=False).order_by("-id")
    return dict(rows.values_list("authorization_id", "key"))


def _app(row: models.App) -> App:
    return App(name=row.name, client_id=row.client_id, secret=_opened(row.sealed_secret))


def _connection(
    row: models.Connection, owners: Mapping[int, str], apps: Sequence[App]
) -> Connection:
    owner = owners.get(row.authorization_id or 0, row.key)
    own = row.authorization if owner == row.key else None
    return Connection(
        key=row.key,
        name=row.name,
        active=row.active,
        sandbox=row.sandbox,
        timezone=row.timezone,
        overlap_seconds=row.overlap_seconds,
        settle_seconds=row.settle_seconds,
        confirm_above=row.confirm_above,
        confirm_hours=row.confirm_hours,
        authorization=_authorization(own, apps) if own else None,
        share=owner if row.authorization_id and owner != row.key else "",
        schedule=_schedule(row),
        labels=tuple(row.labels),
        description=row.description,
        notify=_notify(row),
        goals=tuple(goal.definition for goal in row.goals.all()),
    )


def _schedule(row: models.Connection) -> Schedule | None:
    try:
        return due.schedule_of(row)
    except ScheduleInvalid:  # A newer version wrote it: it stays, and documents say nothing of it.
        return None


def _notify(row: models.Connection) -> Notify | None:
    """Who hears of runs; None where nobody has set anything."""
    webhook = None
    if row.webhook_url:
        webhook = Webhook(url=row.webhook_url, secret=_opened(row.sealed_webhook_secret))
    found = Notify(to=tuple(row.notify_to), when=row.notify_when, webhook=webhook)
    return None if found == Notify() else found


def _authorization(row: models.Authorization, apps: Sequence[App]) -> Authorization:
    if row.flow == Flow.BROWSER:
        name = next((each.name for each in apps if each.client_id == row.client_id), "")
        return Authorization(
            flow=Flow.BROWSER,
            login_url=row.login_url,
            client_id=row.client_id,
            app=name,
            granted=bool(row.sealed_refresh_token),
        )
    return Authorization(
        flow=Flow(row.flow),
        login_url=row.login_url,
        client_id=row.client_id,
        username=row.username,
        audience=row.audience,
        secret=_opened(row.sealed_secret),
    )


def _opened(sealed: bytes | memoryview) -> str:
    """The secret; empty where its key is lost, which makes any secret that is applied a new one."""
    try:
        return secrets.unseal_any(sealed)
    except secrets.SecretUnreadable:
        return ""
