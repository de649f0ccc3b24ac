"""What can be set of a worker."""

from dataclasses import dataclass, field

from isthmus.connections.patience import limit_wait, seconds_of
from isthmus.profiles.keeping import Keeping

LOOK_SETTING = "ISTHMUS_WORKER_LOOK_SECONDS"


def _look_seconds() -> float:
    return seconds_of(LOOK_SETTING, usual=5, most=3_600, then="a worker looks every")


@dataclass(frozen=True, kw_only=True)
class WorkerSettings:
    """How a worker works."""

    concurrency: int = 4
    """Connections worked on at the same time. Defaults to 4."""

    look_seconds: float = field(default_factory=_look_seconds)
    """Between two looks for runs that nobody works on. Defaults to the environment's
    `ISTHMUS_WORKER_LOOK_SECONDS`, or 5."""

    leave_seconds: float = 3.5
    """For what is under way to end once the worker is to leave. Defaults to 3.5. Whoever takes the
    run over goes on with it in either case."""

    stalled_seconds: float = 60.0
    """Without a sign of life of another worker, until its news is thrown away. Defaults to 60."""

    keeping: Keeping = field(default_factory=Keeping)
    """How long what runs leave behind is kept."""

    def __post_init__(self) -> None:
        """Refuse now what a run would come upon only when an org has no calls left."""
        limit_wait()
