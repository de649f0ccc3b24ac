"""What `isthmus connection run --dry-run` shows: counts, samples, reasons, problems."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from isthmus.cli.errors import RunFailed
from isthmus.cli.formatting import grouped, plural, span
from isthmus.cli.output import facts, note, print_json, show, table
from isthmus.cli.run_display import count_rows, status_of
from isthmus.cli.status import Status

if TYPE_CHECKING:
    from isthmus.connections.models import Run
    from isthmus.connections.previews import Preview, Problem, Row

MOST_ROWS = 3
"""Of each outcome; the document has more."""

MOST_ROWS_IN_JSON = 20
MOST_PROBLEMS = 5
MOST_PROBLEMS_IN_JSON = 20
LONGEST = 60
"""Characters of a value in a table."""


def show_previews(run: "Run", record: str | None, *, as_json: bool) -> Status:
    """Show what the previews of a run's goals found out; what the command ends with."""
    from isthmus.connections import previews

    found = previews.of_run(run)
    _check_begun(run, found)
    if as_json:
        print_json(_document(run, found, record))
    else:
        for place, each in enumerate(found):
            if place:
                show("")
            _show(each, record)
        show("")
        show("Nothing was written, here or in Salesforce.")
    return status_of(run)


def _check_begun(run: "Run", found: "Sequence[Preview]") -> None:
    from isthmus.connections.models import RunState

    begun = any(each.part.started_at for each in found)
    if run.state == RunState.FAILED and run.message and not begun:
        raise RunFailed(run.message)


def _document(run: "Run", found: "Sequence[Preview]", record: str | None) -> dict[str, Any]:
    return {
        "connection": run.connection.key,
        "preview": run.number,
        "state": str(run.state),
        "full": run.full,
        "asked_by": run.asked_by,
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "message": run.message,
        "goals": [_goal_document(each, record) for each in found],
    }


def _goal_document(preview: "Preview", record: str | None) -> dict[str, Any]:
    from isthmus.connections import previews

    part = preview.part
    problems = previews.problems(preview, MOST_PROBLEMS_IN_JSON)
    document: dict[str, Any] = {
        "key": part.key,
        "direction": part.direction,
        "state": str(preview.state),
        **preview.counts.plain(),
        "api_calls": preview.api_calls,
        "seconds": part.seconds,
        "message": preview.message,
        "reasons": [vars(each) for each in preview.reasons],
        "first_problems": [vars(each) for each in problems],
    }
    if record is None:
        rows = previews.sample(preview, most=MOST_ROWS_IN_JSON)
        return {**document, "sample": [vars(each) for each in rows]}
    rows = previews.search(preview, record)
    return {**document, "record": record, "found": [vars(each) for each in rows]}


def _show(preview: "Preview", record: str | None) -> None:
    from isthmus.connections import previews

    part = preview.part
    label = preview.state.label
    head = f"{part.key} ({part.direction}): preview {label} in {span(preview.seconds)}"
    show(head, style="bold")
    if not preview.is_told:
        show(facts([("", preview.message)]))
        return
    counted = table(["", "records", ""], count_rows(part), right="records")
    counted.show_header = False
    show(counted)
    calls = preview.api_calls
    if calls is not None:
        show(facts([("", f"The run would need about {plural(calls, 'API call')}.")]))
    if preview.message:
        show(facts([("", preview.message)]))
    if record is None:
        for outcome in previews.OUTCOMES[:-1]:
            _show_rows(preview, outcome, previews.sample(preview, outcome, most=MOST_ROWS))
        _show_problems(previews.problems(preview, MOST_PROBLEMS))
    else:
        _show_found(preview, record, previews.search(preview, record))


def _show_rows(preview: "Preview", outcome: str, rows: "Sequence[Row]") -> None:
    if not rows:
        return
    show("")
    counts = preview.counts
    total = getattr(counts, outcome)
    number = total if isinstance(total, int) else total.total()
    some = f"first {len(rows)} of {grouped(number)}" if number > len(rows) else grouped(number)
    show(f"  {outcome.capitalize()} ({some})", style="bold")
    for row in rows:
        _show_row(preview, row)


def _show_row(preview: "Preview", row: "Row") -> None:
    show(facts([(f"  {_name(row)}", _reason(preview, row))]))
    if row.changes:
        # What a field holds in Salesforce is known of some records only.
        changed = list(_changes(row))
        show(facts(changed))


def _name(row: "Row") -> str:
    names = [row.record_id or "", f"profile {row.profile_id}" if row.profile_id else ""]
    return ", ".join(filter(None, names)) or "new"


def _reason(preview: "Preview", row: "Row") -> str:
    from isthmus.connections.outcomes import reason_words

    words = reason_words(preview.part.direction, row.reason) if row.reason else ""
    if row.survivor and row.survivor != row.profile_id:
        words = f"{words} The profile becomes part of {row.survivor}.".strip()
    return words or (row.reason or "")


def _changes(row: "Row") -> Iterator[tuple[str, str]]:
    for name, before, after in row.changes:
        old = "?" if row.before is None else _value(before)
        yield f"    {name}", f"{old} → {_value(after)}"


def _value(value: Any) -> str:
    if value is None:
        return "(empty)"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _show_problems(problems: "Sequence[Problem]") -> None:
    if not problems:
        return
    show("")
    show("  First problems", style="bold")
    for each in problems:
        whose = each.record_id or (f"profile {each.profile_id}" if each.profile_id else "-")
        show(facts([(f"  {whose}", f"{each.message} ({each.code})")]))


def _show_found(preview: "Preview", record: str, rows: "Sequence[Row]") -> None:
    show("")
    if not rows:
        what = "read" if preview.part.direction == "import" else "look at"
        note(f"{record} is none of those that the run would {what}.")
    for row in rows:
        show(f"  {row.outcome.capitalize()}", style="bold")
        _show_row(preview, row)
