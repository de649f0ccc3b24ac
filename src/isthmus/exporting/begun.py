"""What an export has to know of itself where another process goes on with it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from psycopg import Connection
from psycopg.types.json import Jsonb

from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.exporting.queries import QUERIES


@dataclass(frozen=True, kw_only=True)
class Begun:
    """How far the goal is in this run. Kept in the row of the run's goal."""

    started_at: datetime  # the database's clock: what changes later is for the next run
    org_time: datetime  # Salesforce's clock then: jobs of this run are made later
    version: int  # of the goal, by which the rows were built
    decided: dict[str, Any] | None = None  # counts of members without a row; None: not prepared
    finished: bool = False
    failure: str = ""  # why it ended without finishing

    @property
    def prepared(self) -> bool:
        """Whether the rows of the run are there."""
        return self.decided is not None

    @classmethod
    def of(cls, goal_run: GoalRun, now: datetime) -> Self:
        """What the run's row says; a run that begins only now is written down."""
        if goal_run.run_goal.begun is not None:
            return cls.read(goal_run.run_goal.begun)
        begun = cls(
            started_at=now,
            org_time=goal_run.salesforce.server_time(),
            version=goal_run.goal.version,
        )
        goal_run.run_goal.begun = begun.plain()
        goal_run.run_goal.save(update_fields=["begun"])
        return begun

    @classmethod
    def read(cls, known: dict[str, Any]) -> Self:
        """What `plain()` wrote down."""
        times = {key: datetime.fromisoformat(known[key]) for key in ("started_at", "org_time")}
        return cls(**{**known, **times})

    def plain(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "started_at": self.started_at.isoformat(),
            "org_time": self.org_time.isoformat(),
            "version": self.version,
            "decided": self.decided,
            "finished": self.finished,
            "failure": self.failure,
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
