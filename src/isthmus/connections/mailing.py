"""Handing letters to a mail server, and what it means where that can't be done."""

import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from typing import Final, Self

from isthmus.connections.deadlines import ends_after
from isthmus.connections.mail_server import Security, Server
from isthmus.errors import IsthmusError, Retryable

ANSWER_SECONDS: Final = 10.0
"""For each answer of the server."""

WHOLE_SECONDS: Final = 60.0
"""For handing over one letter, however slowly the server answers."""

_GOODBYE_SECONDS: Final = 2.0

_READY: Final = 220
_GO_ON: Final = 334
_SIGNED_IN: Final = frozenset({235, 503})
"""Codes by which a server lets somebody in, or has done so before."""

_NO_ACCENTS: Final = "no accents"
_PERMANENT: Final = range(500, 600)
_SIGN_IN: Final = frozenset({530, 535})
"""Codes by which a server asks for a sign-in, whatever it was asked."""

_SHOWN: Final = 300


class MailTrouble(Retryable):
    """The mail server can't be used now."""

    def __init__(self, message: str, said: str = "") -> None:
        """Keep the sentence, and what the server said, which may name addresses."""
        super().__init__(message)
        self.said = said


class AddressRefused(IsthmusError):
    """The mail server does not take letters for one address."""

    def __init__(self, message: str, said: str, *, for_good: bool) -> None:
        """Keep the sentence, what the server said, and whether it is the same tomorrow."""
        super().__init__(message)
        self.said, self.for_good = said, for_good


class Session:
    """A mail server that letters are handed to, signed in to with the first of them."""

    def __init__(
        self,
        server: Server,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        seconds: float = WHOLE_SECONDS,
    ) -> None:
        """Take the server, and how long to wait for it."""
        self._server, self._answer_seconds, self._seconds = server, answer_seconds, seconds
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, letter: EmailMessage, to: str) -> None:
        """Hand the letter over. Raises `MailTrouble`, or `AddressRefused`.

        Once this returns, the server has taken it.
        """
        with ends_after(self._seconds, self._socket), self._translated():
            self._opened().sendmail(self._server.sender, [to], letter.as_bytes())

    def check(self) -> None:
        """Connect and sign in, and send nothing. Raises `MailTrouble`."""
        with ends_after(self._seconds, self._socket), self._translated():
            self._opened()

    def _socket(self) -> socket.socket | None:
        return self._smtp.sock if self._smtp else None

    def close(self) -> None:
        """Say goodbye."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                if smtp.sock is not None:
                    smtp.sock.settimeout(_GOODBYE_SECONDS)
                    smtp.quit()
            smtp.close()

    def _opened(self) -> smtplib.SMTP:
        if self._smtp is not None:
            return self._smtp
        server, seconds = self._server, self._answer_seconds
        self._smtp = smtp = (
            smtplib.SMTP_SSL(
                context=ssl.create_default_context(), timeout=seconds, local_hostname=_name()
            )
            if server.security is Security.TLS
            else smtplib.SMTP(timeout=seconds, local_hostname=_name())
        )
        # The name is what certificates are compared with, whoever opens the connection.
        smtp._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001
        code, said = smtp.connect(server.host, server.port)
        if code != _READY:
            raise smtplib.SMTPConnectError(code, said)
        if server.security is Security.STARTTLS:
            smtp.starttls(context=ssl.create_default_context())
        if server.username:
            _sign_in(smtp, server)
        return smtp

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except smtplib.SMTPRecipientsRefused as error:
            self._reset()
            code, said = next(iter(error.recipients.values()))
            raise self._refused("does not take e-mail for this address", code, said) from error
        except smtplib.SMTPDataError as error:
            self._reset()
            raise self._refused(
                "did not take this e-mail", error.smtp_code, error.smtp_error
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._broken(error) from error

    def _reset(self) -> None:
        """Make ready for the next letter, over another connection where this one is gone."""
        if self._smtp is None or self._smtp.sock is None:
            self._smtp = None

    def _broken(self, error: Exception) -> MailTrouble:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()
        return MailTrouble(_sentence(self._server, error), self._said(_answer(error)))

    def _refused(self, what: str, code: int, said: bytes | str) -> IsthmusError:
        text = _text(said)
        if code in _SIGN_IN or (code in _PERMANENT and "relay" in text.lower()):
            return MailTrouble(
                f"The mail server {self._server} takes e-mail only from those who sign in, or "
                f"from other machines (code {code}). Enter a user name and a password, or have the "
                f"server let this machine send.",
                self._said(text),
            )
        return AddressRefused(
            f"The mail server {self._server} {what} (code {code}).",
            self._said(text),
            for_good=code in _PERMANENT,
        )

    def _said(self, text: str) -> str:
        """What the server said, without the password, should it repeat that."""
        password = self._server.password
        return text.replace(password, "\u2022" * 6) if password else text


def _sign_in(smtp: smtplib.SMTP, server: Server) -> None:
    """Sign in; with accents, as RFC 4616 has it. The library knows only ASCII there."""
    if (server.username + server.password).isascii():
        smtp.login(server.username, server.password)
        return
    smtp.ehlo_or_helo_if_needed()
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        both = f"\0{server.username}\0{server.password}"
        code, said = smtp.docmd("AUTH", f"PLAIN {_encoded(both)}")
    elif "LOGIN" in offered:
        code, said = smtp.docmd("AUTH", f"LOGIN {_encoded(server.username)}")
        if code == _GO_ON:
            code, said = smtp.docmd(_encoded(server.password))
    else:
        raise smtplib.SMTPNotSupportedError(_NO_ACCENTS)
    if code not in _SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, said)


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


def _name() -> str:
    """What this machine calls itself: without asking anybody, which may take long."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _text(said: bytes | str | object) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:_SHOWN]


def _answer(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return ""


def _sentence(server: Server, error: Exception) -> str:
    """What the error means, and what to do."""
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, OSError):
        error = error.__context__  # what the library says of a time-out
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(server, error)
    return (
        f"The mail server {server} can't be used ({type(error).__name__}). Look whether it runs, "
        f"and whether host, port and encryption are right."
    )


def _of_certificate(server: Server, error: Exception) -> str:
    reason = getattr(error, "verify_message", "") or "it can't be verified"
    return (
        f"The certificate of {server.host} is not trusted: {reason}. Nothing was sent. Enter the "
        f"host by the name that is in its certificate; for a certificate of your own authority, "
        f"name that authority's file in SSL_CERT_FILE."
    )


def _of_tls(server: Server, _error: Exception) -> str:
    other = "TLS" if server.security is Security.STARTTLS else "STARTTLS"
    return (
        f"{server} did not agree on encryption. Nothing was sent. Ports 465 mostly speak TLS from "
        f"the start, 587 and 25 STARTTLS: try {other}, or another port."
    )


def _of_feature(server: Server, error: Exception) -> str:
    if "STARTTLS" in str(error):
        return (
            f"{server} offers no STARTTLS, so nothing was sent. Try port 587, or TLS with port 465."
        )
    if str(error) == _NO_ACCENTS:
        return (
            f"{server} takes no user name and no password with accents. Choose a password without "
            f"any there, and enter that here."
        )
    return (
        f"{server} takes no user name and password here. Leave them empty, or try STARTTLS: many "
        f"servers ask for a sign-in only once the connection is encrypted."
    )


def _of_sign_in(server: Server, error: Exception) -> str:
    return (
        f"{server} does not accept the user name or the password{_code(error)}. Enter them anew; "
        f"some providers want a password made for applications."
    )


def _of_sender(server: Server, error: Exception) -> str:
    if getattr(error, "smtp_code", None) in _SIGN_IN:
        return (
            f"{server} takes e-mail only from those who sign in{_code(error)}. Enter a user name "
            f"and a password."
        )
    if getattr(error, "smtp_code", 0) not in _PERMANENT:
        return (
            f"{server} takes no e-mail just now{_code(error)}. Nothing: they are tried again. If "
            f"it stays, look into the server's log."
        )
    return (
        f"{server} does not take e-mail from the sender's address{_code(error)}. Enter an address "
        f"that this user may send from."
    )


def _code(error: Exception) -> str:
    code = getattr(error, "smtp_code", None)
    return f" (code {code})" if code else ""


def _of_name(server: Server, _error: Exception) -> str:
    return f"There is no host {server.host!r}, or this machine's DNS does not know it. Correct it."


def _of_refusal(server: Server, _error: Exception) -> str:
    return (
        f"{server.host} refused the connection: nothing listens on port {server.port}. Correct the "
        f"port (587, 465 or 25 mostly), or start the mail server."
    )


def _of_silence(server: Server, _error: Exception) -> str:
    return (
        f"{server} did not answer in time. Look whether host and port are right, and whether a "
        f"firewall lets this machine through."
    )


def _of_end(server: Server, _error: Exception) -> str:
    return (
        f"{server} ended the connection before the e-mail was handed over. Look whether host, port "
        f"and encryption are right, and into the server's log."
    )


def _of_answer(server: Server, error: Exception) -> str:
    return (
        f"{server} answered something unexpected{_code(error)}. Look whether it is a mail server, "
        f"and into its log."
    )


def _of_network(server: Server, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return f"{server} can't be reached ({reason}). Look whether host and port are right."


_WORDS: Final[tuple[tuple[type[Exception], Callable[[Server, Exception], str]], ...]] = (
    (ssl.SSLCertVerificationError, _of_certificate),
    (ssl.SSLError, _of_tls),
    (smtplib.SMTPAuthenticationError, _of_sign_in),
    (smtplib.SMTPSenderRefused, _of_sender),
    (smtplib.SMTPNotSupportedError, _of_feature),
    (smtplib.SMTPServerDisconnected, _of_end),
    (smtplib.SMTPException, _of_answer),
    (socket.gaierror, _of_name),
    (ConnectionRefusedError, _of_refusal),
    (TimeoutError, _of_silence),
    (ConnectionError, _of_end),
    (OSError, _of_network),
)
"""From the narrower kind of error to the wider."""
