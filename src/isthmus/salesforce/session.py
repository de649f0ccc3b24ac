"""Requests under a sign-in: token, renewal, retries and errors, for several threads at once."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

from isthmus.salesforce.allowance import Allowance, Unlimited, counts
from isthmus.salesforce.error_codes import error_of
from isthmus.salesforce.errors import (
    ConnectionLost,
    HostNotAllowed,
    HostUnreachable,
    OrgChanged,
    OutcomeUnknown,
    SalesforceError,
    ServerFault,
    ServerUnavailable,
    SessionExpired,
    SignInRefused,
    UnexpectedAnswer,
)
from isthmus.salesforce.hosts import HostPolicy
from isthmus.salesforce.interruption import Interruption
from isthmus.salesforce.login import Login, refuse_redirect
from isthmus.salesforce.retries import attempts
from isthmus.salesforce.settings import ClientSettings, Clock
from isthmus.salesforce.signin import Credentials, Token
from isthmus.salesforce.transport import Answer, Transport
from isthmus.salesforce.usage import Usage, read_usage
from isthmus.salesforce.wire import Request, Response

T = TypeVar("T")

_NOT_MODIFIED = 304
_FAULTS_FROM = 500
_NO_RENEWAL = (
    "Connected app is not attached to Agent",
    "This session is not valid for use with the REST API",
)
"""401s that a new token does not cure. Source: jsforce, which skips them as well."""


class Session:
    """Sends requests to the org that the credentials sign in to."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        hosts: HostPolicy,
        settings: ClientSettings,
        clock: Clock,
        transport: Transport,
        interruption: Interruption,
    ) -> None:
        self._credentials = credentials
        self._hosts = hosts
        self._settings = settings
        self._clock = clock
        self._transport = transport
        self._interruption = interruption
        self._login = Login(
            hosts=hosts,
            settings=settings,
            clock=clock,
            transport=transport,
            interruption=interruption,
        )
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._org_id: str | None = None
        self.usage: Usage | None = None
        self.allowance: Allowance = Unlimited()

    @property
    def token(self) -> Token:
        """The current token; signs in where there is none yet."""
        return self._token or self._renewed(None)

    def send(self, request: Request) -> Response:
        """The whole answer. Raises what `errors.py` lists; 304 is an answer, not an error."""
        return self._repeated(request, lambda answer: answer.read())

    def json(self, request: Request) -> object:
        """The answer's JSON. One that isn't JSON is repeated, or its outcome is unknown."""
        return self.with_json(request)[1]

    def with_json(self, request: Request) -> tuple[Response, object]:
        """The whole answer, and its JSON; see `json`."""
        return self._repeated(request, _with_json)

    @contextlib.contextmanager
    def stream(self, request: Request) -> Iterator[Answer]:
        """The answer while its body is still coming. Only what comes before it is repeated."""
        answer = self._repeated(request, lambda answer: answer, keep_open=True)
        try:
            yield answer
        finally:
            answer.close()

    def _repeated(
        self, request: Request, receive: Callable[[Answer], T], *, keep_open: bool = False
    ) -> T:
        """Try as often as is right, and once more so where only the session had ended.

        Signing in stands outside of the tries: it has its own.
        """
        tries = attempts(self._settings, self._clock, repeatable=request.repeatable)

        def under(token: Token) -> T:
            signed = _under(request, token)
            return tries(lambda: self._exchange(signed, receive, keep_open=keep_open))

        token = self.token
        try:
            return under(token)
        except SessionExpired as error:
            fresh = self._renewed(token)
            if not request.replayable:
                raise _used_up(request) from error
        return under(fresh)

    def _exchange(self, request: Request, receive: Callable[[Answer], T], *, keep_open: bool) -> T:
        self._interruption.check()
        with (
            _outcome_known(request),
            self._interruption.told(),
            contextlib.ExitStack() as closing,
        ):
            answer = self._opened(request)
            closing.callback(answer.close)
            self._hear(answer)
            _check_status(request, answer)
            result = receive(answer)
            if keep_open:
                closing.pop_all()
            return result

    def _opened(self, request: Request) -> Answer:
        """The answer to a request that is covered, each time that it is sent."""
        if not counts(request.url):
            return self._transport.open(request)
        taken = self.allowance.take(self._org_id or "")
        try:
            return self._transport.open(request)
        except HostUnreachable:
            self.allowance.put_back(taken)
            raise

    def _hear(self, answer: Answer) -> None:
        usage = read_usage(answer.headers.get("sforce-limit-info"))
        if usage is not None:
            self.usage = usage
            self.allowance.told(self._org_id or "", usage)

    def _renewed(self, refused: Token | None) -> Token:
        """A token other than the refused one; threads that wait share one sign-in."""
        with self._lock:
            if self._token is None or self._token is refused:
                self._token = None
                self._token = self._checked(self._sign_in())
            return self._token

    def _sign_in(self) -> Token:
        self._hosts.check(self._credentials.login_url)
        return self._login.run(lambda: self._credentials.sign_in(self._clock.now()))

    def _checked(self, token: Token) -> Token:
        self._hosts.check(token.instance_url)
        if self._org_id is not None and self._org_id[:15] != token.org_id[:15]:
            raise OrgChanged(
                f"The sign-in reached the org {self._org_id} before and {token.org_id} now. "
                f"{OrgChanged.advice}"
            )
        self._org_id = token.org_id
        return token


def _with_json(answer: Answer) -> tuple[Response, object]:
    response = answer.read()
    return response, response.json()


def _under(request: Request, token: Token) -> Request:
    return request.to(
        f"{token.instance_url.rstrip('/')}{_path(request, token)}",
        {"Authorization": f"Bearer {token.access_token}", "Accept-Encoding": "gzip"},
    )


def _path(request: Request, token: Token) -> str:
    """The path on the instance; links that Salesforce sends may not lead anywhere else."""
    path = request.url.removeprefix(token.instance_url.rstrip("/"))
    if path.startswith("/") and not path.startswith("//") and "\\" not in path:
        return path
    raise HostNotAllowed(
        f"Salesforce sent a link that leads away from {token.instance_url}: "
        f"{urlsplit(request.url).netloc or request.target}. Only paths on the instance are "
        "followed; try again, and tell Salesforce's support if it stays."
    )


def _check_status(request: Request, answer: Answer) -> None:
    refuse_redirect(request, answer)
    if 200 <= answer.status < 300 or answer.status == _NOT_MODIFIED:  # noqa: PLR2004
        return
    error = error_of(answer.read())
    if error.code == "INVALID_SESSION_ID" and not _can_renew(error):
        raise SignInRefused(
            f"{error} A new sign-in does not help: check the app's settings and policies.",
            status=error.status,
            code=error.code,
            path=error.path,
            words=error.words,
        )
    raise error


def _can_renew(error: SalesforceError) -> bool:
    return not error.words.startswith(_NO_RENEWAL)


def _used_up(request: Request) -> SessionExpired:
    return SessionExpired(
        f"The session ended before {request.target} was taken; nothing was stored, and there is a "
        "new session now. Send the body again from its start.",
        status=401,
        path=request.target,
    )


@contextlib.contextmanager
def _outcome_known(request: Request) -> Iterator[None]:
    """Raise `OutcomeUnknown` where a request that must not be repeated may have been done."""
    try:
        yield
    except (ConnectionLost, ServerFault, ServerUnavailable, UnexpectedAnswer) as error:
        refused = error.status is not None and 300 <= error.status < _FAULTS_FROM  # noqa: PLR2004
        if request.repeatable or refused:
            raise
        raise OutcomeUnknown(
            f"Nobody knows whether {request.target} was done: {error} {OutcomeUnknown.advice}",
            status=error.status,
            code=error.code,
            path=error.path,
            words=error.words,
        ) from error
