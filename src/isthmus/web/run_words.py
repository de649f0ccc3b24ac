"""How runs, and goals in them, stand: a word, an icon and a colour for each state."""

from collections.abc import Collection, Mapping
from typing import Final

from isthmus.connections import reading
from isthmus.connections.models import Run, RunState
from isthmus.web.words import State

STATES: Final[Mapping[RunState, State]] = {
    RunState.QUEUED: State(kind="idle", icon="clock", word="Queued"),
    RunState.RUNNING: State(kind="run", icon="load", word="Running"),
    RunState.CONFIRMING: State(kind="warn", icon="pause", word="Waiting for confirmation"),
    RunState.WAITING: State(kind="warn", icon="clock", word="Waiting for API calls"),
    RunState.STOPPING: State(kind="run", icon="load", word="Stopping"),
    RunState.FINISHED: State(kind="ok", icon="ok", word="Finished"),
    RunState.PROBLEMS: State(kind="warn", icon="warn", word="With problems"),
    RunState.FAILED: State(kind="bad", icon="bad", word="Failed"),
    RunState.STOPPED: State(kind="idle", icon="stop", word="Stopped"),
}

LEFT_BEHIND: Final = State(kind="warn", icon="warn", word="Left behind")
"""Of a run that is under way while no process works on it: the next one that looks goes on."""


def state(of: str) -> State:
    """How a goal in a run stands."""
    return STATES[RunState(of)]


def run_state(run: Run, worked_on: Collection[int]) -> State:
    """How a run stands; `worked_on` is of `reading.worked_on`."""
    return LEFT_BEHIND if reading.is_left_behind(run, worked_on) else state(run.state)


STEPS: Final[Mapping[str, str]] = {
    "plan": "Look up fields",
    "ask": "Ask Salesforce",
    "download": "Download",
    "check": "Check what arrived",
    "measure": "Count changes",
    "merge": "Match and merge",
    "select": "Select members",
    "match": "Find their records",
    "compare": "Compare",
    "queue": "Wait for another export",
    "send": "Send",
    "settle": "Settle",
    "finish": "Count",
}
"""What an engine's steps are called, in the order of the work."""

OUTCOMES: Final[Mapping[str, State]] = {
    "created": State(kind="ok", icon="plus", word="Created"),
    "updated": State(kind="run", icon="pencil", word="Updated"),
    "unchanged": State(kind="idle", icon="check", word="Unchanged"),
    "removed": State(kind="idle", icon="trash", word="Removed"),
    "skipped": State(kind="warn", icon="dash", word="Skipped"),
    "failed": State(kind="bad", icon="bad", word="Failed"),
    "left": State(kind="idle", icon="outw", word="Left"),
}

_REASONS: Final[Mapping[str, str]] = {
    "no_match": "No match",
    "no_identifier": "No identifier",
    "not_updated": "Not updated",
    "too_large": "Too large",
    "outcome_unknown": "Outcome unknown",
    "profile_gone": "Profile gone",
    "nothing_to_send": "Nothing to send",
    "equal_row": "Equal row",
    "not_a_member": "Not in the segment",
    "not_linked": "Not linked",
    "not_sent": "Not sent",
    "no_result": "No result",
}


def reason(name: str) -> str:
    """The name of a reason; Salesforce's codes stay as they are."""
    return _REASONS.get(name) or (
        name if name == name.upper() else name.replace("_", " ").capitalize()
    )


def by_whom(run: Run) -> str:
    """Who asked for the run."""
    return run.asked_by or "somebody"
