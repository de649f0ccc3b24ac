"""Errors of an import.

Final
├── GoalIncomplete    the goal misses something and does not run
└── CountMismatch     Salesforce's counts and what arrived differ
Retryable
└── PageIncomplete    a result page arrived cut
"""

from isthmus.errors import Final, Retryable


class GoalIncomplete(Final):
    """The goal misses something and does not run."""


class CountMismatch(Final):
    """What arrived is not what Salesforce says it sent."""


class PageIncomplete(Retryable):
    """A result page arrived cut."""
