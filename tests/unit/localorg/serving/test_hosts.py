import pytest

from localorg.certificates import host_names
from localorg.hosts import is_host_name, kind_of, my_domain_host


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("login.salesforce.com", "login"),
        ("LOGIN.salesforce.com:8443", "login"),
        ("test.salesforce.com", "test"),
        ("login.salesforce.com.", "login"),
        ("Test.Salesforce.com.:443", "test"),
        ("ACME.my.salesforce.com.", "my_domain"),
        ("acme.my.salesforce.com:443", "my_domain"),
        ("acme--dev.sandbox.my.salesforce.com", "my_domain"),
        ("localhost:8765", "plain"),
        ("127.0.0.1", "plain"),
        ("[::1]:8765", "plain"),
        ("", "plain"),
    ],
)
def test_a_host_says_what_it_is_for(host: str, kind: str) -> None:
    assert kind_of(host) == kind


@pytest.mark.parametrize("name", ["localhost", "my-org.test", "10.0.0.1", "::1", "ACME"])
def test_names_and_addresses_of_hosts_are_known(name: str) -> None:
    assert is_host_name(name)


@pytest.mark.parametrize("name", ["", "a b", "http://a", "-a", "a..b", "a:80", "ä.de"])
def test_other_texts_are_no_hosts(name: str) -> None:
    assert not is_host_name(name)


def test_a_certificate_is_for_all_names_once() -> None:
    names = host_names("Acme", ["localhost", "org.test", "127.0.0.1"])
    assert names == [
        "localhost",
        "127.0.0.1",
        "::1",
        "login.salesforce.com",
        "test.salesforce.com",
        my_domain_host("acme"),
        "org.test",
    ]
