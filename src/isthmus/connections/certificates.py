"""Keys and certificates for signing in by JWT, made here: the key never leaves the store."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from django.utils import timezone

from isthmus.connections import secrets
from isthmus.connections.authorizations import Flow
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Authorization

BITS: Final = 2048
YEARS: Final = 5
_NAME_LENGTH: Final = 64
_DRAFTS_KEPT: Final = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, repr=False)
class KeyPair:
    """A private key and its self-signed certificate, both as PEM."""

    private_key: str
    certificate: str


def make(name: str, now: datetime | None = None) -> KeyPair:
    """A fresh RSA key with a certificate that is good for five years."""
    key = generate_private_key(public_exponent=65537, key_size=BITS)
    common = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name[:_NAME_LENGTH].strip() or "Isthmus")]
    )
    begins = (now or datetime.now(UTC)) - timedelta(hours=1)
    built = (
        x509.CertificateBuilder()
        .subject_name(common)
        .issuer_name(common)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365 * YEARS + 1))
        .sign(key, SHA256())
    )
    return KeyPair(
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        certificate=built.public_bytes(Encoding.PEM).decode(),
    )


def draft(name: str, by: str) -> Authorization:
    """A key that is kept until a sign-in with it works: an authorization that nobody uses yet.

    Its certificate is to be uploaded to the app in Salesforce first. Its `id` finds it again; what
    nobody took within 30 days goes.
    """
    pair = make(name)
    return Authorization.objects.create(
        flow=Flow.JWT,
        login_url="",
        client_id="",
        sealed_secret=secrets.seal(pair.private_key),
        certificate=pair.certificate,
        signed_in_by=by,
        signed_in_at=timezone.now(),
    )


def find_draft(number: int) -> Authorization:
    """The key of that number. Raises `NoSuchThing`, also where a connection uses it already."""
    rows = Authorization.objects.filter(flow=Flow.JWT, connections__isnull=True)
    found = rows.exclude(certificate="").filter(id=number).first()
    if found is None:
        raise NoSuchThing("certificate that waits to be used,", [str(number)], None)
    return found


def forget_drafts(now: datetime) -> int:
    """Take away keys that nobody took; how many there were."""
    rows = Authorization.objects.filter(flow=Flow.JWT, connections__isnull=True, org_id="")
    return rows.filter(signed_in_at__lt=now - _DRAFTS_KEPT).delete()[0]


def ends_at(certificate: str) -> datetime:
    """When a certificate ends."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
