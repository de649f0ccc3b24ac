"""Asking once, before something is lost: what, in numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One thing that goes, or stays."""

    icon: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What is asked before something is done that can't be undone."""

    title: str  # a question that names the thing
    words: str = ""
    losses: Sequence[Loss] = ()
    counted: str = ""  # address of a page whose #losses come later: they take a moment to count
    act: str  # the button's words
    icon: str = "trash"
    address: str  # the form is posted there
    back: str  # where *Keep* leads without script
    keep: str = "Keep"
    blocked: str = ""  # why it can't be done now; then there is no button


def ask(request: HttpRequest, confirmation: Confirmation) -> HttpResponse:
    """The page that asks; where the page's script asks for it, it is shown as a dialog."""
    return render(request, "web/confirm.html", {"asked": confirmation})
