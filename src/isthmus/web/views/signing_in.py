"""Signing in and out, and the first account."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from isthmus.people import first_start as first
from isthmus.people import signing_in
from isthmus.people.errors import CodeRefused, SignInRefused
from isthmus.web import sessions
from isthmus.web.access import Anyone, access, who
from isthmus.web.addresses import ours
from isthmus.web.forms.accounts import FirstStartForm, SignInForm


@access(Anyone.EVERYBODY)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for e-mail and password; then go on to the page that was asked for."""
    if first.needed():
        return redirect("first-start")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = signing_in.sign_in(
                form.cleaned_data["email"], form.cleaned_data["password"], timezone.now()
            )
        except SignInRefused as refused:
            form.add_error(None, str(refused))
        else:
            sessions.begin(request, user)
            return redirect(_next(request))
    elif who(request) is not None:
        return redirect(_next(request))
    status = 422 if form.errors else 200
    return render(
        request, "web/sign_in.html", {"form": form, "next": _next(request)}, status=status
    )


@access(Anyone.EVERYBODY)
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    sessions.end(request)
    messages.success(request, "You are signed out.")
    return redirect("sign-in")


@access(Anyone.EVERYBODY)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def first_start(request: HttpRequest) -> HttpResponse:
    """Make the first account, where there is none."""
    if not first.needed():
        return redirect("sign-in")
    form = FirstStartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given, user = form.cleaned_data, None
        with form.refusals():
            try:
                user = first.make_first(
                    given["code"], given["email"], given["password"], given["name"], timezone.now()
                )
            except CodeRefused as refused:
                form.add_error("code", str(refused))
        if user is not None:
            sessions.begin(request, user)
            return redirect("home")
    return render(
        request, "web/first_start.html", {"form": form}, status=422 if form.errors else 200
    )


def _next(request: HttpRequest) -> str:
    """The page to go on to: one of ours, whatever the address says."""
    return ours(request, request.POST.get("next") or request.GET.get("next") or "")
