"""How sign-ins stand, for whoever looks: found without asking Salesforce."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet

from isthmus.connections import authorizations, client_apps, orgs
from isthmus.connections.authorizations import Flow
from isthmus.connections.errors import AppInUse, AppRefused, NoSuchThing
from isthmus.connections.models import App, Authorization, Connection, SignInAttempt
from isthmus.connections.overview import SignIn
from isthmus.connections.signing_in import OutcomeKind

_PLAIN = re.compile(r"[!-~]{1,500}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which authorizations are looked for; what is empty is not asked for."""

    org: str = ""
    user: str = ""  # id of the user in Salesforce
    key: str = ""  # consumer key of the app

    @property
    def is_plain(self) -> bool:
        """Whether there may be any: other texts, some of them with byte 0, are nobody's."""
        return all(not each or _PLAIN.fullmatch(each) for each in (self.org, self.user, self.key))


def found(wanted: Wanted) -> QuerySet[Authorization]:
    """Authorizations that connections use, with these; oldest first."""
    rows = authorizations.connected()
    if not wanted.is_plain:
        return rows.none()
    columns = {"org_id": wanted.org, "user_id": wanted.user, "client_id": wanted.key}
    return rows.filter(**{name: value for name, value in columns.items() if value})


def sign_ins_by_app() -> Mapping[str, int]:
    """How many sign-ins by browser each app has that connections use, by its consumer key."""
    rows = authorizations.connected().filter(flow=Flow.BROWSER)
    return Counter(rows.prefetch_related(None).values_list("client_id", flat=True))


def app_of(row: Authorization) -> App | None:
    """The app that a sign-in by browser went through, where it is still there."""
    if row.flow != Flow.BROWSER:
        return None
    return App.objects.filter(client_id=row.client_id).first()


def lost(row: Authorization) -> str:
    """What is said of a sign-in that Salesforce has refused for good."""
    return authorizations.lost_words(row.lost_reason)


def sign_in(connection: Connection) -> SignIn:
    """How the sign-in of a connection stands."""
    row = connection.authorization
    if row is not None and row.lost_at is not None:
        return SignIn.LOST
    if row is None or not authorizations.is_granted(row):
        return SignIn.NONE
    return SignIn.OTHER_ORG if other_org(connection) else SignIn.GOOD


def other_org(connection: Connection) -> str:
    """What is said where the last sign-in led to another org than the connection's; else empty."""
    row = connection.authorization
    if not connection.org_id:
        return ""
    if row is not None and row.org_id and not orgs.same_org(connection.org_id, row.org_id):
        return orgs.replaced(connection, row.org_id)
    last = SignInAttempt.objects.filter(connection=connection).exclude(outcome="").last()
    if last is None or last.outcome != OutcomeKind.OTHER_ORG or last.ended_at is None:
        return ""
    is_over = row is not None and row.signed_in_at is not None and row.signed_in_at > last.ended_at
    return "" if is_over else last.message


def is_elsewhere(row: Authorization) -> bool:
    """Whether it leads to another org than one of the connections that use it belongs to."""
    return any(
        each.org_id and row.org_id and not orgs.same_org(each.org_id, row.org_id)
        for each in row.connections.all()
    )


@contextmanager
def changing_app(app: App) -> Iterator[App]:
    """The app, held until the block ends. Raises `NoSuchThing`."""
    with transaction.atomic():
        row = App.objects.select_for_update().filter(id=app.id).first()
        if row is None:
            raise NoSuchThing("app", [app.name], None)
        yield row


def why_app_is_kept(app: App) -> str:
    """Why an app can't be deleted now; empty where it can."""
    with transaction.atomic():
        try:
            client_apps.delete(app)
        except (AppInUse, AppRefused) as error:
            return str(error)
        transaction.set_rollback(True)  # It was only asked: what went comes back.
    return ""
