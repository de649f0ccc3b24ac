"""HTTPS with an authority of one's own: made on first use, kept in a folder, never sent anywhere.

The authority signs certificates of a few days for the org's host names. They live in memory and a
private temporary file only, and are made anew before they end, while the server runs.
"""

import ipaddress
import os
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localorg.hosts import LOGIN_HOST, TEST_HOST, my_domain_host

_CERTIFICATE = "ca.pem"
_KEY = "ca-key.pem"
_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 7
# A certificate is made anew when less of it is left.
_RENEWED_BEFORE = timedelta(days=2)
# Clocks of clients may be behind.
_EARLIER = timedelta(hours=1)
_OWN_NAMES = ("localhost", "127.0.0.1", "::1")


def _machine_time() -> datetime:
    return datetime.now(UTC)


class CertificateError(Exception):
    """The authority's folder is of no use; the message says why and what to do."""


def default_folder() -> Path:
    """Where the authority is kept if nobody says another place."""
    return Path(platformdirs.user_data_path("localorg", appauthor=False)) / "ca"


def host_names(my_domain: str, others: Sequence[str] = ()) -> list[str]:
    """All names and addresses that a server's certificate is for."""
    names = (*_OWN_NAMES, LOGIN_HOST, TEST_HOST, my_domain_host(my_domain), *others)
    return list(dict.fromkeys(name.lower() for name in names))


class Authority:
    """Signs the certificates of local orgs; whoever trusts it, trusts those."""

    def __init__(self, folder: Path, source: Callable[[], datetime] = _machine_time) -> None:
        """Open the authority in `folder`, or make one there.

        Raises CertificateError where the folder can't be used or what is in it can't be read.
        """
        self.path = folder / _CERTIFICATE
        self._source = source
        key_path = folder / _KEY
        try:
            if not key_path.exists():
                _make_authority(key_path, source())
            pem = key_path.read_bytes()
            self._certificate = x509.load_pem_x509_certificate(pem)
            key = serialization.load_pem_private_key(pem, None)
            _show_certificate(self.path, _pem(self._certificate))
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"The authority in '{folder}' can't be used: {error}. Give another folder with "
                "--ca-folder, or delete this one to have a new authority made."
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateError(f"'{key_path}' is no key of localorg's. Give another folder.")
        self._key = key

    def issue(self, names: Sequence[str]) -> tuple[bytes, datetime]:
        """A key and its certificate for `names` as PEM, and when the certificate ends."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = self._source()
        ends = now + timedelta(days=_SERVER_DAYS)
        builder = (
            _builder(names[0], key.public_key(), now, ends)
            .issuer_name(self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        signed = builder.sign(self._key, hashes.SHA256())
        return _key_pem(key) + _pem(signed), ends


class ServerContext:
    """The TLS settings of a server whose certificate is renewed while it runs."""

    def __init__(
        self,
        authority: Authority,
        names: Sequence[str],
        source: Callable[[], datetime] = _machine_time,
    ) -> None:
        """Serve `names` with certificates of `authority`."""
        self._authority = authority
        self._names = names
        self._source = source
        self._lock = threading.Lock()
        self.context, self._ends = self._new()
        self.context.sni_callback = self._renew
        self._newest = self.context

    def _new(self) -> tuple[ssl.SSLContext, datetime]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        pem, ends = self._authority.issue(self._names)
        # The ssl module reads certificates from files only.
        with _written(None, pem) as path:
            context.load_cert_chain(path)
        return context, ends

    def _renew(self, connection: ssl.SSLObject, _name: str | None, _: ssl.SSLContext) -> None:
        """At each new connection: have a new certificate made where the old one ends soon."""
        with self._lock:
            if self._ends - self._source() < _RENEWED_BEFORE:
                self._newest, self._ends = self._new()
            connection.context = self._newest


def _make_authority(path: Path, now: datetime) -> None:
    """Write a new authority's key and certificate to one file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"localorg {x509.random_serial_number():x}"[:24]
    builder = (
        _builder(name, key.public_key(), now, now + timedelta(days=_AUTHORITY_DAYS))
        .issuer_name(_name(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    pem = _key_pem(key) + _pem(builder.sign(key, hashes.SHA256()))
    with _written(path.parent, pem) as new, suppress(FileExistsError):
        # Where another process was faster, its authority is everybody's.
        os.link(new, path)


def _show_certificate(path: Path, pem: bytes) -> None:
    """Keep the certificate, without the key, in a file for clients."""
    if path.exists() and path.read_bytes() == pem:
        return
    with _written(path.parent, pem) as new:
        new.chmod(0o644)
        new.replace(path)


@contextmanager
def _written(folder: Path | None, content: bytes) -> Iterator[Path]:
    """A temporary file with this content, which only its owner can read."""
    descriptor, name = tempfile.mkstemp(prefix="localorg-", suffix=".pem", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _builder(
    name: str, key: ec.EllipticCurvePublicKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_usage(
    *, digital_signature: bool = False, signs_certificates: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
