"""A real mail server on this machine, which keeps what it takes and can be in a bad mood."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "localhost"


@dataclass(kw_only=True)
class PostOffice:
    """What arrived, and what is refused. The port stays the same when it opens again."""

    port: int
    tls: ssl.SSLContext | None = None
    user: str = "isthmus"
    password: str = ""  # of the user; empty: anybody may send
    unknown: list[str] = field(default_factory=list)  # ways to sign in
    refused: dict[str, str] = field(default_factory=dict)  # answers, by address
    dies_after: int | None = None  # letters, and then it takes one more and says nothing
    busy: bool = False  # takes no letter just now
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """As `ISTHMUS_SMTP_URL` has it."""
        user = f"isthmus:{self.password}@" if self.password else ""
        query = "" if self.tls else "?security=none"
        return f"smtp://{user}{HOST}:{self.port}{query}"

    def of(self, address: str) -> list[EmailMessage]:
        """What arrived for an address."""
        return [letter for to, letter in self.taken if to == address]

    # What aiosmtpd asks.

    async def handle_MAIL(  # noqa: N802 - so it is called
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if self.busy:
            return "421 4.3.2 Try again later"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - so it is called
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - so it is called
        self, server: SMTP, _session: Any, envelope: Any
    ) -> str:
        letter = message_from_bytes(envelope.content, policy=default)
        assert isinstance(letter, EmailMessage)
        self.taken.extend((to, letter) for to in envelope.rcpt_tos)
        if self.dies_after is not None and len(self.taken) > self.dies_after:
            self.dies_after = None
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Any, _envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        known = mechanism in ("LOGIN", "PLAIN") and (
            (data.login, data.password) == (self.user.encode(), self.password.encode())
        )
        return AuthResult(success=known, handled=known)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def opened(office: PostOffice) -> Iterator[PostOffice]:
    """The post office is open until the block ends."""
    more: dict[str, Any] = {}
    if office.tls is not None:
        more |= {"tls_context": office.tls, "require_starttls": True}
    if office.password:
        more |= {"authenticator": office.authenticate, "auth_required": True}
        more |= {"auth_require_tls": office.tls is not None}
        more |= {"auth_exclude_mechanism": office.unknown}
    controller = Controller(office, hostname="127.0.0.1", port=office.port, **more)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


@contextmanager
def silent(port: int) -> Iterator[None]:
    """Something listens and never says anything."""
    with socket.create_server(("127.0.0.1", port)):
        yield


@contextmanager
def saying(port: int, *lines: bytes) -> Iterator[None]:
    """Something says these lines, whatever it hears, and then nothing."""
    over = threading.Event()

    def answer(server: socket.socket) -> None:
        try:
            made, _ = server.accept()
        except OSError:
            return
        with made:
            for line in lines:
                made.sendall(line)
            over.wait(30)

    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=answer, args=(server,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def certificate(folder: Path, host: str = HOST) -> tuple[ssl.SSLContext, Path]:
    """A certificate of that host, signed by itself: for a server, and for those who trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, secret = folder / f"{host}.pem", folder / f"{host}.key"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    return context, trusted


def texts(letter: EmailMessage) -> tuple[str, str]:
    """Its text and its HTML."""
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    found = [str(each.get_content()).replace("\r\n", "\n") for each in (plain, html)]
    return found[0], found[1]
