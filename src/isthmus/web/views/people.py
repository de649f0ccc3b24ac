"""People: accounts and roles for administrators, and what everybody sets for themselves."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus.domain.roles import Right, Role
from isthmus.people import accounts, signing_in
from isthmus.people.errors import SignInRefused
from isthmus.people.models import User
from isthmus.web import edits, sessions
from isthmus.web.access import Anyone, access, who
from isthmus.web.addresses import ours
from isthmus.web.context import THEME_COOKIE, THEMES
from isthmus.web.forms.accounts import (
    AccountForm,
    NewPasswordForm,
    NewPersonForm,
    OwnPasswordForm,
    PersonForm,
)
from isthmus.web.forms.base import Form

_A_YEAR = 365 * 24 * 3600


@access(Right.ADMINISTER)
@require_safe
def everyone(request: HttpRequest) -> HttpResponse:
    """All accounts."""
    people = [{"user": user, "locked": _is_locked(user)} for user in accounts.everyone()]
    return render(request, "web/people.html", {"people": people})


@access(Right.ADMINISTER)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make an account."""
    form = NewPersonForm(request.POST or None, initial={"role": Role.VIEWER.value})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with form.refusals():
            made = accounts.add(
                given["email"],
                given["password"],
                name=given["name"],
                role=Role(given["role"]),
                sees_personal_data=given["sees_personal_data"],
            )
            messages.success(request, f"{made.name} can sign in as {made.email}.")
            return redirect("people")
    status = 422 if form.errors else 200
    return render(request, "web/new_person.html", {"form": form}, status=status)


@access(Right.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change what an account may."""
    user = _person(user_id)
    form = PersonForm(request.POST or None, initial=_initial(user))
    conflicts: list[edits.Conflict] = []
    if request.method == "POST" and form.is_valid():
        seen = edits.unseal(f"person {user_id}", request.POST.get(edits.NAME, ""))
        with form.refusals(), accounts.editing(user):
            now = _initial(user)
            conflicts = edits.conflicts(seen, now, form.cleaned_data)
            if not conflicts:
                given = edits.merged(seen, now, form.cleaned_data)
                role = Role(given["role"]) if given["role"] else None
                accounts.change(user, **{**given, "role": role})
                messages.success(request, f"{user.name} was saved.")
                return redirect("people")
    return _one(request, _person(user_id), form, NewPasswordForm(), conflicts)


@access(Right.ADMINISTER)
@sensitive_post_parameters()
@require_POST
def password(request: HttpRequest, user_id: int) -> HttpResponse:
    """Give somebody a new password, which also unlocks the account."""
    user = _person(user_id)
    form = NewPasswordForm(request.POST)
    if form.is_valid():
        with form.refusals():
            accounts.change_password(user, form.cleaned_data["password"])
            if user == who(request):
                sessions.begin(request, user)
            messages.success(request, f"{user.name} has a new password. Hand it over safely.")
            return redirect("person", user_id=user.id)
    return _one(request, user, PersonForm(initial=_initial(user)), form)


@access(Anyone.SIGNED_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def own_account(request: HttpRequest) -> HttpResponse:
    """What people set for themselves."""
    user = _own(request)
    form = AccountForm(request.POST or None, initial=_own_initial(user))
    conflicts: list[edits.Conflict] = []
    if request.method == "POST" and form.is_valid():
        seen = edits.unseal(_own_thing(user), request.POST.get(edits.NAME, ""))
        with form.refusals(), accounts.editing(user):
            now = _own_initial(user)
            conflicts = edits.conflicts(seen, now, form.cleaned_data)
            if not conflicts:
                accounts.change_own(user, **edits.merged(seen, now, form.cleaned_data))
                messages.success(request, "Your account was saved.")
                return redirect("account")
    return _own_page(request, user, form, OwnPasswordForm(), conflicts)


def _own_initial(user: User) -> dict[str, str]:
    return {"name": user.name, "timezone": user.timezone}


def _own_thing(user: User) -> str:
    return f"account {user.id}"


def _own_page(
    request: HttpRequest,
    user: User,
    form: Form,
    new_password: OwnPasswordForm,
    conflicts: Sequence[edits.Conflict] = (),
) -> HttpResponse:
    shown = {
        "form": form,
        "password": new_password,
        "seen": edits.seal(_own_thing(user), _own_initial(user)),
        "conflicts": edits.shown(conflicts, form.labels),
    }
    status = 409 if conflicts else 422 if form.errors or new_password.errors else 200
    return render(request, "web/account.html", shown, status=status)


@access(Anyone.SIGNED_IN)
@sensitive_post_parameters()
@require_POST
def own_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password: the one until now is asked for, and other sessions end."""
    user = _own(request)
    form = OwnPasswordForm(request.POST)
    if form.is_valid():
        with form.refusals():
            try:
                signing_in.sign_in(user.email, form.cleaned_data["current"], timezone.now())
            except SignInRefused:
                form.add_error("current", "That is not your password.")
            else:
                accounts.change_password(user, form.cleaned_data["password"])
                sessions.begin(request, user)
                messages.success(request, "You have a new password. Other sessions have ended.")
                return redirect("account")
    return _own_page(request, user, AccountForm(initial=_own_initial(user)), form)


@access(Anyone.EVERYBODY)
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of light and dark in this browser."""
    chosen = request.POST.get("theme", "")
    response = redirect(ours(request, request.POST.get("next", "")))
    if chosen in {value for value, _, _ in THEMES}:
        response.set_cookie(
            THEME_COOKIE,
            chosen,
            max_age=_A_YEAR,
            samesite="Lax",
            httponly=True,
            secure=request.is_secure(),
        )
    return response


def _one(
    request: HttpRequest,
    user: User,
    form: PersonForm,
    new_password: NewPasswordForm,
    conflicts: Sequence[edits.Conflict] = (),
) -> HttpResponse:
    shown = {
        "form": form,
        "password": new_password,
        "person": user,
        "locked": _is_locked(user),
        "seen": edits.seal(f"person {user.id}", _initial(user)),
        "conflicts": edits.shown(conflicts, form.labels),
    }
    status = 409 if conflicts else 422 if form.errors or new_password.errors else 200
    return render(request, "web/person.html", shown, status=status)


def _initial(user: User) -> dict[str, Any]:
    names = ("name", "role", "sees_personal_data", "is_active")
    return {name: getattr(user, name) for name in names}


def _own(request: HttpRequest) -> User:
    user = who(request)
    assert user is not None  # noqa: S101 - the view is for those who are signed in
    return User.objects.get(id=user.id)


def _person(user_id: int) -> User:
    user = User.objects.filter(id=user_id).first()
    if user is None:
        raise Http404
    return user


def _is_locked(user: User) -> bool:
    return user.locked_until is not None and user.locked_until > timezone.now()
