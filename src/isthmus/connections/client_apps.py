"""Apps that people sign in through: External Client Apps (or connected apps) of Salesforce."""

import os
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from isthmus.connections import secrets, sign_in_troubles
from isthmus.connections.authorizations import Flow
from isthmus.connections.errors import AppInUse, AppRefused, AppUnknown, NoSuchThing
from isthmus.connections.models import App, Authorization

ID_SETTING: Final = "ISTHMUS_SALESFORCE_APP_ID"
SECRET_SETTING: Final = "ISTHMUS_SALESFORCE_APP_SECRET"  # noqa: S105 - a name
OPERATORS: Final = "Set by the operator"
"""The name of the app that the environment gives."""

NAME_LENGTH: Final = 80
TEXT_LENGTH: Final = 500


def all_apps() -> list[App]:
    """The apps there are, that of the environment first."""
    given = from_environment()
    others = App.objects.exclude(name=OPERATORS)
    return [*([given] if given else []), *others]


def default_app() -> App | None:
    """The app to offer first, if there is any."""
    return next(iter(all_apps()), None)


def find(name: str) -> App:
    """The app of that name. Raises `AppUnknown`."""
    apps = all_apps()
    for each in apps:
        if each.name == name:
            return each
    raise AppUnknown(sign_in_troubles.of_app(name, [each.name for each in apps]))


def is_operators(app: App) -> bool:
    """Whether the environment gives it, so that it can't be changed here."""
    return app.name == OPERATORS


def trouble(name: str, client_id: str) -> str:
    """Why an app can't be kept under that name with that id; empty where it can."""
    if not name.strip() or not client_id.strip():
        return "An app needs a name and a consumer key. Enter both."
    if len(name) > NAME_LENGTH or not name.isprintable():
        return f"A name has at most {NAME_LENGTH} characters, all of them visible. Shorten it."
    if name.strip() == OPERATORS:
        return f"{OPERATORS!r} is the app that the environment gives. Choose another name."
    if len(client_id) > TEXT_LENGTH or not client_id.isascii() or not client_id.isprintable():
        return (
            "That is no consumer key: it is a row of letters, digits and dots. Copy it from the "
            "app's settings in Salesforce."
        )
    return ""


def save(name: str, client_id: str, secret: str | None, *, app: App | None = None) -> App:
    """Keep an app, a new one without `app`. A secret of None stays as it is; empty: it has none.

    Sign-ins through it use the new secret from now on. Raises `AppRefused` and `AppInUse`.
    """
    name, client_id = name.strip(), client_id.strip()
    if app is not None and is_operators(app):
        raise AppRefused(_of_environment(app))
    if why := trouble(name, client_id):
        raise AppRefused(why)
    with transaction.atomic():
        row = App.objects.select_for_update().filter(id=app.id).first() if app else App()
        if row is None:
            raise NoSuchThing("app", [name], [each.name for each in all_apps()])
        if App.objects.filter(name=name).exclude(id=row.id).exists():
            raise AppRefused(f"There is an app {name!r} already. Choose another name.")
        if row.id and row.client_id != client_id:
            _refuse_if_used(row, "get another consumer key")
        row.name, row.client_id = name, client_id
        if secret is not None:
            row.sealed_secret = secrets.seal(secret) if secret else b""
        row.save()
        _hand_on_secret(row)
    return row


def delete(app: App) -> None:
    """Take it away. Raises `AppInUse`, and `AppRefused` for that of the environment."""
    if is_operators(app):
        raise AppRefused(_of_environment(app))
    with transaction.atomic():
        row = App.objects.select_for_update().filter(id=app.id).first()
        if row is not None:
            _refuse_if_used(row, "be deleted")
            row.delete()


def users(app: App) -> list[str]:
    """Names of the connections that sign in through it."""
    rows = _authorizations(app).order_by("connections__id")
    found = rows.values_list("connections__name", flat=True)
    return [name for name in found if name is not None]


def from_environment() -> App | None:
    """The app that the environment gives, stored as it says; None where it gives none."""
    client_id = os.environ.get(ID_SETTING, "").strip()
    row = App.objects.filter(name=OPERATORS).first()
    if not client_id:
        if row is not None and not _authorizations(row).exists():
            row.delete()
            row = None
        return row
    secret = os.environ.get(SECRET_SETTING, "").strip()
    if row and row.client_id == client_id and secrets.unseal_any(row.sealed_secret) == secret:
        return row
    sealed = secrets.seal(secret) if secret else b""
    values = {"client_id": client_id, "sealed_secret": sealed}
    with transaction.atomic():
        row, _ = App.objects.update_or_create(name=OPERATORS, defaults=values)
        _hand_on_secret(row)
    return row


def _refuse_if_used(app: App, what: str) -> None:
    names = users(app)
    if names:
        raise AppInUse(in_use(app.name, ", ".join(repr(name) for name in names), what))


def in_use(app: str, connections: str, what: str = "get another consumer key") -> str:
    """What is said of an app that connections sign in through."""
    return (
        f"The app {app!r} can't {what} while connections sign in through it: {connections}. "
        f"Nothing was changed. Connect them another way first."
    )


def _authorizations(app: App) -> QuerySet[Authorization]:
    return Authorization.objects.filter(
        flow=Flow.BROWSER, client_id=app.client_id, connections__isnull=False
    )


def _hand_on_secret(app: App) -> None:
    """Let the sign-ins through this app use its secret."""
    rows = Authorization.objects.filter(flow=Flow.BROWSER, client_id=app.client_id)
    rows.update(sealed_secret=app.sealed_secret)


def _of_environment(app: App) -> str:
    return (
        f"The app {app.name!r} is given by the environment ({ID_SETTING}), so it is changed there."
    )
