from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from isthmus.cli import run_display
from isthmus.cli.status import Status
from isthmus.connections.models import Connection, Run, RunGoal, RunState
from isthmus.connections.reading import Problem

STARTED = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ran(Run):
    """A run whose parts were never stored."""

    class Meta:
        app_label = "connections"
        proxy = True

    parts: list[RunGoal]

    @property
    def goals(self) -> Any:  # type: ignore[override]
        return self

    def all(self) -> list[RunGoal]:
        return self.parts


def run(*parts: RunGoal, state: RunState = RunState.PROBLEMS) -> Ran:
    made = Ran(
        connection=Connection(key="acme"),
        number=4,
        state=state,
        finished_at=STARTED + timedelta(seconds=90),
        api_calls=1,
    )
    made.started_at = STARTED
    made.parts = list(parts)
    return made


def part(**counts: Any) -> RunGoal:
    return RunGoal(
        key="leads_in",
        direction="import",
        state=RunState.PROBLEMS,
        counts=counts,
        seconds={"merge": 2.5, "ask": 1.0, "plan": 0.01},
        message="Salutation is no longer there.",
    )


def test_only_counts_that_are_not_zero_have_a_row_and_reasons_stand_below() -> None:
    rows = list(
        run_display.count_rows(
            part(
                received=1_234,
                created=1_000,
                updated=0,
                skipped={"no_match": 200, "ambiguous": 33},
                failed={"STRING_TOO_LONG": 1},
                problems=7,
            )
        )
    )

    assert [row[:2] for row in rows] == [
        ("  received", "1,234"),
        ("  created", "1,000"),
        ("  skipped", "233"),
        ("    ambiguous", "33"),
        ("    no match", "200"),
        ("  failed", "1"),
        ("    STRING_TOO_LONG", "1"),
        ("  problems", "7"),
    ]
    assert rows[4][2] == "No profile matches, and the goal creates none."


def test_a_goal_that_did_nothing_still_says_that_nothing_came() -> None:
    assert [row[:2] for row in run_display.count_rows(part())] == [("  received", "0")]


def test_a_run_is_shown_with_steps_in_the_order_of_the_work_and_first_problems(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    problems = [
        Problem(
            at=STARTED,
            goal="leads_in",
            record_id=f"00Q00000000000{number}AAA" if number else None,
            profile_id=UUID(int=number),
            field="NumberOfEmployees",
            code="not_an_integer",
            message="NumberOfEmployees: 'many' is no whole number. The property was left as it is.",
        )
        for number in range(8)
    ]

    run_display.show_run(run(part(received=3, updated=3)), problems)

    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert lines[0].startswith("Run 4 of acme: finished with problems (")
    assert lines[0].endswith(", 1 min 30 s, 1 API call)")
    assert "leads_in (import): finished with problems in 3.5 s" in lines
    assert "  asking Salesforce 1.0 s, matching and merging 2.5 s" in lines
    assert "  Salutation is no longer there." in lines
    assert shown.count("not_an_integer") == run_display.MOST_PROBLEMS
    assert f"profile {UUID(int=0)}" in shown
    assert lines[-1] == "All of them: isthmus connection log acme 4 --problems"
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RunState.FINISHED, Status.DONE),
        (RunState.PROBLEMS, Status.PROBLEMS),
        (RunState.FAILED, Status.FAILED),
        (RunState.STOPPED, Status.STOPPED),
        (RunState.RUNNING, Status.FAILED),
    ],
)
def test_how_a_run_ended_is_what_the_command_ends_with(state: RunState, status: Status) -> None:
    assert run_display.status_of(run(state=state)) is status


def test_a_program_gets_every_count_also_those_that_are_zero() -> None:
    document = run_display.run_document(run(part(received=2, updated=2)))

    (goal,) = document["goals"]
    assert goal["received"] == goal["updated"] == 2
    assert goal["created"] == goal["unchanged"] == goal["removed"] == goal["problems"] == 0
    assert (goal["skipped"], goal["failed"]) == ({}, {})
    assert document["state"] == "problems"
    assert "first_problems" not in document
