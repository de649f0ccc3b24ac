"""The rows behind each number of a run, its problems by cause, and one record's story."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from isthmus.connections import causes, masking, stories
from isthmus.connections import rows as look
from isthmus.connections.causes import Cause
from isthmus.connections.errors import TakesTooLong
from isthmus.connections.explanations import explain
from isthmus.connections.models import OPEN, Connection, Run
from isthmus.connections.stories import Entry, Story
from isthmus.domain.roles import Right
from isthmus.web import called, paging, run_figures, run_rows, run_words
from isthmus.web.access import access
from isthmus.web.masking import sees_personal_data
from isthmus.web.run_rows import Asked, Line, Writer
from isthmus.web.views.runs import connection_of, run_of
from isthmus.web.words import State

_FAILED = State(kind="bad", icon="bad", word="Failed")
_FIELD = State(kind="warn", icon="warn", word="Field left out")
_WAITS = State(kind="warn", icon="pause", word="Held back")
_SKIPPED = State(kind="warn", icon="dash", word="Skipped")


@access(Right.LOOK)
@require_safe
def rows(request: HttpRequest, connection_key: str, number: int) -> HttpResponse:
    """The rows behind a number."""
    run, parts = run_of(connection_key, number)
    asked = Asked.of(request)
    writer = Writer(connection=run.connection, parts=parts, hides=not sees_personal_data(request))
    found = run_rows.find(request, run, parts, asked, writer)
    chosen = [part for part in parts if part.key == asked.goal] if asked.goal else parts
    shown = {
        "run": run,
        "connection": run.connection,
        "asked": asked,
        "q": asked.q,
        "found": found,
        "names": called.names(request, (line.profile_id for line in found.lines)),
        "page": found.page,
        "title": run_rows.title(asked),
        "goals": _goals(run, parts, asked),
        "reasons": _reasons(run, chosen, asked),
        "several": len(chosen) > 1,
        "one": run_figures.name_of(chosen[0]) if len(chosen) == 1 else "",
        "log": run_figures.address("run-log", run, **asked.query),
        "back": run_figures.address("run", run),
        "explanation": explain(asked.code) if asked.code not in ("", run_rows.ANY_CODE) else None,
    }
    return render(request, "web/run_rows.html", shown)


def _goals(run: Run, parts: Any, asked: Asked) -> list[tuple[str, str, bool]]:
    """The same rows of each goal, where there are several."""
    if len(parts) < 2:  # noqa: PLR2004
        return []
    query = {**asked.query, "goal": ""}
    chosen = [("All goals", run_figures.address("run-rows", run, **query), not asked.goal)]
    for part in parts:
        there = run_figures.address("run-rows", run, **{**query, "goal": part.key})
        chosen.append((run_figures.name_of(part), there, asked.goal == part.key))
    return chosen


def _reasons(run: Run, parts: Any, asked: Asked) -> list[run_figures.Reason]:
    if asked.outcome not in ("skipped", "failed"):
        return []
    found = run_figures.figures(run, parts, asked.goal)
    return list(found.skipped if asked.outcome == "skipped" else found.failed)


@dataclass(frozen=True, kw_only=True)
class CauseRow:
    """A cause as it is shown."""

    cause: Cause
    goal: str
    said: str  # empty: it is hidden from whoever looks
    state: State
    rows: str
    few: str
    log: str
    id: str


@access(Right.LOOK)
@require_safe
def problems(request: HttpRequest, connection_key: str, number: int) -> HttpResponse:
    """A run's problems by cause, biggest first."""
    run, parts = run_of(connection_key, number)
    hides = not sees_personal_data(request)
    shown: dict[str, Any] = {
        "run": run,
        "connection": run.connection,
        "hidden": masking.HIDDEN,
        "is_open": run.state in OPEN,
        "all_problems": run_figures.address("run-rows", run, code=run_rows.ANY_CODE),
    }
    try:
        found = causes.causes(run, parts)
    except TakesTooLong as error:
        return render(request, "web/run_problems.html", {**shown, "too_long": str(error)})
    shown["found"] = found
    shown["causes"] = [_cause(run, each, hides=hides) for each in found.rows]
    shown["of_rows"] = found.problems - found.of_fields
    return render(request, "web/run_problems.html", shown)


def _cause(run: Run, cause: Cause, *, hides: bool) -> CauseRow:
    query: dict[str, str | int] = {
        "goal": cause.part.key,
        "code": cause.code,
        "cause": cause.key,
        "field": cause.field,
    }
    said = cause.example
    if hides:
        said = masking.words(cause.code, cause.example)
        said = "" if cause.is_of_salesforce else said
    return CauseRow(
        cause=cause,
        goal=run_figures.name_of(cause.part),
        said=said,
        state=_state_of(cause),
        rows=run_figures.address("run-rows", run, **query),
        few=run_figures.address("run-rows", run, **query, few=1),
        log=run_figures.address("run-log", run, **query),
        id=f"cause-{cause.part.id}-{cause.code}-{cause.key}-{cause.field}".replace(" ", "-"),
    )


def _state_of(cause: Cause) -> State:
    if cause.waits:
        return _WAITS
    if cause.of_fields:
        return _FIELD
    return _FAILED if cause.is_of_salesforce or cause.code == "too_large" else _SKIPPED


@access(Right.LOOK)
@require_safe
def record(request: HttpRequest, connection_key: str, record_id: str) -> HttpResponse:
    """What is known of one record, or of one profile, in a connection."""
    connection = connection_of(connection_key)
    who = look.whose(record_id)
    if who is None:
        raise Http404
    name = who.record_ids[0] if who.record_ids else str(who.profile_id)
    if name != record_id:
        return redirect("record", connection_key=connection_key, record_id=name)
    told: list[Story] = []

    def read(after: paging.Place | None, most: int) -> list[Entry]:
        told.append(stories.story(connection, who, after, most))
        return list(told[-1].entries)

    try:
        page = paging.page(request, read, lambda entry: entry.place)
    except (ValueError, TypeError) as error:
        raise BadRequest from error
    except TakesTooLong as error:
        return render(
            request,
            "web/record.html",
            {"connection": connection, "name": name, "too_long": str(error)},
        )
    (story,) = told
    if page.is_first and not (page.rows or story.links or story.skips or story.holds):
        raise Http404
    hides = not sees_personal_data(request)
    shown = {
        "connection": connection,
        "name": name,
        "names": called.names(request, _profiles(story)),
        "is_record": bool(who.record_ids),
        "record_address": run_rows.record_address(connection, name) if who.record_ids else "",
        "story": story,
        "links": [_link(connection, each) for each in story.links],
        "skips": [
            (each, run_rows.outcome_words("export", "skipped", each.reason)) for each in story.skips
        ],
        "holds": [(each, explain(each.code)) for each in story.holds],
        "page": page,
        "lines": [_entry(connection, each, hides=hides) for each in page.rows],
        "goals": {goal.key: goal.document.get("name") for goal in connection.goals.all()},
    }
    return render(request, "web/record.html", shown)


def _profiles(story: Story) -> Iterator[UUID | None]:
    """Every profile that the story is about."""
    yield from (each.profile_id for each in story.links)
    yield from (each.profile_id for each in story.skips)
    yield from (each.profile_id for each in story.holds)
    yield from (each.profile_id for each in story.entries)


def _link(connection: Connection, link: stories.Link) -> dict[str, Any]:
    said = "Linked: what changes goes along."
    if link.gone:
        said = {
            "deleted": "The record was deleted in Salesforce: the link has ended.",
            "merged": "The record was merged into another one: the link has ended.",
            "converted": "The lead was converted: its contact has taken over.",
        }.get(link.gone, "The link has ended.")
    elif link.reason == "problem":
        said = "Linked; some of its values do not fit and are tried again by every run."
    elif link.reason == "failed":
        said = "Linked; the last row for it was refused."
    elif link.reason:
        said = run_rows.outcome_words(link.direction, "", link.reason)
    elif link.profile_id is None:
        said = "Read, and not linked to a profile."
    return {
        "link": link,
        "words": said,
        "record_address": run_rows.record_address(connection, link.record_id),
    }


def _entry(connection: Connection, entry: Entry, *, hides: bool) -> Line:
    if entry.code is None:
        outcome = entry.outcome or ""
        more: dict[str, Any] = {
            "state": run_words.OUTCOMES.get(outcome, _FAILED),
            "words": run_rows.outcome_words(entry.direction, outcome, entry.reason),
            "code": entry.reason or "",
        }
    else:
        more = {
            "state": State(kind="warn", icon="warn", word="Problem"),
            "words": explain(entry.code).meaning,
            **run_rows.said(entry.code, entry.message or "", hides=hides),
            "field": entry.field or "",
            "code": entry.code,
        }
    return Line(
        at=entry.at,
        goal=entry.goal,
        record_id=entry.record_id,
        record_address=run_rows.record_address(connection, entry.record_id),
        profile_id=entry.profile_id,
        run=entry.run,
        **more,
    )
