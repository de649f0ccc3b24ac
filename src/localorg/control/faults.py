"""What was asked to go wrong, and how often it did."""

import re
import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from fnmatch import translate
from random import Random
from typing import Any

from localorg.control.fault_kinds import JSON, KINDS

MATCHES = ("substring", "exact", "glob", "regex")
# Faults that have happened as often as planned are still listed, so that a test can look.
_MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong, to what, how often, and how exactly."""

    kind: str
    # The HTTP method that it is about; every one where it is empty.
    method: str = ""
    # What it is about, without regard to case: a part of the path with its query string, or of
    # the name of the object. Everything where it is empty.
    path: str = ""
    # How `path` is read: as a part (substring), the whole (exact), a glob or a regular expression.
    match: str = "substring"
    # The first so many things that fit are spared.
    skip: int = 0
    # It happens so many times; None is until it is taken back.
    count: int | None = 1
    # The share of what fits that it happens to, drawn by `seed`.
    probability: float = 1.0
    seed: int = 1
    # bulk_job_failed: the job's errorMessage, and how many rows an ingest job handles before it.
    error_message: str = "InternalServerError : localorg was told to fail this job"
    after_rows: int = 0
    # row_locks: how many rows of a chunk fail.
    rows: int = 1
    # http and its presets: what is answered instead.
    status: int = 503
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    # latency: how long the work waits; never_answer: how long nothing is said, 0 is for ever.
    seconds: float = 1.0
    # cut: bytes of the answer's body before the end, and how the body's length is announced.
    after_bytes: int = 0
    framing: str = "content_length"


class PlannedFault:
    """A fault with how often it fitted and happened; not safe for several threads by itself."""

    def __init__(self, number: int, fault: Fault) -> None:
        """Plan `fault` under a number; raises re.error for a `path` that is no expression."""
        self.number = number
        self.fault = fault
        self.fitted = 0
        self.happened = 0
        self._chance = Random(fault.seed)  # noqa: S311 - a test has to repeat
        self._pattern = _pattern(fault)

    @property
    def is_over(self) -> bool:
        """Whether it has happened as often as planned."""
        return self.fault.count is not None and self.happened >= self.fault.count

    def happens(self, target: str, method: str) -> bool:
        """Whether it happens to this, which counts it."""
        if self.is_over or not self._fits(target, method):
            return False
        self.fitted += 1
        if self.fitted <= self.fault.skip:
            return False
        if self.fault.probability < 1 and self._chance.random() >= self.fault.probability:
            return False
        self.happened += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """What was planned and what came of it."""
        shown = asdict(self.fault)
        kept = _SAID_OF_ALL | set(KINDS[self.fault.kind].parameters)
        parts = {name: value for name, value in shown.items() if name in kept}
        counts = {"fitted": self.fitted, "happened": self.happened, "over": self.is_over}
        return {"id": self.number} | parts | counts

    def _fits(self, target: str, method: str) -> bool:
        if self.fault.method and self.fault.method.upper() != method.upper():
            return False
        return self._pattern is None or self._pattern.search(target) is not None


class Faults:
    """All planned faults, in the order of planning; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._planned: list[PlannedFault] = []
        # The kinds that can still happen, so that asking costs nothing where nothing is planned.
        self._kinds: frozenset[str] = frozenset()
        self._numbers = 0
        self._lock = threading.Lock()

    def plan(self, fault: Fault) -> PlannedFault:
        """Let `fault` happen to the next things it fits; raises re.error for a bad `path`."""
        with self._lock:
            planned = PlannedFault(self._numbers + 1, fault)
            self._numbers += 1
            self._planned.append(planned)
            self._forget_oldest()
            self._note_kinds()
            return planned

    def take(self, kind: str, target: str = "", method: str = "") -> Fault | None:
        """The fault of this kind that happens now to `target`, or None; counts it.

        `target` is a request's path with its query string, or the name of an object.
        """
        return self.take_first((kind,), target, method)

    def take_first(self, kinds: Collection[str], target: str, method: str = "") -> Fault | None:
        """The first planned fault of these kinds that happens now to `target`, or None."""
        if self._kinds.isdisjoint(kinds):
            return None
        with self._lock:
            for planned in self._planned:
                if planned.fault.kind in kinds and planned.happens(target, method):
                    self._note_kinds()
                    return planned.fault
        return None

    def listed(self) -> list[PlannedFault]:
        """All that were planned since they were last cleared, oldest first."""
        with self._lock:
            return list(self._planned)

    def remove(self, number: int) -> bool:
        """Take one back; False where there is none of this number."""
        with self._lock:
            kept = [planned for planned in self._planned if planned.number != number]
            found = len(kept) < len(self._planned)
            self._planned = kept
            self._note_kinds()
            return found

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._planned.clear()
            self._note_kinds()

    def _note_kinds(self) -> None:
        self._kinds = frozenset(
            planned.fault.kind for planned in self._planned if not planned.is_over
        )

    def _forget_oldest(self) -> None:
        over = [planned for planned in self._planned if planned.is_over]
        for planned in over[: max(0, len(self._planned) - _MOST_LISTED)]:
            self._planned.remove(planned)


_SAID_OF_ALL = frozenset(
    ("kind", "method", "path", "match", "skip", "count", "probability", "seed")
)


def _pattern(fault: Fault) -> re.Pattern[str] | None:
    if not fault.path:
        return None
    text = {
        "substring": re.escape(fault.path),
        "exact": rf"\A{re.escape(fault.path)}\Z",
        "glob": rf"\A{translate(fault.path)}",
        "regex": fault.path,
    }[fault.match]
    return re.compile(text, re.IGNORECASE)
