"""Answers to a page's own script (HTMX), which replace a part of the page."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django_htmx.http import trigger_client_event

TOASTS = "said"


def asks(request: HttpRequest) -> bool:
    """Whether a page's script asks, and not the browser for a whole page."""
    return bool(getattr(request, "htmx", False))


class PartialMiddleware:
    """What a request said is shown as toasts where only a part of the page is replaced.

    A redirect is followed by the script, and what was said is shown with the answer behind it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the headers that the script reads."""
        response = self.get_response(request)
        if not asks(request) or isinstance(response, HttpResponseRedirect):
            return response
        if isinstance(response, HttpResponse) and (
            said := [
                {"text": str(message), "kind": message.level_tag}
                for message in messages.get_messages(request)
            ]
        ):
            trigger_client_event(response, TOASTS, {"value": said})
        return response
