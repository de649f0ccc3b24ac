"""What may follow what in a run, and who may change it.

            ask                  a process takes it over
    (none) ────► queued ────────────────────────────────► running ──► finished, problems, failed
                   │                                      │ │ │ ▲
                   │ stop                            stop │ │ │ │ confirmed, or calls are left again
                   ▼                                      ▼ │ │ │
                stopped ◄────────────────────────── stopping│ │ │
                   ▲                                        ▼ ▼ │
                   └──────────────────────────── confirming, waiting
                                stop

`running` and `stopping` are under way in a process that holds the connection's lock; where that
lock is free the process is gone, and the next one that looks takes the run over.
"""

from collections.abc import Mapping
from typing import Any

from isthmus.connections.models import Run, RunState

_ENDS = frozenset({RunState.FINISHED, RunState.PROBLEMS, RunState.FAILED, RunState.STOPPED})

FOLLOWERS: Mapping[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.STOPPED}),
    RunState.RUNNING: _ENDS | {RunState.STOPPING, RunState.CONFIRMING, RunState.WAITING},
    # It may have come to its end before it saw that it was to stop.
    RunState.STOPPING: _ENDS,
    RunState.CONFIRMING: frozenset({RunState.RUNNING, RunState.STOPPED}),
    RunState.WAITING: frozenset({RunState.RUNNING, RunState.STOPPED}),
    RunState.FINISHED: frozenset(),
    RunState.PROBLEMS: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.STOPPED: frozenset(),
}


def before(state: RunState) -> list[RunState]:
    """The states that `state` may follow."""
    return [each for each, followers in FOLLOWERS.items() if state in followers]


def change(run: int, to: RunState, **values: Any) -> bool:
    """Bring the run with that row id into a state, with other columns; whether that was allowed.

    One statement: of two that ask for different states at once, the second finds the first's.
    """
    allowed = Run.every.filter(id=run, state__in=before(to))
    return bool(allowed.update(state=to, **values))
