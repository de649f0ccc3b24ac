"""Settings: all authorizations, with the connections that use them."""

from typing import Final

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus.connections import authorizations as kept
from isthmus.connections import rechecking, sharing, standing
from isthmus.connections.models import Authorization
from isthmus.domain.roles import Right
from isthmus.errors import IsthmusError
from isthmus.web import authorization_card, paging
from isthmus.web.access import access
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.views.connecting import certificate_file, say_looked
from isthmus.web.words import plural

_ROWS: Final = 50
_LARGEST: Final = 2**31


@access(Right.LOOK)
@require_safe
def authorizations(request: HttpRequest) -> HttpResponse:
    """All of them, or those of one user of an org, or of an app."""
    asked = {name: request.GET.get(name, "") for name in ("org", "user", "key")}
    rows = standing.found(standing.Wanted(**asked))
    page = paging.page(
        request, lambda after, most: list(_behind(rows, after)[:most]), _place, size=_ROWS
    )
    shown = {
        "rows": [authorization_card.listed(each) for each in page.rows],
        "page": page,
        "is_part": any(asked.values()),
    }
    return render(request, "web/authorizations.html", shown)


def _place(row: Authorization) -> paging.Place:
    return [row.id]


def _behind(rows: QuerySet[Authorization], after: paging.Place | None) -> QuerySet[Authorization]:
    if after is None:
        return rows
    if [type(value) for value in after] != [int] or not 0 <= int(after[0] or 0) < _LARGEST:
        raise BadRequest
    return rows.filter(id__gt=after[0])


@access(Right.EDIT)
@require_POST
def check(request: HttpRequest, authorization_id: int) -> HttpResponse:
    """Sign in, and look at what the user may do."""
    try:
        say_looked(request, rechecking.check_authorization(_authorization(authorization_id)))
    except IsthmusError as error:
        messages.error(request, str(error))
    return redirect("authorizations")


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: HttpRequest, authorization_id: int) -> HttpResponse:
    """Ask, and then let all connections go of it, which revokes it."""
    row = _authorization(authorization_id)
    users = kept.users_of(row)
    if request.method == "POST":
        stopped = sharing.stop_all(row)
        messages.success(request, f"{plural(stopped, 'connection')} can't reach Salesforce now.")
        return redirect("authorizations")
    return ask(
        request,
        Confirmation(
            title=f"Disconnect {row.user_name or kept.host(row.login_url)}?",
            words="Salesforce is told that the sign-in is no longer wanted.",
            losses=[
                *(
                    Loss(icon="x", words=f"{each.name} has no sign-in then, and does not run")
                    for each in users
                ),
                Loss(
                    icon="check",
                    words="Goals, runs and links to records stay; connecting again goes on from "
                    "there.",
                ),
            ],
            act="Disconnect",
            icon="x",
            address=reverse("disconnect-authorization", kwargs={"authorization_id": row.id}),
            back=reverse("authorizations"),
        ),
    )


@access(Right.EDIT)
@require_safe
def certificate(_request: HttpRequest, authorization_id: int) -> HttpResponse:
    """The certificate that was made here for it."""
    return certificate_file(_authorization(authorization_id))


def _authorization(authorization_id: int) -> Authorization:
    found = kept.connected().filter(id=authorization_id).first()
    if found is None:
        raise Http404
    return found
