"""Pages for what went wrong: what happened, and what to do next."""

import logging
import sys

import psycopg
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from isthmus.web.context import theme_of

log = logging.getLogger("isthmus.web")

_NO_ANSWER = ("08", "57P", "53300")
"""SQLSTATEs of a database that is gone, comes or goes, or has no connection left."""


def _page(request: HttpRequest, status: int, heading: str, words: str) -> HttpResponse:
    return render(request, "web/wrong.html", {"heading": heading, "words": words}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What was sent can't be understood."""
    del exception
    return _page(request, 400, "That can't be read", "Go back, and send it again.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Whoever asks has no right to it."""
    del exception
    words = "Your role does not include this page. An administrator can change that under People."
    return _page(request, 403, "This is not for your account", words)


def no_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: an old page, or a page of somebody else's."""
    del reason
    words = (
        "The page that sent this was open for too long, or cookies are blocked. Open it again, "
        "and repeat what you did. Nothing was changed."
    )
    return _page(request, 403, "This page is too old", words)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page."""
    del exception
    words = "The address is wrong, or what was here is gone."
    return _page(request, 404, "There is nothing here", words)


def broken(request: HttpRequest) -> HttpResponse:
    """We made a mistake, or the database is gone. The page needs no database, and no account."""
    status, heading = 500, "Something went wrong here"
    words = "It was written to the log, without your data. Try again; nothing is half done."
    error = sys.exception()
    _log(request, error)
    if _is_database_gone(error):
        status, heading = 503, "The database doesn't answer"
        words = (
            "What you did just now was not saved. Try again in a minute. If this stays, isthmus "
            "doctor says more to whoever runs Isthmus."
        )
    shown = {"heading": heading, "words": words, "theme": theme_of(request)}
    return HttpResponse(render_to_string("web/wrong.html", shown), status=status)


def _log(request: HttpRequest, error: BaseException | None) -> None:
    """Which page it was, and where in the code. No address and no words: they may name people."""
    found = getattr(request, "resolver_match", None)
    facts = {"page": found.view_name if found else None, "method": request.method}
    log.error("page failed", exc_info=error, extra={"event": "page failed", "facts": facts})


def _is_database_gone(error: BaseException | None) -> bool:
    """Whether it is about the connection, and not about what was asked."""
    found = error if isinstance(error, psycopg.Error) else getattr(error, "__cause__", None)
    if not isinstance(found, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return found.sqlstate is None or found.sqlstate.startswith(_NO_ANSWER)
