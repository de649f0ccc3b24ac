from collections.abc import Iterator

import pytest
from django.test import override_settings

QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Passwords are hashed quickly; that takes a tenth of a second on purpose otherwise."""
    with override_settings(PASSWORD_HASHERS=QUICK):
        yield
