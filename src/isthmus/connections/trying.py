"""Trying the mail server or a webhook right away, while somebody waits."""

import secrets as random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from isthmus.connections import (
    letter_drawing,
    letter_payload,
    letter_words,
    lost_letters,
    mail_server,
    mailing,
    secrets,
    webhooks,
)
from isthmus.connections.models import Connection, Letter
from isthmus.connections.sending import NO_SERVER
from isthmus.connections.webhook_setting import WebhookRefused
from isthmus.domain import notifying
from isthmus.errors import IsthmusError

SECONDS: Final = 10.0
"""After so long it is said that there was no answer."""

_ANSWER_SECONDS: Final = 8.0


@dataclass(frozen=True, kw_only=True)
class Tested:
    """What came of a try."""

    is_good: bool
    words: str  # what happened, and what to do
    said: str = ""  # what the server said of it


def try_mail(to: str) -> Tested:
    """Hand a test letter to the mail server."""
    if why := notifying.address_trouble(to):
        return Tested(is_good=False, words=why)
    try:
        server = mail_server.current()
    except IsthmusError as error:
        return Tested(is_good=False, words=str(error))
    if server is None:
        return Tested(is_good=False, words=NO_SERVER)
    letter = letter_drawing.message(
        letter_words.of_test(to),
        sender=server.sender,
        to=to,
        message_id=f"<test.{random.token_hex(12)}@{server.sender.rpartition('@')[2]}>",
        now=timezone.now(),
    )

    def send() -> Tested:
        try:
            with mailing.Session(server, answer_seconds=_ANSWER_SECONDS, seconds=SECONDS) as opened:
                opened.send(letter, to)
        except (mailing.MailTrouble, mailing.AddressRefused) as trouble:
            return Tested(is_good=False, words=str(trouble), said=trouble.said)
        return Tested(
            is_good=True,
            words=f"{server} has taken a test e-mail to {to}. Look whether it arrives, also among "
            f"what is taken for spam.",
        )

    tested = _in_time(send, str(server))
    if tested.is_good:
        lost_letters.reached(Letter.EMAIL, to)
    return tested


def try_webhook(connection: Connection) -> Tested:
    """Call the webhook of a connection with an event that tells of nothing."""
    url = connection.webhook_url
    if not url:
        return Tested(is_good=False, words="The connection has no webhook. Enter its address.")
    event = f"evt_{random.token_hex(12)}"
    body = letter_payload.test_body(connection, event, timezone.now())
    try:
        secret = secrets.unseal(connection.sealed_webhook_secret)
    except secrets.SecretUnreadable as error:
        return Tested(is_good=False, words=str(error))

    def call() -> Tested:
        try:
            status = webhooks.call(
                url, body, secret=secret, event=event, answer_seconds=_ANSWER_SECONDS
            )
        except (webhooks.WebhookTrouble, WebhookRefused) as trouble:
            return Tested(is_good=False, words=str(trouble))
        return Tested(is_good=True, words=f"The webhook has taken a test event ({status}).")

    tested = _in_time(call, "the webhook")
    if tested.is_good:
        lost_letters.reached(Letter.WEBHOOK, url)
    return tested


def _in_time(act: Callable[[], Tested], name: str) -> Tested:
    """What came of it; after a while, that there was no answer, whatever keeps it."""
    found: list[Tested] = []
    thread = threading.Thread(target=lambda: found.append(act()), daemon=True)
    thread.start()
    thread.join(SECONDS + 2)
    if found:
        return found[0]
    return Tested(
        is_good=False,
        words=f"{name[:1].upper()}{name[1:]} did not answer in time. Look whether host and port "
        f"are right, and whether a firewall lets this machine through.",
    )
