"""People as columns: who they are, where they live, how to reach them, whom they work for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from random import Random
from typing import Any

from localorg.seed.chance import Positions, chance, part_of, skewed, weighted
from localorg.seed.localities import Country, Phone, Place, country, country_weights
from localorg.seed.phrases import phrases

Columns = dict[str, list[Any]]
Row = tuple[Any, ...]

# A person's facts, in the order of a row: `Country` and the address are what a record shows,
# `Origin` is the country's file, `Mailbox` the e-mail's part before the @ (None where the person
# is known under the address in `Email` wherever they turn up).
PERSON = (
    "Origin",
    "Salutation",
    "FirstName",
    "LastName",
    "Title",
    "Mailbox",
    "Email",
    "Phone",
    "MobilePhone",
    "HomePhone",
    "Street",
    "City",
    "State",
    "PostalCode",
    "Country",
    "Company",
    "Domain",
    "Website",
)
_EMAIL = PERSON.index("Email")
_MAILBOX = PERSON.index("Mailbox")
_PHONE = PERSON.index("Phone")
_TITLE = PERSON.index("Title")
# How much of an address is known.
_WHOLE, _CITY, _COUNTRY, _NOTHING = range(4)
_KNOWN = weighted({_WHOLE: 11, _CITY: 3, _COUNTRY: 2, _NOTHING: 4})
_NO_ADDRESS = (None,) * 5
_HAS_EMAIL = weighted({True: 7, False: 1})
_HAS_PHONE = weighted({True: 3, False: 1})
_HAS_MOBILE = weighted({True: 2, False: 3})
_HAS_HOME = weighted({True: 1, False: 15})
# People who are in the org more than once.
_CROWD_SHARE = 0.04
_CROWD_PER_ROW = 1 / 60
_CROWD_SIZE = range(8, 8000)
_CAPITALS_SHARE = 0.03
_SHARED_MAILBOX_SHARE = 0.015


def crowd(seed: int, total: int) -> list[Row]:
    """The people who turn up several times in an org of `total` records of people."""
    size = min(max(int(total * _CROWD_PER_ROW), _CROWD_SIZE.start), _CROWD_SIZE.stop)
    rng = chance(seed, "crowd")
    known = (row for row in _strangers(rng, 2 * size) if row[_EMAIL])
    return [_with(row, _MAILBOX, None) for row, _ in zip(known, range(size), strict=False)]


def people(rng: Random, count: int, acquainted: Sequence[Row], positions: Positions) -> Columns:
    """`count` people as columns named as in PERSON, some of them out of `acquainted`."""
    rows = _strangers(rng, count)
    for position in positions.take(part_of(count, _CROWD_SHARE)):
        rows[position] = _met_again(rng, skewed(rng, acquainted))
    columns = columns_of(rows)
    _share_mailboxes(rng, columns, positions)
    return columns


def columns_of(rows: Sequence[Row]) -> Columns:
    """Rows of facts of people as columns."""
    return dict(zip(PERSON, map(list, zip(*rows, strict=True)), strict=True))


def addresses(rng: Random, mailboxes: Sequence[str | None], domains: Sequence[str]) -> list[Any]:
    """E-mail addresses, mostly at the domains of work; None where a mailbox is None."""
    homes = rng.choices(_home_domains(), k=len(mailboxes))
    return [
        f"{mailbox}@{home or domain}" if mailbox else None
        for mailbox, home, domain in zip(mailboxes, homes, domains, strict=True)
    ]


def full_names(columns: Columns) -> list[str]:
    """The field Name as Salesforce puts it together."""
    pairs = zip(columns["FirstName"], columns["LastName"], strict=True)
    return [f"{first} {last}" if first else last for first, last in pairs]


def _strangers(rng: Random, count: int) -> list[Row]:
    """People of all countries, mixed."""
    names, weights = _origins()
    origins = rng.choices(names, cum_weights=weights, k=count)
    rows = {name: _from_country(rng, name, many) for name, many in Counter(origins).items()}
    return [next(rows[name]) for name in origins]


@cache
def _origins() -> tuple[tuple[str, ...], tuple[int, ...]]:
    weights = country_weights()
    return tuple(weights), tuple(accumulate(weights.values()))


def _from_country(rng: Random, origin: str, count: int) -> Iterator[Row]:
    home = country(origin)
    names = rng.choices(home.names, k=count)
    places = rng.choices(home.places, k=count)
    firms = rng.choices(home.firms, k=count)
    salutations, first_names, last_names, latin = zip(*names, strict=True)
    companies, domains, websites = zip(*firms, strict=True)
    mailboxes = _mailboxes(rng, latin)
    return zip(
        [origin] * count,
        salutations,
        first_names,
        last_names,
        _titles(rng, home, count),
        mailboxes,
        _emails(rng, mailboxes, domains),
        _phones(rng, [place.phone for place in places], _HAS_PHONE),
        _phones(rng, rng.choices(home.mobiles, k=count), _HAS_MOBILE),
        _phones(rng, [place.phone for place in places], _HAS_HOME),
        *zip(*_homes(rng, home, places), strict=True),
        companies,
        domains,
        websites,
        strict=True,
    )


def _titles(rng: Random, home: Country, count: int) -> list[str | None]:
    pool = (*home.titles * 4, *phrases("positions") * max(len(home.titles) // 16, 1))
    return rng.choices(pool, k=count)


def _mailboxes(rng: Random, latin: Sequence[tuple[str, str]]) -> list[str]:
    """The part before the @, in the ways in which people and companies form it."""
    patterns = rng.choices(_mailbox_patterns(), k=len(latin))
    return [
        f"{first[:letters]}{sign}{last}{number}"
        for (first, last), (letters, sign, number) in zip(latin, patterns, strict=True)
    ]


@cache
def _mailbox_patterns() -> tuple[tuple[int, str, str], ...]:
    """Letters of the first name, the sign before the last name, a number."""
    rng = chance("mailboxes")
    shapes = weighted(
        {(40, "."): 8, (1, "."): 3, (1, ""): 2, (40, ""): 2, (40, "_"): 2, (40, "-"): 1}
    )
    numbers = (*("",) * 99, *map(str, range(1, 100)), *map(str, range(1960, 2008)))
    return tuple((*rng.choice(shapes), rng.choice(numbers)) for _ in range(5000))


@cache
def _home_domains() -> tuple[str | None, ...]:
    private = phrases("private_domains")
    return (*private, *(None,) * len(private))


def _emails(rng: Random, mailboxes: Sequence[str], domains: Sequence[str]) -> list[Any]:
    emails = addresses(rng, mailboxes, domains)
    kept = rng.choices(_HAS_EMAIL, k=len(emails))
    return [email if keep else None for email, keep in zip(emails, kept, strict=True)]


def _phones(rng: Random, phones: Sequence[Phone], has: Sequence[bool]) -> list[Any]:
    draws, kept = rng.choices(_ENDS, k=len(phones)), rng.choices(has, k=len(phones))
    return [
        head + tails[end % len(tails)] if keep else None
        for (head, tails), end, keep in zip(phones, draws, kept, strict=True)
    ]


_ENDS = range(10_000)


def _homes(rng: Random, home: Country, places: Sequence[Place]) -> list[Row]:
    """Street, city, state, postal code and country, as far as they are known."""
    count = len(places)
    streets = rng.choices(home.streets, k=count)
    countries = rng.choices(home.spellings, k=count)
    known = rng.choices(_KNOWN, k=count)
    return [
        _home(how_much, street, place, name)
        for how_much, street, place, name in zip(known, streets, places, countries, strict=True)
    ]


def _home(known: int, street: str, place: Place, name: str) -> Row:
    if known == _WHOLE:
        return street, place.city, place.state, place.postal_code, name
    if known == _CITY:
        return None, place.city, place.state, None, name
    return (None, None, None, None, name) if known == _COUNTRY else _NO_ADDRESS


def _met_again(rng: Random, row: Row) -> Row:
    """The same person as another colleague wrote them down."""
    draw = rng.random()
    email: str = row[_EMAIL]
    if draw < 0.2:  # noqa: PLR2004 - one in five
        return _with(row, _EMAIL, email.title() if draw < 0.1 else email.upper())  # noqa: PLR2004
    if draw < 0.4:  # noqa: PLR2004 - another fifth
        return _with(_with(row, _PHONE, None), _TITLE, None)
    return row


def _with(row: Row, index: int, value: Any) -> Row:
    return (*row[:index], value, *row[index + 1 :])


def _share_mailboxes(rng: Random, columns: Columns, positions: Positions) -> None:
    """Some write from an address that others use too, some in capitals."""
    emails, mailboxes, domains = columns["Email"], columns["Mailbox"], columns["Domain"]
    for row in positions.take(part_of(len(emails), _SHARED_MAILBOX_SHARE)):
        emails[row] = f"{rng.choice(phrases('shared_mailboxes'))}@{domains[row]}"
        mailboxes[row] = None
    for row in positions.take(part_of(len(emails), _CAPITALS_SHARE)):
        emails[row] = emails[row] and emails[row].title()
        mailboxes[row] = None
