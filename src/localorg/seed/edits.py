"""What the org's users change about a record: plausible new values, drawn at random."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from localorg.schema.people import INDUSTRIES, LEAD_SOURCES, RATINGS
from localorg.schema.service import CASE_PRIORITIES, CASE_STATUSES
from localorg.seed.localities import Country, country, country_of
from localorg.seed.phrases import phrases

Values = dict[str, Any]
# Draws new values for a person or company of a country.
Edit = Callable[[Random, Country], Values]

_MOST_AT_ONCE = 3
_ADDRESSES = {"Lead": "", "Contact": "Mailing", "Person": "PersonMailing", "Account": "Billing"}


def edited(
    rng: Random,
    kind: str,
    current: Mapping[str, Any],
    case_statuses: tuple[str, ...] = CASE_STATUSES,
) -> Values:
    """New values for a record, by field; at least one differs from the `current` ones.

    `kind` is the object's name, or Person for a person account; `case_statuses` are those that a
    case may get in the org, at least one.
    """
    home = country(country_of(current.get(_country_field(kind))) or "united_states")
    while True:
        values: Values = {}
        for edit in rng.sample(_edits(case_statuses)[kind], rng.randint(1, _MOST_AT_ONCE)):
            values |= edit(rng, home)
        if any(current.get(name) != value for name, value in values.items()):
            return values


def _country_field(kind: str) -> str:
    """The field that says in which country a record is at home; cases have none of this name."""
    return _ADDRESSES.get(kind, "") + "Country"


@cache
def _edits(case_statuses: tuple[str, ...]) -> Mapping[str, Sequence[Edit]]:
    sources, ratings = _one_of(LEAD_SOURCES), _one_of(RATINGS)
    return {
        "Lead": (
            _title("Title"),
            _phone("Phone"),
            _mobile("MobilePhone"),
            _address(_ADDRESSES["Lead"]),
            _field("LeadSource", sources),
            _field("Rating", ratings),
            _field("NumberOfEmployees", _head_count),
        ),
        "Contact": (
            _title("Title"),
            _phone("Phone"),
            _mobile("MobilePhone"),
            _address(_ADDRESSES["Contact"]),
            _field("Department", _one_of(phrases("departments"))),
            _field("LeadSource", sources),
        ),
        "Person": (
            _title("PersonTitle"),
            _phone("Phone"),
            _mobile("PersonMobilePhone"),
            _address(_ADDRESSES["Person"]),
            _field("PersonLeadSource", sources),
        ),
        "Account": (
            _phone("Phone"),
            _address(_ADDRESSES["Account"]),
            _field("Industry", _one_of(INDUSTRIES)),
            _field("Rating", ratings),
            _field("NumberOfEmployees", _head_count),
        ),
        "Case": (
            _field("Subject", _one_of(phrases("subjects"))),
            _field("Status", _one_of(case_statuses)),
            _field("Priority", _one_of(CASE_PRIORITIES)),
            _field("Description", _one_of(phrases("remarks"))),
        ),
    }


def _field(name: str, draw: Callable[[Random], Any]) -> Edit:
    return lambda rng, _: {name: draw(rng)}


def _one_of(values: Sequence[str]) -> Callable[[Random], str]:
    return lambda rng: rng.choice(values)


def _head_count(rng: Random) -> int:
    return int(10 ** rng.uniform(0, 5))


def _title(name: str) -> Edit:
    def edit(rng: Random, home: Country) -> Values:
        return {name: rng.choice((*filter(None, home.titles), *phrases("positions")))}

    return edit


def _phone(name: str) -> Edit:
    def edit(rng: Random, home: Country) -> Values:
        head, tails = rng.choice(home.places).phone
        return {name: head + rng.choice(tails)}

    return edit


def _mobile(name: str) -> Edit:
    def edit(rng: Random, home: Country) -> Values:
        head, tails = rng.choice(home.mobiles)
        return {name: head + rng.choice(tails)}

    return edit


def _address(prefix: str) -> Edit:
    """A move within the country, which the record may say for the first time then."""

    def edit(rng: Random, home: Country) -> Values:
        place = rng.choice(home.places)
        return {
            prefix + "Street": rng.choice(home.streets),
            prefix + "City": place.city,
            prefix + "State": place.state,
            prefix + "PostalCode": place.postal_code,
            prefix + "Country": home.spellings[0],
        }

    return edit
