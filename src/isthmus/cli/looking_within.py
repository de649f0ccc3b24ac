"""Checks that end in time, whatever they wait for, and of which none hides another."""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from isthmus.cli.checking import Finding
from isthmus.errors import IsthmusError

Check = Callable[[], Iterable[Finding]]


def within(what: str, seconds: float, check: Check, *, advice: str = "") -> list[Finding]:
    """What the check found; that it failed or found no end in so many seconds is a finding too."""
    return started(what, check).result_within(seconds, advice)


class Started:
    """A check that goes on in a thread, which the process does not wait for at its end."""

    def __init__(self, what: str, check: Check) -> None:
        """Start it."""
        self._what = what
        self._found: Future[list[Finding]] = Future()
        threading.Thread(target=self._look, args=(check,), daemon=True).start()

    def _look(self, check: Check) -> None:
        try:
            self._found.set_result(_findings(self._what, check))
        finally:
            from django.conf import settings
            from django.db import connections

            if settings.configured:
                connections.close_all()

    def result_within(self, seconds: float, advice: str = "") -> list[Finding]:
        """What it found, at the latest after so many seconds."""
        try:
            return self._found.result(seconds)
        except TimeoutError:
            detail = f"There was no answer within {seconds:.0f} seconds. {advice}".rstrip()
            return [Finding(what=self._what, ok=False, detail=detail)]


def started(what: str, check: Check) -> Started:
    """The check, under way."""
    return Started(what, check)


def _findings(what: str, check: Check) -> list[Finding]:
    found: list[Finding] = []
    try:
        # One by one: what was found before the trouble stays.
        found.extend(check())
    except IsthmusError as error:
        found.append(Finding(what=what, ok=False, detail=str(error)))
    except Exception as error:  # noqa: BLE001 - the other checks are still of use
        reason = " ".join(str(error).split())
        detail = f"It can't be looked at ({type(error).__name__}: {reason})."
        found.append(Finding(what=what, ok=False, detail=detail))
    return found


def all_within(
    checks: Sequence[tuple[str, Check]], seconds: float, *, most: int, advice: str = ""
) -> list[Finding]:
    """All of them, so many at a time; in their order."""
    found: list[Finding] = []
    for place in range(0, len(checks), most):
        under_way = [started(what, check) for what, check in checks[place : place + most]]
        for each in under_way:
            found += each.result_within(seconds, advice)
    return found
