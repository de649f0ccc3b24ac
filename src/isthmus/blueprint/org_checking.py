"""What of a document is new or changed, looked at beside the orgs of its connections."""

from collections.abc import Iterator
from dataclasses import dataclass

from isthmus.blueprint.documents import Connection, Document, Goal, Path, all_properties
from isthmus.blueprint.errors import BlueprintInvalid, Problem
from isthmus.blueprint.goal_saving import read_before
from isthmus.blueprint.planning import ChangeKind, Plan, What
from isthmus.connections import models, org_review, sharing
from isthmus.connections.goal_troubles import Surroundings, Trouble, warnings_of
from isthmus.connections.org_review import Beside, Reviewed
from isthmus.domain.properties import PropertyDefinition
from isthmus.errors import IsthmusError

_OTHER_SIGN_IN = "the document changes how the connection signs in."


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A goal and where it stands."""

    connection: Connection
    goal: Goal
    path: Path


def check_orgs(document: Document, stored: Document, plan: Plan, *, offline: bool) -> list[str]:
    """What is worth knowing of the goals that the plan would add or change, a line each.

    Each connection that has been signed in to before is asked, once and not for long. Raises
    `BlueprintInvalid` where a goal can't work in its org.
    """
    notes: list[str] = []
    problems = list(_unshared(document, plan))
    known = all_properties(document, stored)
    signing_in = {each.key for each in plan.changes if each.what is What.AUTHORIZATION}
    silent: set[str] = set()
    for place in _changed(document, plan):
        name = f"{place.connection.key}/{place.goal.key}"
        said = _by_itself(place, known)
        key = place.connection.key
        if not offline and key not in silent:
            found = _reviewed(place, known, changes_sign_in=key in signing_in)
            problems += (_problem(document, place, each) for each in found.refusals)
            said += found.warnings
            if found.unasked:
                silent.add(key)
                notes.append(f"{key}: not checked against Salesforce: {found.unasked}")
        notes += (f"{name}: {trouble.message}" for trouble in said)
    if problems:
        raise BlueprintInvalid(problems)
    return notes


def _unshared(document: Document, plan: Plan) -> Iterator[Problem]:
    """Sign-ins that are there and can't be shared: lost ones, and those to another org."""
    changed = {each.key for each in plan.changes if each.what is What.AUTHORIZATION}
    rows = models.Connection.objects.select_related("authorization")
    for place, asked in enumerate(document.connections):
        if not asked.share or asked.key not in changed or asked.share in changed:
            continue
        other = rows.filter(key=asked.share).first()
        row = rows.filter(key=asked.key).first() or models.Connection(name=asked.name)
        if other is None or other.authorization is None:
            continue
        try:
            sharing.check_shared(row, other.authorization)
        except IsthmusError as error:
            line, column = document.places.find(("connections", place, "authorization", "share"))
            yield Problem(file=document.places.file, line=line, column=column, message=str(error))


def _changed(document: Document, plan: Plan) -> Iterator[_Place]:
    names = {
        change.key
        for change in plan.changes
        if change.what is What.GOAL and change.kind is not ChangeKind.DELETE
    }
    for place, connection in enumerate(document.connections):
        for number, goal in enumerate(connection.goals or ()):
            if f"{connection.key}/{goal.key}" in names:
                path = ("connections", place, "goals", number)
                yield _Place(connection=connection, goal=goal, path=path)


def _by_itself(place: _Place, known: dict[str, PropertyDefinition]) -> list[Trouble]:
    goals = place.connection.goals or ()
    around = Surroundings(properties=known, segments=(), goals=goals)
    return warnings_of(place.goal, around)


def _reviewed(
    place: _Place, known: dict[str, PropertyDefinition], *, changes_sign_in: bool
) -> Reviewed:
    rows = models.Connection.objects.select_related("authorization")
    row = rows.filter(key=place.connection.key).first()
    if row is not None and row.authorization is not None and changes_sign_in:
        return Reviewed(unasked=_OTHER_SIGN_IN)
    goal = row.goals.filter(key=place.goal.key).first() if row else None
    beside = Beside(properties=known, read_before=read_before(goal, place.goal))
    return org_review.review(row, place.goal, beside)


def _problem(document: Document, place: _Place, trouble: Trouble) -> Problem:
    places = document.places
    line, column = places.find((*place.path, *trouble.path))
    return Problem(file=places.file, line=line, column=column, message=trouble.message)
