"""The audit log: every change of the set-up, and every run by hand."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from isthmus.connections import audit, audit_table
from isthmus.connections.audit import Entry
from isthmus.connections.audit_words import KINDS, WAYS
from isthmus.connections.models import Connection
from isthmus.domain.roles import Right
from isthmus.people import accounts
from isthmus.web import audit_page, paging
from isthmus.web.access import access
from isthmus.web.audit_page import Asked

_ROWS: Final = 30
"""Entries of a page."""

_CHANGES: Final = 50
"""Changes of a page of one entry."""

_LARGEST: Final = 2**63


@access(Right.ADMINISTER)
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """All of it, or what is asked for, newest first."""
    asked = Asked.of(request)
    page = paging.page(
        request,
        lambda after, most: audit.entries(asked.wanted, behind=audit_page.place(after), most=most),
        _place,
        size=_ROWS,
    )
    people = audit.people()
    names = accounts.names(people)
    shown = {
        "lines": audit_page.lines(request, page.rows),
        "page": page,
        "asked": asked,
        "people": sorted(
            ((who, names.get(who, who)) for who in {*people, *filter(None, [asked.who])}),
            key=lambda each: each[1].casefold(),
        ),
        "kinds": [(kind, words[0]) for kind, words in KINDS.items()],
        "ways": list(WAYS.items()),
        "connections": _connections(asked),
    }
    return render(request, "web/audit.html", shown)


def _connections(asked: Asked) -> list[tuple[str, str]]:
    """Those that can be chosen; one that is asked for is among them, though it be gone."""
    rows = Connection.objects.order_by("name", "id").values_list("id", "name")
    found = {str(number): name for number, name in rows}
    if asked.connection:
        found.setdefault(asked.connection, f"Connection number {asked.connection}")
    return list(found.items())


def _place(entry: Entry) -> paging.Place:
    return [entry.began.isoformat(), str(entry.action)]


@access(Right.ADMINISTER)
@require_safe
def entry(request: HttpRequest, action_id: UUID) -> HttpResponse:
    """One entry with all that was changed at once."""
    found = audit.entry(action_id)
    if found is None:
        raise Http404
    page = paging.page(
        request,
        lambda after, most: audit.changes_of(action_id, behind=_behind(after), most=most),
        lambda change: [change.id],
        size=_CHANGES,
    )
    shown = {
        "line": audit_page.lines(request, [found])[0],
        "changes": audit_page.shown(request, page.rows),
        "page": page,
    }
    return render(request, "web/audit_entry.html", shown)


def _behind(after: Sequence[Any] | None) -> int:
    if after is None:
        return 0
    if [type(value) for value in after] != [int] or not 0 <= after[0] < _LARGEST:
        raise BadRequest
    return int(after[0])


@access(Right.ADMINISTER)
@require_safe
def table(request: HttpRequest) -> StreamingHttpResponse:
    """What is asked for as CSV, a line for each changed setting; streamed, however long it is."""
    changes = audit.every(Asked.of(request).wanted)
    rows = audit_table.rows(changes, audit_page.reader_of(request))
    answer = StreamingHttpResponse(
        _written(rows), content_type="text/csv; charset=utf-8; header=present"
    )
    answer.headers["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    # A compressed stream is held back until there is enough to compress.
    answer.headers["Content-Encoding"] = "identity"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Cache-Control"] = "no-store"
    return answer


_PIECE: Final = 64_000


def _written(rows: Iterator[Sequence[str]]) -> Iterator[bytes]:
    """Lines together in pieces that are worth sending."""
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(audit_table.COLUMNS)
    for row in rows:
        writer.writerow([audit_table.neutral(cell) for cell in row])
        if held.tell() >= _PIECE:
            yield held.getvalue().encode(errors="replace")
            held.seek(0)
            held.truncate()
    yield held.getvalue().encode(errors="replace")
