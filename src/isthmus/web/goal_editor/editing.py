"""Opening, redrawing and saving a goal of either direction by its page."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from isthmus.blueprint import goal_saving
from isthmus.blueprint.goal_saving import GoalRefused
from isthmus.connections import setting_up
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.goal_troubles import Path, Trouble
from isthmus.connections.models import Goal
from isthmus.profiles.properties import StoreBusy
from isthmus.web import addresses, edits
from isthmus.web.conditions.personal import digest
from isthmus.web.connection_tabs import tabs
from isthmus.web.goal_editor.desk import Definition, Desk
from isthmus.web.goal_editor.problems import Problems
from isthmus.web.goal_editor.rows import MOST_ROWS, Row

_UNPROCESSABLE = 422

ROWS = "rows"
"""The act of the page's script: say what there is to say of the rows that are sent."""


class Form(Protocol):
    """What was typed in a goal's page."""

    name: str
    active: bool
    rows: list[Row]

    def goal(self, desk: Desk) -> Definition:
        """The goal that it describes, as far as it does."""

    def gaps(self, desk: Desk) -> list[Trouble]:
        """What is still to be chosen, in plain words."""


F = TypeVar("F", bound=Form)


class Kind(ABC, Generic[F]):
    """A direction of goals: how its form is read, changed by its buttons, and shown."""

    direction: str
    template: str
    parts: Mapping[str, str]
    """What the parts of a goal are called where two people changed one."""

    shown_at: Sequence[Path] = ()
    """Paths of what the page says something of at its place."""

    @abstractmethod
    def blank(self, desk: Desk) -> F:
        """The form of a new goal."""

    @abstractmethod
    def opened(self, goal: Definition) -> F:
        """The form of a goal that is stored."""

    @abstractmethod
    def posted(self, given: Mapping[str, Any]) -> F:
        """The form as it was sent."""

    @abstractmethod
    def act(self, desk: Desk, form: F, asked: str, given: Mapping[str, Any]) -> str:
        """Do what one of the form's buttons says; the id of the control to go on with."""

    @abstractmethod
    def rows(self, desk: Desk, given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The template that says what there is to say of the sent rows, and what it shows."""

    @abstractmethod
    def shown(self, desk: Desk, form: F, problems: Problems) -> dict[str, Any]:
        """What the page shows: `steps`, and what their bodies need."""

    def refusals(self, desk: Desk, form: F) -> list[str]:
        """Why the goal can't be saved, as somebody else says who has to be asked first."""
        del desk, form
        return []

    def told_above(self, problems: Problems) -> list[str]:
        """What is wrong with the goal that no part of the page says."""
        return problems.elsewhere(self.shown_at) if self.shown_at and problems.tried else []

    def lightly(self, desk: Desk, form: F, target: str) -> tuple[str, dict[str, Any]] | None:
        """The template of one part of the page, where it can be drawn without the rest of it."""
        del desk, form, target
        return None

    def part_in_words(self, value: Any) -> str:
        """A part of a goal, where somebody else changed it."""
        if isinstance(value, list):
            return f"{len(value)} rows"
        return {True: "yes", False: "no", None: "nothing"}.get(value, str(value))


@dataclass(kw_only=True)
class Answer(Generic[F]):
    """What is shown of the editor."""

    form: F
    status: int = 200
    unsaved: bool = False
    focus: str = ""
    refused: Sequence[str] = ()
    conflicts: Sequence[Mapping[str, Any]] = field(default_factory=list)
    found: Sequence[Trouble] = ()  # what is wrong, where somebody else was asked
    seen: str = ""  # what the page shows of the stored goal; sealed anew where empty


def answer(request: HttpRequest, kind: Kind[Any], desk: Desk) -> HttpResponse:
    """The page, or what comes of a form of it."""
    if request.method != "POST":
        form = kind.opened(desk.there.definition) if desk.there else kind.blank(desk)
        return _shown(request, kind, desk, Answer(form=form, unsaved=False))
    if not desk.may_edit:
        raise PermissionDenied
    asked = request.POST.get("act", "")
    if asked == ROWS:
        template, shown = kind.rows(desk, request.POST)
        return render(request, template, shown)
    form = kind.posted(request.POST)
    if asked:
        focus = kind.act(desk, form, asked, request.POST)
        light = kind.lightly(desk, form, _target(request))
        if light:
            return render(request, *light)
        seen = request.POST.get(edits.NAME, "")
        acted = Answer(form=form, unsaved=True, focus=focus, seen=seen)
        return _shown(request, kind, desk, acted)
    return _save(request, kind, desk, form)


def _save(request: HttpRequest, kind: Kind[Any], desk: Desk, form: Any) -> HttpResponse:
    open_places = form.gaps(desk)
    asked = [] if open_places else kind.refusals(desk, form)
    if open_places or asked:
        refused = Answer(form=form, status=422, unsaved=True, refused=asked, seen=_seen(request))
        return _shown(request, kind, desk, refused)
    review = goal_saving.review(desk.connection.key, form.goal(desk))
    if review.refusals:
        return _refused(request, kind, desk, form, review.refusals)
    try:
        saved, clashes = _put(request, desk, form)
    except NoSuchThing as error:
        raise Http404 from error
    except GoalRefused as error:
        return _refused(request, kind, desk, form, error.troubles)
    except StoreBusy as error:
        busy = Answer(
            form=form, status=503, unsaved=True, refused=[str(error)], seen=_seen(request)
        )
        return _shown(request, kind, desk, busy)
    if clashes:
        said = [_clash(kind, each) for each in clashes]
        clashed = Answer(form=form, status=409, unsaved=True, conflicts=said)
        return _shown(request, kind, desk, clashed)
    assert saved is not None  # noqa: S101 - without a clash something was saved
    if review.unasked:
        messages.warning(
            request,
            f"{saved.definition.name} was saved, and Salesforce couldn\u2019t be asked whether it "
            f"works there: {review.unasked}",
        )
    else:
        messages.success(request, f"{saved.definition.name} was saved.")
    return redirect("goal", connection_key=desk.connection.key, goal_key=saved.key)


def _refused(
    request: HttpRequest, kind: Kind[Any], desk: Desk, form: Any, found: Sequence[Trouble]
) -> HttpResponse:
    """The form with what is wrong with it, each at its place."""
    answered = Answer(form=form, status=422, unsaved=True, seen=_seen(request), found=found)
    return _shown(request, kind, desk, answered)


def _target(request: HttpRequest) -> str:
    """The id of the part that the page's script asks for."""
    return request.headers.get("HX-Target", "")


def _seen(request: HttpRequest) -> str:
    return request.POST.get(edits.NAME, "")


def _put(
    request: HttpRequest, desk: Desk, form: Any
) -> tuple[Goal | None, Sequence[edits.Conflict]]:
    """The goal as it is saved; nothing, with what clashes, where somebody else changed it."""
    typed = goal_saving.plain(form.goal(desk))
    with goal_saving.changing(desk.connection.key) as row:
        if desk.there is None:
            return goal_saving.put(row, goal_saving.from_plain(typed), is_new=True), ()
        seen = edits.unseal(_thing(desk), _seen(request))
        there = goal_saving.plain(setting_up.find_goal(row, desk.key).definition)
        clashes = edits.conflicts(seen, _digests(there), _digests(typed))
        if clashes:
            return None, [_with_values(each, there) for each in clashes]
        changes = edits.changed(seen, _digests(typed))
        merged = {name: typed[name] if name in changes else there[name] for name in typed}
        return goal_saving.put(row, goal_saving.from_plain(merged), is_new=False), ()


def _with_values(clash: edits.Conflict, there: Mapping[str, Any]) -> edits.Conflict:
    return edits.Conflict(name=clash.name, seen="", now=there[clash.name], typed="")


def _clash(kind: Kind[Any], clash: edits.Conflict) -> dict[str, Any]:
    return {
        "label": kind.parts.get(clash.name, clash.name),
        "seen": "what this page showed",
        "now": kind.part_in_words(clash.now),
    }


def _thing(desk: Desk) -> str:
    return f"goal {desk.connection.key} {desk.key}"


def _digests(plain: Mapping[str, Any]) -> dict[str, str]:
    """Each part of a goal as a text that is the same for the same part: mappings are long."""
    return {name: digest(value) for name, value in plain.items()}


def _sealed(desk: Desk) -> str:
    if desk.there is None:
        return ""
    return edits.seal(_thing(desk), _digests(goal_saving.plain(desk.there.definition)))


def _shown(
    request: HttpRequest, kind: Kind[Any], desk: Desk, answered: Answer[Any]
) -> HttpResponse:
    form = answered.form
    problems = desk.problems(form.goal(desk), form.gaps(desk))
    problems.tried = answered.status == _UNPROCESSABLE
    problems.learn(answered.found)
    places = {"connection_key": desk.connection.key, "goal_key": desk.key}
    too_many = len(form.rows) > MOST_ROWS
    shown = {
        "connection": desk.connection,
        "goal": desk.there,
        "form": form,
        "direction": kind.direction,
        "tabs": tabs(desk.connection, f"goal:{desk.key}", desk.goals, new=kind.direction),
        "name_errors": problems.at("name") if answered.status != 200 else [],  # noqa: PLR2004
        "preview_address": addresses.of("goal-preview", **places) if desk.there else "",
        "is_previewed": desk.is_previewed,
        "seen": answered.seen or _sealed(desk),
        "unsaved": answered.unsaved,
        "focus": answered.focus,
        "refused": [*answered.refused, *kind.told_above(problems)],
        "conflicts": answered.conflicts,
        "editable": desk.may_edit and not too_many,
        "too_many": desk.may_edit and too_many,
        "hides": not desk.sees_personal_data,
        **kind.shown(desk, form, problems),
    }
    return render(request, kind.template, shown, status=answered.status)
