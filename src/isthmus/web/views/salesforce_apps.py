"""Settings: the apps that people sign in to Salesforce through."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from isthmus.connections import client_apps as kept
from isthmus.connections import standing
from isthmus.connections.errors import AppInUse, AppRefused, NoSuchThing
from isthmus.connections.models import App
from isthmus.domain.roles import Right
from isthmus.web import advice, edits
from isthmus.web.access import access
from isthmus.web.addresses import ours
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.forms.authorizations import AppForm, ChangedAppForm


@access(Right.ADMINISTER)
@require_safe
def apps(request: HttpRequest) -> HttpResponse:
    """All apps, with how many connections sign in through each."""
    default = kept.default_app()
    used = standing.sign_ins_by_app()
    rows = [
        {
            "app": each,
            "has_secret": bool(bytes(each.sealed_secret)),
            "is_default": each == default,
            "is_operators": kept.is_operators(each),
            "uses": used.get(each.client_id, 0),
            "address": f"{reverse('authorizations')}?{urlencode({'key': each.client_id})}",
        }
        for each in kept.all_apps()
    ]
    return render(request, "web/salesforce_apps.html", {"apps": rows, **advice.of_app(request)})


@access(Right.ADMINISTER)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter an app; then go on to where it was missing."""
    form = AppForm(request.POST if request.method == "POST" else None)
    after = request.POST.get("next", "")
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = kept.save(given["name"], given["client_id"], given["client_secret"])
        except AppRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"The app {made.name} was saved.")
            return redirect(ours(request, after) if after else "salesforce-apps")
    shown = {"form": form, "next": after, **advice.of_app(request)}
    return render(request, "web/salesforce_app.html", shown, status=422 if form.errors else 200)


@access(Right.ADMINISTER)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def app(request: HttpRequest, app_id: int) -> HttpResponse:
    """Change an app; the secret that is kept is never shown."""
    row = _app(app_id)
    form = ChangedAppForm(request.POST if request.method == "POST" else None, initial=_shown(row))
    conflicts: list[edits.Conflict] = []
    if form.is_valid():
        seen = edits.unseal(_thing(row), request.POST.get(edits.NAME, ""))
        typed = {name: form.cleaned_data[name] for name in ("name", "client_id")}
        try:
            with standing.changing_app(row) as held:
                now = _shown(held)
                conflicts = edits.conflicts(seen, now, typed)
                if not conflicts:
                    given = edits.merged(seen, now, typed)
                    secret = _secret(form.cleaned_data)
                    kept.save(given["name"], given["client_id"], secret, app=held)
        except (AppRefused, AppInUse) as error:
            form.add_error(None, str(error))
        except NoSuchThing as error:
            raise Http404 from error
        else:
            if not conflicts:
                messages.success(request, f"The app {given['name']} was saved.")
                return redirect("salesforce-apps")
    shown = {
        "app": row,
        "form": form,
        "is_operators": kept.is_operators(row),
        "seen": edits.seal(_thing(row), _shown(row)),
        "conflicts": edits.shown(conflicts, form.labels),
        **advice.of_app(request),
    }
    status = 409 if conflicts else 422 if form.errors else 200
    return render(request, "web/salesforce_app.html", shown, status=status)


def _secret(given: dict[str, Any]) -> str | None:
    """What was typed; empty for none; None for the one that is kept."""
    if given["client_secret"]:
        return str(given["client_secret"])
    return "" if given["without_secret"] else None


@access(Right.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, app_id: int) -> HttpResponse:
    """Ask, and then delete the app; one that connections sign in through stays."""
    row = _app(app_id)
    blocked = standing.why_app_is_kept(row)
    if request.method == "POST" and not blocked:
        try:
            kept.delete(row)
        except (AppInUse, AppRefused) as error:
            blocked = str(error)
        else:
            messages.success(request, f"The app {row.name} was deleted.")
            return redirect("salesforce-apps")
    return ask(
        request,
        Confirmation(
            title=f"Delete the app {row.name}?",
            words="Nobody can sign in through it any more. This can't be undone.",
            losses=[
                Loss(icon="x", words="the consumer key and its secret"),
                Loss(icon="check", words="The app in Salesforce stays as it is."),
            ],
            act="Delete the app",
            address=reverse("delete-salesforce-app", kwargs={"app_id": row.id}),
            back=reverse("salesforce-app", kwargs={"app_id": row.id}),
            blocked=blocked,
        ),
    )


def _shown(row: App) -> dict[str, str]:
    return {"name": row.name, "client_id": row.client_id}


def _thing(row: App) -> str:
    return f"app {row.id}"


def _app(app_id: int) -> App:
    found = next((each for each in kept.all_apps() if each.id == app_id), None)
    if found is None:
        raise Http404
    return found
