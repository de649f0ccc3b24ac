"""The runs of a connection, page by page."""

from django.db.models import Prefetch

from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Connection, Run, RunGoal


def named(key: str) -> Connection:
    """The connection of that key, with its authorization. Raises `NoSuchThing`."""
    for each in Connection.objects.select_related("authorization").filter(key=key):
        return each
    raise NoSuchThing("connection", [key], None)


def page(of: Connection, state: str, before: int | None, most: int) -> list[Run]:
    """Runs with their goals, newest first, of one state where it is given, below a number."""
    found = of.runs.prefetch_related("goals")
    if state:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(number__lt=before)
    runs = list(found[:most])
    for run in runs:
        run.connection = of
    return runs


def one(of: Connection, number: int) -> tuple[Run, list[RunGoal]]:
    """A run of that number, and its goals as they were set up. Raises `NoSuchThing`."""
    parts = Prefetch("goals", RunGoal.objects.select_related("goal"))
    for run in of.runs.filter(number=number).prefetch_related(parts)[:1]:
        run.connection = of
        return run, list(run.goals.all())
    raise NoSuchThing("run", [str(number)], [])
