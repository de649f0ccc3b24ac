"""Where e-mail is handed over: set up on a page or by a command, or given by the environment.

`ISTHMUS_SMTP_URL` and `ISTHMUS_SMTP_FROM` go before what is stored, and can't be changed here.
"""

import os
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from django.db import transaction

from isthmus.connections import secrets
from isthmus.connections.models import MailServer
from isthmus.domain import notifying
from isthmus.errors import Final as FinalError

URL_SETTING: Final = "ISTHMUS_SMTP_URL"
FROM_SETTING: Final = "ISTHMUS_SMTP_FROM"

TEXT_LENGTH: Final = 500
MOST_PORT: Final = 65_535

_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"{_NAME}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


class Security(StrEnum):
    """How what is said to the server is encrypted."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


PORTS: Final = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}

UNENCRYPTED: Final = (
    "The password goes over the network unencrypted. Choose STARTTLS or TLS unless the server is "
    "on this machine."
)


class MailServerRefused(FinalError):
    """The mail server can't be kept as it was given."""

    def __init__(self, message: str, field: str = "") -> None:
        """Keep the sentence, and which field it is about."""
        super().__init__(message)
        self.field = field
        self.is_of_input = bool(field)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server, opened."""

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str = ""  # empty: it asks for none
    password: str = field(default="", repr=False)
    sender: str  # the address that letters come from
    is_operators: bool = False  # whether the environment gives it

    @property
    def warning(self) -> str:
        """What is worth knowing of it; empty for nothing."""
        return UNENCRYPTED if self.password and self.security is Security.NONE else ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def of(cls, row: MailServer) -> Self:
        """What a row says. Raises `secrets.SecretUnreadable`."""
        return cls(
            host=row.host,
            port=row.port,
            security=Security(row.security),
            username=row.username,
            password=secrets.unseal_any(row.sealed_password),
            sender=row.sender,
        )


def current() -> Server | None:
    """The server that counts; None where none is set up.

    Raises `MailServerRefused` where the environment gives one that can't be, and
    `secrets.SecretUnreadable`.
    """
    given = from_environment()
    if given is not None:
        return given
    row = stored()
    return Server.of(row) if row else None


def stored() -> MailServer | None:
    """The row, where there is one."""
    return MailServer.objects.first()


def is_operators() -> bool:
    """Whether the environment gives the server, so that it can't be changed here."""
    return bool(os.environ.get(URL_SETTING, "").strip())


def from_environment() -> Server | None:
    """The server that the environment gives, if it gives one. Raises `MailServerRefused`."""
    url = os.environ.get(URL_SETTING, "").strip()
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise MailServerRefused(_NO_URL) from None
    security = _security(parts)
    if security is None or not parts.hostname:
        raise MailServerRefused(_NO_URL)
    server = Server(
        host=parts.hostname,
        port=port or PORTS[security],
        security=security,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=os.environ.get(FROM_SETTING, "").strip(),
        is_operators=True,
    )
    for name, why in troubles(server):
        place = FROM_SETTING if name == "sender" else URL_SETTING
        raise MailServerRefused(f"{place} can't be used: {why}")
    return server


_NO_URL: Final = (
    f"{URL_SETTING} can't be used: write smtp://user:password@host:587 (STARTTLS), "
    f"smtps://user:password@host:465 (TLS), or smtp://host:25?security=none, with special "
    f"characters of the password as %XX."
)


_NO_TEXT: Final = f"At most {TEXT_LENGTH} characters are allowed here, and only visible ones."


def _security(parts: SplitResult) -> Security | None:
    if parts.scheme not in ("smtp", "smtps"):
        return None
    asked = parse_qs(parts.query).get("security", [""])[-1]
    if not asked:
        return Security.TLS if parts.scheme == "smtps" else Security.STARTTLS
    return next((each for each in Security if each == asked), None)


def troubles(server: Server) -> list[tuple[str, str]]:
    """What is wrong with a server: the field, and why."""
    found = []
    if not _HOST.fullmatch(server.host) or len(server.host) > TEXT_LENGTH:
        found.append(
            ("host", f"{server.host[:60]!r} is no host. Write a name such as smtp.example.com.")
        )
    if not 1 <= server.port <= MOST_PORT:
        found.append(("port", f"{server.port} is no port. Write a number from 1 to {MOST_PORT:,}."))
    for name, text in (("username", server.username), ("password", server.password)):
        if len(text) > TEXT_LENGTH or not text.isprintable():
            found.append((name, _NO_TEXT))
    if server.password and not server.username:
        found.append(("username", "A password goes with a user name. Enter that too."))
    if not server.sender:
        found.append(
            ("sender", "An address that e-mail comes from is needed, such as isthmus@example.com.")
        )
    elif why := notifying.address_trouble(server.sender):
        found.append(("sender", why))
    return found


def save(server: Server, *, keeps_password: bool = False) -> MailServer:
    """Keep the server; with `keeps_password`, with the password that is stored already.

    Raises `MailServerRefused`.
    """
    refuse_operators()
    for name, why in troubles(server):
        raise MailServerRefused(why, name)
    with transaction.atomic():
        row = MailServer.objects.select_for_update().first() or MailServer(id=1)
        if keeps_password and bytes(row.sealed_password) and row.host != server.host:
            raise MailServerRefused(
                f"The password that is kept is for {row.host}, and is not sent to another host. "
                f"Enter the password for {server.host}.",
                "password",
            )
        row.host, row.port, row.security = server.host, server.port, str(server.security)
        row.username, row.sender = server.username, server.sender
        if not keeps_password:
            row.sealed_password = secrets.seal(server.password) if server.password else b""
        if not row.username:
            row.sealed_password = b""
        row.save()
    return row


def unset() -> None:
    """Forget the server. Raises `MailServerRefused` where the environment gives it."""
    refuse_operators()
    MailServer.objects.all().delete()


def refuse_operators() -> None:
    """Raise `MailServerRefused` where the environment gives the server."""
    if is_operators():
        raise MailServerRefused(
            f"The mail server is given by {URL_SETTING}, so it can't be changed here. Change that "
            f"setting and start Isthmus again, or take it out."
        )
