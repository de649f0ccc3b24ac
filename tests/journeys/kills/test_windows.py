"""kill -9 of the worker between one exact call to Salesforce and its answer.

By default a few calls are tried, with ISTHMUS_KILL_ROUNDS above 1 all of them.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from journeys.kills.looking import differences
from journeys.kills.rounds import ROUNDS, Disturb, Played, Round, play_from_start
from journeys.kills.scene import Scene


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call that the worker waits for when it is killed."""

    method: str
    path: str  # a regular expression
    skip: int = 0  # so many of these calls are spared

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.skip}"


JOB = "/jobs/{}/[^/?]+$"
IMPORT_CALLS = [
    Call(method="GET", path="/jobs/query/[^/]+/results", skip=1),
    Call(method="POST", path="/jobs/query$"),
    Call(method="GET", path=JOB.format("query"), skip=1),
    Call(method="GET", path="/jobs/query/[^/]+/results"),
    Call(method="DELETE", path=JOB.format("query")),
    Call(method="GET", path="/queryAll", skip=1),
]
EXPORT_CALLS = [
    Call(method="PATCH", path=JOB.format("ingest"), skip=1),
    Call(method="PATCH", path="/composite/sobjects", skip=2),
    Call(method="POST", path="/jobs/ingest$", skip=1),
    Call(method="PUT", path="/batches"),
    Call(method="PATCH", path=JOB.format("ingest")),
    Call(method="GET", path=JOB.format("ingest")),
    Call(method="GET", path="/successfulResults", skip=1),
    Call(method="GET", path="/failedResults"),
    Call(method="GET", path="/unprocessedrecords"),
    Call(method="DELETE", path=JOB.format("ingest")),
    Call(method="PATCH", path="/composite/sobjects"),
]
KINDS: dict[str, dict[str, Any]] = {
    "not done": {"kind": "never_answer"},
    "done": {"kind": "latency", "seconds": 0.3},
}
"""What Salesforce makes of the call whose answer nobody waits for any more."""


def chosen(calls: list[Call], few: int) -> list[Call]:
    return calls if ROUNDS > 1 else calls[:few]


def killed_during(call: Call, kind: str) -> Disturb:
    """Start the worker, and kill it once the call has come to Salesforce."""

    def disturb(now: Round) -> None:
        org = now.opened.org
        fault = {"method": call.method, "path": call.path, "match": "regex", "skip": call.skip}
        number = org.control("POST", "faults", {**fault, **KINDS[kind]})["id"]
        now.worker.start()
        org.wait_for_fault(number)
        now.worker.kill()
        org.control("DELETE", "faults")

    return disturb


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", chosen(IMPORT_CALLS, 1), ids=str)
def test_an_import_killed_while_it_waits_for_an_answer_gives_the_same(
    import_scene: Scene, imported: Played, call: Call, kind: str
) -> None:
    after = play_from_start(import_scene, killed_during(call, kind))

    assert differences(imported.dump, after.dump) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", chosen(EXPORT_CALLS, 2), ids=str)
def test_an_export_killed_while_it_waits_for_an_answer_gives_the_same(
    export_scene: Scene, exported: Played, call: Call, kind: str
) -> None:
    after = play_from_start(export_scene, killed_during(call, kind))

    assert differences(exported.dump, after.dump) == []
