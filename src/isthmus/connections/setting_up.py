"""Making connections and changing what is set up of them, apart from the set-up document.

Everything that changes one holds its row until the end of the transaction, as applying a document
does, so that two people and a document take turns.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from isthmus.connections import due
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Connection, Goal
from isthmus.domain.properties import KEY_LENGTH
from isthmus.people.models import User
from isthmus.profiles import setting_up

NAME_LENGTH = 200
DESCRIPTION_LENGTH = 10_000

_KEY = re.compile(r"[A-Za-z0-9_]{1,50}")


def find(key: str) -> Connection:
    """The connection of that key, with its sign-in. Raises `NoSuchThing`."""
    rows = Connection.objects.select_related("authorization")
    # Other texts are no keys, and some of them (with byte 0) can't even be asked for.
    found = rows.filter(key=key).first() if _KEY.fullmatch(key) else None
    if found is None:
        raise NoSuchThing("connection", [key], sorted(_keys()))
    return found


def find_goal(connection: Connection, key: str) -> Goal:
    """The connection's goal of that key. Raises `NoSuchThing`."""
    found = connection.goals.filter(key=key).first() if _KEY.fullmatch(key) else None
    if found is None:
        raise NoSuchThing("goal", [key], connection.goals.values_list("key", flat=True))
    found.connection = connection
    return found


@contextmanager
def changing(key: str) -> Iterator[Connection]:
    """The connection, held until the block ends: what is read of it stays true until then.

    Raises `NoSuchThing`.
    """
    with transaction.atomic():
        rows = Connection.objects.select_for_update(of=("self",), no_key=True)
        found = rows.select_related("authorization").filter(id=find(key).id).first()
        if found is None:
            raise NoSuchThing("connection", [key], None)
        yield found


def switch(key: str, *, on: bool, now: datetime | None = None) -> Connection:
    """Switch a connection on or off. Raises `NoSuchThing`.

    What its schedule says of the time in which it was off is not made up for.
    """
    with changing(key) as row:
        if row.active != on:
            row.active = on
            row.save(update_fields=["active"])
            due.renew(row, now)
    return row


def make(name: str, *, sandbox: bool, timezone: str) -> Connection:
    """A connection without sign-in and goals, switched off, with a key made of its name."""
    with transaction.atomic():
        _take_turns()
        key = free_key(_key_of(name), _keys())
        return Connection.objects.create(
            key=key, name=name, active=False, sandbox=sandbox, timezone=timezone
        )


def copy(connection: Connection) -> Connection:
    """A copy with all goals, switched off, and without a sign-in: secrets are never copied.

    It has read and sent nothing yet, and may be signed in to another org.
    """
    with transaction.atomic():
        _take_turns()
        made = Connection.objects.create(
            key=free_key(f"{connection.key}_copy", _keys()),
            name=_copied_name(connection.name),
            active=False,
            **{name: getattr(connection, name) for name in _COPIED},
        )
        for goal in connection.goals.all():
            Goal.objects.create(
                connection=made,
                key=goal.key,
                direction=goal.direction,
                position=goal.position,
                document=goal.document,
            )
    return made


_COPIED = (
    "sandbox",
    "timezone",
    "overlap_seconds",
    "settle_seconds",
    "description",
    "labels",
    "schedule",
    "confirm_above",
    "confirm_hours",
    "notify_to",
    "notify_when",
)


def set_favourite(connection: Connection, user: User, *, favourite: bool) -> None:
    """Mark it for that person alone, or no longer."""
    if favourite:
        connection.favoured_by.add(user)
    else:
        connection.favoured_by.remove(user)


def free_key(wanted: str, taken: Collection[str]) -> str:
    """The key, or with a number where it is taken; short enough."""
    key, number = wanted[:KEY_LENGTH], 1
    known = set(taken)
    while key in known:
        number += 1
        end = f"_{number}"
        key = f"{wanted[: KEY_LENGTH - len(end)]}{end}"
    return key


def _keys() -> list[str]:
    return list(Connection.objects.values_list("key", flat=True))


def _key_of(name: str) -> str:
    """Letters, digits and `_` of a name; a word of ours where it has none."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "_".join(words)[:KEY_LENGTH].strip("_") or "connection"


def _copied_name(name: str) -> str:
    end = " (copy)"
    return f"{name[: NAME_LENGTH - len(end)]}{end}"


def _take_turns() -> None:
    """Of two that make a connection at once, the second sees the key of the first."""
    setting_up.lock()
