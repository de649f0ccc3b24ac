"""What an export has to know of itself where another process goes on with it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from psycopg import Connection
from psycopg.types.json import Jsonb

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.exporting.queries import QUERIES

_TIMES = ("started_at", "org_time", "covered")


@dataclass(frozen=True, kw_only=True)
class Begun:
    """How far the goal is in this run. Kept in the row of the run's goal."""

    started_at: datetime  # the database's clock: what changes later is for the next run
    org_time: datetime  # Salesforce's clock then: jobs of this run are made later
    version: int  # of the goal, by which the rows were built
    covered: datetime  # the next run looks at what changed from here on
    decided: dict[str, Any] | None = None  # counts of members without a row; None: not prepared
    finished: bool = False
    failure: str = ""  # why it ended without finishing
    shown: dict[str, Any] | None = None  # of a run of one profile: what was sent, by field

    @property
    def prepared(self) -> bool:
        """Whether the rows of the run are there."""
        return self.decided is not None

    @classmethod
    def of(cls, goal_run: GoalRun, now: datetime, covered: datetime | None = None) -> Self:
        """What the run's row says; a run that begins only now is written down.

        `covered`: up to when no change can appear any more; `now` unless it is given.
        """
        if goal_run.run_goal.begun is not None:
            return cls.read(goal_run.run_goal.begun)
        begun = cls.new(goal_run, now, covered)
        goal_run.run_goal.begun = begun.plain()
        goal_run.run_goal.save(update_fields=["begun"])
        return begun

    @classmethod
    def new(cls, goal_run: GoalRun, now: datetime, covered: datetime | None = None) -> Self:
        """What is known of a run that begins now."""
        return cls(
            started_at=now,
            org_time=goal_run.salesforce.server_time(),
            version=goal_run.goal.version,
            covered=covered or now,
        )

    @classmethod
    def read(cls, known: dict[str, Any]) -> Self:
        """What `plain()` wrote down."""
        # A run that a version before began did not say.
        known = {"covered": known["started_at"], **known}
        times = {key: datetime.fromisoformat(known[key]) for key in _TIMES}
        return cls(**{**known, **times})

    def plain(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "started_at": self.started_at.isoformat(),
            "org_time": self.org_time.isoformat(),
            "version": self.version,
            "covered": self.covered.isoformat(),
            "decided": self.decided,
            "finished": self.finished,
            "failure": self.failure,
            **({"shown": self.shown} if self.shown is not None else {}),
        }

    def with_decided(self, counts: GoalCounts, version: int) -> Self:
        """The same, with rows."""
        return replace(self, decided=counts.plain(), version=version)

    def save(self, goal_run: GoalRun, connection: Connection[Any]) -> None:
        """Write it down, in the transaction that makes it true."""
        goal_run.run_goal.begun = self.plain()
        connection.execute(
            QUERIES["note_begun"],
            {"begun": Jsonb(self.plain()), "run_goal": goal_run.run_goal.id},
        )

    def counts(self) -> GoalCounts:
        """The counts of members that were decided without sending anything."""
        return GoalCounts.from_plain(self.decided) if self.decided else GoalCounts()
