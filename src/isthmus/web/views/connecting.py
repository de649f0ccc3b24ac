"""Connecting one connection with Salesforce: choosing how, checking, sharing and letting go."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus.connections import (
    authorizations,
    by_form,
    certificates,
    orgs,
    rechecking,
    sharing,
    sizes,
    standing,
)
from isthmus.connections.authorizations import Flow
from isthmus.connections.by_form import FormSignIn
from isthmus.connections.errors import RunAlreadyGoing
from isthmus.connections.models import Authorization, Connection
from isthmus.connections.rechecking import Looked
from isthmus.connections.signing_in import Outcome, OutcomeKind
from isthmus.domain.roles import Right
from isthmus.errors import IsthmusError
from isthmus.web import authorization_card, connect_page, connection_words
from isthmus.web.access import access, who
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.forms.authorizations import ClientCredentialsForm, JwtForm, ShareForm
from isthmus.web.forms.base import Form
from isthmus.web.views.found import find
from isthmus.web.words import plural

OPENS_WINDOWS: Final = "same-origin-allow-popups"
"""The policy of pages that have to know whether the window that they opened is still there."""


@access(Right.EDIT)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The page on which somebody chooses how to sign in; forms are tried before they are kept."""
    row = find(connection_key)
    way = connect_page.way(request, row)
    if request.method == "POST" and way.key in _TAKEN:
        return _TAKEN[way.key](request, row)
    return shown(request, row, connect_page.start(request, row))


def shown(
    request: HttpRequest, row: Connection, more: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page, with what its way of signing in shows."""
    given = {
        "connection": row,
        "card": authorization_card.of(row),
        **connect_page.common(request, row),
        **more,
    }
    answer = render(request, "web/connect.html", given, status=status)
    answer["Cross-Origin-Opener-Policy"] = OPENS_WINDOWS
    return answer


def _client_credentials(request: HttpRequest, row: Connection) -> HttpResponse:
    form = ClientCredentialsForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        tried = FormSignIn(
            flow=Flow.CLIENT_CREDENTIALS,
            login_url=given["login_url"],
            client_id=given["client_id"],
            secret=given["client_secret"],
        )
        return _tried(request, row, form, tried, {"form": form})
    return shown(request, row, {"form": form}, status=422)


def _jwt(request: HttpRequest, row: Connection) -> HttpResponse:
    if "make" in request.POST or "forget" in request.POST:
        made = None
        if "make" in request.POST:
            made = certificates.draft(f"Isthmus {row.name}", by=name_of(request))
        connect_page.keep_draft(request, row, made)
        kept = {name: request.POST.get(name, "") for name in ("host", "my_domain", *_JWT_TEXTS)}
        form: Form = JwtForm(initial={**connect_page.host_of(row), **_plain(kept)})
        return shown(request, row, {"form": form, "made": connect_page.draft_of(request, row)})
    made_before = connect_page.draft_of(request, row)
    form = JwtForm(request.POST, request.FILES)
    more = {"form": form, "made": made_before}
    if not form.is_valid():
        return shown(request, row, more, status=422)
    given = form.cleaned_data
    if not given["key"] and made_before is None:
        form.add_error("key", "Choose a private key, or make a key and certificate here.")
        return shown(request, row, more, status=422)
    tried = FormSignIn(
        flow=Flow.JWT,
        login_url=given["login_url"],
        client_id=given["client_id"],
        username=given["username"],
        secret=given["key"],
        draft=made_before.id if made_before and not given["key"] else None,
    )
    return _tried(request, row, form, tried, more)


_JWT_TEXTS: Final = ("client_id", "username")


def _plain(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if value and "\0" not in value}


def _tried(
    request: HttpRequest, row: Connection, form: Form, tried: FormSignIn, more: Mapping[str, Any]
) -> HttpResponse:
    """Try it at Salesforce; where it works, go back to the connection."""
    outcome = by_form.connect_by_form(row, tried, by=name_of(request))
    if outcome.is_connected:
        say_connected(request, outcome)
        return redirect("connection", connection_key=row.key)
    form.add_error(None, outcome.message)
    offers = outcome.kind is OutcomeKind.OTHER_ORG
    return shown(request, find(row.key), {**more, "offers_new_org": offers}, status=422)


def _share(request: HttpRequest, row: Connection) -> HttpResponse:
    form = ShareForm(request.POST)
    if form.is_valid():
        try:
            chosen = sharing.share_with(row, form.cleaned_data["connection"])
        except IsthmusError as error:
            form.add_error(None, str(error))
        else:
            words = authorizations.sentence(chosen)
            messages.success(request, f"{row.name} is connected: {words}.")
            return redirect("connection", connection_key=row.key)
    return shown(request, row, {**connect_page.share(row, request), "form": form}, status=422)


_TAKEN: Final = {
    Flow.CLIENT_CREDENTIALS: _client_credentials,
    Flow.JWT: _jwt,
    connect_page.SHARE: _share,
}


def name_of(request: HttpRequest) -> str:
    """Who asks, as it is written down."""
    user = who(request)
    return (user.name or user.email) if user else ""


@access(Right.EDIT)
@require_safe
def certificate(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The certificate of the key that was just made here."""
    row = find(connection_key)
    made = connect_page.draft_of(request, row)
    if made is None:
        raise Http404
    return certificate_file(made, name=row.key)


def certificate_file(row: Authorization, *, name: str = "isthmus") -> HttpResponse:
    """The certificate as a file for Salesforce; the key stays here."""
    if not row.certificate:
        raise Http404
    answer = HttpResponse(row.certificate, content_type="application/x-x509-ca-cert")
    answer["Content-Disposition"] = f'attachment; filename="{name}.crt"'
    return answer


@access(Right.EDIT)
@require_POST
def check(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Sign in now, and look at what the user may do."""
    row = find(connection_key)
    try:
        say_looked(request, rechecking.check(row))
    except IsthmusError as error:
        messages.error(request, str(error))
    return redirect("connection", connection_key=row.key)


def say_looked(request: HttpRequest, looked: Looked) -> None:
    """Say what was found of a sign-in that works; what its user lacks is a warning."""
    say = messages.warning if looked.lacks else messages.success
    say(request, looked.message)


def say_connected(request: HttpRequest, outcome: Outcome) -> None:
    """Say that a connection was just connected; what its user lacks is a warning."""
    say_looked(request, Looked(message=outcome.message, lacks=outcome.lacks))


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Ask, and then let the connection sign in by nothing."""
    row = find(connection_key)
    blocked = "" if row.authorization else f"{row.name} has no sign-in, so there is nothing to do."
    if request.method == "POST" and not blocked:
        sharing.stop(row)
        messages.success(request, f"{row.name} has no sign-in any more, and does not run.")
        return redirect("connection", connection_key=row.key)
    others = authorizations.users_of(row.authorization) if row.authorization else []
    losses = _losses_of_sign_in([each for each in others if each.id != row.id])
    return ask(
        request,
        Confirmation(
            title=f"Disconnect {row.name}?",
            words="It can't reach Salesforce then, and does not run.",
            losses=losses if row.authorization else [],
            act="Stop using it" if len(others) > 1 else "Disconnect",
            icon="x",
            address=connection_words.address("connection-disconnect", row.key),
            back=connection_words.address("connection", row.key),
            blocked=blocked,
        ),
    )


def _losses_of_sign_in(others: list[Connection]) -> list[Loss]:
    if others:
        named = ", ".join(each.name for each in others)
        first = Loss(
            icon="people",
            words=f"The authorization stays: {plural(len(others), 'connection')} still "
            f"{'uses' if len(others) == 1 else 'use'} it: {named}.",
        )
    else:
        first = Loss(
            icon="x", words="The authorization goes, and Salesforce is told to take it back."
        )
    stays = "Goals, runs and links to records stay: connecting again goes on from there."
    return [first, Loss(icon="check", words=stays)]


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def accept_org(request: HttpRequest, connection_key: str) -> HttpResponse:
    """Ask, in numbers, and then let the connection belong to another org."""
    row = find(connection_key)
    blocked = "" if row.org_id else f"{row.name} belongs to no org yet: it takes the next one."
    if request.method == "POST" and not blocked:
        try:
            orgs.accept_new_org(row, by=name_of(request))
        except RunAlreadyGoing as error:
            blocked = str(error)
        else:
            _say_new_org(request, row)
            return redirect("connection", connection_key=row.key)
    return ask(
        request,
        Confirmation(
            title=f"Accept the new org for {row.name}?",
            words=standing.other_org(row),
            counted=connection_words.address("connection-org-losses", row.key),
            act="Accept the new org",
            icon="merge",
            address=connection_words.address("connection-accept-org", row.key),
            back=connection_words.address("connection", row.key),
            blocked=blocked,
        ),
    )


def _say_new_org(request: HttpRequest, row: Connection) -> None:
    """What comes next: a sign-in that leads there already is used at once."""
    words = f"{row.name} belongs to no org now, and takes the next one that it signs in to."
    found = find(row.key)
    if found.authorization is None or found.authorization.lost_at is not None:
        messages.success(request, f"{words} Connect it again.")
        return
    try:
        say_looked(request, rechecking.check(found))
    except IsthmusError as error:
        messages.warning(request, f"{words} {error}")


@access(Right.EDIT)
@require_safe
def org_losses(request: HttpRequest, connection_key: str) -> HttpResponse:
    """What goes where the connection takes another org, in numbers."""
    row = find(connection_key)
    lost = sizes.losses_of_connection(row)
    said = [
        Loss(
            icon="x",
            words=f"{connection_words.about(lost.links)} links between records and profiles: "
            f"records of the new org have other ids",
        ),
        Loss(icon="undo", words="The next run reads and compares everything again."),
        Loss(icon="check", words="All profiles stay as they are, and so do goals and runs."),
    ]
    return render(request, "web/losses.html", {"losses": said, "back": row})
