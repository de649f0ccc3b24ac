"""The client itself: one object for one sign-in to one org."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Self
from urllib.parse import quote

from isthmus.salesforce.allowance import Allowance, Unlimited
from isthmus.salesforce.bulk_ingest import BulkIngest
from isthmus.salesforce.bulk_query import BulkQuery
from isthmus.salesforce.describe import ObjectDescription, read_description
from isthmus.salesforce.errors import UnexpectedAnswer
from isthmus.salesforce.hosts import HostPolicy
from isthmus.salesforce.interruption import Interruption
from isthmus.salesforce.record_collections import RecordCollections
from isthmus.salesforce.replication import Updated, read_updated
from isthmus.salesforce.rest import Call, Rest
from isthmus.salesforce.session import Session
from isthmus.salesforce.settings import ClientSettings, Clock
from isthmus.salesforce.signin import Credentials
from isthmus.salesforce.soql import QueryPage, Soql
from isthmus.salesforce.transport import PoolTransport, Transport
from isthmus.salesforce.usage import Usage
from isthmus.salesforce.wire import understood

_NOT_MODIFIED = 304


class Salesforce:
    """A Salesforce org, as one user sees it. Safe to use from several threads.

    Signs in at the first call, and again when the session has ended. Close it, or use it in
    `with`. Errors are those of `isthmus.salesforce.errors`.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        hosts: HostPolicy,
        settings: ClientSettings | None = None,
        clock: Clock | None = None,
        transport: Transport | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        settings, clock = settings or ClientSettings(), clock or Clock()
        self._transport = transport or PoolTransport(settings, hosts)
        self._interruption = Interruption()
        clock = self._interruption.in_naps(clock)
        self._session = Session(
            credentials,
            hosts=hosts,
            settings=settings,
            clock=clock,
            transport=self._transport,
            interruption=self._interruption,
        )
        self._session.allowance = allowance or Unlimited()
        self._rest = Rest(self._session, settings, clock)
        self._soql = Soql(self._rest)
        self._described: dict[str, tuple[str, ObjectDescription]] = {}
        self._lock = threading.Lock()
        self.bulk_query = BulkQuery(self._rest)
        self.bulk_ingest = BulkIngest(self._rest)
        self.collections = RecordCollections(self._rest)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The session in Salesforce ends by itself."""
        try:
            self._transport.close()
        finally:
            self._session.allowance.close()

    def interruptible(self, cancelled: Callable[[], bool]) -> AbstractContextManager[None]:
        """Inside `with`, calls and pauses of all threads end soon after `cancelled` says so.

        It is asked twice a second, by a thread of its own, so that a server that never answers
        does not hold anybody up. What waits then raises `WaitCancelled`.
        """
        return self._interruption.watching(cancelled, self._transport.break_off)

    def check_interruption(self) -> None:
        """Raise `WaitCancelled` where a block of `interruptible` is to end."""
        self._interruption.check()

    @property
    def org_id(self) -> str:
        """The org that the sign-in reached, 18 characters."""
        return self._session.token.org_id

    @property
    def user_id(self) -> str:
        """The user who is signed in, 18 characters."""
        return self._session.token.user_id

    @property
    def instance_url(self) -> str:
        """Where calls go; it may change when the session is renewed."""
        return self._session.token.instance_url

    def user_name(self) -> str:
        """The user name of who is signed in, by the endpoint that every sign-in may ask."""
        found = self._rest.get("/services/oauth2/userinfo")
        with understood("a description of a user"):
            return str(found["preferred_username"])

    @property
    def usage(self) -> Usage | None:
        """The org's API calls of 24 hours, by the latest answer; None before the first."""
        return self._session.usage

    @property
    def calls(self) -> int:
        """How many HTTP requests were made so far, sign-ins and repetitions included."""
        return self._transport.calls

    def versions(self) -> list[str]:
        """The API versions that the org offers, oldest first, such as `62.0`."""
        found = self._rest.get("/services/data")
        with understood("a list of versions"):
            return sorted((str(entry["version"]) for entry in found), key=float)

    def describe(self, name: str) -> ObjectDescription:
        """An object and the fields that the user may see; asked again only for what changed."""
        with self._lock:
            known = self._described.get(name.lower())
        headers = {"If-Modified-Since": known[0]} if known and known[0] else {}
        response = self._rest.answer(
            Call(
                method="GET",
                path=f"/sobjects/{quote(name, safe='')}/describe",
                headers=headers,
                repeatable=True,
            )
        )
        if known and response.status == _NOT_MODIFIED:
            return known[1]
        with understood(f"a description of {name}"):
            description = read_description(response.json())
        with self._lock:
            modified = response.headers.get("last-modified", "")
            self._described[name.lower()] = (modified, description)
        return description

    def description_of(self, name: str, since: datetime | None = None) -> dict[str, Any] | None:
        """An object as Salesforce describes it, in its own JSON; None: the same as at `since`.

        `read_description` makes an `ObjectDescription` of it. For keeping it longer than the
        client lasts.
        """
        headers = {"If-Modified-Since": format_datetime(since, usegmt=True)} if since else {}
        response = self._rest.answer(
            Call(
                method="GET",
                path=f"/sobjects/{quote(name, safe='')}/describe",
                headers=headers,
                repeatable=True,
            )
        )
        if response.status == _NOT_MODIFIED:
            return None
        with understood(f"a description of {name}"):
            found: dict[str, Any] = response.json()
            read_description(found)
        return found

    def query(self, soql: str) -> Iterator[dict[str, Any]]:
        """The records, without deleted ones, fetched page by page as the iterator is used."""
        return self._soql.records(soql, deleted=False)

    def query_all(self, soql: str) -> Iterator[dict[str, Any]]:
        """The records, with deleted, merged and archived ones."""
        return self._soql.records(soql, deleted=True)

    def query_pages(self, soql: str, *, deleted: bool) -> Iterator[QueryPage]:
        """The records as JSON, page by page, fetched as the iterator is used."""
        return self._soql.pages(soql, deleted=deleted)

    def count(self, soql: str, *, deleted: bool = False) -> int:
        """The number that a `SELECT COUNT() FROM ...` finds."""
        page = self._soql.first_page(soql, deleted=deleted)
        with understood("a count"):
            return int(page["totalSize"])

    def server_time(self) -> datetime:
        """Salesforce's own time in UTC, to the second: the `Date` of a call that costs little."""
        call = Call(method="GET", path="/services/data", repeatable=True)
        date = self._rest.answer(call).headers.get("date", "")
        try:
            return parsedate_to_datetime(date).astimezone(UTC)
        except ValueError as error:
            raise UnexpectedAnswer(
                f"The answer to {call.path} has the Date {date!r}, which is no time. A proxy may "
                "have changed it; try without."
            ) from error

    def updated(self, name: str, start: datetime, end: datetime) -> Updated:
        """What changed of an object in a span of time, of at most the last 30 days.

        Seconds are ignored. Raises `WindowRefused`, also for more than 600,000 records.
        """
        return read_updated(self._rest, name, start, end)

    def limits(self) -> Mapping[str, Mapping[str, int]]:
        """What is left of each allowance. Needs *View Setup and Configuration*."""
        found: Mapping[str, Mapping[str, int]] = self._rest.get("/limits")
        return found
