"""How long what runs leave behind is kept."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from isthmus.profiles.errors import KeepingRefused

OUTCOMES_SETTING = "ISTHMUS_KEEP_OUTCOMES_DAYS"
LOG_SETTING = "ISTHMUS_KEEP_LOG_DAYS"
AUDIT_SETTING = "ISTHMUS_KEEP_AUDIT_DAYS"
MOST_DAYS = 3650


def _days(name: str, default: int | None) -> int:
    given = os.environ.get(name, str(default))
    number = int(given) if given.isascii() and given.isdigit() else 0
    if not 1 <= number <= MOST_DAYS:
        raise KeepingRefused(
            f"{name} is {given!r}. Give a whole number of days from 1 to {MOST_DAYS}, or leave it "
            f"out: then {_kept(default)} kept."
        )
    return number


def _kept(default: int | None) -> str:
    return "all of it is" if default is None else f"{default} days are"


def _audit_days() -> int | None:
    return _days(AUDIT_SETTING, None) if os.environ.get(AUDIT_SETTING) else None


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Days for which each kind of history is kept. The counts of runs are kept for good."""

    outcomes_days: int = field(default_factory=partial(_days, OUTCOMES_SETTING, 30))
    """For the journal of values and the outcomes of records: as long as a run can be undone.
    Defaults to the environment's `ISTHMUS_KEEP_OUTCOMES_DAYS`, or 30."""

    log_days: int = field(default_factory=partial(_days, LOG_SETTING, 90))
    """For the problems that runs met. Defaults to the environment's `ISTHMUS_KEEP_LOG_DAYS`,
    or 90."""

    audit_days: int | None = field(default_factory=_audit_days)
    """For the audit log; None: for good. Defaults to the environment's `ISTHMUS_KEEP_AUDIT_DAYS`,
    or None."""

    @classmethod
    def given(cls) -> Self | None:
        """What the environment says; None where it says nothing."""
        said = os.environ.keys() & {OUTCOMES_SETTING, LOG_SETTING}
        return cls() if said else None

    @property
    def days(self) -> Mapping[str, int]:
        """The same by table."""
        kept = self.outcomes_days
        return {"change": kept, "run_record": kept, "run_problem": self.log_days}
