"""How a run stands, in words."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from isthmus.cli.formatting import moment

if TYPE_CHECKING:
    from isthmus.connections.models import Run


def state_words(run: "Run", worked_on: Collection[int]) -> str:
    """A few words, such as `finished with problems`, or `waiting for API calls until …`."""
    from isthmus.connections import reading
    from isthmus.connections.models import RunState

    words = str(RunState(run.state).label)
    if reading.is_left_behind(run, worked_on):
        return f"{words}, but left behind"
    if run.state == RunState.WAITING and run.wait_until is not None:
        return f"{words} until {moment(run.wait_until)}"
    return words


def sentence(run: "Run", worked_on: Collection[int] | None = None) -> str:
    """A sentence about a run that has not ended, with what will happen next."""
    from isthmus.connections import reading
    from isthmus.connections.models import RunState

    name = f"{'Preview' if run.preview else 'Run'} {run.number} of {run.connection.key}"
    if worked_on is not None and reading.is_left_behind(run, worked_on):
        return (
            f"{name} was left behind by a process that ended. Nothing is lost: a worker, or the "
            f"next run, goes on with it."
        )
    if run.state == RunState.WAITING:
        return f"{name} waits for API calls until {moment(run.wait_until)}. {run.message}".rstrip()
    if run.state == RunState.CONFIRMING:
        until = f" until {moment(run.confirm_until)}" if run.confirm_until else ""
        return f"{name} waits for confirmation{until}. {run.message}".rstrip()
    if run.state == RunState.QUEUED:
        return f"{name} is queued since {moment(run.queued_at)}{by_words(run)}."
    return f"{name} is {RunState(run.state).label} since {moment(run.started_at)}{by_words(run)}."


def by_words(run: "Run") -> str:
    """Who asked for it."""
    return f", asked for by {run.asked_by}" if run.asked_by else ""
