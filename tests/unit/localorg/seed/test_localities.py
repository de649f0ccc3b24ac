"""The countries' files hold together."""

import re

import pytest

from localorg.seed.localities import country, country_of, country_weights


@pytest.mark.parametrize("name", sorted(country_weights()))
def test_a_country_has_what_people_need(name: str) -> None:
    home = country(name)
    assert home.weight >= 1
    assert len({person.last for person in home.names}) >= 5
    assert len({place.city for place in home.places}) >= 3
    assert {person.salutation for person in home.names} > {None}


@pytest.mark.parametrize("name", sorted(country_weights()))
def test_names_can_be_written_in_an_email_address(name: str) -> None:
    for person in country(name).names:
        assert all(re.fullmatch(r"[a-z0-9-]+", part) for part in person.mailbox), person


@pytest.mark.parametrize("name", sorted(country_weights()))
def test_patterns_are_filled_completely(name: str) -> None:
    home = country(name)
    texts = [
        *home.streets,
        *(firm.company for firm in home.firms),
        *(place.phone.head + place.phone.tails[0] for place in home.places),
        *(place.postal_code or "" for place in home.places),
        *(mobile.head + mobile.tails[-1] for mobile in home.mobiles),
    ]
    assert not [text for text in texts if set(text) & set("#{}%|") or "  " in text]


@pytest.mark.parametrize("name", sorted(country_weights()))
def test_phones_have_a_plausible_number_of_digits(name: str) -> None:
    home = country(name)
    for head, tails in (*home.mobiles, *(place.phone for place in home.places)):
        assert 8 <= sum(sign.isdigit() for sign in head + tails[1]) <= 15


def test_no_two_firms_of_a_country_share_a_domain() -> None:
    for name in country_weights():
        domains = [firm.domain for firm in country(name).firms]
        assert len(domains) == len(set(domains))


def test_a_country_is_known_by_each_of_its_spellings() -> None:
    assert country_of("Deutschland") == "germany"
    assert country_of("India") == "india"
    assert country_of("Atlantis") is None
    assert country_of(None) is None
