"""Sending the letters that wait: by a worker at intervals, each by one process at a time.

A process that sends a letter holds it for a while, and no transaction stays open meanwhile. Whom
the server has taken it for is written down at once. A process that is killed between the two leaves
that unsaid, so the next one sends it again, under the same Message-ID or event id.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
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
from isthmus.connections.letters import waiting
from isthmus.connections.models import Letter
from isthmus.connections.webhook_setting import WebhookRefused
from isthmus.errors import IsthmusError

log = logging.getLogger("isthmus.letters")

PAUSES: Final = tuple(timedelta(seconds=each) for each in (30, 60, 120, 300, 600, 900, 1800))
"""Before each further try; the last one comes again and again."""

GIVE_UP: Final = timedelta(days=3)
"""After so long without success nobody is told any more."""

HELD: Final = timedelta(minutes=5)
"""How long a letter is one process's. Whoever sends it looks before each address."""

_MOST: Final = 200
"""Letters that are worked off in one go."""

NO_SERVER: Final = (
    "No mail server is set up. Set one up in the settings under E-mail, by `isthmus mail set`, or "
    f"by {mail_server.URL_SETTING}."
)
_BROKEN: Final = (
    "What is to be told could not be put into words ({error}). Report it with what the log of the "
    "worker says at this time."
)
NOBODY_TAKES_IT: Final = "The mail server does not take e-mail for any of the addresses."
NO_WEBHOOK: Final = "The connection has no webhook any more."


class _TakenAway(Exception):
    """Another process holds the letter now."""


def send_mail(session: Callable[[mail_server.Server], mailing.Session] = mailing.Session) -> int:
    """Send the letters by e-mail whose time has come; how many were done with."""
    if not _due(Letter.EMAIL, timezone.now(), ()).exists():
        return 0
    try:
        server = mail_server.current()
        if server is None:
            raise mailing.MailTrouble(NO_SERVER)
    except IsthmusError as error:
        letter = _claimed(Letter.EMAIL)
        if letter is not None:
            _put_off(letter, str(error))
        return 0
    with session(server) as opened:
        return _send_all(server, opened)


def _send_all(server: mail_server.Server, session: mailing.Session) -> int:
    done = 0
    for _ in range(_MOST):
        letter = _claimed(Letter.EMAIL)
        if letter is None:
            break
        try:
            with _alone(letter):
                done += _mailed(letter, server, session)
        except mailing.MailTrouble as trouble:
            # The next letter would meet the same: it is tried by itself in the next round.
            with _alone(letter):
                _put_off(letter, str(trouble))
            break
        except Exception as error:  # noqa: BLE001 - one letter's trouble is not the others'
            _set_aside(letter, error)
    return done


def _set_aside(letter: Letter, error: Exception) -> None:
    """Put a letter off that met an error of ours, which nobody foresaw."""
    facts = {"letter": letter.id, "channel": letter.channel, "error": type(error).__name__}
    extra = {"event": "letter broken", "facts": facts}
    log.error("letter broken", extra=extra, exc_info=error)
    with _alone(letter):
        _put_off(letter, _BROKEN.format(error=type(error).__name__))


@contextmanager
def _alone(letter: Letter) -> Iterator[None]:
    """Let go of a letter that another process holds meanwhile."""
    try:
        yield
    except _TakenAway:
        _say("letter taken over", letter)


def call_webhooks() -> int:
    """Call the webhooks of the letters whose time has come; how many were done with."""
    done = 0
    silent: set[int | None] = set()
    for _ in range(_MOST):
        letter = _claimed(Letter.WEBHOOK, silent)
        if letter is None:
            break
        try:
            with _alone(letter):
                done += _called(letter)
        except (webhooks.WebhookTrouble, WebhookRefused, secrets.SecretUnreadable) as trouble:
            with _alone(letter):
                gone = isinstance(trouble, webhooks.WebhookGone)
                _put_off(letter, str(trouble), gives_up=gone)
            silent.add(letter.connection_id)
        except Exception as error:  # noqa: BLE001 - one letter's trouble is not the others'
            _set_aside(letter, error)
    return done


def _due(channel: str, now: datetime, silent: Collection[int | None]) -> QuerySet[Letter]:
    free = Q(held_until__isnull=True) | Q(held_until__lte=now)
    rows = waiting().filter(free, channel=channel, due_at__lte=now)
    return rows.exclude(connection_id__in=[each for each in silent if each is not None])


def _claimed(channel: str, silent: Collection[int | None] = ()) -> Letter | None:
    """A letter that no other process sends, held for a while."""
    now = timezone.now()
    with transaction.atomic():
        rows = _due(channel, now, silent).select_for_update(skip_locked=True, of=("self",))
        row = rows.order_by("due_at", "id").first()
        if row is None:
            return None
        row.tries += 1
        row.held_until = now + HELD
        row.save(update_fields=["tries", "held_until"])
    about = ("connection", "run__connection", "asks__run__connection", "alert__connection")
    return Letter.objects.select_related(*about).filter(id=row.id).first()


def _mailed(letter: Letter, server: mail_server.Server, session: mailing.Session) -> bool:
    """Send it to all who have not got it; whether nobody is left. Raises `MailTrouble`."""
    if letter_words.is_over(letter):
        letter.delete()
        return True
    words = letter_words.of(letter)
    trouble = ""
    for to in _still_wanted(letter):
        _keep(letter)
        made = letter_drawing.message(
            words,
            sender=server.sender,
            to=to,
            message_id=letter_drawing.message_id(letter, to, server.sender),
            now=timezone.now(),
        )
        if letter.connection is not None:
            made["List-Id"] = letter_drawing.list_id(letter.connection.key, server.sender)
        try:
            session.send(made, to)
        except mailing.AddressRefused as error:
            trouble = str(error)
            if not error.for_good:
                continue
            letter.refused[to] = trouble
        else:
            letter.heard += 1
            lost_letters.reached(Letter.EMAIL, to)
        letter.to = [each for each in letter.to if each != to]
        _keep(letter, to=letter.to, heard=letter.heard, refused=letter.refused)
    if letter.to:
        _put_off(letter, trouble)
        return False
    _end(letter)
    return True


def _still_wanted(letter: Letter) -> list[str]:
    """Those who have not got it; whoever was taken off the connection's list is left out."""
    if letter.connection is not None:
        wanted = {each.lower() for each in letter.connection.notify_to}
        letter.to = [each for each in letter.to if each.lower() in wanted]
    return list(letter.to)


def _end(letter: Letter) -> None:
    """Nobody is left who is to get it."""
    now = timezone.now()
    if letter.refused and not letter.heard:
        letter.to = []
        _give_up(letter, NOBODY_TAKES_IT, now)
        return
    _keep(letter, to=[], sent_at=now, trouble="", held_until=None)
    _say("letter sent", letter)


def _called(letter: Letter) -> bool:
    """Call the webhook. Raises where it does not take it."""
    row = letter.connection
    if row is None or not row.webhook_url or letter_words.is_over(letter):
        letter.delete()
        return True
    webhooks.call(
        row.webhook_url,
        letter_payload.body(letter),
        secret=secrets.unseal(row.sealed_webhook_secret),
        event=letter_payload.event_id(letter),
    )
    letter.heard += 1
    _keep(letter, heard=letter.heard)
    lost_letters.reached(Letter.WEBHOOK, row.webhook_url)
    _end(letter)
    return True


def _put_off(letter: Letter, trouble: str, *, gives_up: bool = False) -> None:
    """Try again after a while; or never, where that has gone on for too long."""
    now = timezone.now()
    if gives_up or now - letter.written_at >= GIVE_UP:
        _give_up(letter, trouble, now)
        return
    pause = PAUSES[min(letter.tries, len(PAUSES)) - 1]
    _keep(letter, due_at=now + pause, trouble=trouble, held_until=None)
    _say("letter not sent yet", letter)


def _give_up(letter: Letter, trouble: str, now: datetime) -> None:
    """Nobody else gets it."""
    missed = [*letter.to, *letter.refused]
    if letter.channel == Letter.WEBHOOK and letter.connection is not None:
        # It may have been set to another address since the letter was written.
        missed = [letter.connection.webhook_url]
    given = {"to": letter.to, "missed": missed, "trouble": trouble}
    _keep(letter, given_up_at=now, held_until=None, **given)
    _say("letter given up", letter)


def _keep(letter: Letter, **values: Any) -> None:
    """Write values down, and go on holding the letter. Raises `_TakenAway`."""
    held = {"held_until": timezone.now() + HELD, **values}
    mine = waiting().filter(id=letter.id, tries=letter.tries)
    if not mine.update(**held):
        raise _TakenAway


def hurry() -> int:
    """Try everything that was put off right away: something was changed; how many letters."""
    now = timezone.now()
    late = waiting().filter(Q(held_until__isnull=True) | Q(held_until__lte=now), due_at__gt=now)
    return late.update(due_at=now)


def try_again() -> int:
    """Try right away all that was put off, and what is lost once more; how many letters."""
    lost_letters.try_again()
    hurry()
    return waiting().count()


def tried_words(number: int) -> str:
    """What is said once these many are to be tried."""
    if not number:
        return "Nothing waits to be tried again."
    it = "1 is" if number == 1 else f"{number:,} are"
    return f"{it} tried again now, as soon as a worker runs."


def _say(event: str, letter: Letter) -> None:
    level = logging.INFO if event == "letter sent" else logging.WARNING
    facts = {"letter": letter.id, "channel": letter.channel, "tries": letter.tries}
    log.log(level, event, extra={"event": event, "facts": facts})
