"""Data exchange: the unique profiles that came and went through a connection."""

from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from isthmus.connections import exchange
from isthmus.connections.exchange import FIRST, LAST, Exchange, Exchanged, Wanted
from isthmus.connections.models import EXPORT, IMPORT
from isthmus.domain.roles import Right
from isthmus.profiles import looking
from isthmus.web import called, connection_words, exchange_page, paging
from isthmus.web.access import access
from isthmus.web.exchange_page import PERIODS
from isthmus.web.views.found import find


@access(Right.LOOK)
@require_safe
def page(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The chart, and the table behind it."""
    row = find(connection_key)
    period = exchange_page.period_of(request.GET.get("period", ""))
    found = exchange.over_time(row)
    goal = exchange_page.goal_of(found, request.GET.get("goal", ""))
    shown = {
        "connection": row,
        "exchange": found,
        "exchange_period": period,
        "exchange_periods": [
            (each, exchange_page.page_address(row, each, goal)) for each in PERIODS
        ],
        "exchange_sides": exchange_page.sides(row, found, period),
        "goal": goal,
        "all_address": exchange_page.page_address(row, period),
        "rows": exchange_page.table(row, found, period, goal),
        "file": connection_words.address("exchange-file", row.key),
    }
    return render(request, "web/exchange.html", shown)


@access(Right.LOOK)
@require_safe
def profiles(request: HttpRequest, connection_key: str) -> HttpResponse:
    """The profiles behind a number, newest day first."""
    row = find(connection_key)
    found = exchange.over_time(row)
    goal = exchange_page.goal_of(found, request.GET.get("goal", ""))
    direction = request.GET.get("direction", IMPORT)
    if direction not in (IMPORT, EXPORT):
        raise Http404
    exported = goal.exported if goal else direction == EXPORT
    since, until = _day(request, "since", FIRST), _day(request, "until", LAST)
    wanted = Wanted(
        goals=[goal.id] if goal else [each.id for each in found.goals if each.exported is exported],
        one_goal=goal is not None,
        since=since,
        until=until,
    )
    with looking.session() as session:

        def read(after: paging.Place | None, most: int) -> list[Exchanged]:
            return exchange.profiles(session, wanted, _behind(after), most)

        shown_page = paging.page(
            request, read, lambda each: [each.day.isoformat(), str(each.profile_id)]
        )
    names = called.names(request, (each.profile_id for each in shown_page.rows))
    goals = {each.id: each.title for each in found.goals}
    lines = [
        {
            "profile_id": each.profile_id,
            "name": names.get(each.profile_id, str(each.profile_id)),
            "day": exchange_page.in_words(each.day),
            "goal": goals.get(each.goal, ""),
        }
        for each in shown_page.rows
    ]
    shown = {
        "connection": row,
        "exported": exported,
        "goal": goal,
        "number": found.line(exported, goal).between(since, until),
        "days": _days(since, until, found),
        "page": shown_page,
        "lines": lines,
        "back": connection_words.address("connection-exchange", row.key),
    }
    return render(request, "web/exchange_profiles.html", shown)


def _day(request: HttpRequest, name: str, usual: date) -> date:
    asked = request.GET.get(name, "")
    try:
        return date.fromisoformat(asked) if asked else usual
    except ValueError as error:
        raise Http404 from error


def _days(since: date, until: date, found: Exchange) -> str:
    """Which days are looked at, in words; empty: all."""
    until = min(until, found.today)
    if since > FIRST:
        first, last = exchange_page.in_words(since), exchange_page.in_words(until)
        return f"on {last}" if first == last else f"from {first} to {last}"
    return f"until {exchange_page.in_words(until)}" if until < found.today else ""


def _behind(after: paging.Place | None) -> tuple[date, UUID] | None:
    if after is None:
        return None
    try:
        day, profile_id = after
        return date.fromisoformat(str(day)), UUID(str(profile_id))
    except ValueError as error:
        raise BadRequest from error


@access(Right.LOOK)
@require_safe
def file(_request: HttpRequest, connection_key: str) -> StreamingHttpResponse:
    """All numbers by day as CSV."""
    row = find(connection_key)
    answer = StreamingHttpResponse(
        (line.encode() for line in exchange.csv_lines(exchange.over_time(row), neutral=True)),
        content_type="text/csv; charset=utf-8; header=present",
    )
    headers: dict[str, Any] = {
        "Content-Disposition": f'attachment; filename="{row.key}-data-exchange.csv"',
        "Content-Encoding": "identity",
        "X-Accel-Buffering": "no",
        "Cache-Control": "no-store",
    }
    for name, value in headers.items():
        answer.headers[name] = value
    return answer
