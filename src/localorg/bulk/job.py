"""What query jobs and ingest jobs have in common as far as one job is concerned."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from localorg.bulk.states import ENDED, State
from localorg.clock import rest_datetime, stored_datetime

if TYPE_CHECKING:
    from concurrent.futures import Future


@dataclass(frozen=True, kw_only=True)
class KeptFacts:
    """What the org's file keeps of every job."""

    id: str
    # Seconds since 1970 of the org's clock.
    created: float
    changed: float
    state: State
    error_message: str | None = None


Facts = TypeVar("Facts", bound=KeptFacts)


class Job(Generic[Facts]):
    """A job; its facts are exchanged as a whole, by whoever holds `lock`."""

    def __init__(self, facts: Facts) -> None:
        """Begin with what is known of it."""
        self.facts = facts
        self.lock = threading.Lock()
        # Held while it is worked on.
        self.working = threading.Lock()
        self.work: Future[None] | None = None
        self.steps = 0
        # Nobody may find it any more, and nothing may be written for it.
        self.gone = False

    @property
    def id(self) -> str:
        """The job's id."""
        return self.facts.id

    @property
    def state(self) -> State:
        """Where it is on its way."""
        return self.facts.state

    @property
    def ended(self) -> bool:
        """Whether its state will not change any more."""
        return self.state in ENDED

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.facts.created, UTC)

    def in_state(self, state: State, now: datetime, **changes: Any) -> Facts:
        """The facts of this job in another state."""
        return replace(self.facts, state=state, changed=now.timestamp(), **changes)


def shown_moment(seconds: float) -> str:
    """A moment of a job's facts as JSON shows it."""
    return rest_datetime(stored_datetime(datetime.fromtimestamp(seconds, UTC)))
