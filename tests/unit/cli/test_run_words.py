from datetime import UTC, datetime

import pytest

from isthmus.cli.run_words import sentence, state_words
from isthmus.connections.models import Connection, Run, RunState

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def run(state: RunState, **given: object) -> Run:
    return Run(
        connection=Connection(id=1, key="acme"),
        number=4,
        state=state,
        queued_at=AT,
        started_at=AT,
        **given,
    )


@pytest.mark.parametrize(
    ("state", "worked_on", "words"),
    [
        (RunState.QUEUED, [], "queued"),
        (RunState.RUNNING, [1], "running"),
        (RunState.RUNNING, [2], "running, but left behind"),
        (RunState.STOPPING, [], "stopping, but left behind"),
        (RunState.CONFIRMING, [], "waiting for confirmation"),
        (RunState.WAITING, [], "waiting for API calls until 2026-03-01"),
        (RunState.PROBLEMS, [], "finished with problems"),
    ],
)
def test_a_state_in_a_few_words(state: RunState, worked_on: list[int], words: str) -> None:
    said = state_words(run(state, wait_until=AT), worked_on)

    assert said.startswith(words)
    assert ("left behind" in said) == ("left behind" in words)


@pytest.mark.parametrize(
    ("state", "starts", "holds"),
    [
        (RunState.QUEUED, "Run 4 of acme is queued since", ", asked for by Alice."),
        (RunState.RUNNING, "Run 4 of acme is running since", ", asked for by Alice."),
        (RunState.WAITING, "Run 4 of acme waits for API calls until", "None are left."),
        (RunState.CONFIRMING, "Run 4 of acme waits for confirmation.", "None are left."),
    ],
)
def test_a_run_that_is_open_in_a_sentence(state: RunState, starts: str, holds: str) -> None:
    said = sentence(run(state, asked_by="Alice", wait_until=AT, message="None are left."), [1])

    assert said.startswith(starts)
    assert holds in said


def test_a_run_without_a_process_is_said_to_be_gone_on_with() -> None:
    assert "a worker, or the next run, goes on with it" in sentence(run(RunState.RUNNING), [])
