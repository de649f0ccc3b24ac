"""What the page shows on which a connection is connected with Salesforce, by way of signing in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils.http import urlencode

from isthmus.connections import approvals, authorizations, certificates, client_apps
from isthmus.connections.authorizations import Flow
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import App, Authorization, Connection
from isthmus.domain.roles import Right
from isthmus.people import accounts
from isthmus.web import advice, authorization_card, connection_words
from isthmus.web.access import who
from isthmus.web.forms import authorizations as forms
from isthmus.web.forms.authorizations import (
    AppForm,
    BrowserForm,
    ClientCredentialsForm,
    JwtForm,
    ShareForm,
)

SHARE: Final = "share"


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way of signing in."""

    key: str
    icon: str
    word: str
    template: str


WAYS: Final[Sequence[Way]] = (
    Way(
        key=Flow.BROWSER,
        icon="screen",
        word="With your browser",
        template="web/connect_browser.html",
    ),
    Way(
        key=Flow.CLIENT_CREDENTIALS,
        icon="lock",
        word="Client credentials",
        template="web/connect_client_credentials.html",
    ),
    Way(key=Flow.JWT, icon="id", word="JWT", template="web/connect_jwt.html"),
    Way(
        key=SHARE,
        icon="people",
        word="Share another connection\u2019s",
        template="web/connect_share.html",
    ),
)

_DRAFTS: Final = "certificates"
"""In the session: the number of the key that was made for a connection, by the connection's key."""

_FIRST_APP: Final = "Isthmus"
"""The name that the first app is offered with: most stores need no other."""

_ADMINISTRATORS: Final = 3
"""So many are named to whoever has to ask one."""


def way(request: HttpRequest, row: Connection) -> Way:
    """The way that was chosen; the first where none was."""
    del row
    chosen = request.GET.get("way", "")
    return next((each for each in WAYS if each.key == chosen), WAYS[0])


def common(request: HttpRequest, row: Connection) -> dict[str, Any]:
    """What the page shows whatever the way."""
    chosen = way(request, row)
    base = connection_words.address("connection-sign-in", row.key)
    return {
        "way": chosen,
        "ways": [
            {
                "address": f"{base}?{urlencode({'way': each.key})}",
                "icon": each.icon,
                "word": each.word,
                "here": each is chosen,
            }
            for each in WAYS
        ],
        **advice.of_app(request),
    }


def start(request: HttpRequest, row: Connection) -> dict[str, Any]:
    """What the way of signing in shows first."""
    chosen = way(request, row).key
    if chosen == Flow.BROWSER:
        return browser(request, row)
    if chosen == SHARE:
        return share(row, request)
    known = row.authorization if row.authorization and row.authorization.flow == chosen else None
    texts = {"client_id": known.client_id, "username": known.username} if known else {}
    if chosen == Flow.JWT:
        form = JwtForm(initial={**host_of(row), **texts})
        return {"form": form, "made": draft_of(request, row)}
    own = known.login_url if known else host_of(row)["my_domain"]
    return {"form": ClientCredentialsForm(initial={"my_domain": own, **texts})}


def host_of(row: Connection) -> dict[str, str]:
    """The login host to offer: that of before, or the one that goes with the kind of org."""
    if row.authorization is not None:
        return forms.host_of(row.authorization.login_url)
    return {"host": "sandbox" if row.sandbox else "production", "my_domain": ""}


def browser(
    request: HttpRequest, row: Connection, form: BrowserForm | None = None
) -> dict[str, Any]:
    """Signing in with a browser: the host and app that are chosen, and what speaks against it."""
    apps = client_apps.all_apps()
    user = who(request)
    if not apps:
        return {"apps": [], **_without_app(request)}
    shown = form or BrowserForm(initial=_chosen(request, row, apps), apps=apps)
    tried = form or BrowserForm(_as_posted(shown), apps=apps)
    more: dict[str, Any] = {
        "apps": apps,
        "form": shown,
        "may_administer": user is not None and user.may(Right.ADMINISTER),
    }
    if tried.is_valid():
        given = tried.cleaned_data
        app = app_of(apps, given["app"])
        more["full"] = full(row, given["login_url"], app)
        more["understood"] = authorizations.host(given["login_url"])
    elif form is None and tried.data.get("my_domain"):
        more["why"] = " ".join(str(each) for each in tried.errors.get("my_domain", []))
    return more


def app_of(apps: Sequence[App], number: str) -> App:
    """The app of that number, among these."""
    return next(each for each in apps if str(each.id) == number)


def full(row: Connection, login_url: str, app: App) -> dict[str, Any] | None:
    """Why no pop-up opens at that host, with the sign-ins that are known there; None: it does."""
    words = approvals.before(row, login_url, app.client_id)
    if not words:
        return None
    held = approvals.known_at(login_url, app.client_id, besides=row.authorization_id)
    return {
        "words": words,
        "held": [
            {"user_name": each.user_name, "connections": authorizations.users_of(each)}
            for each in held
        ],
    }


def _chosen(request: HttpRequest, row: Connection, apps: Sequence[App]) -> dict[str, str]:
    """What the address says, or else what was used before."""
    before = row.authorization.client_id if row.authorization else ""
    app = next((each for each in apps if each.client_id == before), apps[0])
    asked = {name: request.GET.get(name, "") for name in ("host", "my_domain", "app")}
    known = {name: value for name, value in asked.items() if value and "\0" not in value}
    return {**host_of(row), "app": str(app.id), **known}


def _as_posted(form: BrowserForm) -> dict[str, str]:
    return {name: str(form.get_initial_for_field(form.fields[name], name)) for name in form.fields}


def _without_app(request: HttpRequest) -> dict[str, Any]:
    user = who(request)
    if user is not None and user.may(Right.ADMINISTER):
        return {"may_administer": True, "app_form": AppForm(initial={"name": _FIRST_APP})}
    may = [each for each in accounts.everyone() if each.is_active and each.may(Right.ADMINISTER)]
    names = ", ".join(each.name for each in may[:_ADMINISTRATORS])
    return {"may_administer": False, "administrators": names}


def draft_of(request: HttpRequest, row: Connection) -> Authorization | None:
    """The key that was made in this browser for the connection and waits to be used."""
    number = request.session.get(_DRAFTS, {}).get(row.key)
    try:
        return certificates.find_draft(number) if isinstance(number, int) else None
    except NoSuchThing:
        return None


def keep_draft(request: HttpRequest, row: Connection, made: Authorization | None) -> None:
    """Remember in this browser's session which key was made for the connection; None: forget it."""
    drafts = {key: one for key, one in request.session.get(_DRAFTS, {}).items() if key != row.key}
    request.session[_DRAFTS] = {**drafts, row.key: made.id} if made else drafts


def share(row: Connection, request: HttpRequest) -> dict[str, Any]:
    """The authorizations of others that this connection could use."""
    rows = authorizations.shareable(row)
    chosen = request.POST.get("connection", "")
    return {
        "form": ShareForm(),
        "offered": [_offer(each, chosen, is_only=len(rows) == 1) for each in rows],
    }


def _offer(row: Authorization, chosen: str, *, is_only: bool) -> dict[str, Any]:
    users = authorizations.users_of(row)
    return {
        "key": users[0].key,
        "user_name": row.user_name or row.username,
        "org_name": row.org_name,
        "org_id": row.org_id,
        "host": authorizations.host(row.instance_url or row.login_url),
        "way": authorization_card.WAYS.get(row.flow, row.flow),
        "connections": users,
        "is_chosen": is_only or chosen in {each.key for each in users},
    }
