"""How many connections need attention, for the navigation of every page."""

import os
import time
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from isthmus.connections import attention

_MANY: Final = 200
"""From so many connections on the number is kept for a while."""

_TIMES: Final = 1000
"""It is kept for so many times as long as it took, some seconds: that is little of a page, then."""

_KNOWN: Final = "_isthmus_troubled"


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A number that is good for a while."""

    number: int
    until: float
    store: str  # where it was asked


_kept: _Kept | None = None


def number(request: HttpRequest) -> int:
    """How many connections should run and can't, or didn't."""
    known: int | None = getattr(request, _KNOWN, None)
    return _asked() if known is None else known


def know(request: HttpRequest, troubled: int) -> None:
    """Say what a page has found out by itself."""
    setattr(request, _KNOWN, troubled)


def _asked() -> int:
    global _kept  # noqa: PLW0603 - one number for all threads; whichever is the last is right
    store, began = os.environ.get("ISTHMUS_CONNINFO", ""), time.monotonic()
    kept = _kept
    if kept is not None and kept.store == store and began < kept.until:
        return kept.number
    found, whole = attention.troubled()
    took = time.monotonic() - began
    if whole >= _MANY:
        _kept = _Kept(number=found, until=began + _TIMES * took, store=store)
    return found
