import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client, override_settings

from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User

QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PASSWORD = "a quiet harbour"


@pytest.fixture(autouse=True)
def _pages(store: Any) -> Iterator[None]:
    """A store, and passwords that are hashed quickly."""
    with override_settings(PASSWORD_HASHERS=QUICK, ALLOWED_HOSTS=["testserver"]):
        yield


@pytest.fixture
def alice() -> User:
    """An administrator."""
    return accounts.add("alice@example.com", PASSWORD, name="Alice", role=Role.ADMINISTRATOR)


@pytest.fixture
def bob(alice: User) -> User:
    """A viewer, in a store that has an administrator."""
    return accounts.add("bob@example.com", PASSWORD, name="Bob", role=Role.VIEWER)


def post(browser: Client, address: str, **values: Any) -> Any:
    return browser.post(address, values)


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A browser in which somebody is signed in."""

    def sign_in(user: User) -> Client:
        browser = Client()
        answer = post(browser, "/sign-in", email=user.email, password=PASSWORD)
        assert answer.status_code == 302, answer.content
        return browser

    return sign_in


def seen(browser: Client, address: str) -> str:
    """The hidden field by which a page's form says what it showed."""
    found = re.search(r'name="seen" value="([^"]+)"', browser.get(address).content.decode())
    assert found is not None, f"{address} has no form that says what it showed"
    return found[1]
