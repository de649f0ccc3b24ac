"""Who changes the set-up: what the audit log is told of whoever acts.

Triggers of the database write the log, so that no way to a change goes past it; see the end of
`profiles/schema.sql`. They know what was changed, and ask the transaction who did it. That is said
here, in front of each statement that writes set-up, and it ends with the statement's transaction:
no session can carry it on to somebody else.
"""

import json
import os
import pwd
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection as database
from django.db import transaction
from psycopg.sql import Composable

PAGE: Final = "page"
COMMAND_LINE: Final = "command line"
DOCUMENT: Final = "document"
FIRST_START: Final = "first start"
BY_ITSELF: Final = "by itself"
"""Of a worker: what it does for nobody."""

FROM_OUTSIDE: Final = "database"
"""Of what changed without anybody having been named; the triggers say so by themselves."""

# Of `FOR UPDATE` and `FOR NO KEY UPDATE` only rows are locked.
_WRITES = re.compile(
    r"\b(?:INSERT|MERGE|DELETE|TRUNCATE|COPY|CALL|DO)\b|(?<!FOR )(?<!KEY )\bUPDATE\b", re.IGNORECASE
)
_SET_UP = re.compile(r"\b(?:connections|people|profiles)_[a-z]|\bstore\.note_audit\b")

_SAY = "SELECT set_config('isthmus.actor', %s, true)"

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody who does one thing, which may be several changes."""

    who: Callable[[], str]  # asked only where something is written
    how: str
    action: UUID = field(default_factory=uuid4)

    def plain(self) -> str:
        """What the triggers read."""
        who = self.who().replace("\0", "").encode(errors="replace").decode()
        return json.dumps({"who": who, "how": self.how, "action": str(self.action)})


class _Here(threading.local):
    """Who acts in this thread."""

    actor: Actor | None = None


_here = _Here()


@contextmanager
def acting(who: str | Callable[[], str], how: str) -> Iterator[None]:
    """All that this thread writes of the set-up until the end of the block is that person's doing.

    `who` is an account's e-mail or a user of the system, or finds it once it is needed; empty:
    nobody. `how` is the way: a page, a command. All of a block is one action. A block within a
    block counts for itself.
    """
    before = _here.actor
    _here.actor = Actor(who=who if callable(who) else lambda: who, how=how)
    telling = database.execute_wrapper(_tell) if before is None else nullcontext()
    try:
        with telling:
            yield
    finally:
        _here.actor = before


@contextmanager
def by_document() -> Iterator[None]:
    """The same person goes on acting, by a set-up document; it stays the same action."""
    before = _here.actor
    if before is None:
        yield
        return
    _here.actor = Actor(who=before.who, how=DOCUMENT, action=before.action)
    try:
        yield
    finally:
        _here.actor = before


def by_nobody() -> Any:
    """What is done until the end of the block is done for nobody, whoever has set it off."""
    return acting("", BY_ITSELF)


def system_user() -> str:
    """The name under which the operating system knows whoever runs this process.

    Variables such as LOGNAME are not asked: whoever runs a command may set them to anybody's name.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # containers may have accounts without a name
        return f"user {os.getuid()}"


def _tell(
    execute: Execute,
    statement: Any,
    values: Any,
    many: bool,  # noqa: FBT001 - Django calls it so
    context: dict[str, Any],
) -> Any:
    """Say who acts in the transaction of a statement that writes set-up, and execute it."""
    actor = _here.actor
    if actor is None or not _writes_set_up(statement):
        return execute(statement, values, many, context)
    # Outside of a transaction it would be forgotten before the statement.
    with nullcontext() if database.in_atomic_block else transaction.atomic():
        with database.cursor() as cursor:
            cursor.execute(_SAY, [actor.plain()])
        return execute(statement, values, many, context)


def _writes_set_up(statement: Any) -> bool:
    # The named blocks of rooms; most of them only read, and pages ask many.
    text = statement.as_string(None) if isinstance(statement, Composable) else statement
    # What can't be read may write anything.
    if not isinstance(text, str):
        return True
    return _SET_UP.search(text) is not None and _WRITES.search(text) is not None
