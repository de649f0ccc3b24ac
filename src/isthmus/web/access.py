"""Who may see which page. Every view says whom it is for; one that does not is never shown."""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeVar

from django.contrib.auth import get_user
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from isthmus.domain import wall_clock
from isthmus.domain.roles import Right
from isthmus.people import auditing
from isthmus.people.models import User
from isthmus.web import partial, sessions

ATTRIBUTE: Final = "access"


class Anyone(Enum):
    """Those who need no right."""

    EVERYBODY = "everybody"  # signed in or not
    SIGNED_IN = "signed in"  # whatever the role, also without one


Access = Right | Anyone
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def access(allowed: Access) -> Callable[[View], View]:
    """Say whom a view is for."""

    def say(view: View) -> View:
        setattr(view, ATTRIBUTE, allowed)
        return view

    return say


def of(view: Callable[..., Any]) -> Access | None:
    """Whom the view is for; None where it does not say."""
    return getattr(view, ATTRIBUTE, None)


class AccessMiddleware:
    """Lets people come to the views that are for them; `request.user` is the account or None."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Know who asks, and in which time zone."""
        request.user = SimpleLazyObject(lambda: _user(request))  # type: ignore[assignment]
        with auditing.acting(lambda: _email(request), auditing.PAGE):
            response = self.get_response(request)
        timezone.deactivate()
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer in the view's place where it is not for whoever asks."""
        allowed = of(view)
        if allowed is None:
            raise ImproperlyConfigured(
                f"{view.__module__}.{view.__name__} does not say whom it is for."
            )
        if allowed is Anyone.EVERYBODY:
            return None
        user = who(request)
        if user is None:
            return _to_sign_in(request)
        timezone.activate(wall_clock.zone_to_show(user.timezone))
        if isinstance(allowed, Right) and not user.may(allowed):
            raise PermissionDenied
        return None


def who(request: HttpRequest) -> User | None:
    """The account that asks, where somebody is signed in."""
    user: Any = request.user
    return user or None


def _email(request: HttpRequest) -> str:
    user = who(request)
    return user.email if user else ""


def _user(request: HttpRequest) -> User | None:
    if not sessions.keep(request):
        return None
    user: Any = get_user(request)
    return user if isinstance(user, User) else None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    address = reverse("sign-in")
    if partial.asks(request):
        return HttpResponseClientRedirect(address)
    if request.method == "GET" and request.path != "/":
        address = f"{address}?{urlencode({'next': request.get_full_path()})}"
    return redirect(address)
