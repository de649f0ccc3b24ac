"""Rows to Salesforce: Bulk jobs, and collections for few updates."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.errors import Retryable
from isthmus.exporting import few
from isthmus.exporting.begun import Begun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.reconcile import Owner, reconcile_job
from isthmus.exporting.refusals import refuse_useless
from isthmus.exporting.unheard import look_for
from isthmus.exporting.upload import Upload, csv_chunks
from isthmus.salesforce import BulkJobAborted, BulkJobFailed, IngestJob

FEW_UPDATES = 2_000
"""Rows. Below that collections of 200 are quicker than a job."""

CALLS_OF_A_JOB = 9
"""To make it, fill it, close it, look twice whether it is done, read three results, delete it."""

LOCK_ROUNDS = 3
"""How often rows that were locked go out again in the same run."""

WORDS = {
    "locked": "Salesforce kept the record locked for somebody else. The next run sends it again.",
    "unprocessed": "Salesforce did not process the row. The next run sends it again.",
    "no_result": "Salesforce did not say what became of the row. The next run compares it and "
    "sends it again.",
}


def send(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun) -> None:
    """Send all rows of the run and take over what Salesforce says of each."""
    sender = _Sender(goal_run, connection, plan, begun)
    for _ in range(LOCK_ROUNDS + 1):
        sender.send_all()
        if not sender.open_locked():
            break
    sender.give_up("locked", reason="UNABLE_TO_LOCK_ROW")


def calls_needed(uploads: Iterable[tuple[str, int]]) -> int:
    """About how many API calls it takes to send uploads: operation, and rows of each."""
    return sum(
        -(-rows // few.COLLECTION_ROWS)
        if operation == "update" and rows < FEW_UPDATES
        else CALLS_OF_A_JOB
        for operation, rows in uploads
    )


class _Sender:
    """Sends the uploads of one run of one goal.

    One job works in Salesforce at a time, because two could lock each other's records. Meanwhile
    the next one is uploaded, and the results of the one before are taken over.
    """

    def __init__(
        self, goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, begun: Begun
    ) -> None:
        self.goal_run, self.connection, self.plan, self.begun = goal_run, connection, plan, begun
        self.owner = Owner.of(plan, begun.version)
        self.bulk = goal_run.salesforce.bulk_ingest

    def send_all(self) -> None:
        """Send what has no outcome yet, creations first."""
        working: tuple[Upload, str] | None = None
        begun: set[str] = set()
        for upload, rows in self._uploads():
            self.goal_run.check_stop()
            if upload.operation == "update" and rows < FEW_UPDATES:
                self._finish(working)
                working = None
                few.send(self.goal_run, self.connection, self.plan, self.owner, upload)
                refuse_useless(self.connection, upload)
                continue
            job_id = self._fill(upload)
            before, ended = working, self._wait(working)
            self._close(upload, job_id)
            working = (upload, job_id)
            self._take_over(before, ended)
            if upload.operation not in begun:
                # Where all rows of the first part are refused, the others are not even made.
                self._finish(working)
                refuse_useless(self.connection, upload)
                working = None
            begun.add(upload.operation)
        self._finish(working)

    def _uploads(self) -> list[tuple[Upload, int]]:
        rows = self.connection.execute(
            QUERIES["parts"], {"run_goal": self.plan.run_goal}
        ).fetchall()
        return [(self.upload(operation, part), count) for operation, part, count in rows]

    def _finish(self, working: tuple[Upload, str] | None) -> None:
        self._take_over(working, self._wait(working))

    def _wait(self, working: tuple[Upload, str] | None) -> IngestJob | None:
        return self.bulk.wait(working[1], cancelled=self.goal_run.cancelled) if working else None

    def _take_over(self, working: tuple[Upload, str] | None, job: IngestJob | None) -> None:
        if working is None or job is None:
            return
        upload, _ = working
        untold = reconcile_job(self.goal_run, self.connection, self.owner, upload, job)
        if untold and upload.operation == "insert":
            look_for(self.goal_run, self.connection, self.plan, self.owner, upload, self.begun)
        self._check()
        self.bulk.delete(job.id)
        self._raise_unless_complete(job)
        if untold:
            self._refuse_untold(upload, untold)

    def _raise_unless_complete(self, job: IngestJob) -> None:
        """Rows that Salesforce has not tried can go out again where the job broke by chance."""
        try:
            job.raise_unless_complete()
        except (BulkJobFailed, BulkJobAborted) as error:
            if not isinstance(error, Retryable):
                self.give_up("unprocessed")
            raise
        self.give_up("unprocessed")

    def upload(self, operation: str, part: int) -> Upload:
        """What is sent of the rows of one part."""
        writable = self.plan.writable(operation)
        return Upload(
            run_goal=self.plan.run_goal,
            operation=operation,
            part=part,
            fields=tuple(row.field.name for row in writable),
            places=tuple(row.place for row in writable),
        )

    def _fill(self, upload: Upload) -> str:
        """Make and fill a job; what Salesforce is asked for is noted before it is asked."""
        fields = {"fields": list(upload.fields), "places": list(upload.places)}
        with self.connection.transaction():
            self._check()
            self.connection.execute(QUERIES["intend_job"], {**upload.names, **fields})
        self._check()
        job = self.bulk.create(self.plan.object.sobject, upload.operation)
        self.connection.execute(QUERIES["know_job"], {**upload.names, "job": job.id})
        self.goal_run.note_job(job.id)
        self._check()
        self.bulk.upload(job.id, csv_chunks(self.connection, upload))
        return job.id

    def _close(self, upload: Upload, job_id: str) -> None:
        """Let Salesforce begin; from here on only its results tell what became of the rows."""
        with self.connection.transaction():
            self._check()
            self.connection.execute(QUERIES["close_job"], upload.names)
        self._check()
        self.bulk.close(job_id)

    def _check(self) -> None:
        self.goal_run.fence.check(self.connection)

    def _refuse_untold(self, upload: Upload, untold: int) -> None:
        names = {**upload.names, "goal": self.plan.goal, "outcome": None}
        reason = "no_result"
        with self.connection.transaction():
            self._check()
            self.connection.execute(
                QUERIES["give_up"], {**names, "reason": reason, "message": WORDS[reason]}
            )
        raise CountMismatch(
            f"Salesforce does not account for {untold:,} of the rows that were sent, although it "
            f"was asked several times. Records that it created were looked for and linked. The "
            f"next run compares what is missing and sends it again."
        )

    def open_locked(self) -> int:
        """Let rows that others had locked go out again together, in a smaller upload."""
        row = self.connection.execute(
            QUERIES["next_part"], {"run_goal": self.plan.run_goal}
        ).fetchone()
        names = {"run_goal": self.plan.run_goal, "part": row[0] if row else None}
        return self.connection.execute(
            QUERIES["open_again"], {**names, "outcome": "locked"}
        ).rowcount

    def give_up(self, outcome: str, *, reason: str = "") -> None:
        """Leave rows of this outcome to the next run."""
        names = {
            "run_goal": self.plan.run_goal,
            "goal": self.plan.goal,
            "operation": None,
            "part": None,
            "outcome": outcome,
            "reason": reason or outcome,
            "message": WORDS[outcome],
        }
        with self.connection.transaction():
            self._check()
            self.connection.execute(QUERIES["give_up"], names)
