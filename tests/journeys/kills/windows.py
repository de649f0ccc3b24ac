"""kill -9 of the worker between one exact call to Salesforce and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from journeys.kills.rounds import ROUNDS, Disturb, Round

NOT_DONE, DONE = "not done", "done"
_KINDS: dict[str, dict[str, Any]] = {
    NOT_DONE: {"kind": "never_answer"},
    DONE: {"kind": "latency", "seconds": 0.3},
}
"""What Salesforce makes of the call whose answer nobody waits for any more."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that the worker waits for when it is killed."""

    method: str
    path: str  # a regular expression
    skip: int = 0  # so many of these calls are spared

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.skip}"


Window = tuple[Call, str]

_JOB = "/jobs/{}/[^/?]+$"
IMPORT_CALLS = [
    Call(method="GET", path="/jobs/query/[^/]+/results", skip=1),
    Call(method="POST", path="/jobs/query$"),
    Call(method="GET", path=_JOB.format("query"), skip=1),
    Call(method="GET", path="/jobs/query/[^/]+/results"),
    Call(method="DELETE", path=_JOB.format("query")),
    Call(method="GET", path="/queryAll", skip=1),
]
EXPORT_CALLS = [
    Call(method="PATCH", path=_JOB.format("ingest"), skip=1),
    Call(method="PATCH", path="/composite/sobjects", skip=2),
    Call(method="POST", path="/jobs/ingest$", skip=1),
    Call(method="PUT", path="/batches"),
    Call(method="PATCH", path=_JOB.format("ingest")),
    Call(method="GET", path=_JOB.format("ingest")),
    Call(method="GET", path="/successfulResults", skip=1),
    Call(method="GET", path="/failedResults"),
    Call(method="GET", path="/unprocessedrecords"),
    Call(method="DELETE", path=_JOB.format("ingest")),
    Call(method="PATCH", path="/composite/sobjects"),
]


def name(window: Window) -> str:
    """What a test of it is called."""
    call, kind = window
    return f"{call} {kind}"


def chosen(calls: Sequence[Call], *few: Window) -> list[Window]:
    """Those few, or all calls done and not done where each process is killed more than once."""
    return [(call, kind) for call in calls for kind in _KINDS] if ROUNDS > 1 else list(few)


def killed_during(call: Call, kind: str) -> Disturb:
    """Start the worker, and kill it once the call has come to Salesforce."""

    def disturb(now: Round) -> None:
        org = now.opened.org
        fault = {"method": call.method, "path": call.path, "match": "regex", "skip": call.skip}
        number = org.control("POST", "faults", {**fault, **_KINDS[kind]})["id"]
        now.worker.start()
        org.wait_for_fault(number)
        now.worker.kill()
        org.control("DELETE", "faults")

    return disturb
