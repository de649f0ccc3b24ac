"""Settings: the mail server that letters are handed to."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from isthmus.connections import letters, mail_server, masking, page_address, sending, trying
from isthmus.connections.mail_server import MailServerRefused, Security
from isthmus.connections.models import Letter, MailServer
from isthmus.domain.roles import Right
from isthmus.errors import IsthmusError
from isthmus.web import edits
from isthmus.web.access import access, who
from isthmus.web.confirming import Confirmation, Loss, ask
from isthmus.web.forms.notifying import MailServerForm, TestLetterForm
from isthmus.web.masking import sees_personal_data

_THING = "mail server"
_NAMES = ("host", "port", "security", "username", "sender")


@access(Right.ADMINISTER)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: HttpRequest) -> HttpResponse:
    """The server, and how it goes with letters; the password that is kept is never shown."""
    if request.method != "POST":
        return _shown(request)
    row = mail_server.stored()
    keeps = row is not None and bool(bytes(row.sealed_password))
    form = MailServerForm(request.POST, keeps_password=keeps)
    if not form.is_valid():
        return _shown(request, 422, form=form)
    typed = {name: form.cleaned_data[name] for name in _NAMES}
    with transaction.atomic():
        held = MailServer.objects.select_for_update().first()
        seen = edits.unseal(_THING, request.POST.get(edits.NAME, ""))
        conflicts = edits.conflicts(seen, _plain(held), typed)
        if not conflicts:
            try:
                mail_server.save(form.server, keeps_password=keeps and not form.server.password)
            except MailServerRefused as error:
                form.add_error(error.field or None, str(error))
                return _shown(request, 422, form=form)
    if conflicts:
        said = edits.shown(conflicts, form.labels)
        return _shown(request, 409, form=form, conflicts=said)
    sending.hurry()
    messages.success(request, "The mail server was saved. Send a test e-mail to see that it works.")
    return redirect("mail")


@access(Right.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def test(request: HttpRequest) -> HttpResponse:
    """Send a test letter right away, and say what came of it."""
    if request.method != "POST":
        return redirect("mail")
    form = TestLetterForm(request.POST)
    if not form.is_valid():
        return _shown(request, 422, test_form=form)
    tested = trying.try_mail(form.cleaned_data["to"])
    if tested.is_good:
        sending.hurry()
    return _shown(request, test_form=form, tested=tested)


@access(Right.ADMINISTER)
@require_http_methods(["GET", "HEAD", "POST"])
def unset(request: HttpRequest) -> HttpResponse:
    """Ask, and then forget the server."""
    blocked = ""
    if request.method == "POST":
        try:
            mail_server.unset()
        except MailServerRefused as error:
            blocked = str(error)
        else:
            messages.success(request, "No mail server is set up any more.")
            return redirect("mail")
    return ask(
        request,
        Confirmation(
            title="Forget the mail server?",
            words="Nobody hears of runs by e-mail until another is set up. Webhooks go on.",
            losses=[Loss(icon="x", words="the host, the user name and the password")],
            act="Forget the mail server",
            address=reverse("unset-mail"),
            back=reverse("mail"),
            blocked=blocked,
        ),
    )


def _shown(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    row, user = mail_server.stored(), who(request)
    server, trouble = _server()
    standing = letters.standing()
    keeps = row is not None and bool(bytes(row.sealed_password))
    shown = {
        "is_operators": mail_server.is_operators(),
        "server": server,
        "trouble": trouble,
        "row": row,
        "form": MailServerForm(initial=_plain(row), keeps_password=keeps),
        "seen": edits.seal(_THING, _plain(row)),
        "test_form": TestLetterForm(initial={"to": user.email if user else ""}),
        "standing": standing,
        "missed": _missed(request, standing),
        "may_hurry": any(each.waiting or each.lost.letters for each in standing),
        "pages": page_address.base(),
        "pages_are_here": page_address.is_only_here(page_address.base()),
        **more,
    }
    return render(request, "web/mail.html", shown, status=status)


def _missed(request: HttpRequest, standing: Sequence[letters.Standing]) -> list[dict[str, Any]]:
    """Who got nothing, by why: addresses are personal data, those of webhooks may hold secrets."""
    sees = sees_personal_data(request)
    found = [
        {
            "who": (each.address if sees else masking.DOTS)
            if channel.channel == Letter.EMAIL
            else f"Webhook at {urlsplit(each.address).hostname}",
            "missed": each,
        }
        for channel in standing
        for each in channel.lost.missed
    ]
    return sorted(found, key=lambda each: each["missed"].why)


def _server() -> tuple[mail_server.Server | None, str]:
    """The server that counts, and why it can't be used."""
    try:
        return mail_server.current(), ""
    except IsthmusError as error:
        return None, str(error)


def _plain(row: MailServer | None) -> dict[str, Any]:
    if row is None:
        names = {"host": "", "username": "", "sender": ""}
        return {**names, "port": 587, "security": str(Security.STARTTLS)}
    return {name: getattr(row, name) for name in _NAMES}


@access(Right.ADMINISTER)
@require_POST
def try_again(request: HttpRequest) -> HttpResponse:
    """Try the letters that were put off right away, and those that are lost once more."""
    messages.success(request, sending.tried_words(sending.try_again()))
    return redirect("mail")
