"""What the first page of a connection shows of who hears of its runs."""

from typing import Any, Final
from urllib.parse import urlsplit

from django.http import HttpRequest

from isthmus.connections import mail_server, who_hears
from isthmus.connections.models import Connection
from isthmus.domain.roles import Right
from isthmus.web import edits
from isthmus.web.access import who
from isthmus.web.forms.notifying import NotifyForm, WebhookForm
from isthmus.web.masking import sees_personal_data

LABELS: Final = {"to": "E-mail goes to", "when": "They hear of", "url": "Address"}


def gather(request: HttpRequest, row: Connection) -> dict[str, Any]:
    """Who hears of what, and the forms to change it; addresses are personal data."""
    return {
        "hears": who_hears.words(row),
        "hears_to": row.notify_to if sees_personal_data(request) else None,
        "no_mail_server": bool(row.notify_to) and not _has_server(),
        "notify_form": form_of(request, row),
        "seen_notify": edits.seal(thing(row), shown(request, row)),
        "webhook_form": WebhookForm(initial={"url": row.webhook_url}),
        "seen_webhook": edits.seal(f"{thing(row)} webhook", {"url": row.webhook_url}),
        "webhook_host": urlsplit(row.webhook_url).hostname or "",
    }


def form_of(request: HttpRequest, row: Connection, given: Any = None) -> NotifyForm:
    """The form about e-mail; without the addresses for those who may not see them."""
    sees = sees_personal_data(request)
    return NotifyForm(
        given,
        initial={"address": row.notify_to, "when": row.notify_when},
        suggested=who_hears.suggestions(row) if sees else None,
    )


def shown(request: HttpRequest, row: Connection) -> dict[str, Any]:
    """What that form shows of a connection, in the form in which it is sealed."""
    addresses = {"to": row.notify_to} if sees_personal_data(request) else {}
    return {**addresses, "when": row.notify_when}


def thing(row: Connection) -> str:
    """What seals are about."""
    return f"connection {row.key} notify"


def sees_all(request: HttpRequest) -> bool:
    """Whether whoever asks may see addresses and where the webhook leads."""
    user = who(request)
    return user is not None and user.sees_personal_data and user.may(Right.EDIT)


def _has_server() -> bool:
    return mail_server.is_operators() or mail_server.stored() is not None
