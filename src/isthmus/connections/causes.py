"""The problems of a run by what they come from: one cause for all that differ in a record only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.rows import dict_row

from isthmus.connections import reading
from isthmus.connections.explanations import Explanation, explain, is_of_salesforce
from isthmus.connections.models import Run, RunGoal
from isthmus.connections.rows import looking
from isthmus.profiles import statements

QUERIES = statements.load("isthmus.connections", "causes.sql")

MOST: Final = 50
"""Causes that are shown; the log has the problems of all."""

HELD: Final = "Salesforce refused the same row "
"""What is said of a row that waits begins like this, under the code that Salesforce gave."""

_WAITS: Final = "Salesforce refused the same row again and again, so it was not sent this time."
_NEXT: Final = "Correct what the code names: a row with another value is sent by the next run."


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What several problems of one goal come from."""

    part: RunGoal
    key: str  # stands for the words without what is of one record
    code: str
    problems: int
    of_fields: int  # so many of them are of single fields
    example: str  # the words of one of them
    field: str  # Salesforce's; empty: it is of the record as a whole

    @property
    def explanation(self) -> Explanation:
        """What the code means, and what to do."""
        if self.waits:
            return Explanation(meaning=_WAITS, next_step=_NEXT)
        return explain(self.code)

    @property
    def is_of_salesforce(self) -> bool:
        """Whether the words may be Salesforce's own."""
        return is_of_salesforce(self.code)

    @property
    def waits(self) -> bool:
        """Whether the rows were not sent this time, because Salesforce refused them so often."""
        return self.example.startswith(HELD)


@dataclass(frozen=True, kw_only=True)
class Causes:
    """The causes of a run, biggest first, and how many problems there are in all."""

    rows: Sequence[Cause]
    causes: int
    problems: int
    of_fields: int


def causes(of: Run, parts: Sequence[RunGoal]) -> Causes:
    """The run's problems by cause. The numbers are exact. Raises `TakesTooLong`."""
    first, last = reading.bounds(of)
    known = {part.id: part for part in parts}
    names = {"parts": list(known), "first": first, "last": last, "most": MOST}
    with looking() as session, session.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(QUERIES["causes"], names).fetchall()
    rows = [
        Cause(
            part=known[row["run_goal"]],
            key=row["cause"],
            code=row["code"],
            problems=row["problems"],
            of_fields=row["of_fields"],
            example=row["example"],
            field=row["field"],
        )
        for row in found
    ]
    whole: dict[str, Any] = found[0] if found else {}
    return Causes(
        rows=rows,
        causes=whole.get("all_causes", 0),
        problems=whole.get("all_problems", 0),
        of_fields=whole.get("all_of_fields", 0),
    )
