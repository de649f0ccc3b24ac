import pytest

from localorg.control.request_log import client_of, without_secrets


@pytest.mark.parametrize(
    ("options", "client"),
    [
        ("client=SfdxInternal", "SfdxInternal"),
        ("Client = a/1.0 , defaultNamespace=b", "a/1.0"),
        ("defaultNamespace=b; client=c", "c"),
        ("myclient=c", None),
        ("", None),
    ],
)
def test_the_client_is_the_one_that_the_header_names(options: str, client: str | None) -> None:
    assert client_of(options) == client


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=SELECT+Id", "q=SELECT+Id"),
        ("token=00D!x&a=1", "token=hidden&a=1"),
        ("a=&Access_Token=x", "a=&Access_Token=hidden"),
        ("code=x%3D%3D&state=y", "code=hidden&state=y"),
        ("tokens=5", "tokens=5"),
    ],
)
def test_secrets_are_hidden(query: str, shown: str) -> None:
    assert without_secrets(query) == shown
