"""Requests to login hosts, outside of any session: getting tokens, and taking them back."""

import contextlib
from collections.abc import Callable, Generator
from typing import Self, TypeVar
from urllib.parse import urlsplit

from isthmus.salesforce.errors import HostNotAllowed, RequestRefused, SalesforceError
from isthmus.salesforce.hosts import HostPolicy
from isthmus.salesforce.interruption import Interruption
from isthmus.salesforce.retries import attempts
from isthmus.salesforce.settings import ClientSettings, Clock
from isthmus.salesforce.transport import Answer, PoolTransport, Transport
from isthmus.salesforce.wire import Request, Response

T = TypeVar("T")
Steps = Generator[Request, Response, T]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Login:
    """Makes the requests that steps yield, each to a host that secrets may be sent to."""

    def __init__(
        self,
        *,
        hosts: HostPolicy,
        settings: ClientSettings | None = None,
        clock: Clock | None = None,
        transport: Transport | None = None,
        interruption: Interruption | None = None,
    ) -> None:
        self._hosts = hosts
        self._settings = settings or ClientSettings()
        self._clock = clock or Clock()
        self._transport = transport or PoolTransport(self._settings, hosts)
        self._interruption = interruption or Interruption()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._transport.close()

    def run(self, steps: Callable[[], Steps[T]]) -> T:
        """What the steps return. They are begun again, after a pause, while that may help.

        A request that must not be repeated is for the steps to say: whatever goes wrong with it is
        raised where they have yielded it, and only errors that say that nothing was done, or that
        the steps let through, lead to another try.
        """
        tries = attempts(self._settings, self._clock, repeatable=True)
        return tries(lambda: self._once(steps()))

    def _once(self, steps: Steps[T]) -> T:
        # Closed in every case: steps may hold a lock over all processes while they wait.
        with contextlib.closing(steps):
            try:
                request = next(steps)
                while True:
                    request = self._advanced(steps, request)
            except StopIteration as finished:
                result: T = finished.value
                return result

    def _advanced(self, steps: Steps[T], request: Request) -> Request:
        try:
            response = self._answer(request)
        except SalesforceError as error:
            return steps.throw(error)
        return steps.send(response)

    def _answer(self, request: Request) -> Response:
        """The answer, whatever its status but a redirect."""
        self._hosts.check(request.url)
        with contextlib.ExitStack() as closing:
            if not request.repeatable:
                # Its answer may hold a token that can't be had a second time.
                closing.enter_context(self._interruption.spared())
            self._interruption.check()
            closing.enter_context(self._interruption.told())
            answer = self._transport.open(request)
            closing.callback(answer.close)
            refuse_redirect(request, answer)
            return answer.read()


def refuse_redirect(request: Request, answer: Answer) -> None:
    """Raise where the answer leads elsewhere: secrets are sent to no address that an answer names.

    `HostNotAllowed` for another host, `RequestRefused` for another path.
    """
    if answer.status not in _REDIRECTS:
        return
    target = urlsplit(answer.headers.get("location", "")).netloc
    if target and target != urlsplit(request.url).netloc:
        raise HostNotAllowed(
            f"{request.target} was redirected to the host {target}. Redirects to other hosts are "
            f"not followed; if {target} is right, enter it as the login URL."
        )
    raise RequestRefused(
        f"{request.target} was redirected ({answer.status}). Redirects are not followed; check "
        "the login URL.",
        status=answer.status,
        path=request.target,
    )
