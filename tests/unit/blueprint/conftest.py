"""What a document means needs Django's settings, though no database."""

import os
from collections.abc import Mapping
from pathlib import Path

import django
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from isthmus.blueprint.documents import Document
from isthmus.blueprint.reading import read

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
django.setup()

CASES = Path(__file__).parents[2] / "cases" / "blueprint"


@pytest.fixture(scope="session")
def environment() -> Mapping[str, str]:
    pem = (
        generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
    )
    return {
        "ACME_SECRET": "open sesame",
        "EMPTY": "",
        "MY_DOMAIN": "acme",
        "RSA_KEY": pem,
        "FLAT_RSA_KEY": pem.replace("\n", "\\n"),
    }


@pytest.fixture(scope="session")
def store(environment: Mapping[str, str]) -> Document:
    text = (CASES / "store.yaml").read_text(encoding="utf-8")
    return read(text, name="store.yaml", environment=environment)
