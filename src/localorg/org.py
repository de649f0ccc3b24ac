from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from localorg.bulk.progress import JobProgress
from localorg.bulk_ingest import IngestJobs
from localorg.bulk_query import QueryJobs
from localorg.clock import Clock
from localorg.clock_file import keep_clock
from localorg.control.faults import Faults
from localorg.control.request_log import RequestLog
from localorg.dml import removed
from localorg.life import Automation, RecycleBin
from localorg.limits.usage import Usage
from localorg.oauth.state import SignIn
from localorg.query import Cursors
from localorg.rights import Rights
from localorg.schema import Schema
from localorg.settings import Settings
from localorg.setup_file import SetupFile, SetupFileError
from localorg.sobjects.descriptions import Descriptions
from localorg.sobjects.recent import RecentRecords
from localorg.store import Store
from localorg.store.snapshots import Snapshots
from localorg.transactions import OpenTransactions


class Org:
    """Everything that the API areas share: records, clock, sessions, limits, planned faults.

    Handlers reach it as `request.app.state.org`; the id of the user who asks is
    `request.state.user_id`.
    """

    def __init__(
        self, store: Store, clock: Clock, settings: Settings, setup: SetupFile | None = None
    ) -> None:
        """Put an org together around its records, with what a set-up file adds to them.

        Raises SetupFileError where the file's users, apps or rules are wrong.
        """
        if store.kept:
            keep_clock(clock, store)
        self._rewinds: list[Callable[[], None]] = []
        self.store = store
        store.now = clock.now
        self.clock = clock
        self.settings = settings
        self.setup = setup
        self.rights = Rights(store)
        self.snapshots = Snapshots(store, clock)
        self.transactions = OpenTransactions()
        self.sign_in = SignIn(store, clock, settings, self.rights)
        self.sessions = self.sign_in.sessions
        self.on_rewind(self.rights.refresh)
        self.on_rewind(self.sign_in.refresh)
        self.automation = Automation(store)
        self.on_rewind(self.automation.reload)
        self.recycle_bin = RecycleBin(store)
        self.on_rewind(self.recycle_bin.reload)
        clock.on_change(self.recycle_bin.reload)
        self.usage = Usage(clock, settings.daily_api_requests, settings.data_storage_mb)
        self.faults = Faults()
        # Set when the org is about to close: long work stops where it is.
        self.closing = False
        self.request_log = RequestLog()
        # Ingest jobs run one after the other, as there is one writer anyway; query jobs have
        # their own thread, so that a long rendering does not keep them waiting.
        self.ingest_worker = ThreadPoolExecutor(1, thread_name_prefix="localorg-ingest")
        self.query_worker = ThreadPoolExecutor(2, thread_name_prefix="localorg-query")
        self.cursors = Cursors()
        self.on_rewind(self.cursors.clear)
        self.on_rewind(self.usage.clear)
        self.descriptions = Descriptions(store, clock)
        removed.prepare(store)
        self.recent_records = RecentRecords()
        self.on_rewind(self.recent_records.clear)
        self.job_progress = JobProgress()
        # Last, as it goes on with jobs that an earlier process left.
        self.query_jobs = QueryJobs(self)
        self.ingest_jobs = IngestJobs(self)

        if setup is not None:
            self._install(setup)

    @property
    def schema(self) -> Schema:
        """The objects of the org."""
        return self.store.schema

    def _install(self, setup: SetupFile) -> None:
        from localorg.setup_file.access import install_access
        from localorg.setup_file.rules import install_rules

        install_access(self, setup)
        install_rules(self.store, self.automation, setup)
        try:
            setup.raise_problems()
        except SetupFileError:
            self.close()
            raise

    def on_rewind(self, forget: Callable[[], None]) -> None:
        """Call `forget` when the records, ids and clock went back: by a reset or a snapshot.

        It is called while nobody else can write, with the old records gone already.
        """
        self._rewinds.append(forget)

    def rewound(self) -> None:
        """Let everything of a later time forget itself."""
        self.transactions.roll_back_all()
        for forget in self._rewinds:
            forget()
        self.sessions.stay_alive()

    def is_behind(self) -> bool:
        """Whether `catch_up` may have something to do."""
        now = self.clock.now()
        return self.transactions.has_due(now) or self.recycle_bin.is_due(now)

    def catch_up(self) -> None:
        """Do what the clock has come to."""
        now = self.clock.now()
        self.transactions.commit_due(now)
        self.recycle_bin.purge_due(now)

    def close(self) -> None:
        """Stop Bulk jobs, forget waiting ones and close the store."""
        self.closing = True
        self.job_progress.close()
        for worker in (self.ingest_worker, self.query_worker):
            worker.shutdown(wait=True, cancel_futures=True)
        self.ingest_jobs.stop()
        self.sign_in.close()
        self.store.close()
