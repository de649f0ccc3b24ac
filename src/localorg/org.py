from concurrent.futures import ThreadPoolExecutor

from localorg.clock import Clock
from localorg.control.faults import Faults
from localorg.control.request_log import RequestLog
from localorg.limits.usage import Usage
from localorg.oauth.sessions import Sessions
from localorg.rights import Rights
from localorg.schema import Schema
from localorg.settings import Settings
from localorg.store import Store
from localorg.transactions import OpenTransactions


class Org:
    """Everything that the API areas share: records, clock, sessions, limits, planned faults.

    Handlers reach it as `request.app.state.org`; the id of the user who asks is
    `request.state.user_id`.
    """

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        """Put an org together around its records."""
        self.store = store
        self.clock = clock
        self.settings = settings
        self.rights = Rights(store)
        self.transactions = OpenTransactions()
        self.sessions = Sessions(clock, settings.session_timeout_seconds)
        self.usage = Usage(clock, settings.daily_api_requests)
        self.faults = Faults()
        # Set when the org is about to close: long work stops where it is.
        self.closing = False
        self.request_log = RequestLog()
        # Ingest jobs run one after the other, as there is one writer anyway; query jobs have
        # their own thread, so that a long rendering does not keep them waiting.
        self.ingest_worker = ThreadPoolExecutor(1, thread_name_prefix="localorg-ingest")
        self.query_worker = ThreadPoolExecutor(2, thread_name_prefix="localorg-query")

    @property
    def schema(self) -> Schema:
        """The objects of the org."""
        return self.store.schema

    def close(self) -> None:
        """Stop Bulk jobs, forget waiting ones and close the store."""
        self.closing = True
        for worker in (self.ingest_worker, self.query_worker):
            worker.shutdown(wait=True, cancel_futures=True)
        self.store.close()
