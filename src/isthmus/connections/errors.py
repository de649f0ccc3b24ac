"""Errors of running a connection.

Final
├── ConnectionOff     the connection is switched off
│   └── StoreHeld     the store was restored, and nothing runs in it yet
├── FewRefused        a run of a few records was asked for that makes no sense
├── GoalIncomplete    a goal misses something and does not run
├── CountMismatch     Salesforce's counts and what arrived differ
├── NoSignIn          the connection has no sign-in
├── ApiNotEnabled     the user lacks the permission that every call needs
├── AppInUse          an app is used by sign-ins
├── AppUnknown        there is no app of that name
├── AppRefused        an app can't be kept as it was given
├── LoginHostRefused  nobody signs in so at that login host
├── NoSuchThing       a connection or goal that is named is not there
├── NothingToRun      the connection has no goal that is active
├── OrgReplaced       the sign-in leads to another org than before
├── ShareRefused      that can't be our share of an org's API calls
├── SharingRefused    an authorization can't be shared with a connection
├── SignInLost        Salesforce has refused the stored sign-in for good
├── TooManyApprovals  Salesforce would end the oldest sign-in of the same user
├── RunStopped        somebody asked the run to end
├── RunTakenOver      another process works on the run now
└── StateRefused      a run can't be asked for that as it stands
Retryable
├── BudgetReached     (a DailyLimitReached of the client) Isthmus may make no more API calls for now
├── PageIncomplete    a result page arrived cut
├── RunAlreadyGoing   two runs of one connection never overlap
├── SignInBusy        another process has been renewing the sign-in for too long
└── TakesTooLong      what was looked for was not found in time
"""

from collections.abc import Iterable

from isthmus.domain.call_shares import MARGIN_PERCENT, Figures
from isthmus.errors import Final, Retryable
from isthmus.salesforce import DailyLimitReached


class NoSuchThing(Final):
    """It is not there."""

    def __init__(self, what: str, names: Iterable[str], known: Iterable[str] | None) -> None:
        """Name what was asked for and what there is; None says nothing of that."""
        asked = ", ".join(repr(name) for name in names)
        said = f"There is no {what} {asked}."
        if known is not None:
            said = f"{said} There are: {', '.join(known) or 'none yet'}."
        super().__init__(said)


class AppUnknown(NoSuchThing):
    """There is no app of that name."""

    def __init__(self, message: str) -> None:
        """Keep the sentence."""
        Final.__init__(self, message)


class ConnectionOff(Final):
    """The connection is switched off."""


class StoreHeld(ConnectionOff):
    """The store was restored, and nobody has let it go on: nothing runs."""


class NoSignIn(Final):
    """The connection has no sign-in."""

    def __init__(self, connection: str) -> None:
        """Name the connection, and what to do."""
        super().__init__(
            f"Connection {connection!r} has no sign-in, so it can't reach Salesforce. "
            f"Connect it on its page, or add `authorization` to it in the set-up document and "
            f"apply that, and try again."
        )


class NothingToRun(Final):
    """The connection has no active goal."""


class FewRefused(Final):
    """A run of a few records was asked for in a way that makes no sense."""


class LoginHostRefused(Final):
    """Nobody signs in so at that login host."""


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


class ApiNotEnabled(Final):
    """The user lacks the permission that every call needs."""


class AppInUse(Final):
    """Sign-ins use the app."""


class AppRefused(Final):
    """The app can't be kept as it was given."""


class ShareRefused(Final):
    """That can't be our share of an org's API calls."""

    is_of_input = True


class SharingRefused(Final):
    """The authorization can't be shared with the connection."""


class SignInLost(Final):
    """Salesforce has refused the stored sign-in for good."""


class SignInBusy(Retryable):
    """Another process has been renewing the sign-in for too long."""


class TooManyApprovals(Final):
    """Salesforce would end the oldest sign-in of the same user."""


class BudgetReached(DailyLimitReached):
    """Isthmus may make no more API calls in the org for now. Nothing was sent."""

    def __init__(self, figures: Figures) -> None:
        """Say it of what is known, and when more are free."""
        self.reason = _reason(figures)
        """Why, and what to do, without the time."""
        by_share = figures.left_of_share < 1
        free_at = figures.free_at(1) if by_share else None
        self.go_on_at = figures.free_at(figures.enough) if by_share else None
        """When so many are free that going on is worth it; None: whenever others leave some."""
        when = f" More are free at {free_at:%H:%M} UTC." if free_at else ""
        super().__init__(f"{self.reason}{when}")


def _reason(figures: Figures) -> str:
    if figures.left_of_share > 0:
        return (
            f"The org's API calls of 24 hours are used up but for the {MARGIN_PERCENT} % that "
            f"Isthmus leaves to others ({figures.others:,} of {figures.limit or 0:,} were made by "
            f"others, {figures.ours:,} by Isthmus). It is looked again every few minutes."
        )
    of = f"the org's {figures.limit:,}" if figures.limit else "an org whose limit isn't known yet"
    return (
        f"Isthmus has used the {figures.share:,} API calls that it may make in 24 hours: "
        f"{figures.share_percent} % of {of}. An administrator may raise that share, on the page "
        f"of the org's API calls or by `isthmus org share`."
    )
