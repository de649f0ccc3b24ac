from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from conformance.organization import RunningOrg, running_org
from conformance.people import leads


@pytest.fixture(scope="module")
def jwt_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an RSA key; its certificate is beside it as `jwt.crt`."""
    folder = tmp_path_factory.mktemp("jwt")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a client")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "jwt.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    path = folder / "jwt.key"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory, jwt_key: Path) -> Iterator[RunningOrg]:
    """An org with the leads of `people`, for the tests of one client."""
    folder = tmp_path_factory.mktemp("org")
    with running_org(folder, "--jwt-certificate", str(jwt_key.with_name("jwt.crt"))) as found:
        found.load("Lead", leads())
        yield found
