"""Telling Salesforce that a token is no longer wanted: at once, and again until it is heard.

What is to be revoked is a row, written in the transaction that gives the token up, so it is not
forgotten however the process ends. The row goes, with the sealed token, once Salesforce has
answered.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone

from isthmus.connections import hosts, secrets
from isthmus.connections.models import Revocation
from isthmus.errors import IsthmusError
from isthmus.salesforce import ClientSettings, Login, revoke

log = logging.getLogger("isthmus.sign_in")

_PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""Before each further try; the last one comes again and again."""

GIVE_UP: Final = timedelta(days=7)

_MOST: Final = 50
"""Tokens that are worked off in one go."""

_SETTINGS: Final = ClientSettings(tries=1, connect_seconds=5, read_seconds=10)
"""Somebody may wait for it, and there is another try later."""


def ask(login_url: str, sealed_token: bytes | memoryview) -> None:
    """Have a token revoked, as soon as the open transaction is committed. None: nothing to do."""
    if not bytes(sealed_token):
        return
    row = Revocation.objects.create(login_url=login_url, sealed_token=bytes(sealed_token))
    transaction.on_commit(partial(work_off, only=row.id))


def ask_for(login_url: str, token: str) -> None:
    """The same for a token that was never stored."""
    if token:
        ask(login_url, secrets.seal(token))


def work_off(*, only: int | None = None, now: datetime | None = None) -> int:
    """Tell Salesforce of the tokens whose time has come; how many it has taken. Never raises."""
    done, moment = 0, now or timezone.now()
    for _ in range(_MOST):
        row = _claimed(only, moment)
        if row is None:
            break
        done += _tried(row, moment)
    return done


def _claimed(only: int | None, now: datetime) -> Revocation | None:
    """A row that no other process works on; its next time is set before anything is sent."""
    with transaction.atomic():
        rows = Revocation.objects.select_for_update(skip_locked=True).filter(due_at__lte=now)
        row = (rows if only is None else rows.filter(id=only)).first()
        if row is not None:
            row.due_at = now + _PAUSES[min(row.tries, len(_PAUSES) - 1)]
            row.tries += 1
            row.save(update_fields=["due_at", "tries"])
        return row


def _tried(row: Revocation, now: datetime) -> bool:
    facts = {"host": row.login_url, "tries": row.tries}
    try:
        token = secrets.unseal(row.sealed_token)
        with Login(hosts=hosts.host_policy(), settings=_SETTINGS) as login:
            login.run(lambda: revoke(row.login_url, token))
    except secrets.SecretUnreadable:
        _say("token not revoked: its key is gone", **facts)
        row.delete()
        return False
    except IsthmusError as error:
        facts["error"] = type(error).__name__
        if now - row.asked_at < GIVE_UP:
            _say("token not revoked yet", **facts)
            return False
        _say("token not revoked: given up", **facts)
        row.delete()
        return False
    row.delete()
    return True


def _say(event: str, **facts: object) -> None:
    log.warning(event, extra={"event": event, "facts": facts})
