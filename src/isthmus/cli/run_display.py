"""What one run did: tables for people, a document for programs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.cli.formatting import between, grouped, moment, plural, span
from isthmus.cli.output import facts, show, table
from isthmus.cli.status import Status

if TYPE_CHECKING:
    from isthmus.connections.models import Run, RunGoal
    from isthmus.connections.reading import Problem

MOST_PROBLEMS = 5
"""Shown after a run; the log has them all."""

MOST_PROBLEMS_IN_JSON = 20

_STEPS_SHOWN = 0.05
"""Seconds: what took less is nobody's concern."""


def status_of(run: "Run") -> Status:
    """What the command ends with after this run."""
    from isthmus.connections.models import RunState

    ends = {
        RunState.FINISHED: Status.DONE,
        RunState.PROBLEMS: Status.PROBLEMS,
        RunState.STOPPED: Status.STOPPED,
        RunState.CONFIRMING: Status.WAITING,
        # It was left in the queue, behind one that waits.
        RunState.QUEUED: Status.WAITING,
    }
    return ends.get(RunState(run.state), Status.FAILED)


def run_document(run: "Run", problems: "Sequence[Problem] | None" = None) -> dict[str, Any]:
    """The run as JSON shows it; with its first problems where they are given."""
    document: dict[str, Any] = {
        "connection": run.connection.key,
        "number": run.number,
        "state": str(run.state),
        "full": run.full,
        "first": run.first,
        "only": run.only or None,
        "asked_by": run.asked_by,
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "wait_until": run.wait_until,
        "confirm_until": run.confirm_until,
        "confirmed_by": run.confirmed_by or None,
        "api_calls": run.api_calls,
        "message": run.message,
        "goals": [_goal_document(part) for part in run.goals.all()],
    }
    if problems is not None:
        document["first_problems"] = [vars(problem) for problem in problems]
    return document


def _goal_document(part: "RunGoal") -> dict[str, Any]:
    from isthmus.connections.reading import counts

    return {
        "key": part.key,
        "direction": part.direction,
        "state": str(part.state),
        **counts(part).plain(),
        "seconds": part.seconds,
        "step": part.step or None,
        "done": part.done,
        "total": part.total,
        "window_from": part.window_from,
        "window_to": part.window_to,
        "message": part.message,
        "asked": _asked_document(part),
    }


def _asked_document(part: "RunGoal") -> dict[str, Any] | None:
    """What somebody was asked to agree to, and who did."""
    from isthmus.connections.guards import Asked

    asked = Asked.of(part)
    if asked is None:
        return None
    changes = {"changes": asked.size.changes, **vars(asked.size)}
    return {**changes, "at": asked.at, "agreed_by": asked.by or None}


def show_run(run: "Run", problems: "Sequence[Problem]") -> None:
    """Print a run: how it ended, a table for each goal, the first problems."""
    from isthmus.connections import few_records
    from isthmus.connections.models import RunState

    took = between(run.started_at, run.finished_at)
    calls = plural(run.api_calls, "API call")
    few = few_records.words(run)
    state = ", ".join(filter(None, [few, str(RunState(run.state).label)]))
    head = f"Run {run.number} of {run.connection.key}: {state}"
    begin = moment(run.started_at or run.queued_at)
    show(f"{head} ({begin}, {took}, {calls})", style="bold")
    if run.message:
        show(run.message)
    for part in run.goals.all():
        show("")
        _show_goal(part)
    _show_sent(run)
    if problems:
        show("")
        _show_problems(run, problems)


def _show_sent(run: "Run") -> None:
    """Print what a run of one profile sent, by field."""
    from isthmus.connections import few_records

    sent = few_records.sent(run)
    if sent is not None:
        show("")
        show(f"Sent ({sent.operation})", style="bold")
        show(facts([(f"  {name}", value) for name, value in sent.fields.items()]))


def _show_goal(part: "RunGoal") -> None:
    from isthmus.connections.models import RunState

    took = span(sum(part.seconds.values()))
    state = RunState(part.state).label
    show(f"{part.key} ({part.direction}): {state} in {took}", style="bold")
    counted = table(["", "records", ""], count_rows(part), right="records")
    counted.show_header = False
    show(counted)
    for text in filter(None, (_steps(part.seconds), part.message)):
        show(facts([("", text)]))


def count_rows(part: "RunGoal") -> Iterator[tuple[str, str, str]]:
    """Names and numbers of a goal's counts, reasons below what they belong to."""
    from isthmus.connections.outcomes import reason_words
    from isthmus.connections.reading import counts

    found = counts(part)
    yield "  received", grouped(found.received), ""
    for name in ("created", "updated", "unchanged", "removed"):
        if number := getattr(found, name):
            yield f"  {name}", grouped(number), ""
    for name, reasons in (("skipped", found.skipped), ("failed", found.failed)):
        if reasons:
            yield f"  {name}", grouped(reasons.total()), ""
        for reason, number in sorted(reasons.items()):
            shown = reason if reason.isupper() else reason.replace("_", " ")
            yield f"    {shown}", grouped(number), reason_words(part.direction, reason)
    if found.problems:
        yield "  problems", grouped(found.problems), "Values that did not fit; all else went on."


def _steps(seconds: Mapping[str, float]) -> str:
    from isthmus.connections.steps import DOING

    # In the order of the work, which the database does not keep.
    names = sorted(seconds, key=lambda name: [*DOING, name].index(name))
    return ", ".join(
        f"{DOING.get(name, name)} {span(seconds[name])}"
        for name in names
        if seconds[name] >= _STEPS_SHOWN
    )


def _show_problems(run: "Run", problems: "Sequence[Problem]") -> None:
    show("First problems", style="bold")
    for problem in problems[:MOST_PROBLEMS]:
        whose = problem.record_id or f"profile {problem.profile_id}"
        show(facts([(f"  {whose}", f"{problem.message} ({problem.code})")]))
    show(f"All of them: isthmus connection log {run.connection.key} {run.number} --problems")
