"""Seen from afar the org looks like one of real people."""

from collections import Counter

import pytest

from localorg.seed.localities import country, country_of, country_weights
from unit.localorg.seed.conftest import Records


@pytest.mark.parametrize(
    ("object_name", "field", "least", "most"),
    [
        ("Lead", "Email", 0.80, 0.95),
        ("Lead", "Phone", 0.65, 0.85),
        ("Lead", "MobilePhone", 0.30, 0.50),
        ("Lead", "Title", 0.60, 0.90),
        ("Lead", "Street", 0.45, 0.65),
        ("Lead", "Country", 0.70, 0.90),
        ("Lead", "FirstName", 0.95, 0.999),
        ("Lead", "Description", 0.05, 0.15),
        ("Lead", "Tier__c", 0.25, 0.45),
        ("Contact", "Email", 0.80, 0.95),
        ("Contact", "Birthdate", 0.30, 0.50),
        ("Contact", "Department", 0.40, 0.60),
        ("Case", "ContactId", 0.60, 0.80),
        ("Case", "Description", 0.50, 0.70),
    ],
)
def test_a_realistic_share_of_values_is_known(
    records: Records, object_name: str, field: str, least: float, most: float
) -> None:
    rows = records(object_name)
    assert least < sum(row[field] is not None for row in rows) / len(rows) < most


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("IsDeleted", 0.01, 0.03),
        ("IsConverted", 0.04, 0.08),
        ("HasOptedOutOfEmail", 0.02, 0.08),
        ("Newsletter__c", 0.15, 0.25),
        ("IsUnreadByOwner", 0.15, 0.25),
    ],
)
def test_a_realistic_share_of_leads_is(
    records: Records, field: str, least: float, most: float
) -> None:
    rows = records("Lead")
    assert least < sum(row[field] for row in rows) / len(rows) < most


def test_most_addresses_are_of_one_person_only(records: Records) -> None:
    emails = Counter(row["Email"].lower() for row in records("Lead") if row["Email"])
    repeated = sum(count for count in emails.values() if count > 1)
    assert 0.02 < repeated / sum(emails.values()) < 0.12


def test_people_come_from_all_countries_most_from_the_largest(records: Records) -> None:
    found = Counter(country_of(row["Country"]) for row in records("Lead") if row["Country"])
    missing = set(country_weights()) - set(found) - {"india_hindi"}
    assert not missing
    assert found.most_common(2)[0][0] == "united_states"


def test_city_state_and_postal_code_are_of_the_country(records: Records) -> None:
    places = {
        (spelling, place.city, place.state)
        for name in country_weights()
        for spelling in country(name).spellings
        for place in country(name).places
    }
    rows = [row for row in records("Lead") if row["City"] and row["Country"]]
    fitting = [row for row in rows if (row["Country"], row["City"], row["State"]) in places]
    assert len(rows) > 1500
    # The rest are oddities.
    assert len(fitting) >= len(rows) - 20


def test_records_are_spread_over_the_years_ever_more_of_them(records: Records) -> None:
    years = Counter(row["CreatedDate"][:4] for row in records("Lead"))
    assert set(map(str, range(2004, 2026))) <= set(years)
    assert years["2025"] > 2 * years["2006"]


def test_names_are_many(records: Records) -> None:
    names = {row["Name"] for row in records("Lead")}
    assert len(names) > 2000
