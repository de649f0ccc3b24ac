"""One sign-in for many processes: its tokens are in a store that all of them use."""

from contextlib import AbstractContextManager
from typing import Protocol

from isthmus.salesforce.errors import HostNotAllowed, SignInRefused
from isthmus.salesforce.hosts import HostPolicy
from isthmus.salesforce.signin import SignIn, Token
from isthmus.salesforce.web_server import Grant, GrantSteps

_OAUTH_REFUSALS = (400, 401)
_PASSING_WORDS = ("ip restricted", "login hours", "concurrent")


class Way(Protocol):
    """How to get another token, such as `Refresh`, `ClientCredentials` or `JwtBearer`."""

    def sign_in(self, now: float) -> SignIn | GrantSteps:
        """Yield requests, take their answers, return what they gave."""


class Renewing(Protocol):
    """A renewal that is this process's alone, over all processes."""

    @property
    def token(self) -> Token | None:
        """The access token that is stored now, if any."""

    @property
    def way(self) -> Way:
        """How to get another, with what is stored now."""

    def keep(self, grant: Grant, *, usable: bool) -> Token:
        """Store it for good, and say which token is to be used.

        When this returns, the new refresh token outlives any crash. An access token that is not
        usable is not stored. Where somebody has signed in anew meanwhile, that token is returned.
        """

    def lose(self, error: SignInRefused) -> None:
        """Store that Salesforce refuses for good: nobody is to ask again."""


class TokenStore(Protocol):
    """Where processes keep the tokens of one sign-in."""

    @property
    def login_url(self) -> str:
        """The login host."""

    def token(self) -> Token | None:
        """The access token that is stored now, if any. Raises where the sign-in is lost."""

    def renewing(self) -> AbstractContextManager[Renewing]:
        """Inside `with`, nobody else renews, in whatever process."""


class SharedSignIn:
    """Credentials whose token is kept in a store. Whoever waited for a renewal takes what it gave.

    One client at a time uses an object; any number of them, anywhere, use the store.
    """

    def __init__(self, store: TokenStore, hosts: HostPolicy) -> None:
        self._store, self._hosts = store, hosts
        self._given = ""

    @property
    def login_url(self) -> str:
        """See `Credentials`."""
        return self._store.login_url

    def sign_in(self, now: float) -> SignIn:
        """See `Credentials`. Called again, it gives another token than the last time."""
        token = self._store.token()
        if token is None or token.access_token == self._given:
            token = yield from self._renewed(now)
        self._given = token.access_token
        return token

    def _renewed(self, now: float) -> SignIn:
        with self._store.renewing() as renewing:
            found = renewing.token
            if found is not None and found.access_token != self._given:
                return found
            try:
                given = yield from renewing.way.sign_in(now)
            except SignInRefused as error:
                if is_for_good(error):
                    renewing.lose(error)
                raise
            grant = given if isinstance(given, Grant) else Grant(token=given)
            # A new refresh token is kept in any case: the one before is worth nothing any more.
            return renewing.keep(grant, usable=self._allowed(grant.token))

    def _allowed(self, token: Token) -> bool:
        try:
            self._hosts.check(token.instance_url)
        except HostNotAllowed:
            return False
        return True

    def __repr__(self) -> str:
        return f"SharedSignIn({self.login_url!r})"


def is_for_good(error: SignInRefused) -> bool:
    """Whether asking again with the same secrets makes no sense.

    A page in between that forbids something is not Salesforce speaking, and hours and addresses
    that a user may log in from pass.
    """
    said = bool(error.code) and error.status in _OAUTH_REFUSALS
    return said and not any(each in error.words.lower() for each in _PASSING_WORDS)
