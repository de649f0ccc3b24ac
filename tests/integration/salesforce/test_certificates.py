import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from integration.salesforce.little_org import LittleOrg, connect, silence
from isthmus.salesforce import CertificateNotTrusted, ClientSettings, WaitCancelled
from unit.salesforce.scripted import DATA


def write_certificate(folder: Path) -> Path:
    """A certificate for this machine that signs itself, with its key in the same file."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "little org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    path = folder / "little.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return write_certificate(tmp_path)


@pytest.fixture
def secure_org(certificate: Path) -> Iterator[LittleOrg]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    org = LittleOrg(context)
    yield org
    org.close()


def test_a_certificate_that_nobody_vouches_for_is_refused(secure_org: LittleOrg) -> None:
    with (
        connect(secure_org) as client,
        pytest.raises(CertificateNotTrusted, match=rf"{secure_org.host}.*ca_file"),
    ):
        client.limits()
    assert secure_org.seen == []


def test_a_certificate_of_the_named_authority_is_trusted(
    secure_org: LittleOrg, certificate: Path
) -> None:
    with connect(secure_org, ClientSettings(ca_file=certificate)) as client:
        assert client.limits() == {}
        assert client.instance_url == secure_org.url


def test_a_call_over_https_that_is_never_answered_ends_when_asked(
    secure_org: LittleOrg, certificate: Path
) -> None:
    secure_org.plays(f"GET {DATA}/limits", silence(secure_org.over))
    settings = ClientSettings(ca_file=certificate, read_seconds=150)
    with connect(secure_org, settings) as client:
        assert client.org_id
        with client.interruptible(lambda: True), pytest.raises(WaitCancelled):
            client.limits()
