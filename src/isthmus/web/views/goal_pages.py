"""The page of a goal, and of one that is not stored yet."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from isthmus.connections.models import EXPORT, IMPORT
from isthmus.domain.roles import Right
from isthmus.web.access import access
from isthmus.web.goal_editor import editing
from isthmus.web.goal_editor.desk import Desk
from isthmus.web.goal_editor.editing import Kind
from isthmus.web.goal_editor.export_kind import ExportsKind
from isthmus.web.goal_editor.import_kind import ImportKind
from isthmus.web.views.found import find, find_goal

KINDS: Final[dict[str, Kind[Any]]] = {IMPORT: ImportKind(), EXPORT: ExportsKind()}


@access(Right.LOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def goal(request: HttpRequest, connection_key: str, goal_key: str) -> HttpResponse:
    """A goal's page; for those who may not change it, without buttons."""
    connection = find(connection_key)
    try:
        there = find_goal(connection, goal_key)
    except Http404:
        direction = request.POST.get("direction", "")
        if direction not in KINDS:
            raise
        # Somebody deleted it while it was edited: what was typed is not lost.
        return _answer(request, direction, Desk.of(request, connection, is_gone=True))
    return _answer(request, there.direction, Desk.of(request, connection, there))


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_import(request: HttpRequest, connection_key: str) -> HttpResponse:
    """An import that is stored when it is saved first."""
    return _answer(request, IMPORT, Desk.of(request, find(connection_key)))


@access(Right.EDIT)
@require_http_methods(["GET", "HEAD", "POST"])
def new_export(request: HttpRequest, connection_key: str) -> HttpResponse:
    """An export that is stored when it is saved first."""
    return _answer(request, EXPORT, Desk.of(request, find(connection_key)))


def _answer(request: HttpRequest, direction: str, desk: Desk) -> HttpResponse:
    if direction not in KINDS:
        raise Http404
    return editing.answer(request, KINDS[direction], desk)
