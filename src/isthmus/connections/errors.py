"""Errors of running a connection.

Final
├── ConnectionOff     the connection is switched off
├── FewRefused        a run of a few records was asked for that makes no sense
├── GoalIncomplete    a goal misses something and does not run
├── CountMismatch     Salesforce's counts and what arrived differ
├── NoSignIn          the connection has no sign-in
├── NoSuchThing       a connection or goal that is named is not there
├── NothingToRun      the connection has no goal that is active
├── OrgReplaced       the sign-in leads to another org than before
├── RunStopped        somebody asked the run to end
├── RunTakenOver      another process works on the run now
└── StateRefused      a run can't be asked for that as it stands
Retryable
├── PageIncomplete    a result page arrived cut
├── RunAlreadyGoing   two runs of one connection never overlap
└── TakesTooLong      what was looked for was not found in time
"""

from collections.abc import Iterable

from isthmus.errors import Final, Retryable


class NoSuchThing(Final):
    """It is not there."""

    def __init__(self, what: str, names: Iterable[str], known: Iterable[str]) -> None:
        """Name what was asked for and what there is."""
        asked = ", ".join(repr(name) for name in names)
        there = ", ".join(known) or "none yet"
        super().__init__(f"There is no {what} {asked}. There are: {there}.")


class ConnectionOff(Final):
    """The connection is switched off."""


class NoSignIn(Final):
    """The connection has no sign-in."""

    def __init__(self, connection: str) -> None:
        """Name the connection, and what to do."""
        super().__init__(
            f"Connection {connection!r} has no sign-in, so it can't reach Salesforce. Add "
            f"`authorization` to it in the set-up document and apply that, and try again."
        )


class NothingToRun(Final):
    """The connection has no active goal."""


class FewRefused(Final):
    """A run of a few records was asked for in a way that makes no sense."""


class OrgReplaced(Final):
    """The sign-in leads to another org than before."""


class RunStopped(Final):
    """The run was stopped. What was applied stays; the next run does the rest."""


class RunTakenOver(Final):
    """Another process has taken the run over. This one leaves it alone."""


class StateRefused(Final):
    """The run can't be asked for that as it stands."""


class RunAlreadyGoing(Retryable):
    """The connection has a run going on."""


class GoalIncomplete(Final):
    """The goal misses something and does not run."""


class CountMismatch(Final):
    """What arrived is not what Salesforce says it sent."""


class PageIncomplete(Retryable):
    """A result page arrived cut."""


class TakesTooLong(Retryable):
    """What was looked for was not found in time."""
