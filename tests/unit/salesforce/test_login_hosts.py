"""What people type when they are asked for their My Domain."""

import pytest

from isthmus.salesforce.login_hosts import PRODUCTION, is_shared, my_domain


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("acme", "https://acme.my.salesforce.com"),
        ("  ACME ", "https://acme.my.salesforce.com"),
        ("acme--uat", "https://acme--uat.sandbox.my.salesforce.com"),
        ("acme--uat.sandbox", "https://acme--uat.sandbox.my.salesforce.com"),
        ("acme-dev-ed.develop", "https://acme-dev-ed.develop.my.salesforce.com"),
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        ("https://Acme.My.Salesforce.com/", "https://acme.my.salesforce.com"),
        (
            "https://acme.lightning.force.com/lightning/o/Lead/list?filterName=Recent",
            "https://acme.my.salesforce.com",
        ),
        (
            "acme--uat.sandbox.lightning.force.com",
            "https://acme--uat.sandbox.my.salesforce.com",
        ),
        (
            "https://acme.my.salesforce-setup.com/lightning/setup/SetupOneHome/home",
            "https://acme.my.salesforce.com",
        ),
        ("login.salesforce.com", "https://login.salesforce.com"),
        ("http://127.0.0.1:8765/services", "http://127.0.0.1:8765"),
        ("http://acme.my.salesforce.com", "http://acme.my.salesforce.com"),
        ("evil.example", "https://evil.example"),
    ],
)
def test_a_name_a_host_and_a_page_all_lead_to_the_orgs_own_login_host(
    typed: str, meant: str
) -> None:
    assert my_domain(typed) == meant


@pytest.mark.parametrize("typed", ["https://a:b@acme.my.salesforce.com", "acme corp", "[", "ä", ""])
def test_nothing_is_guessed_of_other_texts(typed: str) -> None:
    assert my_domain(typed) in {typed, f"https://{typed}"}


def test_the_hosts_that_all_orgs_share_are_known() -> None:
    assert is_shared(PRODUCTION)
    assert not is_shared("https://acme.my.salesforce.com")
