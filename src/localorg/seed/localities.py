"""What belongs together in one country: names, addresses, phones, companies, as ready pools.

A country is a file in `countries/`. Lists of words are separated by commas; a word that is not
written in Latin letters has its spelling in e-mail addresses after a slash. A city is its name,
state, postal code and area code, between bars. Each `#` becomes a digit, each name in braces a
word of that kind.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any, NamedTuple

from localorg.seed.chance import chance, filled

# How many of each a country has; names, streets and firms also so many per point of its weight.
_NAMES = (600, 150)
_STREETS = (200, 50)
_FIRMS = (200, 30)
_PLACES = 300
_MOBILES = 60
_TAIL_DIGITS = 4
_UNSALUTED = 0.45
_NO_FIRST_NAME = 0.02
_TWO_FAMILIES = 0.02
_LATIN_LETTERS = 0.2
_SECOND_LINE = 0.08
_TITLED = 0.65
_LETTERS = str.maketrans(
    {"ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "\u0131": "i"}
)


class Word(NamedTuple):
    """A word of a country and how it is written in an e-mail address."""

    text: str
    latin: str


class Name(NamedTuple):
    """A person's name; `mailbox` holds the parts of an e-mail address made of it."""

    salutation: str | None
    first: str | None
    last: str
    mailbox: tuple[str, str]


class Phone(NamedTuple):
    """The beginning of phone numbers of a place and all that their last digits can be."""

    head: str
    tails: Sequence[str]


class Place(NamedTuple):
    """A city with one of its postal codes and the beginning of a phone number there."""

    city: str
    state: str | None
    postal_code: str | None
    phone: Phone


class Firm(NamedTuple):
    """A company, its e-mail domain and its website."""

    company: str
    domain: str
    website: str | None


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country's pools, to be drawn from evenly."""

    weight: int
    # How people write the country, the usual way first.
    spellings: tuple[str, ...]
    names: tuple[Name, ...]
    streets: tuple[str, ...]
    places: tuple[Place, ...]
    mobiles: tuple[Phone, ...]
    firms: tuple[Firm, ...]
    titles: tuple[str | None, ...]


def country_weights() -> Mapping[str, int]:
    """How many people come from each country, by the name of the country's file."""
    return {name: facts["weight"] for name, facts in _facts().items()}


def country_of(spelling: str | None) -> str | None:
    """The name of the file of the country that people write like this; None if it is unknown."""
    return None if spelling is None else _spellings().get(spelling)


@cache
def country(name: str) -> Country:
    """The pools of one country, by the name of its file; the same in every process."""
    facts = _facts()[name]
    rng = chance("country", name)
    weight: int = facts["weight"]

    def many(size: tuple[int, int]) -> range:
        return range(size[0] + size[1] * weight)

    return Country(
        weight=weight,
        spellings=tuple(facts["spellings"]),
        names=tuple(_name(rng, facts) for _ in many(_NAMES)),
        streets=tuple(_street(rng, facts) for _ in many(_STREETS)),
        places=tuple(_place(rng, facts) for _ in range(_PLACES)),
        mobiles=tuple(_mobile(rng, facts) for _ in range(_MOBILES)),
        firms=_firms(rng, facts, len(many(_FIRMS))),
        titles=filled(_texts(facts["titles"]), _TITLED),
    )


@cache
def _spellings() -> Mapping[str, str]:
    # A country with two languages has two files; the greater one stands for it.
    facts = sorted(_facts().items(), key=lambda item: item[1]["weight"])
    return {spelling: name for name, found in facts for spelling in found["spellings"]}


@cache
def _facts() -> Mapping[str, dict[str, Any]]:
    folder = resources.files("localorg.seed") / "countries"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {
        file.name.removesuffix(".toml"): _words_split(tomllib.loads(file.read_text("utf-8")))
        for file in files
        if file.name.endswith(".toml")
    }


def _words_split(facts: dict[str, Any]) -> dict[str, Any]:
    facts.setdefault("family_women", facts["family"])
    for key in ("men", "women", "family", "family_women", "words", "trades"):
        facts[key] = [_word(text) for text in _texts(facts[key])]
    facts["streets"] = _texts(facts["streets"])
    return facts


def _texts(line: str) -> list[str]:
    return [text.strip() for text in line.split(",")]


def _word(text: str) -> Word:
    native, _, latin = text.partition("/")
    return Word(native, latin or _latin(native))


def _latin(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9-]", "", decomposed)


def _name(rng: Random, facts: Mapping[str, Any]) -> Name:
    man = rng.random() < 0.5  # noqa: PLR2004 - even odds
    given: Word = rng.choice(facts["men" if man else "women"])
    families: list[Word] = facts["family" if man else "family_women"]
    family = _family(rng, families)
    if not given.text.isascii() and rng.random() < _LATIN_LETTERS and "/" not in given.latin:
        given, family = _in_latin(given), _in_latin(family)
    salutations = facts["salutations_men" if man else "salutations_women"]
    salutation = None if rng.random() < _UNSALUTED else rng.choice(salutations)
    first = None if rng.random() < _NO_FIRST_NAME else given.text
    return Name(salutation, first, family.text, (given.latin, family.latin))


def _family(rng: Random, families: Sequence[Word]) -> Word:
    family = rng.choice(families)
    if rng.random() >= _TWO_FAMILIES or not family.text[0].isupper():
        return family
    other = rng.choice(families)
    return Word(f"{family.text}-{other.text}", f"{family.latin}-{other.latin}")


def _in_latin(word: Word) -> Word:
    """The word as people write it who know that foreigners read it."""
    parts = word.latin.split("-")
    return Word("-".join(part.capitalize() for part in parts), word.latin)


def _street(rng: Random, facts: Mapping[str, Any]) -> str:
    holes = {"number": rng.randint(1, 199), "unit": rng.randint(1, 20)}
    line: str = facts["line"].format(street=rng.choice(facts["streets"]), **holes)
    if rng.random() < _SECOND_LINE:
        return "\n".join((line, rng.choice(facts["second_lines"]).format(**holes)))
    return line


def _place(rng: Random, facts: Mapping[str, Any]) -> Place:
    city, state, postal_code, area = rng.choice(facts["cities"]).split("|")
    phone = _phone(rng, rng.choice(facts["phones"]), _with_digits(rng, area))
    return Place(city, state or None, _with_digits(rng, postal_code) or None, phone)


def _mobile(rng: Random, facts: Mapping[str, Any]) -> Phone:
    area = rng.choice(facts["cities"]).split("|")[-1]
    return _phone(rng, rng.choice(facts["mobiles"]), _with_digits(rng, area))


def _phone(rng: Random, pattern: str, area: str) -> Phone:
    pattern = pattern.replace("{area}", area)
    digits = [position for position, sign in enumerate(pattern) if sign == "#"]
    cut = digits[-_TAIL_DIGITS:][0]
    return Phone(_with_digits(rng, pattern[:cut]), _tails(pattern[cut:]))


@cache
def _tails(pattern: str) -> tuple[str, ...]:
    """All that a pattern of up to four `#` can become."""
    count = pattern.count("#")
    template = pattern.replace("#", "%s")
    return tuple(template % tuple(str(number).zfill(count)) for number in range(10**count))


def _with_digits(rng: Random, pattern: str) -> str:
    return "".join(str(rng.randrange(10)) if sign == "#" else sign for sign in pattern)


def _firms(rng: Random, facts: Mapping[str, Any], count: int) -> tuple[Firm, ...]:
    """Firms of which many share a name, as they do in a large country, but never a domain."""
    firms: dict[str, Firm] = {}
    for number in range(count):
        company, site = _firm(rng, facts)
        if site in firms:
            site = f"{site}{number}"
        domain = site + ".example"
        scheme = rng.choice((None, None, "https://www.", "https://", "http://www.", "www."))
        firms[site] = Firm(company, domain, None if scheme is None else scheme + domain)
    return tuple(firms.values())


def _firm(rng: Random, facts: Mapping[str, Any]) -> tuple[str, str]:
    words: dict[str, Word] = {
        "word": rng.choice(facts["words"]),
        "family": rng.choice(facts["family"]),
        "family2": rng.choice(facts["family"]),
        "trade": rng.choice(facts["trades"]),
    }
    pattern: str = rng.choice(facts["firms"])
    used = [word.latin for hole, word in words.items() if "{" + hole + "}" in pattern]
    company = pattern.format(**{hole: word.text for hole, word in words.items()})
    return company, "-".join(used)[:40].strip("-")
