"""Where a job is on its way; query jobs are never Open."""

from enum import StrEnum


class State(StrEnum):
    """A job's state as the API shows it."""

    OPEN = "Open"
    UPLOAD_COMPLETE = "UploadComplete"
    IN_PROGRESS = "InProgress"
    JOB_COMPLETE = "JobComplete"
    FAILED = "Failed"
    ABORTED = "Aborted"


ENDED = frozenset({State.JOB_COMPLETE, State.FAILED, State.ABORTED})
