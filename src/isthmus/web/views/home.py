"""Home: what needs attention, the connections, and how many profiles there are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from isthmus import worker
from isthmus.connections import alert_words, alerts, holding, overview
from isthmus.connections.errors import NoSuchThing, StateRefused
from isthmus.connections.overview import Wanted
from isthmus.domain.roles import Right
from isthmus.profiles import growth, looking, searching
from isthmus.profiles.errors import TooSlow
from isthmus.profiles.growth import Span
from isthmus.web import attention, home_page, troubles
from isthmus.web.access import Anyone, access, who
from isthmus.web.addresses import ours
from isthmus.web.confirming import Confirmation, ask

AT_ONCE_MS: Final = 40
"""For a count that may have to read much: it goes on after the page."""

_WEEK: Final = 7

_SPANS: Final[Mapping[str, tuple[str, str, Callable[[date], Sequence[Span]]]]] = {
    "days": ("14 days", "{0.day} {0:%b}", lambda today: growth.days(today, 14)),
    "weeks": ("12 weeks", "{0.day} {0:%b}", lambda today: growth.weeks(today, 12)),
    "months": ("1 year", "{0:%b} {0.year}", lambda today: growth.months(today, 12)),
}


@access(Anyone.SIGNED_IN)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where somebody goes first. Without a role there is nothing to see but one's own account."""
    user = who(request)
    if user is None or not user.may(Right.LOOK):
        return redirect("account")
    every = overview.connections(Wanted(user=user.id))
    troubles.know(request, sum(each.is_troubled for each in every))
    needs = attention.gather(every, attention.looks_of(request), works=worker.any_works())
    with looking.session() as session:
        about = searching.about_how_many(session)
    shown = {
        "now": home_page.heading(timezone.now()),
        "total": len(every),
        "attention": needs,
        "rows": home_page.rows(every, needs.connections),
        "said": home_page.said_of(every),
        "about": f"{about:,}" if about else "",
    }
    return render(request, "web/home.html", shown)


@access(Right.LOOK)
@require_safe
def profiles(request: HttpRequest) -> HttpResponse:
    """How many profiles there are, and how many are new: counted apart, as that takes a moment."""
    whole = growth.whole()
    shown: dict[str, Any] = {"whole": whole, "anonymous": _anonymous(whole)}
    try:
        made = growth.made(
            growth.days(timezone.localdate(), home_page.DAYS),
            home_page.zone(),
            patience_ms=growth.PATIENT_MS,
        )
    except TooSlow:
        shown["late"] = True
    else:
        shown["columns"] = home_page.columns(made)
        shown["new"] = sum(each.profiles for each in made[-_WEEK:])
        shown |= home_page.between(made)
    return render(request, "web/home_profiles.html", shown)


def _anonymous(whole: growth.Whole) -> int | None:
    """Those without an identifier. The two numbers are of moments that are not quite the same."""
    if whole.profiles is None or whole.known is None:
        return None
    return max(whole.profiles - whole.known, 0)


@access(Right.LOOK)
@require_safe
def over_time(request: HttpRequest) -> HttpResponse:
    """How many profiles were made when: a chart, and the table behind it."""
    chosen = request.GET.get("by", "days")
    by = chosen if chosen in _SPANS else "days"
    patient = request.GET.get("patient") == "1"
    _, words, spans = _SPANS[by]
    shown: dict[str, Any] = {
        "by": by,
        "choices": [(value, word) for value, (word, _, _) in _SPANS.items()],
        "patient": patient,
    }
    try:
        made = growth.made(
            spans(timezone.localdate()),
            home_page.zone(),
            patience_ms=growth.PATIENT_MS if patient else AT_ONCE_MS,
        )
    except TooSlow:
        shown["waits"] = True
    else:
        shown["columns"] = home_page.columns(made, words)
        shown["whole"] = sum(each.profiles for each in made)
        shown |= home_page.between(made)
    return render(request, "web/profiles_over_time.html", shown)


@access(Right.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest) -> HttpResponse:
    """Ask, and then let a store go on that was restored and is held."""
    if request.method == "POST":
        if holding.release():
            messages.success(request, "The store goes on: runs start again.")
        else:
            messages.info(request, "Nothing was held: runs go on as they did.")
        return redirect("home")
    found = holding.held()
    return ask(
        request,
        Confirmation(
            title="Let the restored store go on?",
            words="Two installations with the same connections write to the same orgs, and neither "
            "knows what the other wrote. Go on once the one that the backup was made of has ended "
            "for good.",
            act="Let it go on",
            icon="play",
            keep="Keep it held",
            address=reverse("resume"),
            back=reverse("home"),
            blocked="" if found else "Nothing is held: runs go on as they did.",
        ),
    )


@access(Right.EDIT)
@require_POST
def usual(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Take far fewer or more records as what is usual from now on."""
    user = who(request)
    try:
        row = alerts.take_as_usual(alert_id, by=user.email if user else "")
    except NoSuchThing as error:
        raise Http404 from error
    except StateRefused as refused:
        messages.error(request, str(refused))
    else:
        words = alert_words.words(row)
        messages.success(
            request, f"{words.title}: that is taken as usual. Later runs are compared with it."
        )
    return redirect(ours(request, request.POST.get("next", "")))
