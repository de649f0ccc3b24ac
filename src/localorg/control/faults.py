import threading
from dataclasses import dataclass

BULK_JOB_FAILED = "bulk_job_failed"
HTTP = "http"


@dataclass(slots=True, kw_only=True)
class Fault:
    """Something that will go wrong `count` times."""

    kind: str
    count: int = 1
    # bulk_job_failed: the job's errorMessage, and how many rows an ingest job handles before it.
    error_message: str = "InternalServerError : localorg was told to fail this job"
    after_rows: int = 0
    # http: what is answered instead, to requests whose path contains `path`.
    status: int = 503
    body: str = ""
    content_type: str = "application/json;charset=UTF-8"
    path: str = ""


class Faults:
    """What was asked to go wrong, in the order of asking; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._planned: list[Fault] = []
        self._lock = threading.Lock()

    def plan(self, fault: Fault) -> None:
        """Let `fault` happen to the next things it fits."""
        with self._lock:
            self._planned.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self._planned.clear()

    def take_bulk_job_failure(self) -> Fault | None:
        """The fault that the Bulk job which is about to run ends with, or None."""
        return self._take(BULK_JOB_FAILED, "")

    def take_http(self, path: str) -> Fault | None:
        """The fault that a request to `path` is answered with, or None."""
        return self._take(HTTP, path)

    def _take(self, kind: str, path: str) -> Fault | None:
        if not self._planned:
            return None
        with self._lock:
            for fault in self._planned:
                if fault.kind == kind and fault.path in path:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._planned.remove(fault)
                    return fault
        return None
