"""What the query jobs and the ingest jobs of an org have in common."""

import threading
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from localorg.bulk.job import Job
from localorg.errors import not_found
from localorg.ids import normalised_id

AnyJob = TypeVar("AnyJob", bound=Job[Any])


class JobRegistry(ABC, Generic[AnyJob]):
    """The jobs of one kind, by id; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._jobs: dict[str, AnyJob] = {}
        self._lock = threading.Lock()

    def find(self, job_id: str) -> AnyJob:
        """Return a job by its id; raises 404 NOT_FOUND for unknown, deleted and old ones."""
        self._forget_old()
        job = self._jobs.get(normalised_id(job_id) or "")
        if job is None:
            raise not_found()
        return job

    def all(self) -> list[AnyJob]:
        """Return all jobs, oldest first."""
        self._forget_old()
        return self._present()

    def step(self, job: AnyJob) -> None:
        """Let a job take one step and return when it has."""
        job.steps += 1
        self.start(job)
        if job.work is not None:
            job.work.result()

    @abstractmethod
    def start(self, job: AnyJob) -> None:
        """Let a job get as far as it may, as soon as a thread is free."""

    @abstractmethod
    def _forget_old(self) -> None:
        """Forget what Salesforce would not know any more."""

    def _present(self) -> list[AnyJob]:
        with self._lock:
            return list(self._jobs.values())

    def _add(self, job: AnyJob) -> None:
        with self._lock:
            self._jobs[job.id] = job

    def _drop(self, job: AnyJob) -> None:
        with self._lock:
            self._jobs.pop(job.id, None)

    def _drop_all(self) -> list[AnyJob]:
        """Have no jobs any more, and return those that there were."""
        with self._lock:
            jobs = list(self._jobs.values())
            self._jobs = {}
        return jobs
