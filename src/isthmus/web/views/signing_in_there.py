"""Signing in to Salesforce with a browser: going there, coming back, and how it stands.

The form that begins it is answered by a page and not by a redirect: browsers hold the policy on
forms against redirects, too. With script that page is never shown, and Salesforce's opens in a
window of its own; without it the page leads there, and what came of it is said here.
"""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from isthmus.connections import authorizations, client_apps, permissions, signing_in
from isthmus.connections.errors import LoginHostRefused, TooManyApprovals
from isthmus.connections.signing_in import Outcome, OutcomeKind
from isthmus.domain.roles import Right
from isthmus.salesforce import HostNotAllowed
from isthmus.web import callback as callbacks
from isthmus.web import connect_page
from isthmus.web.access import Anyone, access, who
from isthmus.web.forms.authorizations import BrowserForm
from isthmus.web.views.connecting import name_of, say_connected, shown
from isthmus.web.views.found import find

_HERE: Final = "sign-in here"
"""In the session: keys of connections whose sign-in was begun without a window of its own."""

_MOST: Final = 10
"""Connections that are remembered so."""

_NOBODY: Final = (
    "You aren\u2019t signed in to Isthmus in this browser, so Salesforce\u2019s answer was not "
    "taken. Nothing was changed. Sign in here, and connect again."
)
_NO_EDITOR: Final = (
    "Your role here does not include connecting any more, so Salesforce\u2019s answer was not "
    "taken. Nothing was changed. An administrator can change that under People."
)

_WRONG: Final = (OutcomeKind.FOREIGN, OutcomeKind.REPLAYED)
_TITLES: Final = {
    OutcomeKind.CONNECTED: "Connected",
    OutcomeKind.REFUSED: "Not allowed",
}


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Begin a sign-in, and answer with a page that leads to Salesforce; or say why not."""
    row = find(connection_key)
    if request.method != "POST":
        return redirect("connection-sign-in", connection_key=row.key)
    apps = client_apps.all_apps()
    form = BrowserForm(request.POST, apps=apps)
    if why := callbacks.trouble(request):
        form.add_error(None, why)
    if form.is_valid():
        given = form.cleaned_data
        try:
            address = signing_in.begin(
                row,
                connect_page.app_of(apps, given["app"]),
                given["login_url"],
                redirect_uri=callbacks.url(request),
                by=name_of(request),
                session_key=request.session.session_key or "",
            )
        except TooManyApprovals:
            pass  # The page below names them, and offers to share one.
        except HostNotAllowed as error:
            form.add_error("my_domain", str(error))
        except LoginHostRefused as error:
            form.add_error("host", str(error))
        else:
            _note_window(request, row.key)
            going = {"connection": row, "address": address}
            going["host"] = authorizations.host(given["login_url"])
            return render(request, "web/going_to_salesforce.html", going)
    return shown(request, row, connect_page.browser(request, row, form), status=422)


def _note_window(request: HttpRequest, key: str) -> None:
    """Remember whether the answer comes to a window of its own, or to that of the page."""
    others = [each for each in request.session.get(_HERE, []) if each != key][-_MOST:]
    request.session[_HERE] = others if request.POST.get("window") == "new" else [*others, key]


@access(Right.EDIT)
@require_safe
def attempt(request: HttpRequest, connection_key: str) -> HttpResponse:
    """How the last sign-in stands that this browser began for the connection."""
    row = find(connection_key)
    last = signing_in.latest(row, request.session.session_key or "")
    found = {"outcome": last.outcome, "message": last.message} if last else {}
    known = row.authorization.permissions if row.authorization else {}
    lacks = found.get("outcome") == OutcomeKind.CONNECTED and bool(permissions.missing(known))
    return JsonResponse({"outcome": "", "message": "", "lacks": lacks} | found)


@access(Anyone.EVERYBODY)
@sensitive_variables()
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Take Salesforce's answer. Only the session that began the sign-in has any use for it."""
    user = who(request)
    if user is None or not user.may(Right.EDIT):
        words = _NOBODY if user is None else _NO_EDITOR
        return _answered(request, Outcome(kind=OutcomeKind.FOREIGN, message=words))
    given = {name: request.GET.get(name, "") for name in ("code", "error", "error_description")}
    outcome = signing_in.finish(
        request.GET.get("state", ""), request.session.session_key or "", **given
    )
    here = request.session.get(_HERE, [])
    key = outcome.connection.key if outcome.connection else ""
    if key in here:
        request.session[_HERE] = [each for each in here if each != key]
        return _back(request, outcome, key)
    return _answered(request, outcome)


def _back(request: HttpRequest, outcome: Outcome, key: str) -> HttpResponse:
    """To the connection's page, in the window that it was in."""
    if outcome.is_connected:
        say_connected(request, outcome)
    else:
        messages.error(request, outcome.message)
    answer = redirect("connection", connection_key=key)
    return _guarded(answer)


def _answered(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    """A page for a window of its own, which closes itself and tells the page that opened it."""
    given: dict[str, Any] = {
        "kind": "ok" if outcome.is_connected else "bad",
        "title": _TITLES.get(outcome.kind, "Not connected"),
        "words": outcome.message,
        "connection": outcome.connection,
        "start": reverse("home"),
    }
    status = 400 if outcome.kind in _WRONG else 200
    return _guarded(render(request, "web/came_from_salesforce.html", given, status=status))


def _guarded(answer: HttpResponse) -> HttpResponse:
    """The address had a code in it: it goes to nobody. The window stays that of its opener."""
    answer["Referrer-Policy"] = "no-referrer"
    answer["Cache-Control"] = "no-store"
    answer["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return answer
