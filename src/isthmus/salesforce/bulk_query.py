"""Reading many records: Bulk 2.0 query jobs.

Source: Bulk API 2.0 guide, Query.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from isthmus.salesforce.errors import NotFound, RequestRefused
from isthmus.salesforce.jobs import Jobs, JobState, QueryJob, read_query_job
from isthmus.salesforce.rest import Rest
from isthmus.salesforce.results import ResultPage, open_results
from isthmus.salesforce.wire import understood

_PAGE_LISTS_FROM = 58.0
_ABORTED = frozenset({JobState.ABORTED, JobState.FAILED, JobState.JOB_COMPLETE})


@dataclass(frozen=True, kw_only=True)
class PageReference:
    """Where one page of a job's result starts; None is the first page."""

    locator: str | None


class BulkQuery:
    """Query jobs of the org. Every call works from any thread."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._jobs = Jobs(rest, "query", "V2Query", read_query_job)

    def create(self, soql: str, *, deleted: bool) -> QueryJob:
        """A new job for the query, with deleted, merged and archived records if `deleted`.

        Asked again where the answer is lost: a job that nobody knows only reads.
        """
        operation = "queryAll" if deleted else "query"
        return self._jobs.create({"operation": operation, "query": soql}, repeatable=True)

    def get(self, job_id: str) -> QueryJob:
        """The job as it stands now."""
        return self._jobs.get(job_id)

    def jobs(self) -> Iterator[QueryJob]:
        """The jobs that the user started, of the last seven days, in any order."""
        return self._jobs.own()

    def wait(
        self,
        job_id: str,
        *,
        on_progress: Callable[[QueryJob], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> QueryJob:
        """The complete job. Raises `BulkJobFailed`, `BulkJobAborted` or `WaitCancelled`.

        `on_progress` is called after each look, `cancelled` is asked at least once a second.
        """
        job = self._jobs.wait(job_id, on_progress, cancelled)
        job.raise_unless_complete()
        return job

    def pages(self, job_id: str) -> Iterator[PageReference]:
        """Every page of a complete job's result, so that several can be fetched at once.

        Where Salesforce does not list them (before v58), each page is opened to see the next.
        Use the iterator from one thread only.
        """
        version = float(self._jobs.version(job_id))
        listed = self._first_list(job_id) if version >= _PAGE_LISTS_FROM else None
        return self._walked(job_id) if listed is None else self._listed(listed)

    def page(self, job_id: str, locator: str | None = None) -> AbstractContextManager[ResultPage]:
        """One page, to be read inside `with`; the same locator gives the same page again."""
        return open_results(
            self._rest,
            self._jobs.path(job_id, "results"),
            {"locator": locator},
            version=self._jobs.version(job_id),
        )

    def abort(self, job_id: str) -> None:
        """Stop a job; one that has finished already is left as it is."""
        self._jobs.set_state(job_id, JobState.ABORTED, _ABORTED)

    def delete(self, job_id: str) -> None:
        """Delete a finished job and its results; one that is gone already is fine."""
        self._jobs.delete(job_id)

    def _first_list(self, job_id: str) -> Mapping[str, Any] | None:
        path = self._jobs.path(job_id, "resultPages")
        try:
            found: Mapping[str, Any] = self._rest.get(path, version=self._jobs.version(job_id))
        except (NotFound, RequestRefused):
            return None
        return found

    def _listed(self, page: Mapping[str, Any]) -> Iterator[PageReference]:
        while True:
            with understood("a list of result pages"):
                locators = [_locator_in(found["resultUrl"]) for found in page["resultPages"]]
                # The guide's table and its examples spell this key differently.
                following = page.get("nextRecordsUrl") or page.get("nextRecordUrl")
            yield from (PageReference(locator=locator) for locator in locators)
            if page.get("done", not following) or not following:
                return
            page = self._rest.get(following)

    def _walked(self, job_id: str) -> Iterator[PageReference]:
        locator: str | None = None
        while True:
            yield PageReference(locator=locator)
            with self.page(job_id, locator) as page:
                locator = page.next_locator
            if locator is None:
                return


def _locator_in(url: str) -> str | None:
    return next(iter(parse_qs(urlsplit(url).query).get("locator", ())), None)
