"""The set-up that the store has, as a `Document`."""

from dataclasses import replace

from isthmus.blueprint.documents import Authorization, Connection, Document, Segment
from isthmus.connections import models, secrets
from isthmus.connections.authorizations import Flow
from isthmus.profiles.models import Property
from isthmus.profiles.models import Segment as StoredSegment


def stored() -> Document:
    """All that is set up, in the order in which it was made; goals in their own order."""
    connections = models.Connection.objects.select_related("authorization").prefetch_related(
        "goals"
    )
    return Document(
        properties=tuple(each.definition for each in Property.objects.all()),
        segments=tuple(
            Segment(key=each.key, name=each.name, where=each.conditions)
            for each in StoredSegment.objects.all()
        ),
        connections=tuple(_connection(each) for each in connections),
    )


def stored_connection(key: str) -> Connection | None:
    """The connection of that key, where there is one."""
    rows = models.Connection.objects.select_related("authorization").prefetch_related("goals")
    row = rows.filter(key=key).first()
    return _connection(row) if row else None


def with_example(connection: Connection) -> Connection:
    """The connection; where it has no sign-in, with one that is to be filled in."""
    if connection.authorization is not None:
        return connection
    domain = "example--uat.sandbox" if connection.sandbox else "example"
    example = Authorization(
        flow=Flow.CLIENT_CREDENTIALS,
        login_url=f"https://{domain}.my.salesforce.com",
        client_id="consumer key of the External Client App",
        secret="",
    )
    return replace(connection, authorization=example, active=True)


def _connection(row: models.Connection) -> Connection:
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
        authorization=_authorization(row.authorization) if row.authorization else None,
        labels=tuple(row.labels),
        description=row.description,
        goals=tuple(goal.definition for goal in row.goals.all()),
    )


def _authorization(row: models.Authorization) -> Authorization:
    return Authorization(
        flow=Flow(row.flow),
        login_url=row.login_url,
        client_id=row.client_id,
        username=row.username,
        audience=row.audience,
        secret=_secret(row),
    )


def _secret(row: models.Authorization) -> str:
    """The secret; empty where its key is lost, which makes any secret that is applied a new one."""
    try:
        return secrets.unseal(row.sealed_secret)
    except secrets.SecretUnreadable:
        return ""
