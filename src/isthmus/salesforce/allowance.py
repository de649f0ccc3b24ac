"""Who decides whether an API call may be made now, and hears how many the org has used."""

from typing import Protocol
from urllib.parse import urlsplit

from isthmus.salesforce.usage import Usage

_SIGNING_IN = "/services/oauth2/"
_VERSIONS = "/services/data"


class Allowance(Protocol):
    """Covers each API call before it is sent. Used by several threads at once."""

    def take(self, org_id: str) -> int:
        """Cover one call to the org, and number what it was taken from, for `put_back`.

        Raises what keeps the call from being made, best a `DailyLimitReached`.
        """

    def put_back(self, taken: int) -> None:
        """Take back a call that was not sent."""

    def told(self, org_id: str, usage: Usage) -> None:
        """Hear what an answer said about the whole org. Raises nothing."""

    def close(self) -> None:
        """Give back what is left. Raises nothing."""


class Unlimited:
    """Covers any number of calls."""

    def take(self, org_id: str) -> int:
        """See `Allowance`."""
        del org_id
        return 0

    def put_back(self, taken: int) -> None:
        """See `Allowance`."""

    def told(self, org_id: str, usage: Usage) -> None:
        """See `Allowance`."""

    def close(self) -> None:
        """See `Allowance`."""


def counts(url: str) -> bool:
    """Whether Salesforce counts a request to that address as an API call.

    All do but those of signing in, and the list of versions, which needs no sign-in.
    """
    path = urlsplit(url).path
    return not path.startswith(_SIGNING_IN) and path.rstrip("/") != _VERSIONS
